"""Grey values of many images laid over the template: what is usual at each place, and how far one image is from it.

Each structure's chart is cut into `SIDE` x `SIDE` cells over the box of its mean shape; those inside the shape count.
An image is read where its inverse charts put these cells, so that one cell is one place in anatomy in every image.

Images are made comparable one by one: from each grey value the median over all the image's cells is taken away, and the
rest is divided by 1.4826 times the median absolute deviation (robust standard deviation), cells of all structures
together and by their area on the template. An image that is read inverted counts with its sign changed. That takes out
exposure and window, not the curve of a detector; where a large structure is absent the median is that of the others.

What is usual is the exact median over images, and its spread is 1.4826 times their median absolute deviation. Both need
all values: 51 kB an image as float16 for a chest, and once more in order. Mean and standard deviation would need none
of it, but one film with a tube or an effusion moves them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import sqrt

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.prediction import sample_chart
from app.core.region import shoelace
from app.core.template import Template

SIDE = 96
"""Cells of a chart along u and along v: 1 to 3 mm of a chest's structures."""
LEAST = 10
"""Of fewer images nobody can say what is usual: a spread of nine values is off by a third."""
LEAST_SHARE = 0.3
"""An image that shows less of the template's area than this has no grey values to compare."""
LEAST_SPREAD = 0.05
"""Where images agree more than this (in robust standard deviations of one image's own grey values), z counts as if they
differed by so much: films with few grey levels would else be far from all others by nothing."""
TO_DEVIATION = 1.4826
"""Times the median absolute deviation: the standard deviation, where values are normal."""
_CHUNK = 2048
"""Cells that are put in order in one go."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Cells:
    """The places at which grey values are compared: K cells inside the mean shapes, structure by structure.

    Attributes
    ----------
    template : Template
    uv : array [K, 2]
        Chart coordinates of the cells' centres.
    area : array [K]
        Mm² of the template's plane.
    row, column : array [K], intp
        Where each lies among the `SIDE` x `SIDE` cells of its structure; row 0 is at v = -1, column 0 at u = -1.
    parts : tuple of slice
        Which of the K belong to each structure.
    """

    template: Template
    uv: Points
    area: npt.NDArray[np.float64]
    row: npt.NDArray[np.intp]
    column: npt.NDArray[np.intp]
    parts: tuple[slice, ...]

    def __len__(self) -> int:
        return len(self.uv)

    def picture(self, values: npt.NDArray[np.floating], channel: int) -> Float32:
        """The values [K] of one structure as a picture [SIDE, SIDE]; NaN outside its mean shape."""
        part = self.parts[channel]
        found = np.full((SIDE, SIDE), np.nan, np.float32)
        found[self.row[part], self.column[part]] = values[part]
        return found


@lru_cache(maxsize=4)
def cells_of(template: Template) -> Cells:
    """The cells of a template."""
    line = (np.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    grid = np.stack(np.meshgrid(line, line), axis=-1)
    inside = [np.nonzero(structure.contains(grid)) for structure in template.structures]
    ends = np.cumsum([0, *(len(rows) for rows, _ in inside)]).tolist()
    rows, columns = (np.concatenate(each) for each in zip(*inside, strict=True))
    areas = [float(np.prod(2 * structure.half_size_mm / SIDE)) for structure in template.structures]
    return Cells(
        template,
        grid[rows, columns],
        np.repeat(areas, [len(rows) for rows, _ in inside]),
        rows,
        columns,
        tuple(slice(a, b) for a, b in itertools.pairwise(ends)),
    )


def grey_at(
    pixels: npt.NDArray[np.generic], charts: npt.NDArray[np.floating], present: npt.NDArray[np.bool_], cells: Cells
) -> Float32:
    """The grey values of one image at the cells.

    Parameters
    ----------
    pixels : array [H, W]
        Grey values as stored, native pixels.
    charts : array [C, GRID, GRID, 2]
        Inverse charts: native pixels (x, y).
    present : array [C], bool
        False where a structure is absent.
    cells : Cells

    Returns
    -------
    array [K], float32
        Averaged over about one cell; NaN outside the picture and where a structure is absent.
    """
    found = np.full(len(cells), np.nan, np.float32)
    for channel in np.flatnonzero(present).tolist():
        part, structure = cells.parts[channel], cells.template.structures[channel]
        outline = sample_chart(charts[channel], structure.outline_uv)
        side = sqrt(abs(float(shoelace(outline))) / max(part.stop - part.start, 1))
        found[part] = _averaged(pixels, sample_chart(charts[channel], cells.uv[part]), max(1, int(side)))
    return found


def _averaged(pixels: npt.NDArray[np.generic], xy: Points, side: int) -> Float32:
    """Means of `side` x `side` pixels around places [K, 2], bilinear between such squares; NaN outside the picture."""
    height, width = pixels.shape
    inside = np.isfinite(xy).all(axis=1) & ((xy >= -0.5) & (xy <= (width - 0.5, height - 0.5))).all(axis=1)
    found = np.full(len(xy), np.nan, np.float32)
    if not inside.any() or side > min(height, width):
        return found
    places = xy[inside]
    first = np.maximum(np.floor(places.min(axis=0)).astype(int) - side, 0)
    first = np.minimum(first, (width - side, height - side))
    squares = np.ceil((places.max(axis=0) + side + 1 - first) / side).astype(int)
    squares = np.minimum(squares, (np.array([width, height]) - first) // side)
    (x, y), (columns, rows) = first.tolist(), squares.tolist()
    grey = np.asarray(pixels[y : y + rows * side, x : x + columns * side], np.float32)
    if side > 1:
        grey = np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
    at = ((places - first - (side - 1) / 2) / side).astype(np.float32)
    border = cv2.BORDER_REPLICATE
    found[inside] = cv2.remap(grey, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR, borderMode=border)[:, 0]
    return found


def comparable(grey: Float32, cells: Cells, inverted: bool = False) -> Float32 | None:
    """Grey values [K] of one image in robust standard deviations from their median, as the module says.

    None where too little of the template is seen (`LEAST_SHARE`) or all is one grey value.

    Parameters
    ----------
    grey : array [K], float32
        Of `grey_at`.
    cells : Cells
    inverted : bool
        Whether the image is read with bright and dark swapped (`Orientation.inverted`).
    """
    there = np.isfinite(grey)
    if cells.area[there].sum() < LEAST_SHARE * cells.area.sum():
        return None
    off = grey - weighted_median(grey[there], cells.area[there])
    deviation = TO_DEVIATION * weighted_median(np.abs(off[there]), cells.area[there])
    if not deviation > 0:
        return None
    return np.asarray(off / np.float32(-deviation if inverted else deviation), np.float32)


def weighted_median(values: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]) -> float:
    """The smallest of values [N] up to which at least half of the weights [N] lie."""
    order = np.argsort(values)
    heaped = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(heaped, heaped[-1] / 2)]])


class CohortStack:
    """Takes the values of many images in, one after the other, in any order.

    Parameters
    ----------
    cells : Cells
    names : sequence of str
        Of the images.
    """

    def __init__(self, cells: Cells, names: Sequence[str]) -> None:
        self._cells, self._names = cells, tuple(names)
        self._values = np.full((len(names), len(cells)), np.nan, np.float16)
        self._taken = np.zeros(len(names), bool)

    def put(self, place: int, values: npt.NDArray[np.floating]) -> None:
        """Take the values [K] of `comparable` of the image at a place of `names`."""
        self._values[place], self._taken[place] = np.clip(values, -1000, 1000), True

    def __len__(self) -> int:
        return int(self._taken.sum())

    def combine(self, going_on: Callable[[], bool] = lambda: True) -> Cohort | None:
        """What is usual in the images that were taken in; None where `going_on` says that nobody wants it any more."""
        values = self._values if self._taken.all() else self._values[self._taken]
        names = tuple(name for name, taken in zip(self._names, self._taken.tolist(), strict=True) if taken)
        ordered = np.empty(values.shape[::-1], np.float16)
        for start in range(0, len(ordered), _CHUNK):
            if not going_on():
                return None
            block = values[:, start : start + _CHUNK].T.astype(np.float32)  # numpy sorts these five times as fast
            block.sort(axis=1)  # NaN comes last
            ordered[start : start + _CHUNK] = block
        return Cohort(self._cells, names, values, ordered)


@dataclass(frozen=True, eq=False)
class Cohort:
    """What is usual at each cell.

    Attributes
    ----------
    cells : Cells
    names : tuple of str
        The images that it is made of.
    values : array [N, K], float16
        Of each image (`comparable`); NaN where nothing is seen.
    ordered : array [K, N], float16
        The same, in ascending order at each cell, NaN last.
    """

    cells: Cells
    names: tuple[str, ...]
    values: npt.NDArray[np.float16]
    ordered: npt.NDArray[np.float16]

    @cached_property
    def counts(self) -> npt.NDArray[np.intp]:
        """How many images show each cell, [K]."""
        return np.asarray(len(self.names) - np.isnan(self.ordered).sum(axis=1))

    @cached_property
    def usual(self) -> tuple[Float32, Float32]:
        """Median and spread (robust standard deviation) at each cell, [K] each; NaN where fewer than `LEAST` show it.

        In robust standard deviations of one image's own grey values.
        """
        return self._without(None)

    @property
    def median(self) -> Float32:
        """The median [K]; see `usual`."""
        return self.usual[0]

    @property
    def spread(self) -> Float32:
        """The spread [K]; see `usual`."""
        return self.usual[1]

    def z(self, name: str) -> Float32 | None:
        """How far one image is from the median of the others, in spreads of the others, [K]; above 0 it is brighter.

        It is left out of both itself. NaN where it shows nothing and where fewer than `LEAST` images with it do; None
        for an image that is not among `names`.
        """
        if name not in self.names:
            return None
        own = self.values[self.names.index(name)].astype(np.float32)
        median, spread = self._without(own)
        return np.asarray((own - median) / np.maximum(spread, LEAST_SPREAD), np.float32)

    def _without(self, own: Float32 | None) -> tuple[Float32, Float32]:
        """Median and spread of all images but for one with values `own` [K] (None: of all)."""
        counts, rows = self.counts, np.arange(len(self.cells))
        rank, enough = np.full(len(rows), len(self.names)), counts >= LEAST
        if own is not None:
            left_out = np.isfinite(own)
            rank = np.where(left_out, self._rank(np.where(left_out, own, 0), counts), rank)
            counts = counts - left_out
        last = np.maximum(counts - 1, 0)

        def at(place: npt.NDArray[np.intp]) -> Float32:
            """The value at a place in the order, without the one that is left out."""
            place = np.clip(place, 0, last)
            return self.ordered[rows, np.minimum(place + (place >= rank), len(self.names) - 1)].astype(np.float32)

        median = np.asarray((at(last // 2) + at((last + 1) // 2)) / 2, np.float32)
        spread = _absolute_deviation(at, counts, median)
        return np.where(enough, median, np.nan), np.where(enough, TO_DEVIATION * spread, np.nan)

    def _rank(self, own: Float32, counts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Where values [K] stand in the order: the first place whose value is not smaller."""
        rows = np.arange(len(own))

        def smaller(place: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
            return np.asarray(self.ordered[rows, np.minimum(place, len(self.names) - 1)] < own)

        return _first(smaller, counts)


def _first(
    before: Callable[[npt.NDArray[np.intp]], npt.NDArray[np.bool_]], counts: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The first place 0..counts [K] of which `before` is false, where it is true up to some place and false from it."""
    low, high = np.zeros_like(counts), counts.copy()
    while (low < high).any():
        middle = (low + high) // 2
        left = (low < high) & before(middle)
        low, high = np.where(left, middle + 1, low), np.where(left | (low >= high), high, middle)
    return low


def _absolute_deviation(
    at: Callable[[npt.NDArray[np.intp]], Float32], counts: npt.NDArray[np.intp], median: Float32
) -> Float32:
    """The median absolute deviation of values in ascending order, which `at` gives by their place.

    The k values that are nearest to the median follow each other in that order: the first of them is found by halving,
    so that no deviations need to be sorted.
    """

    half = np.maximum((counts + 1) // 2, 1)
    first = _first(lambda s: np.asarray(median - at(s) > at(s + half) - median), np.maximum(counts - half, 0))
    here = np.maximum(median - at(first), at(first + half - 1) - median)
    before = np.where(first > 0, median - at(first - 1), np.inf)
    behind = np.where(first + half < counts, at(first + half) - median, np.inf)
    further = np.where(counts % 2 == 0, np.minimum(before, behind), here)  # of an even number two are in the middle
    return np.asarray((here + np.where(np.isfinite(further), further, here)) / 2, np.float32)
