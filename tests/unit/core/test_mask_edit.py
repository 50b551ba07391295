"""What each tool does to the pixels of a mask: against scipy, scikit-image and geometry, on shapes without symmetry."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.draw import polygon2mask
from skimage.measure import label

from app.core import mask_edit
from app.core.mask_edit import Push, Rect

HEIGHT, WIDTH = 90, 130
points = st.tuples(st.floats(-30, WIDTH + 30), st.floats(-30, HEIGHT + 30))


def shape() -> np.ndarray:
    """Two pieces, one with two holes, without symmetry; the second touches the right border."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:60, 15:80] = True
    mask[40:75, 50:70] = True
    mask[20:26, 20:31] = False
    mask[30, 60] = False
    mask[5:20, 110:130] = True
    return mask


def outside_is_as_before(before: np.ndarray, after: np.ndarray, rect: Rect) -> bool:
    changed = before != after
    changed[rect.window] = False
    return not changed.any()


def distance_to_segment(a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    """Of every pixel's centre, by trying many places along the segment."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    places = np.linspace(0, 1, 800)[:, None] * (np.array(b) - a) + a
    return np.min([np.hypot(xs - x, ys - y) for x, y in places], axis=0)


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(("start", "end"), [((20.25, 30.5), (77.0, 61.5)), ((50, 20), (50, 20)), ((-5, 80), (12, 95))])
def test_a_brush_covers_what_is_within_its_radius_of_the_stroke(start, end, on: bool):
    mask, before = shape(), shape()
    rect = mask_edit.brush(mask, start, end, 7.5, on)
    distance = distance_to_segment(start, end)
    sure = np.abs(distance - 7.5) > 0.05
    expected = np.where(distance <= 7.5, on, before)
    np.testing.assert_array_equal(mask[sure], expected[sure])
    assert outside_is_as_before(before, mask, rect)


@pytest.mark.parametrize("on", [True, False])
def test_a_polygon_is_filled_as_scikit_image_fills_it_wherever_it_lies(on: bool):
    corners = np.array([(-8.5, 12.0), (60.25, 3.5), (140.0, 70.0), (55.0, 50.5), (20.0, 101.0)])
    mask = shape()
    rect = mask_edit.polygon(mask, corners, on)
    expected = np.where(polygon2mask((HEIGHT, WIDTH), corners[:, ::-1]), on, shape())
    np.testing.assert_array_equal(mask, expected)
    assert rect == Rect(0, 2, WIDTH, HEIGHT)
    assert mask_edit.polygon(mask, corners[:2]).empty


def test_holes_are_filled_and_pieces_dropped_as_scipy_and_scikit_image_say():
    mask = shape()
    mask_edit.fill_holes(mask)
    np.testing.assert_array_equal(mask, ndimage.binary_fill_holes(shape()))
    mask = shape()
    mask_edit.keep_largest(mask)
    labels = label(shape(), connectivity=2)
    largest = 1 + int(np.bincount(labels.ravel())[1:].argmax())
    np.testing.assert_array_equal(mask, labels == largest)


def test_a_bay_at_the_border_of_the_picture_is_no_hole():
    mask = np.zeros((20, 30), bool)
    mask[0:10, 5:25] = True
    mask[0:6, 10:14] = False  # open towards the top
    before = mask.copy()
    mask_edit.fill_holes(mask)
    np.testing.assert_array_equal(mask, before)


@pytest.mark.parametrize("by", [(3.0, 3.0), (4.5, 2.0), (-3.0, -3.0), (-2.0, -4.5)])
def test_growing_and_shrinking_are_distances_to_the_mask(by: tuple[float, float]):
    """Each pixel by its distance in units of the half axes, from scipy; the picture's border is none of the mask's."""
    mask = shape()
    rect = mask_edit.grow(mask, by)
    sampling = (1 / abs(by[1]), 1 / abs(by[0]))
    wide = np.pad(shape(), 12, mode="edge")
    if by[0] > 0:
        expected = ndimage.distance_transform_edt(~shape(), sampling=sampling) <= 1 + 1e-9
    else:
        expected = (ndimage.distance_transform_edt(wide, sampling=sampling) > 1 + 1e-9)[12:-12, 12:-12]
    np.testing.assert_array_equal(mask, expected)
    assert outside_is_as_before(shape(), mask, rect)
    assert mask.any()


def test_smoothing_takes_a_spike_away_under_the_brush_and_nothing_elsewhere():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[40:80, 10:120] = True
    mask[30:40, 60:62] = True  # a spike two pixels wide
    mask[30:40, 100:102] = True
    before = mask.copy()
    rect = mask_edit.smooth(mask, (61, 38), 12)
    assert not mask[30:38, 55:68].any()
    assert mask[43:50, 50:72].all()
    assert outside_is_as_before(before, mask, rect)
    np.testing.assert_array_equal(mask[:, 80:], before[:, 80:])


def test_smoothing_with_a_wide_brush_is_that_of_a_gaussian():
    mask, centre, radius = np.zeros((300, 360), bool), (171.25, 140.5), 66.0
    mask[60:230, 100:250] = True
    mask[20:60, 160:178] = True
    mask[120:150, 180:300] = False
    gaussian = ndimage.gaussian_filter(mask.astype(float), radius / 3, mode="mirror")
    ys, xs = np.mgrid[:300, :360]
    near = np.hypot(xs - centre[0], ys - centre[1]) <= radius
    expected, sure = np.where(near, gaussian > 0.5, mask), ~near | (abs(gaussian - 0.5) > 0.01)
    mask_edit.smooth(mask, centre, radius)
    np.testing.assert_array_equal(mask[sure], expected[sure])
    assert np.count_nonzero(mask != expected) < 60  # a fifth of the border's pixels


@given(st.integers(1, 40), st.integers(1, 40), st.sets(st.tuples(st.integers(0, 39), st.integers(0, 39))))
def test_the_box_of_a_mask_is_around_all_its_pixels(height: int, width: int, places: set[tuple[int, int]]):
    mask = np.zeros((height, width), bool)
    for x, y in places:
        mask[y % height, x % width] = True
    ys, xs = mask.nonzero()
    expected = Rect(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if places else Rect(0, 0, 0, 0)
    for seen in (mask, np.asfortranarray(mask), np.pad(mask, ((0, 0), (3, 5)))[:, 3:-5]):
        assert Rect.of(seen) == expected


class TestPush:
    def test_the_border_follows_the_brush_in_its_middle_and_stays_beyond_its_rim(self):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[:, :60] = True
        before = mask.copy()
        rect = Push(mask, 20).move((59.5, 40), (67.5, 40))
        assert mask[40].nonzero()[0].max() == pytest.approx(67, abs=1)
        for row in (15, 65):
            np.testing.assert_array_equal(mask[row], before[row])
        reach = np.array([row.nonzero()[0].max() for row in mask])
        assert np.all(np.diff(reach[:41]) >= 0)
        assert np.all(np.diff(reach[40:]) <= 0)
        assert outside_is_as_before(before, mask, rect)

    def test_there_and_back_is_as_before_but_for_a_pixel_at_the_border(self):
        mask, before = shape(), shape()
        push = Push(mask, 18)
        for there, then in (((80, 35), (95, 44)), ((95, 44), (80, 35))):
            push.move(there, then)
        rim = ndimage.binary_dilation(before) ^ ndimage.binary_erosion(before, border_value=1)
        assert not np.any((mask != before) & ~rim)

    def test_a_move_in_many_small_steps_is_the_move_in_one(self):
        one, many = shape(), shape()
        Push(one, 16).move((80, 35), (92, 41))
        push = Push(many, 16)
        stations = np.linspace((80, 35), (92, 41), 25)
        for start, end in itertools.pairwise(stations):
            push.move(start, end)
        apart = one != many
        assert np.count_nonzero(apart) < 0.1 * np.count_nonzero(one != shape())

    @settings(max_examples=25, deadline=None)
    @given(start=points, turns=st.lists(st.floats(-3, 3), min_size=1, max_size=4), radius=st.floats(6, 30))
    def test_a_stroke_of_a_radius_tears_nothing_off_and_opens_no_hole(self, start, turns, radius: float):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[25:70, 30:100] = True
        push = Push(mask, radius)
        for angle in np.cumsum(turns):
            end = np.asarray(start) + radius / len(turns) * np.array([np.cos(angle), np.sin(angle)])
            push.move(start, end)
            start = end
        assert label(mask, connectivity=2).max() == 1
        assert ndimage.binary_fill_holes(mask).sum() == mask.sum()


def test_a_border_is_brought_to_its_points_and_stays_elsewhere():
    mask, before = shape(), shape()
    wanted = np.array([(85.0, 22.0), (40.0, 66.0), (77.0, 30.0)])
    mask_edit.through(mask, wanted, 8)
    border = np.concatenate(mask_edit.outlines(mask))
    for point in wanted:
        assert np.linalg.norm(border - point, axis=1).min() <= 1.0
    ys, xs = np.nonzero(mask != before)
    assert np.min(np.hypot(xs[:, None] - wanted[:, 0], ys[:, None] - wanted[:, 1]), axis=1).max() <= 30
    assert not (mask != before)[:, 100:].any()
    empty = np.zeros_like(mask)
    assert mask_edit.through(empty, wanted, 8).empty


@settings(max_examples=25, deadline=None)
@given(start=points, end=points, radius=st.floats(0.2, 25), on=st.booleans())
def test_no_tool_touches_what_lies_outside_its_rectangle(start, end, radius: float, on: bool):
    tools = (
        lambda mask: mask_edit.brush(mask, start, end, radius, on),
        lambda mask: mask_edit.smooth(mask, end, radius),
        lambda mask: mask_edit.polygon(mask, (start, end, (33.5, 12.25), (90.0, 61.0)), on),
        lambda mask: Push(mask, radius).move(start, end),
    )
    for tool in tools:
        mask = shape()
        rect = tool(mask)
        assert outside_is_as_before(shape(), mask, rect)


def test_an_empty_mask_stays_empty_and_has_an_empty_box():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for tool in (mask_edit.fill_holes, mask_edit.keep_largest, lambda m: mask_edit.grow(m, (3, 3))):
        assert tool(mask).empty
        assert not mask.any()
    assert Rect.of(mask).empty
    assert Rect(1, 2, 5, 4).united(Rect.of(mask)) == Rect(1, 2, 5, 4)
    assert Rect(1, 2, 5, 4).united(Rect(3, 0, 9, 3)) == Rect(1, 0, 9, 4)


def test_outlines_run_along_pieces_and_holes():
    found = mask_edit.outlines(shape())
    assert len(found) == 4
    on_border = shape() & ~ndimage.binary_erosion(shape(), border_value=0)
    outer = max(found, key=len)
    assert all(on_border[int(y), int(x)] for x, y in outer)


@pytest.mark.parametrize("seed", range(6))
def test_holes_and_pieces_are_scipys_and_scikit_images_in_any_pattern_of_pixels(seed: int):
    """Random pixels have every corner there is: holes and pieces that meet at corners alone, and at the border."""
    mask = np.random.default_rng(seed).random((23, 41)) < 0.42
    filled, largest = mask.copy(), mask.copy()
    mask_edit.fill_holes(filled)
    np.testing.assert_array_equal(filled, ndimage.binary_fill_holes(mask))
    assert (filled != mask).any()
    mask_edit.keep_largest(largest)
    labels = label(mask, connectivity=2)
    sizes = np.bincount(labels.ravel())
    assert sizes[1:].max() == largest.sum() > np.sort(sizes[1:])[-2]
    np.testing.assert_array_equal(largest, labels == 1 + sizes[1:].argmax())
