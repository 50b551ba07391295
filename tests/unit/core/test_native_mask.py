"""How far masks extend, against numpy on the masks themselves."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.frame import Frame
from app.core.native_mask import extent, native_mask, predicted_extents
from app.core.orientation import Orientation


def written_out(mask: np.ndarray) -> list[float]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return [np.nan] * 4 + [0]
    return [columns.min(), rows.min(), columns.max(), rows.max(), len(rows)]


def blobs(frame: Frame) -> np.ndarray:
    """Smooth, without symmetry; one touches the border, one is a single pixel, one is empty."""
    ys, xs = np.mgrid[: frame.network_height, : frame.network_width]
    bump = 260 * np.exp(-(((xs - 20) / 9) ** 2) - ((ys - 41) / 6) ** 2)
    cut = 255.0 * (xs + 0.4 * ys < 22)
    single = np.zeros_like(cut)
    single[30, 25] = 251
    return np.array([bump, cut, single, np.zeros_like(cut), bump]).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("orientation", [Orientation(), Orientation(1, mirrored=True), Orientation(2, inverted=True)])
@pytest.mark.parametrize("size", [(1611, 1457), (45, 61), (200, 900)])
def test_the_extent_that_is_predicted_is_the_one_of_the_native_mask(orientation: Orientation, size: tuple[int, int]):
    frame = Frame(*size, 64, 48, orientation=orientation, aspect=1.25)
    masks = blobs(frame)
    present = np.array([True, True, True, True, False])
    found = predicted_extents(masks, present, frame)
    for mask, there, one in zip(masks, present, found, strict=True):
        expected = written_out(native_mask(mask, frame) & there)
        np.testing.assert_array_equal(one[:4], expected[:4])
        np.testing.assert_allclose(one[4], expected[4], rtol=1e-4)


def test_the_extent_of_a_mask_is_its_first_and_last_pixels_and_their_number():
    mask = np.zeros((40, 50), bool)
    mask[7:12, 3:30] = True
    mask[9, 31] = True
    np.testing.assert_array_equal(extent(mask), [3, 7, 31, 11, 5 * 27 + 1])
    np.testing.assert_array_equal(extent(mask.T), [7, 3, 11, 31, 5 * 27 + 1])
    np.testing.assert_array_equal(extent(np.zeros((4, 5), bool)), [np.nan] * 4 + [0])
