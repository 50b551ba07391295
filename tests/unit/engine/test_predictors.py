"""Predictors of bundles without uv-maps: torch and OpenVINO agree, contour points come to the right native pixels."""

import numpy as np
import pytest
import torch
from skimage.draw import polygon2mask

from app.core.frame import Frame, View
from app.core.orientation import Orientation
from app.core.prediction import ErrorModel, sample_chart
from app.engine.predictors.registry import points_of, predictor_of
from app.io.bundle import read_bundle
from app.training.bundle import write_bundle
from models.heatmap import HeatmapConfig, HeatmapNet
from models.points import PointsConfig, PointsNet
from tests.unit.core.test_from_points import TEMPLATE

SIZES = tuple(len(s.outline) for s in TEMPLATE.structures)
FRAME = Frame(300, 200, 64, 32, orientation=Orientation(1, True, False), view=View(30, 20, 150, 260, mirrored=True))
"""Turned and mirrored, and the network sees a part of it."""
DOCUMENTS = {"MODEL_CARD.md": "A card.", "LICENSE.md": "A licence."}


def image(seed: int = 0) -> np.ndarray:
    """A picture without symmetry [1, 1, 64, 32]."""
    return np.random.default_rng(seed).normal(0, 1, (1, 1, 64, 32)).astype(np.float32)


def placed() -> np.ndarray:
    """Where the rigged network sees all contour points, network pixels: the template, squeezed to one side."""
    return np.concatenate([s.outline for s in TEMPLATE.structures]) * [0.14, 0.2] + (8, 24)


@pytest.fixture(scope="module")
def points_bundle(tmp_path_factory):
    """Its network says the same of every picture."""
    torch.manual_seed(0)
    net = PointsNet(PointsConfig(SIZES, 64, 32, (8, 8), latent=8, hidden=8, stages=1))
    with torch.no_grad():
        net.guess.weight.zero_()
        net.guess.bias.copy_(torch.from_numpy((placed() + 0.5) / [32, 64] * 2 - 1).reshape(-1))
    folder = tmp_path_factory.mktemp("points") / "bundle"
    write_bundle(folder, net, TEMPLATE, DOCUMENTS, errors=ErrorModel(None, 0, 1, 0, 0), name="p", title="P")
    return read_bundle(folder)


def heatmap_bundle(folder, argmax):
    torch.manual_seed(1)
    net = HeatmapNet(HeatmapConfig(2, sum(SIZES), 64, 32, (8, 8)))
    with torch.no_grad():
        net.mask_head[1].bias.fill_(3.0)  # masks everywhere: structures are there
        net.heat_head[1].weight.mul_(20)
    write_bundle(folder, net, TEMPLATE, DOCUMENTS, name="h", title="H", argmax=argmax)
    return read_bundle(folder)


def places(prediction) -> np.ndarray:
    """All contour points of a prediction, native pixels."""
    looked_up = zip(prediction.charts, TEMPLATE.structures, strict=True)
    return np.concatenate([sample_chart(chart, s.outline_uv) for chart, s in looked_up])


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_points_lie_where_the_network_says_in_a_turned_image(points_bundle, backend):
    found = predictor_of(points_bundle, 1, backend)({"input": image()}, FRAME)
    assert found.present.all()
    assert (found.bundle_sha256, found.view) == (points_bundle.sha256, FRAME.view)
    np.testing.assert_allclose(places(found), FRAME.from_network(placed()), atol=0.1)  # weights are float16
    start = 0
    for mask, structure in zip(found.masks, TEMPLATE.structures, strict=True):
        contour = placed()[start : (start := start + len(structure.outline))]
        wanted = polygon2mask((640, 320), ((contour + 0.5) * 10 - 0.5)[:, ::-1]).reshape(64, 10, 32, 10).mean((1, 3))
        assert np.mean((mask > 127) != (wanted > 0.5)) < 0.01


def test_nothing_is_seen_in_a_picture_of_one_grey_value(points_bundle, tmp_path):
    for bundle in (points_bundle, heatmap_bundle(tmp_path / "heat", "subpixel")):
        found = predictor_of(bundle, 1, "openvino")({"input": np.zeros((1, 1, 64, 32), np.float32)}, FRAME)
        assert not found.present.any()


@pytest.mark.parametrize("argmax", ["integer", "subpixel"])
def test_torch_and_openvino_read_the_same_points_off_heatmaps(tmp_path, argmax):
    bundle = heatmap_bundle(tmp_path / "heat", argmax)
    assert (bundle.kind, bundle.argmax) == ("heatmap", argmax)
    both = [predictor_of(bundle, 1, backend)({"input": image(2)}, FRAME) for backend in ("openvino", "torch")]
    seen = [points_of(bundle, 1, backend)(image(2)) for backend in ("openvino", "torch")]
    np.testing.assert_allclose(seen[0].xy, seen[1].xy, atol=0.05)
    assert seen[0].xy.std(axis=0).min() > 2  # they lie all over the picture
    assert (seen[0].xy == seen[0].xy.round()).all() == (argmax == "integer")
    for found in both:
        np.testing.assert_allclose(places(found), FRAME.from_network(seen[0].xy), atol=0.1)


def test_a_bundle_without_a_prior_keeps_its_expected_errors(tmp_path):
    net = HeatmapNet(HeatmapConfig(2, sum(SIZES), 64, 32, (8, 8)))
    typical = np.linspace(1, 2, sum(SIZES))
    write_bundle(tmp_path / "b", net, TEMPLATE, DOCUMENTS, errors=ErrorModel(typical, 0.5, 0.25, 0, 0), name="h")
    bundle = read_bundle(tmp_path / "b")
    assert bundle.prior is None
    np.testing.assert_allclose(bundle.errors.typical, typical, rtol=1e-6)
    assert (bundle.errors.per_typical, bundle.errors.per_residual) == (0.5, 0.25)


def test_what_a_bundle_says_of_its_heatmaps_is_checked(tmp_path):
    with pytest.raises(Exception, match="has an argmax “guess”; there are integer, subpixel"):
        heatmap_bundle(tmp_path / "heat", "guess")
