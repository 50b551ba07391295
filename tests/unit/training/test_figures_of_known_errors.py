"""Evaluation, validation and targets against figures that are known beforehand: not square, no error of zero."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt
from torch import nn
from torch.nn import functional as F

from app.core.frame import Frame
from app.core.prediction import Prediction
from app.core.template import Template
from app.training.augment import make_batch, normalise
from app.training.contours import Contours, draw_masks
from app.training.evaluate import (
    Case,
    landmark_figures,
    left_out_figures,
    mask_figures,
    new_landmark_figures,
)
from app.training.leave_out import thin_contours, thin_template
from app.training.recipe import Recipe
from app.training.systems.denseseg import DenseSegSystem
from app.training.train import learning_rate, validate
from models.network import NetworkConfig, RawOutput
from tests.unit.training.test_training import MEAN, TEMPLATE, examples, mesh_of, rendered  # noqa: F401 (fixtures)

NAMES = [structure.name for structure in TEMPLATE.structures]
SIZES = tuple(len(structure.outline) for structure in TEMPLATE.structures)
HEIGHT, WIDTH, MM = 320, 256, 0.7
STEP = np.array([6.0, -2.5])
"""By how much every prediction is off, native pixels."""


def contours(count: int = 4) -> Contours:
    """The mean shape in pictures that are not square, a little larger in each."""
    points = np.stack([MEAN * (0.7 + 0.03 * i) + [WIDTH / 2, HEIGHT / 2] for i in range(count)])
    return Contours([], points, SIZES)


def cases_off_by(step: np.ndarray, of: Contours, template=TEMPLATE) -> list[Case]:
    """Predictions whose charts and masks lie `step` beside the reference, with an expected error of 3 pixels."""
    cases = []
    for points in of.points:
        charts = np.stack(
            [mesh_of(s).inverse_chart(points[p] + step) for s, p in zip(template.structures, of.slices, strict=True)]
        )
        drawn = draw_masks(points + step, of.slices, HEIGHT, WIDTH).astype(np.uint8) * np.uint8(255)
        expected, present = np.full(charts.shape[:-1], 3.0, np.float32), np.ones(len(of.sizes), bool)
        prediction = Prediction("", drawn, np.zeros((len(drawn), 2, 1, 1), np.float16), charts, expected, present)
        cases.append(Case(prediction, Frame(HEIGHT, WIDTH, HEIGHT, WIDTH), points, MM))
    return cases


def test_errors_at_contour_points_are_in_mm_along_across_and_squared():
    of = contours()
    figures = landmark_figures(cases_off_by(STEP, of), TEMPLATE, of.slices)
    assert figures["error_mm"] == pytest.approx(np.hypot(*STEP) * MM, rel=0.03)
    assert figures["error_mm_per_structure"] == pytest.approx(dict.fromkeys(NAMES, np.hypot(*STEP) * MM), rel=0.08)
    assert figures["mean_squared_error_px2"] == pytest.approx((STEP**2).mean() * (1024 / HEIGHT) ** 2, rel=0.05)
    along, across = [], []
    for points in of.points:
        for part in of.slices:
            before, after = np.roll(points[part], 1, axis=0), np.roll(points[part], -1, axis=0)
            angle = np.arctan2(*(after - before).T[::-1]) - np.arctan2(STEP[1], STEP[0])
            along.append(abs(np.cos(angle)))
            across.append(abs(np.sin(angle)))
    length = np.hypot(*STEP) * MM
    assert figures["along_mm"] == pytest.approx(np.concatenate(along).mean() * length, rel=0.05)
    assert figures["across_mm"] == pytest.approx(np.concatenate(across).mean() * length, rel=0.05)
    deciles = figures["expected_error"]["deciles"]
    assert [row["expected_mm"] for row in deciles] == pytest.approx([3 * MM] * 10)
    assert figures["points"] == sum(SIZES)


def edge_of(mask: np.ndarray) -> np.ndarray:
    return mask & ~binary_erosion(mask)


def test_masks_are_compared_at_native_size_and_surfaces_in_mm():
    of = contours(2)
    cases = cases_off_by(STEP, of)
    cases[1].prediction.present[3] = False
    figures = mask_figures(cases, TEMPLATE, of.slices)
    for c, name in enumerate(NAMES):
        overlap, surface = [], []
        for case, points in zip(cases, of.points, strict=True):
            truth, found = (draw_masks(p, of.slices, HEIGHT, WIDTH)[c] for p in (points, points + STEP))
            if not case.prediction.present[c]:
                overlap.append(0.0)
                continue
            overlap.append(2 * (truth & found).sum() / (truth.sum() + found.sum()))
            one, other = edge_of(truth), edge_of(found)
            away = np.r_[distance_transform_edt(~one)[other], distance_transform_edt(~other)[one]]
            surface.append(away.mean() * MM)
        assert figures["dice"][name] == pytest.approx(np.mean(overlap), abs=1e-6)
        assert figures["surface_distance_mm"][name] == pytest.approx(np.mean(surface), abs=1e-6)
    cases[0].prediction.present[3] = False
    assert mask_figures(cases, TEMPLATE, of.slices)["surface_distance_mm"][NAMES[3]] is None


def test_a_landmark_that_was_clicked_is_as_far_off_as_the_images_differ():
    """Where every image is off alike, a click in one is found at the right place in the others."""
    of, small = contours(), Template("chest", TEMPLATE.structures[2:4])
    of = Contours([], of.points[:, of.slices[2].start : of.slices[3].stop], SIZES[2:4])
    figures = new_landmark_figures(cases_off_by(STEP, of, small), small, of.slices)
    length = np.hypot(*STEP) * MM
    assert figures["trained_mm"] == pytest.approx(length, rel=0.03)
    assert figures["interior_mm"] == pytest.approx(length, rel=0.03)
    assert figures["one_click_mm"] < 0.25 * length
    assert figures["one_click_ratio"] == pytest.approx(figures["one_click_mm"] / figures["trained_mm"])
    assert figures["three_clicks_ratio"] == pytest.approx(figures["three_clicks_mm"] / figures["trained_mm"])
    turned = [
        replace(case, points=case.points + sign * 2 * STEP)  # every other image is off the other way
        for case, sign in zip(cases_off_by(STEP, of, small), (0, 1, 0, 1), strict=True)
    ]
    apart = new_landmark_figures(turned, small, of.slices)
    assert apart["trained_mm"] == pytest.approx(length, rel=0.03)
    # Of the three other images two are off the other way, so 2 steps away; one is off alike.
    assert apart["one_click_mm"] == pytest.approx(length * 2 * 2 / 3, rel=0.2)


def test_points_that_were_left_out_are_measured_in_mm():
    of = contours(2)
    thin, few = thin_template(TEMPLATE), thin_contours(of)
    whole, thinned = cases_off_by(STEP, of), cases_off_by(2 * STEP, few, thin)
    thinned = [replace(case, points=points) for case, points in zip(thinned, of.points, strict=True)]
    figures = left_out_figures(whole, TEMPLATE, thinned, thin, of)
    length = np.hypot(*STEP) * MM
    assert figures["trained_mm"] == pytest.approx(length, rel=0.05)
    assert figures["left_out_mm"] == pytest.approx(2 * length, rel=0.1)
    assert figures["left_out_ratio"] == pytest.approx(figures["left_out_mm"] / figures["trained_mm"])


class KnownNet(nn.Module):
    """Gives the masks and uv-maps of one contour, whatever it is shown."""

    def __init__(self, points: np.ndarray, frame: Frame) -> None:
        super().__init__()
        size = frame.network_height, frame.network_width
        self.config = NetworkConfig(5, *size)
        seen, slices = frame.to_network(points), contours(1).slices
        masks = draw_masks(seen, slices, *size)
        half = (seen + 0.5) / 2 - 0.5
        uv = [
            np.nan_to_num(mesh_of(s).uv_map(half[p], size[0] // 2, size[1] // 2))
            for s, p in zip(TEMPLATE.structures, slices, strict=True)
        ]
        self.answer = RawOutput(
            torch.from_numpy(np.where(masks, 9.0, -9.0).astype(np.float32))[None], torch.from_numpy(np.stack(uv))[None]
        )

    def forward(self, image: torch.Tensor) -> RawOutput:
        return self.answer


def test_a_validation_error_is_in_mm_of_a_picture_that_is_1024_high():
    """`error_mm` takes a picture of any size for one of 1024 rows of 0.35 mm, as those of the data set are."""
    of = contours(1)
    net = KnownNet(of.points[0] + STEP, Frame(HEIGHT, WIDTH, 256, 192))
    system = DenseSegSystem(TEMPLATE, net.config, Recipe())
    figures = validate(system, net, [np.zeros((HEIGHT, WIDTH), np.uint8)], of)
    assert figures["error_mm"] == pytest.approx(np.hypot(*STEP) * 1024 / HEIGHT * 0.35, rel=0.05)
    scale = np.array([192 / WIDTH, 256 / HEIGHT])
    truth, found = (
        draw_masks((p + 0.5) * scale - 0.5, of.slices, 256, 192) for p in (of.points[0], of.points[0] + STEP)
    )
    for c, name in enumerate(NAMES):
        wanted = 2 * (truth[c] & found[c]).sum() / (truth[c].sum() + found[c].sum())
        assert figures[f"dice_{name}"] == pytest.approx(wanted, abs=0.01)
    assert net.training


def test_without_augmentation_each_target_is_the_mean_of_its_pixels(examples):  # noqa: F811
    """From 512 to 256 pixels, and from 256 to 128 for uv-maps, each new pixel covers four."""
    batch = make_batch(examples, np.array([2, 0]), 256, None, np.random.default_rng(0))
    at = torch.tensor([2, 0])
    torch.testing.assert_close(batch.masks, F.avg_pool2d(examples.masks[at].float(), 2), atol=1e-4, rtol=0)
    uv = F.avg_pool2d(examples.uv[at].float(), 2).view(2, 5, 2, 128, 128)
    torch.testing.assert_close(batch.uv, uv, atol=1e-3, rtol=0)
    picture = normalise(F.avg_pool2d(examples.pictures[at].float() / 255, 2))
    torch.testing.assert_close(batch.image, picture, atol=1e-3, rtol=0)
    inside = (F.avg_pool2d(batch.masks, 2) > 0.5).float()
    torch.testing.assert_close(batch.inside, inside)
    torch.testing.assert_close(batch.weight, examples.weight[at])


def test_targets_lie_where_the_contours_do(examples, rendered):  # noqa: F811
    """Landmarks are normalised between the picture's corners, masks drawn at twice, uv-maps at once 256 pixels."""
    _, of = rendered
    points = of.points[1]  # of a picture of 256 pixels
    np.testing.assert_allclose(examples.landmarks[1].numpy(), (points + 0.5) / 128 - 1, atol=1e-5)
    np.testing.assert_array_equal(
        examples.masks[1].numpy() > 0, draw_masks((points + 0.5) * 2 - 0.5, of.slices, 512, 512)
    )
    mesh = mesh_of(TEMPLATE.structures[2])
    uv = np.nan_to_num(mesh.uv_map(points[of.slices[2]], 256, 256))
    np.testing.assert_allclose(examples.uv[1, 4:6].float().numpy(), uv, atol=2e-3)


@pytest.mark.parametrize(
    ("done", "share"), [(0.0, 0.05), (0.05, 0.525), (0.1, 1.0), (0.55, 0.5005), (1.0, 0.001), (1.2, 0.001)]
)
def test_the_learning_rate_warms_up_and_falls_along_a_cosine(done, share):
    recipe = Recipe(learning_rate=0.004, warm_up=0.1)
    assert learning_rate(recipe, done) == pytest.approx(0.004 * share)
