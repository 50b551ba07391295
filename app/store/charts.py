"""Inverse charts as they lie in the files, and the frozen placements of accepted images, both by slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, grid_nodes
from app.core.prediction import Prediction
from app.core.propagate import ChartStack
from app.core.template import Template
from app.store.blobs import Arrays

CODES = ("", "predicted", "corrected", "confirmed", "absent")
"""Placement states by their code; 0 means there is none."""
FROZEN = np.dtype([("landmark", "<i8"), ("code", "u1"), ("x", "<f8"), ("y", "<f8"), ("error", "<f4")])
"""One frozen placement; native pixels, NaN where absent."""
_BLOCK = 128


class StoredCharts(ChartStack):
    """A chart stack that takes charts in the compact form in which they are stored, many at a time."""

    def compact(self, slot: int) -> Arrays:
        """Charts of a slot: offset [C, GRID, GRID, 2] and error [C, GRID, GRID] float16, affine [C, 3, 2] float32."""
        return {
            "offset": np.stack([a[:, :, slot] for a in self._offset]),
            "error": np.stack([a[:, :, slot] for a in self._error]),
            "affine": self._affine[:, slot].copy(),
        }

    def errors(self, structure: str, slot: int) -> npt.NDArray[np.float64]:
        """Expected error [GRID, GRID] of one image in native pixels."""
        return self._error[self.template.index(structure)][:, :, slot].astype(float)

    def only(self, slot: int) -> ChartStack:
        """A stack of one image that shares memory with this one: `find` gives the very same numbers there."""
        one = ChartStack(self.template, capacity=1)
        one.resize(1)
        one._offset = [a[:, :, slot : slot + 1] for a in self._offset]
        one._error = [a[:, :, slot : slot + 1] for a in self._error]
        one._affine = self._affine[:, slot : slot + 1]
        return one

    def put_compact(self, charts: Iterable[tuple[int, Arrays]]) -> None:
        """Take stored charts in, each with its slot. Written in blocks: node by node the images lie side by side."""
        block: list[tuple[int, Arrays]] = []
        for item in charts:
            block.append(item)
            if len(block) == _BLOCK:
                self._put_block(block)
                block = []
        if block:
            self._put_block(block)

    def _put_block(self, block: Sequence[tuple[int, Arrays]]) -> None:
        slots = np.array([slot for slot, _ in block])
        self.resize(max(len(self), int(slots.max()) + 1))
        first, count = int(slots[0]), len(slots)
        target = slice(first, first + count) if np.array_equal(slots, np.arange(first, first + count)) else slots
        offsets = np.stack([arrays["offset"].view(np.uint32)[..., 0] for _, arrays in block])  # x and y as one number
        errors = np.stack([arrays["error"] for _, arrays in block])
        for c in range(len(self._offset)):
            self._offset[c].view(np.uint32)[:, :, target, 0] = offsets[:, c].transpose(1, 2, 0)
            self._error[c][:, :, target] = errors[:, c].transpose(1, 2, 0)
        self._affine[:, target] = np.stack([arrays["affine"] for _, arrays in block], axis=1)


def compact(template: Template, prediction: Prediction) -> Arrays:
    """The charts of a prediction as they are stored."""
    scratch = StoredCharts(template, capacity=1)
    scratch.put(0, prediction)
    return scratch.compact(0)


def maps(prediction: Prediction) -> Arrays:
    """Masks, uv-maps and presence of a prediction as they are stored."""
    return {"masks": prediction.masks, "uv": prediction.uv, "present": prediction.present}


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
    """

    def __init__(self) -> None:
        self._row: dict[int, int] = {}
        self.xy: npt.NDArray[np.float64] = np.zeros((0, 0, 2))
        self.codes: npt.NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self.error: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def _grow(self, rows: int, count: int) -> None:
        more_rows = max(rows - self.codes.shape[0], 0)
        more = max(count - self.codes.shape[1], 0)
        if more_rows or more:
            pad = [(0, max(more_rows, more_rows and 64)), (0, more)]
            self.xy = np.pad(self.xy, [*pad, (0, 0)], constant_values=np.nan)
            self.codes = np.pad(self.codes, pad)
            self.error = np.pad(self.error, pad)

    def put(self, slot: int, table: npt.NDArray[np.void] | None) -> None:
        """Freeze the placements of one image (dtype `FROZEN`); None thaws it."""
        if slot < self.codes.shape[1]:
            self.codes[:, slot] = 0
        if table is None or not len(table):
            return
        rows = [self._row.setdefault(int(number), len(self._row)) for number in table["landmark"]]
        self._grow(len(self._row), slot + 1)
        self.codes[rows, slot] = table["code"]
        self.xy[rows, slot, 0], self.xy[rows, slot, 1] = table["x"], table["y"]
        self.error[rows, slot] = table["error"]

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
