"""The paper's other systems learn from the same batches, and end in bundles that every command takes."""

import json

import numpy as np
import pytest

from app.core.heatmap import SUBPIXEL
from app.io.bundle import read_bundle
from app.training.evaluate_folder import evaluate
from app.training.recipe import Recipe
from app.training.systems.registry import SYSTEMS, config_of
from app.training.train import Trainer
from tests.unit.training.test_commands import data, little, run  # noqa: F401 (fixtures)
from tests.unit.training.test_training import TEMPLATE, examples, rendered  # noqa: F401 (fixtures)


@pytest.mark.parametrize("kind", SYSTEMS)
def test_each_system_gets_better_at_what_it_sees_again_and_again(tmp_path, examples, rendered, kind):  # noqa: F811
    pictures, contours = rendered
    recipe = Recipe(minutes=60, small_share=0, size=64, batch=4, validate_every=40, learning_rate=2e-3, warm_up=0)
    trainer = Trainer(tmp_path, TEMPLATE, config_of(kind, TEMPLATE, (64, 64), (8, 12, 16)), recipe)
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for _ in range(40):  # one step each: four images are one batch
        trainer.run(examples, pictures[:1], contours.take([0]), lambda p: last.update(p.terms), leg_minutes=1e-6)
        first = first or dict(last)
    main = {"denseseg": "uv_landmarks", "heatmap": "heat", "points": "points"}[kind]
    assert trainer.steps == 40
    assert last[main] < 0.85 * first[main]
    assert 0 < last["error_mm"] < 150
    assert set(trainer.system.terms) <= set(last)


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
