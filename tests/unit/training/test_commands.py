"""`train` and `evaluate` from end to end, on a handful of rendered radiographs and for a few seconds."""

import csv
import itertools
import json
import shutil
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from app.io.bundle import read_bundle
from app.training import commands
from app.training import train as train_module
from app.training.commands import Plan, train
from app.training.contours import CHEST_MM_PER_PIXEL, CHEST_STRUCTURES, read_chest
from app.training.evaluate_folder import evaluate
from app.training.finish import fit_errors, fit_prior
from app.training.leave_out import load_folds
from app.training.prior import prior_of
from app.training.rendered import render_examples
from tests.unit.training.test_training import MEAN, TEMPLATE

COUNTS = {"train": 9, "val": 4}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder as the chest data's, of rendered radiographs."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    prior = prior_of(MEAN, MEAN + rng.normal(0, 4, (12, 1, 2)) * np.sin(MEAN / 40), count=6)
    for seed, (part, count) in enumerate(COUNTS.items()):
        pictures, contours = render_examples(TEMPLATE, prior, count, size=256, seed=seed)
        (folder / part).mkdir()
        with (folder / f"{part}_landmarks.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["image"] + [f"{axis}{k}" for k in range(len(MEAN)) for axis in "xy"])
            for number, (picture, points) in enumerate(zip(pictures, contours.points, strict=True)):
                cv2.imwrite(str(folder / part / f"{number}.png"), picture)
                table.writerow([f"{number}.png", *points.ravel().tolist()])
    return folder


@pytest.fixture(autouse=True)
def little(monkeypatch):
    monkeypatch.setattr(commands, "RENDERED_EXAMPLES", 2)
    # Each step counts as .15 s: on a quick machine so short a run made more steps, and another network came of it.
    ticks = itertools.count()
    clock = SimpleNamespace(process_time=lambda: 0.15 * next(ticks), monotonic=time.monotonic)
    monkeypatch.setattr(train_module, "time", clock)


def run(data, out, **choices):
    plan = Plan(data, out, minutes=0.02, leg_minutes=5, threads=1, seed=1, size=64, channels=(8, 8), **choices)
    assert train(plan, lambda epoch: None)
    return read_bundle(str(out / "bundle"))


@pytest.mark.timeout(400)  # half a minute on idle cores, several on busy ones
def test_a_run_a_fold_and_a_thinned_run(data, tmp_path):
    fold = run(data, tmp_path / "fold", fold=0)
    assert fold.prior is not None
    (kept,) = load_folds([tmp_path / "fold"], 64, len(MEAN))
    assert set(kept.unseen.image.tolist()) == {0, 1, 2}  # every third of nine

    whole = run(data, tmp_path / "whole", folds=(tmp_path / "fold",))
    card = (whole.folder / "MODEL_CARD.md").read_text("utf-8")
    assert "3 training images, found by networks that had not seen them" in card
    assert "4 validation radiographs" in card
    contours_mm = read_chest(data, "train").points * CHEST_MM_PER_PIXEL
    prior = fit_prior(whole.template, contours_mm, kept.seen, commands.RIDGE_MM2)
    errors = fit_errors(prior.regularise_all(kept.unseen.decoded), kept.unseen)
    np.testing.assert_allclose(whole.errors.typical, errors.typical, rtol=1e-4)

    thinned = run(data, tmp_path / "thinned", thinned=True)
    points = sum(len(structure.outline) for structure in thinned.template.structures)
    assert points == sum(size - size // 3 for _, _, size in CHEST_STRUCTURES)

    folders = [str(tmp_path / name / "bundle") for name in ("whole", "thinned")]
    evaluate(data, folders[0], tmp_path, "val", 1, "auto", lambda *_: None, thinned=folders[1])
    figures = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    assert figures["images"] == 4
    never = figures["new_landmarks"]["never_trained"]
    assert never["left_out_ratio"] == pytest.approx(never["left_out_mm"] / never["trained_mm"])


def test_data_that_cannot_be_evaluated_are_refused_before_anything_is_trained(data, tmp_path):
    few, empty = tmp_path / "few", tmp_path / "empty"
    shutil.copytree(data, few)
    empty.mkdir()
    lines = (few / "val_landmarks.csv").read_text().splitlines()
    (few / "val_landmarks.csv").write_text("\n".join(lines[:4]) + "\n")
    with pytest.raises(ValueError, match="3 images with reference contours are too few to evaluate; 4 are needed"):
        evaluate(few, "chest", tmp_path, "val", 1, "auto", lambda *_: None)
    with pytest.raises(ValueError, match="3 images with reference contours are too few"):
        run(few, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match=r"There is no image in .*empty to evaluate on"):
        evaluate(empty, "chest", tmp_path, "val", 1, "auto", lambda *_: None)


@pytest.mark.parametrize(
    "choices",
    [{"start": "chest", "fold": 0}, {"thinned": True, "folds": ("somewhere",)}, {"fold": 1, "folds": ("somewhere",)}],
)
def test_plans_whose_figures_would_not_be_true_are_refused(tmp_path, choices):
    with pytest.raises(ValueError, match=r"learnt weights have seen|all images and all contour points"):
        Plan(tmp_path, tmp_path, 1, 1, 1, 1, **choices)
