"""Propagation: a template point's place in every image is a look-up in the images' inverse charts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, REACH, grid_nodes
from app.core.frame import Points
from app.core.prediction import Prediction, reachable, sample_chart
from app.core.template import Structure, Template


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


class ChartStack:
    """The inverse charts of all images, resident and laid out for one gather per template point.

    Per structure and image a chart is kept as float16 offsets from its own affine map (float32), as
    [GRID, GRID, N, 2]: the four nodes of one cell are four contiguous rows over all images (design 5.1). A chest
    image takes about 48 kB. Images are addressed by their slot 0..N-1.
    """

    def __init__(self, template: Template, capacity: int = 64) -> None:
        self.template = template
        self._count = 0
        nodes = grid_nodes().reshape(-1, 2)
        self._design = np.c_[nodes, np.ones(len(nodes))]
        self._solve = np.linalg.pinv(self._design)
        shapes = len(template.structures)
        self._offset = [np.zeros((GRID, GRID, capacity, 2), np.float16) for _ in range(shapes)]
        self._error = [np.zeros((GRID, GRID, capacity), np.float16) for _ in range(shapes)]
        self._affine = np.full((shapes, capacity, 3, 2), np.nan, np.float32)

    def __len__(self) -> int:
        return self._count

    def resize(self, count: int) -> None:
        """Make room for `count` images; new slots are empty."""
        capacity = self._affine.shape[1]
        if count > capacity:
            extra = max(count, 2 * capacity) - capacity
            pad = [(0, 0), (0, 0), (0, extra)]
            self._offset = [np.pad(a, [*pad, (0, 0)]) for a in self._offset]
            self._error = [np.pad(a, pad) for a in self._error]
            self._affine = np.pad(self._affine, [(0, 0), (0, extra), (0, 0), (0, 0)], constant_values=np.nan)
        if count < self._count:
            self._affine[:, count : self._count] = np.nan
        self._count = count

    def put(self, slot: int, prediction: Prediction | None) -> None:
        """Take the inverse charts of one image in; None empties the slot."""
        self.resize(max(self._count, slot + 1))
        self._affine[:, slot] = np.nan
        if prediction is None:
            return
        for c in np.flatnonzero(prediction.present):
            flat = prediction.charts[c].reshape(-1, 2).astype(float)
            affine = self._solve @ flat
            self._affine[c, slot] = affine
            offset = (flat - self._design @ self._affine[c, slot]).reshape(GRID, GRID, 2)
            self._offset[c][:, :, slot] = np.clip(offset, -60000, 60000)
            self._error[c][:, :, slot] = np.clip(prediction.expected_error[c], 0, 60000)

    def move(self, order: list[int]) -> None:
        """Keep the slots in `order`, in that order: images were removed or sorted."""
        index = np.asarray(order, int)
        self._offset = [np.ascontiguousarray(a[:, :, index]) for a in self._offset]
        self._error = [np.ascontiguousarray(a[:, :, index]) for a in self._error]
        self._affine = np.ascontiguousarray(self._affine[:, index])
        self._count = len(index)

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
        c = self.template.index(structure)
        count = self._count
        position = (point + REACH) / (2 * REACH) * (GRID - 1)
        low = np.clip(np.floor(position).astype(int), 0, GRID - 2)
        fu, fv = (position - low).astype(np.float32)
        (u, v), offset, error = low, self._offset[c], self._error[c]
        xy = np.array([point[0], point[1], 1.0], np.float32) @ self._affine[c, :count]
        expected = np.zeros(count, np.float32)
        for row, column, weight in (
            (0, 0, (1 - fv) * (1 - fu)),
            (0, 1, (1 - fv) * fu),
            (1, 0, fv * (1 - fu)),
            (1, 1, fv * fu),
        ):
            xy += weight * offset[v + row, u + column, :count]
            expected += weight * error[v + row, u + column, :count]
        expected[np.isnan(xy[:, 0])] = np.nan
        return Places(xy.astype(float), expected.astype(float))

    def chart(self, structure: str, slot: int) -> Points | None:
        """Inverse chart [GRID, GRID, 2] of one image in native pixels, or None where the structure is absent."""
        c = self.template.index(structure)
        if slot >= self._count or np.isnan(self._affine[c, slot, 0, 0]):
            return None
        plane = (self._design @ self._affine[c, slot].astype(float)).reshape(GRID, GRID, 2)
        return np.asarray(plane + self._offset[c][:, :, slot].astype(float))


def locate(chart: Points, structure: Structure, xy: npt.ArrayLike) -> tuple[Points, float]:
    """The template point shown at a pixel: the inverse chart, inverted.

    Nearest reachable node first, then Newton steps on the bilinear chart, so that looking the result up leads back to
    the pixel (one template point has one place, design 5.2).

    Parameters
    ----------
    chart : array [GRID, GRID, 2]
        Inverse chart of one image, native pixels.
    structure : Structure
    xy : array [2]
        Native pixel.

    Returns
    -------
    uv : array [2]
        Clipped to ±`chart.REACH`.
    miss : float
        Distance in native pixels between `xy` and the place of `uv`: 0 where the structure shows that pixel.
    """
    target = np.asarray(xy, float)
    nodes = grid_nodes()
    distance = np.where(reachable(structure), np.linalg.norm(chart - target, axis=-1), np.inf)
    starts = np.argsort(distance, axis=None)[:3]
    best, best_miss = np.zeros(2), np.inf
    step = 0.5 * 2 * REACH / (GRID - 1)
    for start in starts:
        uv = nodes.reshape(-1, 2)[start].copy()
        for _ in range(12):
            here = sample_chart(chart, uv)
            miss = float(np.linalg.norm(target - here))
            if miss < best_miss:
                best, best_miss = uv.copy(), miss
            if miss < 1e-3:
                break
            ahead = sample_chart(chart, np.clip(uv + np.eye(2) * step / 2, -REACH, REACH))
            behind = sample_chart(chart, np.clip(uv - np.eye(2) * step / 2, -REACH, REACH))
            jacobian = (ahead - behind).T / step
            move = np.linalg.lstsq(jacobian, target - here, rcond=None)[0]
            uv = np.clip(uv + np.clip(move, -4 * step, 4 * step), -REACH, REACH)
        if best_miss < 1e-3:
            break
    return best, best_miss
