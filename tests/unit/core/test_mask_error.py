"""What masks are expected to miss by, against contours that miss by chance."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.formula import parse
from app.core.mask_error import ACROSS, TOGETHER, contour_errors, errors_together
from app.core.measure import Inputs, ShapeErrors, Shapes, compute, expected_error


def oval(count: int = 60) -> np.ndarray:
    """Neither round nor upright."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    plane = np.stack([70 * np.cos(turn) + 12 * np.cos(2 * turn), 40 * np.sin(turn)], axis=1)
    return plane @ np.array([[0.9, 0.3], [-0.3, 0.9]]) + (150, 120)


def shoelace(points: np.ndarray) -> np.ndarray:
    x, y = np.moveaxis(points, -1, 0)
    return np.abs((x * np.roll(y, -1, -1) - y * np.roll(x, -1, -1)).sum(-1)) / 2


def test_the_area_spreads_as_contours_do_that_miss_across_themselves_together_with_their_neighbours() -> None:
    contour, rng = oval(), np.random.default_rng(3)
    errors = np.linspace(0.5, 1.5, len(contour))
    across = ACROSS * np.sqrt(2 / np.pi) * errors
    tangent = np.roll(contour, -1, axis=0) - np.roll(contour, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / np.linalg.norm(tangent, axis=1, keepdims=True)
    length = np.linalg.norm(np.roll(contour, -1, axis=0) - contour, axis=1).sum()
    apart = np.linalg.norm(contour[:, None] - contour[None], axis=-1)
    chance = np.linalg.cholesky(np.exp(-apart / (TOGETHER * length)))
    misses = across * (rng.normal(size=(20_000, len(contour))) @ chance.T)
    areas = shoelace(contour + misses[..., None] * normal)
    sides, area = contour_errors(contour, errors)
    assert area == pytest.approx(areas.std(), rel=0.03)
    ends = [contour[:, 0].argmin(), contour[:, 1].argmin(), contour[:, 0].argmax(), contour[:, 1].argmax()]
    np.testing.assert_allclose(sides, across[ends])


def test_sides_of_several_structures_miss_as_the_outermost_does() -> None:
    parts = [(np.array([1.0, 2.0, 3.0, 4.0]), 5.0), (np.array([6.0, 7.0, 8.0, 9.0]), 10.0)]
    boxes = np.array([[10.0, 40.0, 90.0, 80.0], [30.0, 20.0, 120.0, 60.0]])
    both = errors_together(parts, boxes)
    np.testing.assert_array_equal(both.sides, [[1, 7, 8, 4]])
    assert np.isnan(both.area).all()
    assert errors_together(parts[:1], boxes[:1]).area == 5
    assert np.isnan(errors_together(parts, boxes * np.nan).sides).all()


def test_a_ratio_of_widths_spreads_by_both_and_an_area_by_its_own() -> None:
    shapes = {
        "heart": Shapes(np.array([[10.0, 5, 59, 44]]), np.array([1500.0])),
        "thorax": Shapes(np.array([[0.0, 0, 119, 99]]), np.array([np.nan])),
    }
    inputs = Inputs(np.array([[0.5, 0.25]]), np.zeros(1, bool), {}, shapes)
    known = {
        "heart": ShapeErrors(np.array([[3.0, 9, 4, 9]]), np.array([60.0])),
        "thorax": ShapeErrors(np.array([[5.0, 9, 12, 9]]), np.array([np.nan])),
    }
    ratio = parse("width(heart) / width(thorax)")
    expected = 50 / 120 * np.hypot(5 / 50, 13 / 120)
    np.testing.assert_allclose(expected_error(ratio, inputs, {}, known), expected, rtol=1e-3)
    np.testing.assert_allclose(expected_error(parse("area(heart)"), inputs, {}, known), 60 * 0.125)
    assert np.isnan(expected_error(parse("area(heart) / area(thorax)"), inputs, {}, known)).all()
    assert compute(ratio, inputs)[0] == pytest.approx(50 / 120)
