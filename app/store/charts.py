"""Inverse charts as they lie in the files, and the frozen placements of accepted images, both by slot."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, grid_nodes
from app.core.frame import Points, View
from app.core.native_mask import UNKNOWN
from app.core.prediction import Prediction
from app.core.propagate import ChartStack, Places
from app.core.template import Template
from app.store.blobs import Arrays
from app.store.scratch import Scratch

CODES = ("", "predicted", "corrected", "confirmed", "absent")
"""Placement states by their code; 0 means there is none."""
FROZEN = np.dtype([("landmark", "<i8"), ("code", "u1"), ("x", "<f8"), ("y", "<f8"), ("error", "<f4")])
"""One frozen placement; native pixels, NaN where absent."""
CROSS = np.dtype([("landmark", "<i8"), ("x", "<f8"), ("y", "<f8")])
"""Where a landmark of which a reader spoke, or an absent one, was predicted when its image was accepted; native pixels.
Earlier versions kept absent ones alone."""
RESIDENT_BYTES = 1 << 30
"""Charts that would take more than this are mapped from a scratch file: about 22,000 chest images."""
_BATCH = 256
_SMALL_BATCH = 24
"""What is taken in at once while somebody works in the window: 4 ms."""
_AROUND = 1 << 20
"""Bytes that the system takes into memory at most around a place that is read (measured on Linux 6)."""


class StoredCharts(ChartStack):
    """A chart stack that takes charts in the compact form in which they are stored, many at a time.

    Parameters
    ----------
    template : Template
    capacity : int
        Images to make room for.
    folder : Path or None
        Where more than `RESIDENT_BYTES` of charts are laid down in a scratch file that lives as long as this object;
        None keeps everything in memory.
    """

    def __init__(self, template: Template, capacity: int = 64, folder: Path | None = None) -> None:
        self._scratch = Scratch(folder) if folder is not None else None
        self._rest: Iterator[tuple[int, Arrays]] | None = None
        self._bytes_per_image = len(template.structures) * GRID * GRID * 3 * np.dtype(np.float16).itemsize
        super().__init__(template, capacity, self._room)

    def _room(self, shape: tuple[int, ...], kind: type[np.float16]) -> npt.NDArray[Any]:
        images = shape[0] * shape[3]
        if self._scratch is not None and images * self._bytes_per_image > RESIDENT_BYTES:
            return self._scratch.zeros(shape, kind)
        return np.zeros(shape, kind)

    @property
    def mapped(self) -> bool:
        """Whether the charts lie in a scratch file."""
        return self._scratch is not None and self._scratch.size > 0

    def find(self, structure: str, uv: npt.ArrayLike) -> Places:
        """See `ChartStack.find`."""
        places = super().find(structure, uv)
        self._touched(-(-len(self) // self.block) * 4 * _AROUND)  # two rows of places and of errors in every block
        return places

    def _touched(self, size: int) -> None:
        if self.mapped and self._scratch is not None:
            self._scratch.touched(size)

    def begin(self, charts: Iterator[tuple[int, Arrays]]) -> None:
        """Have stored charts taken in by `go_on`, little by little."""
        self._rest = charts

    @property
    def complete(self) -> bool:
        """Whether nothing is left of what `begin` was given."""
        return self._rest is None

    def go_on(self, seconds: float = math.inf) -> None:
        """Take charts in for about so long."""
        end, size = time.perf_counter() + seconds, _BATCH if seconds == math.inf else _SMALL_BATCH
        while seconds > 0 and (rest := self._rest) is not None:
            batch = list(itertools.islice(rest, size))
            self.put_compact(batch)
            if not batch:
                self._rest = None
            if time.perf_counter() > end:
                return

    def compact(self, slot: int) -> Arrays:
        """Charts of a slot: offset [C, GRID, GRID, 2] and error [C, GRID, GRID] float16, affine [C, 3, 2] float32."""
        block, place = divmod(slot, self.block)
        return {
            "offset": np.stack([a[block, :, :, place] for a in self._offset]),
            "error": np.stack([a[block, :, :, place] for a in self._error]),
            "affine": self._affine[:, :, slot].copy(),
            "extents": self._extents[:, slot].copy(),
        }

    def chart(self, structure: str, slot: int) -> Points | None:
        """See `ChartStack.chart`."""
        self._touched(self._bytes_per_image * self.block // len(self.template.structures))
        return super().chart(structure, slot)

    def only(self, slots: Sequence[int]) -> ChartStack:
        """A stack of these images, in that order, copied: `find` gives the very same numbers there."""
        wanted = np.asarray(slots, np.intp)
        some = ChartStack(self.template, capacity=len(wanted))
        some.resize(len(wanted))
        block, place = np.divmod(wanted, self.block)
        some._offset = [np.moveaxis(a[block, :, :, place], 0, 2)[None] for a in self._offset]
        some._error = [np.moveaxis(a[block, :, :, place], 0, 2)[None] for a in self._error]
        some._affine = self._affine[:, :, wanted]
        some._changed(np.arange(len(wanted)))
        return some

    def put_compact(self, charts: Iterable[tuple[int, Arrays]]) -> None:
        """Take stored charts in, each with its slot. Written in batches: node by node the images lie side by side."""
        batch: list[tuple[int, Arrays]] = []
        for item in charts:
            if batch and (len(batch) == _BATCH or item[0] // self.block != batch[0][0] // self.block):
                self._put_batch(batch)
                batch = []
            batch.append(item)
        if batch:
            self._put_batch(batch)

    def _put_batch(self, batch: Sequence[tuple[int, Arrays]]) -> None:
        """Take charts of one block in."""
        slots = np.array([slot for slot, _ in batch])
        self.resize(max(len(self), int(slots.max()) + 1))
        for block in sorted(set((slots // self.block).tolist())):  # growing may have changed the blocks
            these = np.flatnonzero(slots // self.block == block)
            self._put_in_block(block, slots[these] % self.block, [batch[i][1] for i in these.tolist()])
        self._changed(slots)
        self._affine[:, :, slots] = np.stack([arrays["affine"] for _, arrays in batch], axis=2)
        unknown = np.broadcast_to(UNKNOWN, (len(self._extents), 5))
        self._extents[:, slots] = np.stack([arrays.get("extents", unknown) for _, arrays in batch], axis=1)
        self._touched(self._bytes_per_image * self.block)

    def _put_in_block(self, block: int, places: npt.NDArray[np.intp], charts: list[Arrays]) -> None:
        first, count = int(places[0]), len(places)
        row = np.array_equal(places, np.arange(first, first + count))
        target = slice(first, first + count) if row else places
        for c in range(len(self._offset)):
            # x and y as one number; OpenCV transposes in blocks, which is twice as quick as numpy here.
            offsets = np.stack([arrays["offset"][c].view(np.int32).reshape(-1) for arrays in charts])
            errors = np.stack([arrays["error"][c].view(np.int16).reshape(-1) for arrays in charts])
            flat = GRID * GRID, self.block
            self._offset[c][block].view(np.int32).reshape(flat)[:, target] = cv2.transpose(offsets)
            self._error[c][block].view(np.int16).reshape(flat)[:, target] = cv2.transpose(errors)


def compact(template: Template, prediction: Prediction) -> Arrays:
    """The charts of a prediction as they are stored."""
    scratch = StoredCharts(template, capacity=1)
    scratch.put(0, prediction)
    return scratch.compact(0)


def maps(prediction: Prediction) -> Arrays:
    """Masks, uv-maps, presence and view of a prediction as they are stored."""
    held: Arrays = {"masks": prediction.masks, "uv": prediction.uv, "present": prediction.present}
    return held if prediction.view is None else held | {"view": np.array(astuple(prediction.view), np.int32)}


def _view(held: npt.NDArray[Any]) -> View:
    left, top, width, height, mirrored = held.tolist()
    return View(left, top, width, height, bool(mirrored))


def restore(bundle_sha256: str, suspect: str, charts: Arrays, rest: Arrays) -> Prediction:
    """The prediction of `compact` and `maps`: its charts are those of the chart stack, bit for bit."""
    design = np.c_[grid_nodes().reshape(-1, 2), np.ones(GRID * GRID)]
    plane = design @ np.nan_to_num(charts["affine"].astype(float))
    return Prediction(
        bundle_sha256=bundle_sha256,
        masks=rest["masks"],
        uv=rest["uv"],
        charts=(plane.reshape(charts["offset"].shape) + charts["offset"]).astype(np.float32),
        expected_error=charts["error"].astype(np.float32),
        present=rest["present"].astype(bool),
        suspect=suspect,
        extents=charts.get("extents"),
        view=_view(rest["view"]) if "view" in rest else None,
    )


class FrozenPlacements:
    """The placements of accepted images, by landmark number and slot.

    Attributes
    ----------
    xy : array [L, N, 2], float64
        Native pixels; NaN where absent or not frozen.
    codes : array [L, N], uint8
        Index into `CODES`.
    error : array [L, N], float32
    crosses : dict of int to dict of int to (x, y)
        By landmark number and slot, where one that is not as predicted was predicted; most landmarks have none.
    """

    def __init__(self) -> None:
        self.crosses: dict[int, dict[int, tuple[float, float]]] = {}
        self._row: dict[int, int] = {}
        self.xy: npt.NDArray[np.float64] = np.zeros((0, 0, 2))
        self.codes: npt.NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self.error: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def _grow(self, rows: int, count: int) -> None:
        before = self.codes.shape
        if rows <= before[0] and count <= before[1]:
            return
        # With room for more: thousands of images may be accepted at once.
        room = tuple(m if n <= m else n + max(64, n // 4) for n, m in zip((rows, count), before, strict=True))
        xy, codes, error = np.full((*room, 2), np.nan), np.zeros(room, np.uint8), np.zeros(room, np.float32)
        held = slice(before[0]), slice(before[1])
        xy[held], codes[held], error[held] = self.xy, self.codes, self.error
        self.xy, self.codes, self.error = xy, codes, error

    def put(self, slot: int, table: npt.NDArray[np.void] | None, crosses: npt.NDArray[np.void] | None = None) -> None:
        """Freeze the placements of one image (dtype `FROZEN`) with its crosses (`CROSS`); None thaws it."""
        self.put_all([(slot, table, crosses)])

    def put_all(self, images: Sequence[tuple[int, npt.NDArray[np.void] | None, npt.NDArray[np.void] | None]]) -> None:
        """Freeze or thaw images by slot, as `put` does; those with the same landmarks are written in one go."""
        self.codes[:, [slot for slot, _, _ in images if slot < self.codes.shape[1]]] = 0
        alike: dict[bytes, list[tuple[int, npt.NDArray[np.void]]]] = {}
        for slot, table, crosses in images:
            for drawn in self.crosses.values():
                drawn.pop(slot, None)
            for number, x, y in crosses.tolist() if crosses is not None else ():
                self.crosses.setdefault(number, {})[slot] = x, y
            if table is not None and len(table):
                alike.setdefault(table["landmark"].tobytes(), []).append((slot, table))
        for group in alike.values():
            numbers = group[0][1]["landmark"].tolist()
            rows = [self._row.setdefault(number, len(self._row)) for number in numbers]
            self._grow(len(self._row), max(slot for slot, _ in group) + 1)
            at = np.ix_(rows, [slot for slot, _ in group])
            held = np.stack([table for _, table in group], axis=1)
            self.codes[at], self.error[at] = held["code"], held["error"]
            self.xy[at] = np.stack([held["x"], held["y"]], axis=-1)

    def at(self, landmark: int, slot: int) -> tuple[int, npt.NDArray[np.float64], float]:
        """Code, place [2] and expected error of a landmark in one image; code 0 where it is not frozen."""
        row = self._row.get(landmark)
        if row is None or slot >= self.codes.shape[1]:
            return 0, np.full(2, np.nan), np.nan
        return int(self.codes[row, slot]), self.xy[row, slot].copy(), float(self.error[row, slot])

    def has(self, landmark: int, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether a landmark is frozen in the images in `slots` [N], [N]."""
        found = np.zeros(len(slots), bool)
        row = self._row.get(landmark)
        if row is not None:
            inside = slots < self.codes.shape[1]
            found[inside] = self.codes[row, slots[inside]] > 0
        return found

    def lay_over(
        self,
        landmark: int,
        slots: npt.NDArray[np.intp],
        codes: npt.NDArray[np.uint8],
        xy: npt.NDArray[np.float64],
        error: npt.NDArray[np.float64],
    ) -> None:
        """Put what is frozen of a landmark over codes [N], xy [N, 2] and error [N] of the images in `slots` [N]."""
        row = self._row.get(landmark)
        if row is None:
            return
        inside = np.flatnonzero(slots < self.codes.shape[1])
        found = inside[self.codes[row, slots[inside]] > 0]
        codes[found] = self.codes[row, slots[found]]
        xy[found] = self.xy[row, slots[found]]
        error[found] = self.error[row, slots[found]]
