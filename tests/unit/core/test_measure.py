"""Measurements against plain geometry, image by image, with oblong pixels, turned images and absent things."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.formula import Kind, parse
from app.core.frame import Frame, Provenance, Spacing
from app.core.measure import Inputs, Shapes, Unit, compute, expected_error, pixel_sides, unit
from app.core.orientation import Orientation

SIDES = np.array([(0.5, 0.25), (1.0, 1.0), (2.0, 0.5)])


def inputs() -> Inputs:
    """Three images; in the last “c” is absent, and it is turned."""
    points = {
        "a": np.array([(0.0, 0.0), (1.0, 2.0), (10.0, 20.0)]),
        "b": np.array([(6.0, 16.0), (4.0, 6.0), (10.0, 4.0)]),
        "c": np.array([(6.0, 0.0), (9.0, 6.0), (np.nan, np.nan)]),
        "d": np.array([(0.0, 8.0), (1.0, 7.0), (13.0, 4.0)]),
    }
    box = np.array([(10, 20, 49, 29), (0, 0, 0, 0), (5, 6, 24, 105)], float)
    lungs = np.array([(10, 20, 89, 29), (np.nan,) * 4, (5, 6, 44, 155)], float)
    shapes = {
        "heart": Shapes(box, np.array([300.0, 1.0, 900.0])),
        "thorax": Shapes(lungs, np.array([600.0, np.nan, 1e4])),
    }
    rim = np.array([[(0, 0), (6, 0), (6, 16)], [(1, 1), (4, 5), (4, 17)], [(0, 0), (0, 0), (2, 8)]], float)
    return Inputs(SIDES, np.array([False, False, True]), points, shapes, {"rim": rim})


def bearing(x: float, y: float) -> float:
    """Degrees from the x axis."""
    return math.degrees(math.atan2(y, x))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("distance(a, b)", [5.0, 5.0, 8.0]),
        ("distance(b, c)", [4.0, 5.0, math.nan]),
        ("perpendicular(c, a, b)", [2.4, 4.0, math.nan]),  # 3 * 4 / 5; base 5, height 4
        ("angle(a, c, b)", [90.0, bearing(8, 4), math.nan]),
        ("angle(a, b, d, c)", [bearing(3, 4) + bearing(3, 2), bearing(3, 4) + bearing(8, 1), math.nan]),
        ("width(heart)", [20.0, 1.0, 50.0]),
        ("height(heart)", [2.5, 1.0, 40.0]),
        ("area(heart)", [37.5, 1.0, 900.0]),
        ("width(heart) / width(thorax)", [0.5, math.nan, 100 / 150]),
        ("length(rim)", [7.0, 17.0, math.hypot(4, 4)]),
        ("area(heart) / height(heart) - 2 * distance(a, b)", [5.0, -9.0, 6.5]),
        ("distance(a, a) / distance(a, a)", [math.nan] * 3),
        ("2 + 3 * 4", [14.0] * 3),
        ("-(2 - 3)", [1.0] * 3),
    ],
)
def test_values_are_plain_geometry(text: str, expected: list[float]):
    np.testing.assert_allclose(compute(parse(text), inputs()), expected, rtol=1e-8)


def test_an_angle_with_no_arm_is_unknown():
    assert np.isnan(compute(parse("angle(a, a, b)"), inputs())).all()


whole = st.integers(-50, 50)


@settings(max_examples=30, deadline=None)
@given(
    places=st.lists(st.tuples(whole, whole), min_size=4, max_size=4, unique=True),
    turn=st.floats(-3, 3),
    text=st.sampled_from(
        ["distance(p0, p1)", "angle(p0, p1, p2)", "angle(p0, p1, p2, p3)", "perpendicular(p0, p1, p2)"]
    ),
)
def test_distances_and_angles_stay_where_the_picture_is_turned_and_moved(places, turn: float, text: str):
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    values = []
    for matrix, shift in ((np.eye(2), 0.0), (turned, 17.0)):
        points = {f"p{i}": np.array([matrix @ place + shift]) for i, place in enumerate(places)}
        values.append(compute(parse(text), Inputs(np.ones((1, 2)), np.zeros(1, bool), points)))
    np.testing.assert_allclose(*values, atol=1e-6)


def test_a_name_that_nobody_gives_is_told():
    with pytest.raises(KeyError, match="nobody"):
        compute(parse("width(nobody)"), inputs())


def test_pixels_count_as_square_where_only_their_shape_is_known():
    spacing = Spacing(0.25, 0.5, Provenance.GIVEN)
    assert pixel_sides(Frame(100, 80, spacing=spacing, aspect=0.5)) == (0.5, 0.25, True)
    width, height, known = pixel_sides(Frame(100, 80, aspect=2.25, orientation=Orientation(1)))
    assert (width * height, height / width, known) == (pytest.approx(1), pytest.approx(2.25), False)
    assert pixel_sides(None) == (1, 1, False)


def test_units_follow_from_the_kind_and_from_whether_the_spacing_is_known():
    found = {(kind, known): unit(kind, known) for kind in Kind for known in (True, False)}
    assert found == {
        (Kind.LENGTH, True): Unit.MM,
        (Kind.LENGTH, False): Unit.PX,
        (Kind.AREA, True): Unit.MM2,
        (Kind.AREA, False): Unit.PX2,
        **{(Kind.ANGLE, known): Unit.DEGREES for known in (True, False)},
        **{(Kind.RATIO, known): Unit.RATIO for known in (True, False)},
        **{(Kind.GREY, known): Unit.GREY for known in (True, False)},
    }


@pytest.mark.parametrize(
    "text", ["distance(a, b)", "angle(a, b, c)", "perpendicular(c, a, b) / distance(a, d)", "2 * distance(a, a)"]
)
def test_the_expected_error_is_the_spread_where_points_miss_by_chance(text: str):
    """Points that miss by normal deviates: the standard deviation of what the value then misses by, in each image."""
    rng, tries, formula, given = np.random.default_rng(5), 20_000, parse(text), inputs()
    errors = {name: np.array([0.04, 0.02, 0.05]) * (1 + place) for place, name in enumerate("abcd")}
    missed = {name: xy + _deviates(rng, tries, errors[name]) for name, xy in given.points.items()}
    for image in range(3):
        many = Inputs(
            np.tile(given.sides[image], (tries, 1)),
            np.zeros(tries, bool),
            {name: xy[:, image] for name, xy in missed.items()},
        )
        spread = np.sqrt(((compute(formula, many) - compute(formula, given)[image]) ** 2).mean())
        np.testing.assert_allclose(expected_error(formula, given, errors)[image], spread, rtol=0.05, atol=1e-9)


def _deviates(rng: np.random.Generator, tries: int, expected: np.ndarray) -> np.ndarray:
    """Misses [tries, N, 2] whose mean length is `expected` [N]."""
    misses = rng.normal(size=(tries, len(expected), 2))
    return misses * (expected / np.linalg.norm(misses, axis=-1).mean(axis=0))[:, None]


def test_what_masks_of_which_nothing_is_known_are_expected_to_miss_by_is_not_known():
    errors = dict.fromkeys("abcd", np.ones(3))
    assert np.isnan(expected_error(parse("width(heart) / distance(a, b)"), inputs(), errors)).all()
    np.testing.assert_array_equal(expected_error(parse("2 * 3"), inputs(), errors), [0, 0, 0])
