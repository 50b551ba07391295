"""Polygons as masks: bit by bit what was outlined, else what scikit-image draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.draw import polygon2mask

from app.core.annotation import AnnotatedMask, PackedMask
from app.core.frame import Axes, Frame
from app.core.polygon_mask import polygon_mask
from app.formats.polygons import polygons_of

SIZES = st.tuples(st.integers(1, 17), st.integers(1, 23))
MASKS = SIZES.flatmap(lambda size: hnp.arrays(bool, size))


@given(MASKS, st.integers(0, 2**32 - 1))
def test_an_outlined_mask_comes_back_bit_by_bit_although_files_round(mask, seed):
    rounded = np.random.default_rng(seed).uniform(-0.0005, 0.0005, 2)
    drawn = polygon_mask([polygon + rounded for polygon in polygons_of(mask)], mask.shape)
    np.testing.assert_array_equal(drawn, mask)


@given(st.lists(st.tuples(st.floats(-4, 30), st.floats(-4, 24)), min_size=3, max_size=8))
def test_other_polygons_are_what_scikit_image_draws(corners):
    xy = np.array(corners) * 0.97 + 0.313  # no line runs along the middles of pixels
    drawn, reference = polygon_mask([xy], (19, 26)), polygon2mask((19, 26), xy[:, ::-1])
    assert (drawn | reference == drawn).all()
    for row, column in np.argwhere(drawn & ~reference):  # a line may still pass a single middle
        ends = np.stack([xy, np.roll(xy, -1, axis=0)], axis=1)
        step = ends[:, 1] - ends[:, 0]
        along = np.clip(((np.array([column, row]) - xy) * step).sum(1) / np.maximum((step**2).sum(1), 1e-12), 0, 1)
        assert np.hypot(*(xy + along[:, None] * step - (column, row)).T).min() <= 0.0101


def test_a_triangle_without_symmetry_counted_by_hand():
    # Corners at the middles of pixels: all pixels on the lines belong to it.
    drawn = polygon_mask([np.array([[1.0, 1.0], [5.0, 1.0], [1.0, 3.0]])], (5, 7))
    expected = ["0000000", "0111110", "0111000", "0100000", "0000000"]
    assert ["".join(map(str, row)) for row in drawn.astype(int)] == expected


def test_a_polygon_beyond_the_picture_is_cut_off():
    drawn = polygon_mask([np.array([[-30.0, 2.0], [40.0, 2.0], [40.0, 90.0], [-30.0, 90.0]])], (6, 9))
    assert not drawn[:2].any()
    assert drawn[2:].all()


@given(MASKS)
def test_packed_masks_come_back(mask):
    np.testing.assert_array_equal(PackedMask.of(mask).unpack(), mask)


@pytest.mark.parametrize("axes", [Axes.CORNER, Axes.SHARES, Axes.UPWARD, Axes.NATIVE])
def test_outlines_are_drawn_where_their_frame_says(axes):
    frame = Frame(11, 17)
    mask = np.zeros((11, 17), bool)
    mask[2:5, 3:12] = mask[5:9, 7:9] = True
    to = {Axes.CORNER: frame.to_corner, Axes.SHARES: frame.to_shares, Axes.UPWARD: frame.to_upward}
    outlines = [to.get(axes, np.asarray)(polygon) for polygon in polygons_of(mask)]
    np.testing.assert_array_equal(AnnotatedMask("lung", outlines=outlines, axes=axes).native(frame), mask)


def test_lines_are_followed_only_as_far_as_the_picture_reaches():
    """A polygon of 30 million pixels' width filled the memory and took a minute and a half."""
    far = np.array([(0, 4), (3e7, 4), (3e7, -6e6)])
    found = polygon_mask([far], (9, 13))
    rows, columns = np.mgrid[:9, :13]
    np.testing.assert_array_equal(found, (rows <= 4) & (rows >= 4 - columns / 5 - 0.01))


@pytest.mark.parametrize("place", [np.nan, np.inf, 1e300])
def test_a_place_that_is_no_number_is_refused_and_an_empty_outline_draws_nothing(place):
    with pytest.raises(ValueError, match="whose place is no number"):
        polygon_mask([np.array([(1, 1), (5, place), (3, 7)])], (9, 13))
    assert not polygon_mask([np.zeros((0, 2))], (9, 13)).any()
