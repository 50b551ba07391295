"""Targets, augmentation, resuming, the shape prior and evaluation, on rendered radiographs."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from app.core.chart import ChartMesh
from app.core.frame import Frame
from app.core.prediction import Prediction
from app.core.shape_prior import Similarity
from app.core.template import STRUCTURE_COLOURS, Structure, Template
from app.training.augment import Strength, make_batch
from app.training.contours import mean_shape
from app.training.dataset import build
from app.training.evaluate import (
    Case,
    calibration_figures,
    interior_points,
    landmark_figures,
    left_out_figures,
    mask_figures,
    new_landmark_figures,
    unusual_figures,
)
from app.training.leave_out import FOLDS, split_images, thin_contours, thin_template
from app.training.prior import fitted_shrinkage, prior_of
from app.training.recipe import Recipe
from app.training.rendered import render_examples
from app.training.train import Trainer
from models.network import NetworkConfig
from tests.unit.core.shapes import bean


def chest_like():
    outlines = {
        "right_lung": bean(44, -60, 0, 80),
        "left_lung": bean(50, 60, 0, 80),
        "heart": bean(26, 12, 45, 45),
        "right_clavicle": bean(23, -50, -85, 25) * [1.6, 1.0] + [25, 0],
        "left_clavicle": bean(23, 50, -85, 25) * [1.6, 1.0] - [25, 0],
    }
    return Template(
        "chest",
        tuple(Structure(n, n, c, o) for (n, o), c in zip(outlines.items(), STRUCTURE_COLOURS, strict=False)),
    )


TEMPLATE = chest_like()
MEAN = np.concatenate([s.outline for s in TEMPLATE.structures])
mesh_of = cache(ChartMesh.of)
"""The mesh of a structure; the weights that it computes once take a while."""


@pytest.fixture(scope="module")
def rendered():
    rng = np.random.default_rng(0)
    shapes = MEAN + rng.normal(0, 4, (12, 1, 2)) * np.sin(MEAN / 40)
    return render_examples(TEMPLATE, prior_of(MEAN, shapes, count=6), 4, size=256)


@pytest.fixture(scope="module")
def examples(rendered):
    return build(TEMPLATE, *rendered)


@pytest.mark.parametrize("seed", range(3))
def test_augmentation_moves_everything_alike(examples, seed):
    batch = make_batch(examples, np.arange(4), 256, Strength(), np.random.default_rng(seed))
    wanted = torch.from_numpy(np.concatenate([s.outline_uv for s in TEMPLATE.structures])).float()
    start = 0
    for c, structure in enumerate(TEMPLATE.structures):
        part = slice(start, start := start + len(structure.outline))
        sampled = F.grid_sample(batch.uv[:, c], batch.landmarks[:, None, part], align_corners=False)[:, :, 0]
        error_mm = (sampled.transpose(1, 2) - wanted[part]).numpy() * structure.half_size_mm
        distance = np.linalg.norm(error_mm, axis=-1)[batch.visible[:, part].numpy()]
        assert np.median(distance) < 1.0
        mask = F.grid_sample(batch.masks[:, c, None], batch.landmarks[:, None, part], align_corners=False)[:, 0, 0]
        assert 0.2 < mask[batch.visible[:, part]].mean() < 0.8  # contour points lie on the mask's edge
    assert torch.isfinite(batch.image).all()


def test_without_augmentation_the_picture_is_only_resampled(examples):
    batch = make_batch(examples, np.arange(4), 256, None, np.random.default_rng(0))
    torch.testing.assert_close(batch.landmarks, examples.landmarks, atol=1e-5, rtol=0)
    assert batch.image.mean(dim=(1, 2, 3)).abs().max() < 1e-3


def test_training_resumes_where_it_was_killed(tmp_path, examples, rendered):
    pictures, contours = rendered
    config = NetworkConfig(height=64, width=64, channels=(8, 8, 8))
    recipe = Recipe(minutes=60, small_share=0, size=64, batch=2, validate_every=1)
    seen = []
    first = Trainer(tmp_path, TEMPLATE, config, recipe)
    first.run(examples, pictures[:1], contours.take([0]), seen.append, leg_minutes=1e-6)
    again = Trainer(tmp_path, TEMPLATE, config, recipe)
    assert again.epoch == 1
    assert again.seconds == pytest.approx(first.seconds)
    for mine, theirs in zip(again.averaged.parameters(), first.averaged.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    again.run(examples, pictures[:1], contours.take([0]), seen.append, leg_minutes=1e-6)
    assert [progress.epoch for progress in seen] == [1, 2]
    assert (tmp_path / "best.pt").exists()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def test_fewer_examples_than_a_batch_are_a_batch(tmp_path, examples, rendered):
    pictures, contours = rendered
    recipe = Recipe(minutes=60, small_share=0, size=64, batch=8, validate_every=1)
    trainer = Trainer(tmp_path, TEMPLATE, NetworkConfig(height=64, width=64, channels=(8, 8, 8)), recipe)
    trainer.run(examples, pictures[:1], contours.take([0]), lambda _: None, leg_minutes=1e-6)
    assert (len(examples), trainer.steps) == (4, 1)
    assert trainer.seconds > 0


def perfect(contours, size=256):
    frame = Frame(size, size)
    cases = []
    for points in contours.points:
        charts = [
            mesh_of(s).inverse_chart(points[part]) for s, part in zip(TEMPLATE.structures, contours.slices, strict=True)
        ]
        masks = np.zeros((5, size, size), np.uint8)
        error = np.ones((5, *charts[0].shape[:2]), np.float32)
        prediction = Prediction(
            "", masks, np.zeros((5, 2, 1, 1), np.float16), np.stack(charts), error, np.ones(5, bool)
        )
        cases.append(Case(prediction, frame, points, 0.5))
    return cases


def test_evaluation_of_perfect_charts_is_nearly_zero(rendered):
    _, contours = rendered
    cases = perfect(contours)
    figures = landmark_figures(cases, TEMPLATE, contours.slices)
    assert figures["error_mm"] < 0.3
    assert figures["absent"] == 0
    clicks = new_landmark_figures(cases, TEMPLATE, contours.slices)
    assert clicks["one_click_mm"] < 0.6
    assert clicks["interior_mm"] < 0.3
    assert mask_figures(cases, TEMPLATE, contours.slices)["dice"]["heart"] == 0


def test_points_never_learnt_are_found_by_perfect_thinned_charts(rendered):
    _, contours = rendered
    thin, few = thin_template(TEMPLATE), thin_contours(contours)
    assert few.sizes == tuple(len(s.outline) for s in thin.structures)
    cases = perfect(contours)
    for case, points in zip(thinned := perfect(contours), few.points, strict=True):
        case.prediction.charts[:] = np.stack(
            [mesh_of(s).inverse_chart(points[part]) for s, part in zip(thin.structures, few.slices, strict=True)]
        )
    figures = left_out_figures(cases, TEMPLATE, thinned, thin, contours)
    assert figures["trained_mm"] < 0.3
    assert figures["trained_mm"] < figures["left_out_mm"] < 1.5  # straight lines between the neighbours


def test_the_most_unusual_tenth_is_told_with_and_without_the_prior(rendered):
    _, contours = rendered
    cases, plain = perfect(contours), perfect(contours)
    for case in plain:
        case.prediction.charts[:] += 3  # pixels of 0.5 mm, along x and y
    figures = unusual_figures(cases, plain, TEMPLATE, contours.slices)
    assert figures["with_prior_mm"] < 0.3
    assert figures["without_prior_mm"] == pytest.approx(1.5 * 2**0.5, abs=0.3)
    assert figures["all_without_prior_mm"] == pytest.approx(1.5 * 2**0.5, abs=0.3)


def test_folds_deal_every_image_once(rendered):
    _, contours = rendered
    left = [split_images(contours, fold)[1].images for fold in range(FOLDS)]
    assert sorted(path for part in left for path in part) == sorted(contours.images)
    kept, unseen = split_images(contours, 1)
    assert not set(kept.images) & set(unseen.images)


def test_absent_structures_count_as_thirty_mm(rendered):
    _, contours = rendered
    case = perfect(contours.take([0]))[0]
    case.prediction.present[2] = False
    figures = landmark_figures([case], TEMPLATE, contours.slices)
    assert figures["error_mm_per_structure"]["heart"] == 30
    assert figures["absent"] == 26


def test_fitted_shrinkage_beats_the_noise():
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(4, 166, 2)) * 2
    truth = MEAN + np.tensordot(rng.normal(size=(300, 4)), basis, axes=1)
    noisy = truth + rng.normal(0, 3, truth.shape)
    shrinkage = fitted_shrinkage(MEAN, noisy[:200], truth[:200], 1.0)
    prior = prior_of(MEAN, truth[:200])
    regularised = np.stack([type(prior)(MEAN, prior.modes, shrinkage).regularise(c) for c in noisy[200:]])
    before = np.linalg.norm(noisy[200:] - truth[200:], axis=-1).mean()
    assert np.linalg.norm(regularised - truth[200:], axis=-1).mean() < 0.6 * before


def test_the_mean_shape_is_at_the_mean_size_and_upright():
    rng = np.random.default_rng(0)
    turn = [0.05, -0.05, 0.1, -0.1]
    shapes = np.stack([MEAN @ [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] + rng.normal(0, 50, 2) for a in turn])
    mean = mean_shape(shapes)
    pose = Similarity.between(mean, MEAN)
    assert pose.scale == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(pose(mean), MEAN, atol=0.5)
    np.testing.assert_allclose(pose.rotation, np.eye(2), atol=0.02)


def test_interior_points_lie_inside():
    heart = TEMPLATE.structure("heart")
    points = interior_points(heart, 12)
    assert len(points) == 12
    assert heart.contains(points).all()


def test_calibration_of_errors_that_were_expected_exactly():
    true = np.random.default_rng(0).gamma(2.0, 2.5, (21, 53))
    figures = calibration_figures(true / 2, true)
    assert all(decile["ratio"] == pytest.approx(0.5) for decile in figures["deciles"])
    assert all(decile["ratio_low"] == pytest.approx(0.5) for decile in figures["deciles"])
    far = np.sort(true.ravel())[::-1] > 10
    low, high = figures["over_10_mm_in_least_confident_tenth_95"]
    share = figures["over_10_mm_in_least_confident_tenth"]
    assert share == pytest.approx(min(1, (21 * 53 // 10) / far.sum()), abs=1e-9)
    assert low <= share <= high
    perfect = calibration_figures(true, 0 * true)
    assert all(decile["ratio"] is None for decile in perfect["deciles"])
    json.dumps(perfect, allow_nan=False)


def test_the_bootstrap_draws_whole_images():
    """Where every image errs alike all over, few images say little: the intervals must be wide."""
    rng = np.random.default_rng(0)
    true = np.repeat(rng.gamma(2.0, 2.5, (20, 1)), 50, axis=1)
    alike = calibration_figures(rng.gamma(9.0, 0.5, true.shape), true)["deciles"]
    apart = calibration_figures(rng.gamma(9.0, 0.5, true.shape), rng.permuted(true.ravel()).reshape(true.shape))
    width = [np.mean([d["ratio_high"] - d["ratio_low"] for d in deciles]) for deciles in (alike, apart["deciles"])]
    assert width[0] > 1.5 * width[1]
