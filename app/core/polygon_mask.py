"""Polygons as masks: by one rule for every format, so that rasterisers are never mixed (design 2)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from app.core.frame import Points

FURTHEST = 1e12
"""Pixels: no outline reaches so far, and places up to it can still be told apart by a thousandth of a pixel."""
RIM = 0.01
"""Pixels whose middle is so close to a polygon's line lie on it: files round places to a thousandth of a pixel."""


def polygon_mask(polygons: Iterable[Points], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """All pixels whose middle lies in one of some closed polygons, or on its line.

    A polygon that runs through the middles of a mask's outermost pixels (`app.formats.polygons`) gives that mask back,
    bit by bit. Of any other it is what `skimage.draw.polygon2mask` draws.

    Parameters
    ----------
    polygons : iterable of array [P, 2]
        Native pixels, (x, y); may reach beyond the picture.
    size : (height, width)

    Returns
    -------
    array [height, width], bool

    Raises
    ------
    ValueError
        With a sentence: a place is no number.
    """
    from skimage.draw import polygon as filled  # importing it takes a while, which only those who draw wait for

    mask = np.zeros(size, bool)
    for polygon in polygons:
        xy = np.asarray(polygon, float)
        if not (np.abs(xy) < FURTHEST).all():
            raise ValueError("An outline has a point whose place is no number.")
        if not len(xy):
            continue
        mask[filled(xy[:, 1], xy[:, 0], size)] = True
        x, y = _on_line(xy, size)
        inside = (x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])
        mask[y[inside], x[inside]] = True
    return mask


def _on_line(xy: Points, size: tuple[int, int]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The pixels x [K], y [K] whose middles lie on a closed polygon [P, 2].

    Each line is followed only as far as the picture of this size (height, width) reaches along it; across it may lead
    out.
    """
    start, step = xy, np.roll(xy, -1, axis=0) - xy
    longer = np.abs(step).argmax(axis=1)  # along this axis each line meets every column, or row, once
    rows = np.arange(len(xy))
    first, last = start[rows, longer], start[rows, longer] + step[rows, longer]
    low, high = np.ceil(np.minimum(first, last) - RIM), np.floor(np.maximum(first, last) + RIM)
    low, high = np.maximum(low, 0), np.minimum(high, np.array([size[1], size[0]])[longer] - 1)
    counts = np.maximum(high - low + 1, 0).astype(int)
    line = np.repeat(rows, counts)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    along = low[line] + nth
    length = step[line, longer[line]]
    share = np.divide(along - first[line], length, out=np.zeros(len(line)), where=length != 0)
    other = 1 - longer[line]
    across = start[line, other] + np.clip(share, 0, 1) * step[line, other]
    near = np.abs(across - np.rint(across)) <= RIM
    along, across, swapped = along[near], np.rint(across[near]), longer[line][near] == 1
    return np.where(swapped, across, along).astype(np.intp), np.where(swapped, along, across).astype(np.intp)
