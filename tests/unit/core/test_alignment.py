"""Poses of shapes: known similarities are found again, whatever single points do."""

import numpy as np
import pytest

from app.core.alignment import are_mirrored, turns_and_scales

RNG = np.random.default_rng(8)
HOOK = np.array([(0, 0), (10, 0), (20, 1), (30, 4), (30, 14), (29, 25), (22, 26), (21, 15), (12, 9), (2, 8)], float)
"""A shape without symmetry."""


def similarity(degrees: float, scale: float) -> np.ndarray:
    """Turns clockwise as seen on a screen, whose y points down."""
    angle = np.radians(degrees)
    return scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 3.5), (-140, 0.2), (180, 7.0)])
def test_a_similarity_is_found_exactly(degrees, scale):
    linear = similarity(degrees, scale)
    placed = HOOK @ linear.T + (310.5, -42.0)
    np.testing.assert_allclose(turns_and_scales(HOOK, placed[None])[0], linear, atol=1e-9 * scale)


def test_a_quarter_of_the_points_may_lie_anywhere():
    linear = np.stack([similarity(a, s) for a, s in zip(range(-60, 60, 6), np.geomspace(1, 9, 20), strict=True)])
    source = np.concatenate([HOOK, HOOK * 0.7 + (4, 3)])
    placed = np.einsum("nij,kj->nki", linear, source) + RNG.uniform(-500, 500, (20, 1, 2))
    placed += RNG.normal(0, 0.15, placed.shape) * np.geomspace(1, 9, 20)[:, None, None]
    placed[:, 3:8] += RNG.uniform(10, 60, (20, 1, 2)) * np.geomspace(1, 9, 20)[:, None, None]
    found = turns_and_scales(source, placed)
    apart = np.linalg.solve(linear, found)  # 1 where it is right
    degrees = np.degrees(np.arctan2(apart[:, 1, 0], apart[:, 0, 0]))
    assert np.abs(degrees).max() < 2
    assert np.abs(np.sqrt(np.linalg.det(apart)) - 1).max() < 0.03
    plain = [np.linalg.lstsq(source - source.mean(0), one - one.mean(0), rcond=None)[0] for one in placed]
    assert np.abs(np.stack(plain).swapaxes(1, 2) - linear).max() > 0.2  # squares are led astray


def test_a_mirror_image_is_not_mirrored_back():
    mirrored = HOOK * (-1, 1)
    assert np.linalg.det(turns_and_scales(HOOK, mirrored[None])[0]) > 0


def test_unknown_points_are_left_out_and_too_few_give_nothing():
    linear = similarity(33, 2.0)
    placed = np.stack([HOOK @ linear.T] * 3)
    placed[0, ::2] = np.nan
    placed[1, 2:] = np.nan
    placed[2] = placed[2, 0]
    found = turns_and_scales(HOOK, placed)
    np.testing.assert_allclose(found[0], linear, atol=1e-8)
    assert np.isnan(found[1:]).all()


def test_the_other_hand_is_told_however_it_lies_and_whatever_is_not_known():
    flip = np.diag([-1.0, 1.0])
    linear = [similarity(a, s) @ (flip if m else np.eye(2)) for a, s, m in ((20, 2.0, False), (170, 0.3, True))] * 3
    placed = np.stack([HOOK @ one.T + (40, -9) for one in linear]) + RNG.normal(0, 0.2, (6, len(HOOK), 2))
    placed[2:4, ::3] = np.nan
    placed[4:, 2:] = np.nan
    assert are_mirrored(HOOK, placed).tolist() == [False, True, False, True, False, False]
