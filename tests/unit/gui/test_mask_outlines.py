"""Outlines of masks between pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.measure import find_contours

from app.core.frame import Frame
from app.core.masks import ImageMasks, ReaderMask
from app.gui.image.mask_outlines import bitmap_contours, mask_contours, outlines
from tests.unit.core.test_masks import TEMPLATE, blobs


def dense(lines: list[np.ndarray]) -> np.ndarray:
    """Places along lines, each 1/32 pixel."""
    pieces = []
    for line in lines:
        along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
        at = np.arange(0, along[-1], 1 / 32)
        pieces.append(np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], axis=-1))
    return np.concatenate(pieces)


@pytest.mark.parametrize("seed", range(4))
def test_the_border_of_a_bitmap_is_the_one_that_scikit_image_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = gaussian_filter(rng.normal(size=(61, 83)), 1.5 + seed) > 0  # pieces, holes, some at the picture's border
    wanted = [line[:, ::-1] - 1 for line in find_contours(np.pad(mask, 1).astype(float), 0.5, fully_connected="high")]
    found = bitmap_contours(mask)
    assert len(found) == len(wanted)
    assert all((line[0] == line[-1]).all() for line in found)
    assert cKDTree(dense(found)).query(np.concatenate(wanted))[0].max() < 0.04
    assert cKDTree(dense(wanted)).query(np.concatenate(found))[0].max() < 0.04


def test_nothing_has_no_border() -> None:
    assert bitmap_contours(np.zeros((5, 7), bool)) == []


def test_what_a_reader_drew_counts_before_what_was_predicted() -> None:
    frame = Frame(211, 157, 64, 48, aspect=1.25)
    prediction = blobs(frame)
    drawn, absent, predicted = (TEMPLATE.structures[i].name for i in (0, 2, 3))
    mask = np.zeros((211, 157), bool)
    mask[30:50, 100:140] = True
    masks = ImageMasks(TEMPLATE, frame, prediction, {drawn: ReaderMask(mask), absent: ReaderMask(None)})
    (line,) = outlines(masks, drawn, frame)
    assert (line.min(axis=0).tolist(), line.max(axis=0).tolist()) == ([100, 30], [140, 50])  # corners of pixels
    assert outlines(masks, absent, frame) == []
    assert outlines(masks, TEMPLATE.structures[1].name, frame) == []  # not found
    wanted = mask_contours(prediction.masks[3], frame)
    assert all((a == b).all() for a, b in zip(outlines(masks, predicted, frame), wanted, strict=True))
