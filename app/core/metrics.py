"""Figures that compare a prediction with a reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.frame import Points

Mask = npt.NDArray[np.bool_]

ABSENT_MM = 30.0
"""What a reference landmark counts that the prediction calls absent (design 6)."""


def dice(a: Mask, b: Mask) -> float:
    """Dice coefficient of two masks of one shape; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else 1.0


def outline_pixels(mask: Mask) -> Mask:
    """Pixels of a mask [h, w] that have a 4-neighbour outside it (the picture's border counts as outside)."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inner)


def surface_distances(a: Mask, b: Mask) -> npt.NDArray[np.float64]:
    """Distances in pixels from each pixel of one mask's outline to the other's, and back; empty where a mask is."""
    from scipy.spatial import cKDTree  # only evaluation measures surfaces; scipy costs 0.2 s to import

    first, second = (np.argwhere(outline_pixels(m)) for m in (a, b))
    if not len(first) or not len(second):
        return np.zeros(0)
    return np.concatenate([cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]])


def surface_distance(a: Mask, b: Mask) -> float:
    """Average symmetric surface distance of two masks, in pixels; NaN where one is empty."""
    apart = surface_distances(a, b)
    return float(apart.mean()) if len(apart) else float("nan")


def along_and_across(error: Points, contour: Points) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Absolute parts, [K] each, of errors [K, 2] along and across the closed contour [K, 2] they were made at."""
    tangent = np.roll(contour, -1, axis=0) - np.roll(contour, 1, axis=0)
    tangent = tangent / np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
    along = np.abs((error * tangent).sum(-1))
    across = np.abs(error[:, 0] * -tangent[:, 1] + error[:, 1] * tangent[:, 0])
    return along, across


def robust_centre(points: Points, rounds: int = 20) -> Points:
    """Geometric median of points [N, 2] (Weiszfeld): several clicks, one of which may be off."""
    centre: Points = np.median(points, axis=0)
    for _ in range(rounds):
        weight = 1 / np.maximum(np.linalg.norm(points - centre, axis=-1), 1e-6)
        centre = (points * weight[:, None]).sum(axis=0) / weight.sum()
    return centre
