"""Curves of drawn polygons: direction, ends at the picture's border, pieces."""

import numpy as np
import pytest

from app.training.outline import curve_of, signed_area

SHAPE = np.array([(20, 10), (60, 14), (70, 40), (52, 66), (24, 58), (12, 30)], float)


def test_a_polygon_runs_clockwise_whichever_way_it_was_drawn():
    one, other = curve_of([SHAPE], 100, 90), curve_of([SHAPE[::-1]], 100, 90)
    assert one is not None
    assert other is not None
    assert one.closed
    assert other.closed
    assert signed_area(one.points) == pytest.approx(signed_area(other.points))
    assert signed_area(one.points) > 0
    np.testing.assert_allclose(one.at([0.0]), one.at([1.0]))


@pytest.mark.parametrize("turned", range(6))
def test_the_cut_at_the_border_is_no_contour_wherever_the_drawing_began(turned):
    """A shaft that leaves the picture at its lower edge: five points are contour, the lowest edge is not."""
    shaft = np.array([(30, 20), (50, 24), (54, 60), (52, 98.5), (28, 99), (26, 60)], float)
    curve = curve_of([np.roll(shaft, turned, axis=0)], 100, 90)
    assert curve is not None
    assert not curve.closed
    np.testing.assert_allclose(curve.points[[0, -1]], [(28, 99), (52, 98.5)])
    assert len(curve.points) == 6
    assert curve.length == pytest.approx(np.linalg.norm(np.diff(curve.points, axis=0), axis=1).sum())


def test_two_pieces_of_a_fracture_become_one_outline_around_both():
    upper = np.array([(20, 10), (60, 10), (60, 38), (20, 36)], float)
    lower = np.array([(22, 40), (62, 42), (60, 80), (20, 80)], float)
    curve = curve_of([upper, lower], 200, 200)
    assert curve is not None
    assert curve.closed
    low, high = curve.points.min(axis=0), curve.points.max(axis=0)
    np.testing.assert_allclose([*low, *high], [20, 10, 62, 80], atol=1.0)
    both = signed_area(upper) + signed_area(lower)
    assert both < signed_area(curve.points) < 1.15 * both


def test_next_to_nothing_is_no_curve():
    assert curve_of([], 50, 50) is None
    assert curve_of([np.array([(3, 3), (4, 3), (4, 4)], float)], 50, 50) is None
