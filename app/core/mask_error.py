"""By how much the extent and the area of a predicted mask are expected to miss, from its contour points.

A contour point that is expected to miss by e (mean distance) misses by a normal deviate of e √(2/π) along each axis.
Most of that lies along the contour, where a mask can't miss: across it only `ACROSS` of it counts. Neighbours miss
together: the correlation falls by 1/e over `TOGETHER` of the contour's length. Both numbers are from the 21 validation
images (docs/results.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.core.frame import Points
from app.core.measure import ShapeErrors, Values

ACROSS = 0.55
TOGETHER = 0.04


def contour_errors(contour: Points, errors: Values) -> tuple[Values, float]:
    """Standard deviations of a mask's sides [4] (x0, y0, x1, y1) and of its area, native pixels and their squares.

    Parameters
    ----------
    contour : array [K, 2]
        Predicted contour points, native pixels, in their order around.
    errors : array [K]
        What each is expected to miss by, native pixels.
    """
    if not np.isfinite(contour).all():
        return np.full(4, np.nan), float("nan")
    across = ACROSS * np.sqrt(2 / np.pi) * errors
    ends = np.concatenate([contour.argmin(axis=0), contour.argmax(axis=0)])
    step = np.linalg.norm(np.roll(contour, -1, axis=0) - contour, axis=1)
    share = across * (step + np.roll(step, 1)) / 2
    apart = np.linalg.norm(contour[:, None] - contour[None], axis=-1)
    return across[ends], float(np.sqrt(share @ np.exp(-apart / (TOGETHER * step.sum())) @ share))


def errors_together(parts: Sequence[tuple[Values, float]], boxes: Values) -> ShapeErrors:
    """Those of several structures together in one image: each side misses as the structure does that lies outermost.

    `boxes` are [C, 4], see `Shapes`.
    """
    if not parts or not np.isfinite(boxes).all():
        return ShapeErrors(np.full((1, 4), np.nan), np.full(1, np.nan))
    outermost = np.concatenate([boxes[:, :2].argmin(axis=0), boxes[:, 2:].argmax(axis=0)])
    sides = np.stack([one[0] for one in parts])[outermost, np.arange(4)]
    return ShapeErrors(sides[None], np.array([parts[0][1] if len(parts) == 1 else np.nan]))
