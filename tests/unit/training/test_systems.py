"""The paper's other systems learn from the same batches, and end in bundles that every command takes."""

import json

import numpy as np
import pytest
import torch

from app.core.heatmap import SUBPIXEL
from app.io.bundle import read_bundle
from app.training.augment import make_batch
from app.training.evaluate_folder import evaluate
from app.training.recipe import Recipe
from app.training.systems.registry import SYSTEMS, config_of, system_of
from app.training.train import validate
from tests.unit.training.test_commands import data, little, run  # noqa: F401 (fixtures)
from tests.unit.training.test_training import TEMPLATE, examples, rendered  # noqa: F401 (fixtures)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of small networks wait for each other where cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("kind", SYSTEMS)
def test_each_system_gets_better_at_what_it_sees_again_and_again(examples, rendered, kind):  # noqa: F811
    pictures, contours = rendered
    torch.manual_seed(0)
    system = system_of(TEMPLATE, config_of(kind, TEMPLATE, (64, 64), (8, 12, 16)), Recipe())
    net = system.network()
    batch = make_batch(examples, np.arange(4), 64, None, np.random.default_rng(0))
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    before, terms = validate(system, net, pictures[:2], contours.take([0, 1])), []
    for _ in range(60):
        loss, found = system.loss(net, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        terms.append(found)
    after = validate(system, net, pictures[:2], contours.take([0, 1]))
    main = {"denseseg": "uv_landmarks", "heatmap": "heat", "points": "points"}[kind]
    assert set(terms[0]) == set(system.terms)
    assert terms[-1][main] < 0.75 * terms[0][main]
    assert after["error_mm"] < 0.9 * before["error_mm"]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["heatmap", "points"])
def test_a_system_ends_in_a_bundle_with_its_figures(data, tmp_path, kind):  # noqa: F811
    bundle = run(data, tmp_path, system=kind)
    assert (bundle.kind, bundle.name, bundle.prior) == (kind, kind, None)
    assert len(bundle.landmarks) == 166
    assert {"network.xml", "weights.safetensors", "check.xml", "measurements.json"} <= bundle.files
    if kind == "heatmap":
        assert bundle.argmax == SUBPIXEL
    assert bundle.errors.typical is not None
    card = (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "All 166 contour points pooled" in card
    evaluate(data, str(bundle.folder), tmp_path, "val", 1, "auto")
    figures = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    assert figures["landmarks"]["points"] == 166
    again = read_bundle(bundle.folder)
    np.testing.assert_array_equal(again.errors.typical, bundle.errors.typical)


def test_what_only_denseseg_can_do_is_refused_for_the_others(data, tmp_path):  # noqa: F811
    with pytest.raises(ValueError, match="are for DenseSeg alone"):
        run(data, tmp_path, system="points", thinned=True)
