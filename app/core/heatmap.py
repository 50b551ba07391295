"""Heatmaps to contour points: the pixel where each is highest, as published, or the top of a parabola around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points

INTEGER, SUBPIXEL = "integer", "subpixel"
ARGMAX = (INTEGER, SUBPIXEL)
"""How a point is read off its heatmap: the highest pixel of the network's grid, or between pixels."""
_REACH = 3
"""The parabola is fitted to so many pixels of the heatmap on each side of the highest: less than one sigma."""

Float32 = npt.NDArray[np.float32]


class Peaks(NamedTuple):
    """Where K heatmaps are highest.

    Attributes
    ----------
    xy : array [K, 2], float64
        Network pixels.
    spread : array [K], float64
        Standard deviation of the heatmap beyond its target's, network pixels; 0 where it is as narrow as that.
    """

    xy: Points
    spread: npt.NDArray[np.float64]


def peaks(heat: Float32, argmax: str, sigma: float) -> Peaks:
    """Read contour points off heatmaps.

    Parameters
    ----------
    heat : array [K, h, w], float32
        Logits over all pixels at half the network's resolution (pixel centres, ``align_corners=False``).
    argmax : str
        One of `ARGMAX`.
    sigma : float
        Standard deviation of a target heatmap in network pixels.
    """
    width = heat.shape[2]
    row, column = np.divmod(heat.reshape(len(heat), -1).argmax(axis=1), width)
    around = _patches(heat, row, column)
    top = np.stack([column, row], axis=-1).astype(float)
    xy = 2 * top + _finer(around) if argmax == INTEGER else (top + _parabola(around) + 0.5) * 2 - 0.5
    return Peaks(xy, _spread(heat, sigma))


def _patches(heat: Float32, row: npt.NDArray[np.intp], column: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """The heatmaps around one pixel each, [K, n, n]; the edge is repeated."""
    steps = np.arange(-_REACH, _REACH + 1)
    rows = np.clip(row[:, None] + steps, 0, heat.shape[1] - 1)
    columns = np.clip(column[:, None] + steps, 0, heat.shape[2] - 1)
    return np.asarray(heat[np.arange(len(heat))[:, None, None], rows[:, :, None], columns[:, None, :]], float)


def _finer(around: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Which of the four network pixels of the highest one is highest after bilinear interpolation: 0 or 1, [K, 2]."""
    c = _REACH
    best, found = np.full(len(around), -np.inf), np.zeros((len(around), 2))
    for down in (0, 1):
        for right in (0, 1):
            beside, below = c + 2 * right - 1, c + 2 * down - 1
            value = 9 * around[:, c, c] + 3 * (around[:, c, beside] + around[:, below, c]) + around[:, below, beside]
            better = value > best
            best[better], found[better] = value[better], (right, down)
    return found


def _parabola(around: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Offset (x, y) of the top of a parabola fitted to each patch [K, n, n], in its pixels: at most one pixel."""
    line = np.arange(-_REACH, _REACH + 1.0)
    y, x = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
    fit = np.linalg.pinv(np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1))
    _, bx, by, xx, xy, yy = fit @ around.reshape(len(around), -1).T
    determinant = 4 * xx * yy - xy * xy
    peaked = (determinant > 0) & (xx < 0)
    safe = np.where(peaked, determinant, 1.0)
    offset = np.stack([xy * by - 2 * yy * bx, xy * bx - 2 * xx * by], axis=-1) / safe[:, None]
    return np.where(peaked[:, None], np.clip(offset, -1, 1), 0.0)


def _spread(heat: Float32, sigma: float) -> npt.NDArray[np.float64]:
    """By how much heatmaps are wider than their targets, network pixels, [K]."""
    share = np.exp(heat - heat.max(axis=(1, 2), keepdims=True))
    total = share.sum(axis=(1, 2), dtype=float)
    variance = np.zeros(len(heat))
    for axis in (1, 2):
        marginal = share.sum(axis=axis, dtype=float) / total[:, None]
        place = np.arange(marginal.shape[1])
        mean = marginal @ place
        variance += marginal @ place**2 - mean**2
    return np.asarray(np.sqrt(np.maximum(4 * variance / 2 - sigma**2, 0.0)))
