"""Regions and curves: their fine points, what is refused, and how large they are, against plain geometry."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.frame import Frame, Provenance, Spacing
from app.core.region import (
    STEP_MM,
    Region,
    crosses_itself,
    grey_inside,
    region_set_from_json,
    region_set_to_json,
    shapes_of,
    sizes_of,
)
from app.core.template import Structure, Template

ANGLES = np.linspace(0, 2 * np.pi, 60, endpoint=False)
TEMPLATE = Template(
    "chest", (Structure("lung", "Lung", "#56B4E9", np.stack([70 + 40 * np.cos(ANGLES), 20 + 90 * np.sin(ANGLES)], -1)),)
)
"""An ellipse with half axes of 40 and 90 mm."""
TRIANGLE = ((-0.5, -0.25), (0.5, 0.0), (-0.25, 0.5))


@given(st.lists(st.tuples(*[st.floats(-0.7, 0.7)] * 2), min_size=2, max_size=9, unique=True), st.booleans())
def test_points_along_the_sides_are_close_and_hold_every_corner(corners: list[tuple[float, float]], closed: bool):
    fine = Region("r", "lung", tuple(corners), closed).fine(TEMPLATE)
    steps = np.linalg.norm(np.diff(fine * (40, 90), axis=0), axis=1)
    sides = np.linalg.norm(
        np.diff(np.array([*corners, corners[0]][: len(corners) + closed]) * (40, 90), axis=0), axis=1
    )
    assert steps.max() <= max(STEP_MM, sides.sum() / 240) + 1e-9
    assert steps.sum() == pytest.approx(sides.sum())  # every point lies on a side
    assert set(corners) <= set(map(tuple, fine.tolist()))
    assert (fine[0] == corners[0]).all()
    assert (fine[-1] == (corners[0] if closed else corners[-1])).all()


@given(st.lists(st.tuples(st.floats(0.3, 9), st.floats(0.2, 1)), min_size=3, max_size=12), st.data())
def test_an_outline_around_a_point_does_not_cross_itself_until_two_far_corners_change_places(rays, data):
    """Corners in the order of their angles around the origin."""
    angles = np.cumsum([part for _, part in rays])
    angles *= 2 * np.pi * 0.99 / angles[-1]
    radii = np.array([radius for radius, _ in rays])
    outline = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=-1)
    if np.diff([0, *angles]).max() < np.pi * 0.98:  # else the origin lies outside
        assert not crosses_itself(outline)


def test_a_bow_tie_crosses_itself_wherever_it_begins_and_a_notch_does_not():
    tie = np.array([(0, 0), (4, 3), (4, 0), (0, 3)], float)
    notch = np.array([(0, 0), (6, 0), (6, 5), (3, 1), (0, 5)], float)
    for first in range(4):
        assert crosses_itself(np.roll(tie, first, axis=0))
    for first in range(5):
        assert not crosses_itself(np.roll(notch, first, axis=0))
        assert not crosses_itself(np.roll(notch, first, axis=0)[[*range(5), 0]])  # with its end at its beginning


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (Region("", "lung", TRIANGLE), "A region needs a name"),
        (Region("a", "liver", TRIANGLE), "has no structure “liver”"),
        (Region("a", "lung", TRIANGLE[:2]), "A region has 3 to"),
        (Region("a", "lung", TRIANGLE[:1], closed=False), "A curve has 2 to"),
        (Region("a", "lung", (*TRIANGLE, (math.nan, 0.0))), "must lie within"),
        (Region("a", "lung", (*TRIANGLE, (0.0, 1.2))), "must lie within"),
        (Region("a", "lung", (*TRIANGLE, (-1.1, -1.1))), "leaves the lung by 3. mm"),
        (Region("a", "lung", ((0.0, 0.0), (0.4, 0.4), (0.4, 0.0), (0.0, 0.4))), "crosses itself"),
        (Region("a", "lung", ((0.0, 0.0), (0.2, 0.4), (0.1, 0.2))), "encloses nothing"),
        (Region("a", "lung", ((0.1, 0.2), (0.1, 0.2)), closed=False), "has no length"),
        (Region("a", "lung", TRIANGLE, colour="red"), "a colour is written #rrggbb"),
    ],
)
def test_what_means_nothing_is_refused_with_a_sentence(region: Region, told: str):
    with pytest.raises(ValueError, match=told):
        region.check(TEMPLATE)


def test_a_curve_may_cross_itself_and_leave_the_structure_a_little():
    Region("a", "lung", ((0.0, 0.0), (0.4, 0.4), (0.4, 0.0), (0.0, 0.4)), closed=False).check(TEMPLATE)
    Region("a", "lung", ((0.9, 0.0), (1.1, 0.0)), closed=False).check(TEMPLATE)  # 4 mm outside


def test_length_and_area_are_in_mm_where_the_size_of_a_pixel_is_known():
    """A right-angled triangle of 30 by 40 pixels."""
    outline = np.array([(5.5, 2), (35.5, 2), (35.5, 42), (5.5, 2)])
    spacing = Spacing(row_mm=0.5, column_mm=0.2, provenance=Provenance.GIVEN)
    assert sizes_of(outline, True, Frame(90, 80, 64, 64, spacing=spacing)) == pytest.approx(
        (6 + 20 + math.hypot(6, 20), 60, True)
    )
    assert sizes_of(outline, True, None) == pytest.approx((120, 600, False))
    length, area, _ = sizes_of(outline[:3], False, None)
    assert (length, math.isnan(area)) == (70, True)


def test_shapes_of_regions_are_as_wide_as_their_outlines():
    """The box of a mask names its first and its last pixel, so that one column has the width 1."""
    outlines = np.array([[(5.5, 2), (35.5, 2), (35.5, 42), (5.5, 2)], [(np.nan, np.nan)] * 4])
    box, area = shapes_of(outlines)
    assert (box[0, 2:] - box[0, :2] + 1).tolist() == [30, 40]
    assert area[0] == 600
    assert np.isnan(box[1]).all()
    assert np.isnan(area[1])


def test_grey_values_are_those_of_the_pixels_inside_as_far_as_the_picture_reaches():
    pixels = np.random.default_rng(3).integers(0, 4000, (70, 90)).astype(np.uint16)
    outline = np.array([(-7.3, 20.1), (60.2, 11.7), (41.9, 85.3), (-7.3, 20.1)])
    contour = outline[:-1].astype(np.float32)
    each = [(x, y) for y in range(70) for x in range(90) if cv2.pointPolygonTest(contour, (x, y), False) > 0]
    values = np.array([pixels[y, x] for x, y in each], float)
    found = grey_inside(pixels, outline)
    assert found == pytest.approx((values.mean(), values.std(), len(values)))
    assert grey_inside(pixels, outline + 200) is None
    assert grey_inside(pixels, np.full((4, 2), np.nan)) is None


def test_a_set_of_regions_is_read_as_it_was_written_and_told_where_it_can_t_be():
    regions = [Region("a", "lung", TRIANGLE, colour="#123456"), Region("b c", "lung", TRIANGLE, closed=False)]
    data = region_set_to_json("chest", regions)
    assert region_set_from_json(data, TEMPLATE) == regions
    for broken, told in (
        ({"anatomy": "chest"}, "no list “regions”"),
        ({**data, "anatomy": "wrist"}, "for the anatomy “wrist”"),
        ({**data, "regions": data["regions"] * 2}, "“a” twice"),
        ({**data, "regions": [{"name": "a", "structure": "lung"}]}, "lacks its name"),
        ({**data, "regions": [{"name": "a", "structure": "lung", "uv": [[0, 0], [1, 0]]}]}, "3 to"),
    ):
        with pytest.raises(ValueError, match=told):
            region_set_from_json(broken, TEMPLATE)
