"""Correspondence of shapes whose points are known, drawn from random starts, in both directions, cut and missing."""

import numpy as np
import pytest

from app.training.correspondence import correspond, poses_of
from app.training.outline import curve_of
from app.training.shape_statistics import fill, quality

FINE = 400
ANGLE = np.linspace(0, 2 * np.pi, FINE, endpoint=False)


def pear(stretch, bump, scale=40.0, turn=0.0, at=(200.0, 220.0)):
    """A closed shape without symmetry, [FINE, 2]: vertex k means the same whatever stretch and bump are."""
    radius = (
        1 + 0.18 * np.cos(2 * ANGLE + 0.7) + (0.22 + bump) * np.exp(-((np.angle(np.exp(1j * (ANGLE - 2)))) ** 2) * 6)
    )
    z = scale * radius * (stretch * np.cos(ANGLE) + 1j * np.sin(ANGLE)) * np.exp(1j * turn)
    return np.c_[z.real + at[0], z.imag + at[1]]


@pytest.fixture(scope="module")
def world():
    """Twelve drawings and their true vertices."""
    rng = np.random.default_rng(3)
    truth = [
        pear(1.3 + 0.25 * rng.uniform(-1, 1), 0.12 * rng.uniform(-1, 1), rng.uniform(30, 55), rng.uniform(-0.3, 0.3))
        for _ in range(12)
    ]
    drawn = []
    for number, shape in enumerate(truth):
        kept = np.sort(rng.choice(FINE, 150, replace=False))  # people set their points where they like
        one = np.roll(shape[kept], int(rng.integers(150)), axis=0)
        drawn.append(one[::-1] if number % 2 else one)
    return truth, drawn


def meaning(points, truth):
    """Which vertex of the truth each found point [K, 2] is, as an angle in vertices."""
    return np.argmin(np.linalg.norm(points[:, None] - truth[None], axis=-1), axis=1)


def spread(points, truth):
    """Root mean square deviation, in vertices of the truth, of what the points mean in the images."""
    turns = np.exp(2j * np.pi * np.stack([meaning(p, t) for p, t in zip(points, truth, strict=True)]) / FINE)
    middle = turns.mean(axis=0)
    away = np.angle(turns / middle) * FINE / (2 * np.pi)
    return float(np.sqrt((away**2).mean()))


def pairs(points):
    return np.stack([points.real, points.imag], axis=-1)


def test_points_mean_the_same_from_every_start_and_in_both_directions(world):
    truth, drawn = world
    curves = [curve_of([each], 600, 600) for each in drawn]
    poses = poses_of(np.full((12, 1), np.nan + 0j))
    found = pairs(correspond(curves, 32, poses).points)
    even = pairs(correspond(curves, 32, poses, refine=False).points)
    assert spread(found, truth) < 4.5  # of 400 vertices: less than a third of the way to the next of 32 points
    assert spread(found, truth) < spread(even, truth)


def test_refined_points_make_the_statistics_more_compact(world):
    _, drawn = world
    curves = [curve_of([each], 600, 600) for each in drawn]
    poses = poses_of(np.full((12, 1), np.nan + 0j))
    refined, even = (quality(pairs(correspond(curves, 32, poses, refine=each).points)) for each in (True, False))
    assert refined["compactness"][1] > even["compactness"][1]  # two modes made these shapes
    assert refined["generalisation"] < even["generalisation"]


def test_a_cut_contour_is_laid_on_the_part_that_is_seen(world):
    truth, drawn = world
    curves = [curve_of([each], 600, 600) for each in drawn]
    low = float(np.quantile(truth[0][:, 1], 0.7))
    cut = truth[0].copy()
    cut[:, 1] = np.minimum(cut[:, 1], low)
    curves[0] = curve_of([cut], round(low), 600)
    assert curves[0] is not None
    assert not curves[0].closed
    found = pairs(correspond(curves, 32, poses_of(np.full((12, 1), np.nan + 0j))).points)
    seen = np.isfinite(found[0, :, 0])
    assert 14 <= seen.sum() <= 28
    others = np.angle(
        np.exp(2j * np.pi * np.stack([meaning(p, t) for p, t in zip(found[1:], truth[1:], strict=True)]) / FINE).mean(
            axis=0
        )
    )
    mine = meaning(found[0][seen], truth[0]) * 2 * np.pi / FINE
    away = np.angle(np.exp(1j * (mine - others[seen]))) * FINE / (2 * np.pi)
    assert np.abs(away).mean() < 10
    whole = fill(found).points[0]
    missing = truth[0][:, 1] > low + 1
    distance = np.linalg.norm(whole[~seen][:, None] - truth[0][missing][None], axis=-1).min(axis=1)
    assert distance.mean() < 0.08 * np.ptp(truth[0][:, 1])  # the statistics know about where the rest lies


def test_round_structures_start_alike_because_the_others_tell_how_the_image_is_turned():
    """Discs have no start of their own; three others beside them do."""
    places = np.array([0, 100, 100 + 80j, -30 + 60j])
    turns = np.exp(1j * np.array([0.0, 0.4, -0.5, 0.25, 0.1]))
    centres = 300 + 300j + turns[:, None] * places
    poses = poses_of(centres)
    np.testing.assert_allclose(poses.turn / poses.turn[0], turns / turns[0], atol=1e-6)
    rng = np.random.default_rng(1)
    curves = []
    for middle in centres[:, 0]:
        disc = middle + 20 * np.exp(1j * (ANGLE + rng.uniform(0, 6)))
        curves.append(curve_of([np.c_[disc.real, disc.imag]], 600, 600))
    found = correspond(curves, 16, poses).points - centres[:, :1]
    start = found[:, 0] / turns
    np.testing.assert_allclose(np.angle(start / start[0]), 0, atol=0.15)


def test_what_is_missing_is_filled_in_from_structures_that_vary_with_it():
    """Two squares whose sizes go together: where one is missing the other tells its size."""
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    sizes = np.linspace(0.7, 1.3, 9)
    shapes = np.stack([np.concatenate([square * 10, square * 10 * s + (40, 0), square * 3 + (0, 50)]) for s in sizes])
    points = shapes.copy()
    points[7, 4:8] = np.nan
    points[7, :4] = shapes[7, :4]
    filled = fill(points).points[7, 4:8]
    assert np.ptp(filled[:, 0]) == pytest.approx(np.ptp(shapes[:, 4:8, 0], axis=1).mean(), rel=0.2)
    np.testing.assert_allclose(filled.mean(axis=0), (40, 0), atol=2.5)
    with pytest.raises(ValueError, match="never appear together"):
        fill(np.stack([np.r_[shapes[0, :4], np.full((8, 2), np.nan)], np.r_[np.full((4, 2), np.nan), shapes[0, 4:]]]))


def test_quality_of_shapes_that_one_mode_made():
    base = np.array([(0, 0), (10, 0), (14, 8), (3, 9), (-4, 5)], float)
    mode = np.array([(0.2, -1), (0, 1), (1, -0.5), (-0.3, 0.2), (0.1, 0.6)])
    mode -= mode.mean(axis=0)
    shapes = np.stack([base + weight * 0.05 * mode for weight in np.linspace(-2, 2, 9)])
    told = quality(shapes)
    assert told["modes_for_95_percent"] == 1
    assert told["compactness"][0] > 0.999
    assert told["generalisation"] < 1e-2
    assert told["specificity"] < 0.1
