"""Propagation: a template point's place in every image is a look-up in the images' inverse charts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, REACH, grid_nodes
from app.core.field import FieldMap, field_of
from app.core.frame import Points
from app.core.native_mask import UNKNOWN, Extents
from app.core.prediction import Prediction, reachable, sample_chart
from app.core.template import FIELD, Structure, Template


class Places(NamedTuple):
    """One template point in N images.

    Attributes
    ----------
    xy : array [N, 2], float64
        Native pixels; NaN where the structure is absent or nothing was predicted.
    expected_error : array [N], float64
        Native pixels; NaN likewise.
    """

    xy: Points
    expected_error: npt.NDArray[np.float64]


FARTHEST_SHARE = 0.02
"""So far from a structure a template point is still read off an image, as a share of the diagonal (design 6)."""
CLOSE_PIXELS = 1e-3
"""A template point whose place is that near to a pixel is the one that the pixel shows."""
BLOCK = 256
"""Images that lie side by side in a chart stack; the field's anchors are read from one block at a time. The first image
of a block touches all its pages: 20 to 40 ms with 1,024 images, 1 ms with 256; a look-up takes a quarter longer."""
Allocate = Callable[[tuple[int, ...], type[np.float16]], npt.NDArray[Any]]
"""Makes an array of zeros of a shape and kind."""


class ChartStack:
    """The inverse charts of all images, laid out for one gather per template point.

    Per structure and image a chart is kept as float16 offsets from its own affine map (float32), as
    [blocks, GRID, GRID, BLOCK, 2]: the four nodes of one cell are a few contiguous rows over all images (design 5.1),
    and one image's chart lies within one block, so that both are quick where the arrays lie in a file. A chest image
    takes about 48 kB. Images are addressed by their slot 0..N-1.

    Parameters
    ----------
    template : Template
    capacity : int
        Images to make room for.
    allocate : callable
        Where the arrays come from; by default they lie in memory.
    """

    def __init__(self, template: Template, capacity: int = 64, allocate: Allocate = np.zeros) -> None:
        self.template = template
        self._allocate = allocate
        self._count = 0
        nodes = grid_nodes().reshape(-1, 2)
        self._design = np.c_[nodes, np.ones(len(nodes))]
        self._solve = np.linalg.pinv(self._design)
        blocks, block = _layout(capacity)
        shapes = range(len(template.structures))
        self._offset = [allocate((blocks, GRID, GRID, block, 2), np.float16) for _ in shapes]
        self._error = [allocate((blocks, GRID, GRID, block), np.float16) for _ in shapes]
        self._affine = np.full((len(shapes), 3, blocks * block, 2), np.nan, np.float32)
        self._extents = np.full((len(shapes), blocks * block, 5), np.nan, np.float32)
        self._stamps = np.zeros(blocks * block, np.int64)
        self._clock = 0
        self._anchors = np.zeros((0, len(field_of(template).plane), 2), np.float32)
        self._anchor_stamps = np.zeros(0, np.int64)
        self._field_errors = np.zeros(0)

    def __len__(self) -> int:
        return self._count

    @property
    def block(self) -> int:
        """Images per block: `BLOCK`, or less while there are few."""
        return int(self._error[0].shape[3])

    def resize(self, count: int) -> None:
        """Make room for `count` images; new slots are empty."""
        capacity = self._affine.shape[2]
        if count > capacity:
            blocks, block = _layout(max(count, 2 * capacity))
            for c in range(len(self._offset)):  # one by one: the old array goes before the next new one comes
                self._offset[c] = self._grown(self._offset[c], (blocks, GRID, GRID, block, 2))
                self._error[c] = self._grown(self._error[c], (blocks, GRID, GRID, block))
            pad = [(0, 0), (0, 0), (0, blocks * block - capacity), (0, 0)]
            self._affine = np.pad(self._affine, pad, constant_values=np.nan)
            self._extents = np.pad(self._extents, [(0, 0), pad[2], (0, 0)], constant_values=np.nan)
            self._stamps = np.pad(self._stamps, pad[2])
        if count < self._count:
            self._affine[:, :, count : self._count] = np.nan
            self._extents[:, count : self._count] = np.nan
            self._changed(np.arange(count, self._count))
        self._count = count

    def _changed(self, slots: int | npt.NDArray[np.intp]) -> None:
        self._clock += 1
        self._stamps[slots] = self._clock

    @property
    def stamps(self) -> npt.NDArray[np.int64]:
        """A number per slot [N] that is another one whenever its charts changed; 0 while it never had any."""
        return self._stamps[: self._count]

    def _grown(self, old: npt.NDArray[np.float16], shape: tuple[int, ...]) -> npt.NDArray[np.float16]:
        grown, block = self._allocate(shape, np.float16), old.shape[3]
        used, places = -(-self._count // block), min(self._count, block)  # no page is touched that holds nothing
        grown[:used, :, :, :places] = old[:used, :, :, :places]
        return grown

    def put(self, slot: int, prediction: Prediction | None) -> None:
        """Take the inverse charts of one image in; None empties the slot."""
        self.resize(max(self._count, slot + 1))
        self._changed(slot)
        self._affine[:, :, slot] = np.nan
        self._extents[:, slot] = UNKNOWN if prediction is None or prediction.extents is None else prediction.extents
        if prediction is None:
            return
        block, place = divmod(slot, self.block)
        for c in np.flatnonzero(prediction.present):
            flat = prediction.charts[c].reshape(-1, 2).astype(float)
            self._affine[c, :, slot] = self._solve @ flat
            offset = (flat - self._design @ self._affine[c, :, slot]).reshape(GRID, GRID, 2)
            self._offset[c][block, :, :, place] = np.clip(offset, -60000, 60000)
            self._error[c][block, :, :, place] = np.clip(prediction.expected_error[c], 0, 60000)

    @property
    def all_extents(self) -> Extents:
        """How far the predicted masks of all structures extend in all images [C, N, 5]; not to be written to."""
        return self._extents[:, : len(self)]

    def extents(self, structure: str) -> Extents:
        """How far one structure's predicted mask extends in all images [N, 5]; see `app.core.native_mask.Extents`."""
        return self._extents[self.template.index(structure), : len(self)]

    def put_extents(self, slot: int, extents: Extents) -> None:
        """Say how far the predicted masks [C, 5] of one image extend: those of earlier versions do not say."""
        self._extents[:, slot] = extents

    def find(self, structure: str, uv: npt.ArrayLike) -> Places:
        """Where a template point [2] lies in all images.

        Raises
        ------
        KeyError
            If the template has no such structure.
        ValueError
            If |u| or |v| exceeds `chart.REACH`.
        """
        point = np.asarray(uv, float)
        if not (np.abs(point) <= REACH).all():
            raise ValueError(f"The template point {tuple(point)} lies outside the chart (±{REACH}).")
        if structure == FIELD:
            xy, errors = self._in_field(point[None], np.arange(self._count))
            return Places(xy[0], errors[0])
        c = self.template.index(structure)
        position = (point + REACH) / (2 * REACH) * (GRID - 1)
        low = np.clip(np.floor(position).astype(int), 0, GRID - 2)
        fu, fv = (position - low).astype(np.float32)
        used = -(-self._count // self.block)
        offset, error = self._offset[c][:used], self._error[c][:used]
        xy = np.zeros((used, self.block, 2), np.float32)
        expected = np.zeros((used, self.block), np.float32)
        for row, column, weight in (
            (low[1], low[0], (1 - fv) * (1 - fu)),
            (low[1], low[0] + 1, (1 - fv) * fu),
            (low[1] + 1, low[0], fv * (1 - fu)),
            (low[1] + 1, low[0] + 1, fv * fu),
        ):
            xy += weight * offset[:, row, column].astype(np.float32)
            expected += weight * error[:, row, column].astype(np.float32)
        affine, (u, v) = self._affine[c, :, : self._count], point.astype(np.float32)
        places = (u * affine[0] + v * affine[1] + affine[2] + xy.reshape(-1, 2)[: self._count]).astype(float)
        errors = expected.reshape(-1)[: self._count].astype(float)
        errors[np.isnan(places[:, 0])] = np.nan
        return Places(places, errors)

    def find_all(self, structure: str, uv: npt.NDArray[np.float64]) -> Places:
        """Template points [L, 2] of one structure in all images: the numbers of `find`, at once. For few images.

        Returns
        -------
        Places
            `xy` [L, N, 2] and `expected_error` [L, N].
        """
        if structure == FIELD:
            return Places(*self._in_field(uv, np.arange(self._count)))
        c, count = self.template.index(structure), self._count
        position = (uv + REACH) / (2 * REACH) * (GRID - 1)
        low = np.clip(np.floor(position).astype(int), 0, GRID - 2)
        fu, fv = (position - low).astype(np.float32).T[:, :, None]
        xy, expected = np.zeros((len(uv), count, 2), np.float32), np.zeros((len(uv), count), np.float32)
        for down, right, weight in (
            (0, 0, (1 - fv) * (1 - fu)),
            (0, 1, (1 - fv) * fu),
            (1, 0, fv * (1 - fu)),
            (1, 1, fv * fu),
        ):
            rows, columns = low[:, 1] + down, low[:, 0] + right
            offset = self._offset[c][:, rows, columns].swapaxes(0, 1).reshape(len(uv), -1, 2)[:, :count]
            error = self._error[c][:, rows, columns].swapaxes(0, 1).reshape(len(uv), -1)[:, :count]
            xy += weight[:, :, None] * offset.astype(np.float32)
            expected += weight * error.astype(np.float32)
        affine, (u, v) = self._affine[c, :, :count], uv.astype(np.float32).T[:, :, None, None]
        places = (u * affine[0] + v * affine[1] + affine[2] + xy).astype(float)
        errors = expected.astype(float)
        errors[np.isnan(places[:, :, 0])] = np.nan
        return Places(places, errors)

    def find_in(self, structure: str, uv: npt.NDArray[np.float64], slots: npt.NDArray[np.intp]) -> Points:
        """Template points [L, 2] of one structure in the images of some slots [N]: native pixels [N, L, 2], float32.

        The places of `find`, NaN likewise. Quickest where the slots follow each other within one block.
        """
        if structure == FIELD:
            return np.asarray(self._in_field(uv, slots)[0].swapaxes(0, 1).astype(np.float32))
        c, (block, place) = self.template.index(structure), np.divmod(slots, self.block)
        row = block[0] == block[-1] and np.array_equal(slots, np.arange(slots[0], slots[0] + len(slots)))
        side_by_side = slice(int(place[0]), int(place[0]) + len(slots))
        position = (uv + REACH) / (2 * REACH) * (GRID - 1)
        low = np.clip(np.floor(position).astype(int), 0, GRID - 2)
        fu, fv = (position - low).astype(np.float32).T
        affine, (u, v) = self._affine[c][:, None, slots], uv.astype(np.float32).T[:, :, None, None]
        xy = u * affine[0] + v * affine[1] + affine[2]
        for down, right, weight in (
            (0, 0, (1 - fv) * (1 - fu)),
            (0, 1, (1 - fv) * fu),
            (1, 0, fv * (1 - fu)),
            (1, 1, fv * fu),
        ):
            rows, columns, charts = low[:, 1] + down, low[:, 0] + right, self._offset[c]
            if row:
                offset = charts[int(block[0])][rows, columns, side_by_side]
            else:
                offset = charts[block, rows[:, None], columns[:, None], place]
            xy += weight[:, None, None] * offset
        return np.asarray(xy.swapaxes(0, 1))

    def chart(self, structure: str, slot: int) -> Points | None:
        """Inverse chart [GRID, GRID, 2] of one image in native pixels, or None where the structure is absent."""
        if structure == FIELD:
            return self._field_in(slot)[0] if slot < self._count else None
        c = self.template.index(structure)
        if slot >= self._count or np.isnan(self._affine[c, 0, slot, 0]):
            return None
        block, place = divmod(slot, self.block)
        plane = (self._design @ self._affine[c, :, slot].astype(float)).reshape(GRID, GRID, 2)
        return np.asarray(plane + self._offset[c][block, :, :, place].astype(float))

    def errors(self, structure: str, slot: int) -> npt.NDArray[np.float64]:
        """Expected error [GRID, GRID] of one image in native pixels."""
        if structure == FIELD:
            return self._field_in(slot)[1]
        block, place = divmod(slot, self.block)
        return self._error[self.template.index(structure)][block, :, :, place].astype(float)

    # --- the field

    def _anchors_of(self, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """Where the field's anchors lie in some images [N, A, 2]; kept until the charts change."""
        self._read_anchors(slots, math.inf)
        held = self._anchors
        return held if len(slots) == len(held) else np.asarray(held[slots])

    def field_ahead(self, end: float) -> bool:
        """Read the anchors of all images until about `end` (`time.perf_counter`); True once all are there."""
        return self._read_anchors(np.arange(self._count), end)

    def _read_anchors(self, slots: npt.NDArray[np.intp], end: float) -> bool:
        field = field_of(self.template)
        if (more := self._count - len(self._anchors)) > 0:
            more = max(more, len(self._anchors))
            room = np.empty((more, len(field.plane), 2), np.float32)  # no page is touched before it is read into
            self._anchors = np.concatenate([self._anchors, room]) if len(self._anchors) else room
            self._anchor_stamps = np.concatenate([self._anchor_stamps, np.full(more, -1, np.int64)])
            self._field_errors = np.concatenate([self._field_errors, np.full(more, np.nan)])
        held, read = self._anchors, self._anchor_stamps
        stale = slots[read[slots] != self._stamps[slots]]
        for these in np.split(stale, np.flatnonzero(np.diff(stale // BLOCK)) + 1) if len(stale) else ():
            parts = [self.find_in(s.name, uv, these) for s, uv in zip(self.template.structures, field.uv, strict=True)]
            held[these], read[these] = np.concatenate(parts, axis=1), self._stamps[these]
            self._field_errors[these] = np.nan
            for some, mapped in self._by_structures(these):
                places = held[these[some]][:, mapped.anchors]
                self._field_errors[these[some]] = mapped.typical_error(places)
            if time.perf_counter() > end:
                return False
        return True

    def _in_field(
        self, uv: npt.NDArray[np.float64], slots: npt.NDArray[np.intp]
    ) -> tuple[Points, npt.NDArray[np.float64]]:
        """Points [L, 2] of the field in some images: [L, N, 2], and what they are expected to miss by [L, N]."""
        places, xy = self._anchors_of(slots), np.full((len(slots), len(uv), 2), np.nan)
        further = np.full((len(slots), len(uv)), np.nan)
        for some, mapped in self._by_structures(slots):
            if len(some) == len(slots) and len(mapped.anchors) == places.shape[1]:  # mostly: nothing is copied
                xy, further[:] = mapped.places(uv, places), sample_chart(mapped.further, uv)
                break
            xy[some] = mapped.places(uv, places[some][:, mapped.anchors])
            further[some] = sample_chart(mapped.further, uv)
        return xy.astype(float).swapaxes(0, 1), (further * self._field_errors[slots, None]).T

    def _field_in(self, slot: int) -> tuple[Points | None, npt.NDArray[np.float64]]:
        """The field of one image as an inverse chart [GRID, GRID, 2], and its expected errors [GRID, GRID]."""
        (places,) = self._anchors_of(np.array([slot]))
        for _, mapped in self._by_structures(np.array([slot])):
            return mapped.nodes @ places[mapped.anchors].astype(float), mapped.further * self._field_errors[slot]
        return None, np.full((GRID, GRID), np.nan)

    def _by_structures(self, slots: npt.NDArray[np.intp]) -> Iterator[tuple[npt.NDArray[np.intp], FieldMap]]:
        """Images in which the same structures are there: which of `slots`, and their map; without those of too few."""
        field, present = field_of(self.template), ~np.isnan(self._affine[:, 0, slots, 0])
        codes = np.zeros(len(slots), np.int64)
        for there in present:
            codes = 2 * codes + there
        for code in sorted(set(codes.tolist())):  # `np.unique` imports masked arrays: 40 ms, once
            some = np.flatnonzero(codes == code)
            mapped = field.map_of(present[:, some[0]])
            if mapped is not None:
                yield some, mapped


def _layout(capacity: int) -> tuple[int, int]:
    """Number of blocks, and images per block, for a number of images."""
    if capacity <= BLOCK:
        return 1, max(capacity, 1)
    return -(-capacity // BLOCK), BLOCK


def locate(chart: Points, structure: Structure, xy: npt.ArrayLike) -> tuple[Points, float]:
    """The template point shown at one pixel [2]: its uv [2], and by how many native pixels that misses; see below."""
    uv, miss = locate_all(chart, structure, np.asarray(xy, float)[None])
    return uv[0], float(miss[0])


def locate_all(chart: Points, structure: Structure, xy: npt.ArrayLike) -> tuple[Points, npt.NDArray[np.float64]]:
    """The template points shown at pixels: the inverse chart, inverted.

    Nearest reachable node first, then Newton steps on the bilinear chart, so that looking the result up leads back to
    the pixel (one template point has one place, design 5.2).

    Parameters
    ----------
    chart : array [GRID, GRID, 2]
        Inverse chart of one image, native pixels.
    structure : Structure
    xy : array [K, 2]
        Native pixels.

    Returns
    -------
    uv : array [K, 2]
        Clipped to ±`chart.REACH`.
    miss : array [K]
        Distance in native pixels between each of `xy` and the place of its `uv`: 0 where the structure shows that
        pixel.
    """
    target = np.asarray(xy, float)
    nodes, step = grid_nodes().reshape(-1, 2), 0.5 * 2 * REACH / (GRID - 1)
    distance = np.linalg.norm(chart.reshape(-1, 2) - target[:, None], axis=-1)
    distance[:, ~reachable(structure).reshape(-1)] = np.inf
    best, best_miss = np.zeros_like(target), np.full(len(target), np.inf)
    for start in np.argsort(distance, axis=1)[:, :3].T:
        left = np.flatnonzero(best_miss >= CLOSE_PIXELS)
        uv = nodes[start[left]]
        for _ in range(12):
            off = target[left] - sample_chart(chart, uv)
            miss = np.linalg.norm(off, axis=-1)
            better = miss < best_miss[left]
            best[left[better]], best_miss[left[better]] = uv[better], miss[better]
            left, uv, off = (values[miss >= CLOSE_PIXELS] for values in (left, uv, off))
            if not len(left):
                break
            sides = uv[:, None] + np.eye(2) * step / 2, uv[:, None] - np.eye(2) * step / 2
            ahead, behind = (sample_chart(chart, np.clip(side, -REACH, REACH)) for side in sides)
            move = _solved((ahead - behind).swapaxes(1, 2) / step, off)
            uv = np.clip(uv + np.clip(move, -4 * step, 4 * step), -REACH, REACH)
    return best, best_miss


def _solved(matrix: Points, off: Points) -> Points:
    """Least-norm solutions [K, 2] of ``matrix @ x = off`` for matrices [K, 2, 2] and right sides [K, 2]."""
    (a, b), (c, d) = matrix.transpose(1, 2, 0)
    determinant, size = a * d - b * c, np.maximum((matrix**2).sum(axis=(1, 2)), 1e-30)
    flat = np.abs(determinant) <= 1e-12 * size  # of rank one: the pseudo-inverse is the transpose over its size
    full = np.stack([d * off[:, 0] - b * off[:, 1], a * off[:, 1] - c * off[:, 0]], axis=-1)
    full /= np.where(flat, 1.0, determinant)[:, None]
    return np.where(flat[:, None], (off[:, None] @ matrix)[:, 0] / size[:, None], full)
