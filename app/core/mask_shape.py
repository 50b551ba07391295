"""A mask that follows from both heads: the pixel-wise one, held to the outline that the inverse chart gives.

Near the outline the pixel-wise mask decides, far from it the outline does: what is near is told by the expected error.
Where the two contradict each other the pixel-wise mask counts for less. What comes out is one piece without holes.
Chosen on radiographs of ill patients: leaks, holes and teeth go, upright films lose nothing (docs/decisions.md).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points


class Hold(NamedTuple):
    """How strictly a pixel-wise mask is held to the outline.

    Attributes
    ----------
    share : float
        Half width of the band around the outline in which the mask decides, in median expected errors of the outline.
    narrowest : float
        The same at the least, in network pixels.
    agrees, contradicts : float
        Dice of mask and outline: from the first downward the mask counts less, at the second least.
    least : float
        How much the mask counts at the least.
    """

    share: float
    narrowest: float
    agrees: float
    contradicts: float
    least: float


HOLD = Hold(0.35, 1.0, 0.96, 0.80, 0.2)
"""Of the main network's masks."""
FINE_HOLD = Hold(0.35, 2.0, 0.92, 0.86, 0.1)
"""Of masks that were drawn again (`app.core.fine_mask`): they know their border better than the outline does, unless
the two contradict each other."""
LEAST_PROBABILITY = 0.002
"""No pixel is surer than this, so that the outline can overrule it."""
FAR = 4.0
"""So many bands away from the outline no pixel-wise mask counts, however sure it is."""

_SUBPIXEL_BITS = 6

Float32 = npt.NDArray[np.float32]


class Shaped(NamedTuple):
    """A mask held to its outline.

    Attributes
    ----------
    probability : array [H, W], uint8
        Above 127 in one piece without holes.
    gap : array [K], float64
        How far the pixel-wise mask's border was from each contour point, network pixels.
    """

    probability: npt.NDArray[np.uint8]
    gap: npt.NDArray[np.float64]


def shape_mask(probability: Float32, outline: Points, expected: npt.NDArray[np.float64], hold: Hold = HOLD) -> Shaped:
    """Hold a pixel-wise mask to the outline.

    Parameters
    ----------
    probability : array [H, W], float32
        Of the structure, on the network's grid.
    outline : array [K, 2]
        Its contour points by the inverse chart, network pixels.
    expected : array [K]
        Their expected errors, network pixels.
    hold : Hold
        How strictly.
    """
    band = max(hold.narrowest, hold.share * float(np.median(expected)))
    result = np.zeros(probability.shape, np.uint8)
    corner, window = _window(outline, FAR * band, probability.shape)
    near = probability[window]
    if near.size:
        inside = signed_distance(outline - corner, (near.shape[0], near.shape[1]))
        result[window] = one_piece(_held(near, inside, int(np.count_nonzero(probability > 0.5)), band, hold))
    return Shaped(result, gap_to_border(probability > 0.5, outline))


def _held(probability: Float32, inside: Float32, area: int, band: float, hold: Hold) -> npt.NDArray[np.uint8]:
    """Probability times 255 of both heads together; `area` is that of the whole pixel-wise mask."""
    within = inside > 0
    both = int(np.count_nonzero((probability > 0.5) & within))
    agreement = 2 * both / max(area + int(np.count_nonzero(within)), 1)
    doubt = float(np.clip((hold.agrees - agreement) / (hold.agrees - hold.contradicts), 0, 1))
    clipped = np.clip(probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    say = np.float32(1 - (1 - hold.least) * doubt)
    away: Float32 = (inside / band).astype(np.float32)
    logit = say * np.log(clipped / (1 - clipped)) + away * np.absolute(away)
    soft: Float32 = 255 / (1 + np.exp(-np.clip(logit, -20, 20))) + 0.5
    return soft.astype(np.uint8)


def _window(outline: Points, margin: float, shape: tuple[int, ...]) -> tuple[Points, tuple[slice, slice]]:
    """The part of a picture [H, W] around an outline: its first pixel (x, y), and rows and columns."""
    low = np.maximum(np.floor(outline.min(axis=0) - margin), 0).astype(int)
    high = np.maximum(np.ceil(outline.max(axis=0) + margin).astype(int) + 1, low)
    rows, columns = slice(low[1], min(high[1], shape[0])), slice(low[0], min(high[0], shape[1]))
    return low.astype(float), (rows, columns)


def signed_distance(outline: Points, shape: tuple[int, int]) -> Float32:
    """How far each pixel [H, W] lies inside a closed polygon [K, 2] (x, y); negative outside, 0 along the line."""
    scaled = [np.round(np.asarray(outline) * (1 << _SUBPIXEL_BITS)).astype(np.int32)]
    filled, free = np.zeros(shape, np.uint8), np.ones(shape, np.uint8)
    cv2.fillPoly(filled, scaled, 1, cv2.LINE_8, _SUBPIXEL_BITS)
    cv2.polylines(free, scaled, True, 0, 1, cv2.LINE_8, _SUBPIXEL_BITS)
    if free.all():  # the polygon lies outside the picture, or all around it
        return np.full(shape, float(sum(shape)) * (1 if filled.all() else -1), np.float32)
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5)
    return np.asarray(np.where(filled > 0, distance, -distance), np.float32)


def one_piece(probability: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """One structure's probability [H, W] with all but the largest piece of its mask at 0, and holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((probability > 127).astype(np.uint8), connectivity=4)
    if count > 2:
        body = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        stray = (probability > 127) & ~body
        rim = cv2.dilate(stray.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        probability = np.where(rim & ~body, np.uint8(0), probability)
    count, labels = cv2.connectedComponents((probability <= 127).astype(np.uint8), connectivity=8)
    if count > 2:
        outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        hole = (probability <= 127) & ~np.isin(labels, outside)
        probability = np.where(hole, np.uint8(255), probability)
    return probability


def gap_to_border(pixels: npt.NDArray[np.bool_], outline: Points) -> npt.NDArray[np.float64]:
    """Distance [K] from contour points to the border of a mask [H, W], in pixels; 0 beyond the picture."""
    inside = pixels.astype(np.uint8)
    if not pixels.any() or pixels.all():
        return np.zeros(len(outline))
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - 0.5
    height, width = pixels.shape
    column, row = np.rint(outline).astype(int).T
    shown = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    found = distance[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return np.where(shown, found, 0.0)
