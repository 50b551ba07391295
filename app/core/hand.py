"""Where the wrist lies in a radiograph of a whole hand, from the outline of the hand alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from skimage.filters import threshold_otsu

from app.core.frame import Points, View
from app.core.orientation import AS_STORED, Orientation

_SIDE = 300  # pixels of the longer side of the small copy that is looked at
_SOLID = 0.86  # a hand fills less than this of its convex hull; a collimated field fills more
_LEAST = 0.03  # share of the picture that a hand takes
JOINT = 1.35
"""From the middle of the palm to the distal radius, in radii of the largest circle in the palm: 1.36 (standard
deviation .13) where boxes of radius and ulna lie in 15 real hands (docs/decisions.md)."""

Mask = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Hand:
    """Pose of a hand in native pixels, (x, y), (0, 0) the centre of the first pixel.

    Attributes
    ----------
    palm : array [2], centre of the largest circle in the palm.
    radius : of that circle, pixels.
    down : array [2], unit vector from the palm along the forearm.
    fingers : whether fingers are seen: the hand is in the picture as a whole.
    """

    palm: Points
    radius: float
    down: Points
    fingers: bool

    @property
    def joint(self) -> Points:
        """About where the forearm's bones end, [2]."""
        return np.asarray(self.palm + JOINT * self.radius * self.down)

    def box(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of a picture of this size that show the wrist as a wrist radiograph does."""
        x, y = self.joint
        reach = 1.75 * self.radius
        rows = slice(max(0, int(y - 2.3 * self.radius)), min(height, int(y + 1.9 * self.radius) + 1))
        return rows, slice(max(0, int(x - reach)), min(width, int(x + reach) + 1))


def wrist_view(pixels: npt.NDArray[np.generic], orientation: Orientation = AS_STORED) -> View | None:
    """The wrist in a radiograph of a whole hand, native pixels; None where no hand with fingers is seen.

    Parameters
    ----------
    pixels : array [H, W]
        As stored.
    orientation : Orientation
        How the image is read: then the fingers are up and bones bright.
    """
    turned = orientation.turned(pixels)
    found = find_hand(-turned.astype(np.float32) if orientation.inverted else turned)
    if found is None or not found.fingers:
        return None
    rows, columns = found.box(*turned.shape)
    corners = np.array([(columns.start, rows.start), (columns.stop - 1, rows.stop - 1)], float)
    middles = (np.array([image.shape[1] - 1, image.shape[0] - 1]) / 2 for image in (turned, pixels))
    native = np.rint((corners - next(middles)) @ orientation.linear + next(middles)).astype(int)
    (left, top), (right, bottom) = native.min(axis=0).tolist(), native.max(axis=0).tolist()
    return View(left, top, right - left + 1, bottom - top + 1)


def find_hand(pixels: npt.NDArray[np.generic]) -> Hand | None:
    """The hand in a picture [H, W] with bright bones and fingers up; None where no outline looks like one."""
    scale = _SIDE / max(pixels.shape)
    size = (max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    mask = _outline(np.asarray(small, np.float32))
    if mask is None:
        return None
    deep = np.asarray(cv2.distanceTransform(np.pad(mask, ((1, 0), (1, 1))), cv2.DIST_L2, 5)[1:, 1:-1], np.float32)
    deep = np.asarray(cv2.GaussianBlur(deep, (0, 0), 2), np.float32)  # the forearm leaves through the bottom: open
    rows = np.flatnonzero(mask.any(axis=1))
    palm = deep.copy()
    palm[int(rows[0] + 0.76 * (rows[-1] - rows[0])) :] = 0  # a bright forearm can be wider than the palm
    y, x = np.unravel_index(int(np.argmax(palm)), palm.shape)
    radius = float(palm[y, x])
    middle = np.array([x, y], float)
    down = _forearm(deep, middle, radius)
    fingers = rows[0] > 0.03 * len(mask) and radius < 0.2 * len(mask) and _fingers(mask, middle, radius)
    native = (middle + 0.5) / scale - 0.5
    return Hand(native, radius / scale, down, bool(fingers))


def _outline(small: Grey, within: npt.NDArray[np.bool_] | None = None, tries: int = 4) -> Mask | None:
    """The largest bright thing [H, W] that can be a hand and is no frame, field or plate; None after some tries."""
    within = np.ones(small.shape, bool) if within is None else within
    values = small[within]
    if not tries or values.size < 1500 or values.max() <= values.min():
        return None
    low, high = np.percentile(values, (2, 96))
    grey = np.clip((small - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(cv2.medianBlur(grey, 5), (0, 0), 1.2), np.float32)
    bright = ((grey > threshold_otsu(grey[within])) & within).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    found = _largest(np.asarray(cv2.morphologyEx(np.pad(bright, 8), cv2.MORPH_OPEN, disc)[8:-8, 8:-8], np.uint8))
    if found is None or found.mean() < _LEAST:
        return None
    holes = np.asarray(cv2.morphologyEx(_filled(found) - found, cv2.MORPH_OPEN, disc), np.uint8)
    if holes.mean() > 0.15:  # a bright frame around the field, with the hand in or at it
        return _outline(small, within & _eroded(_hull(holes)), tries - 1)
    if found.sum() < _SOLID * _hull(found).sum():
        return found
    inside = _outline(small, within & _eroded(found), tries - 1)  # the field against a dark border
    if inside is not None:
        return inside
    return _outline(small, within & (cv2.dilate(found, np.ones((9, 9), np.uint8)) == 0), tries - 1)  # a bright corner


def _hull(mask: Mask) -> Mask:
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    return np.asarray(cv2.fillConvexPoly(np.zeros_like(mask), cv2.convexHull(points), (1,)), np.uint8)


def _largest(mask: Mask) -> Mask | None:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])), np.uint8)


def _fingers(mask: Mask, palm: Points, radius: float) -> bool:
    """Whether three or more narrow things stand side by side above the palm at three heights."""
    levels = 0
    for height in np.arange(1.2, 3.2, 0.1):
        row = int(palm[1] - height * radius)
        if 0 <= row < len(mask):
            ends = np.flatnonzero(np.diff(np.concatenate([[0], mask[row].astype(int), [0]])))
            widths = ends[1::2] - ends[::2]
            levels += int(((widths > 2) & (widths < 0.9 * radius)).sum() >= 3)
    return levels >= 3 and palm[1] - float(np.flatnonzero(mask.any(axis=1))[0]) > 1.8 * radius


def _filled(mask: Mask) -> Mask:
    """A mask [H, W] with what it encloses, the picture's border taken as closed where it touches three sides."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    touched = sum(bool(side.any()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    if touched >= 3:
        outlines = [cv2.convexHull(np.concatenate(outlines))]
    return np.asarray(cv2.drawContours(np.zeros_like(mask), outlines, -1, (1,), cv2.FILLED), np.uint8)


def _eroded(mask: Mask) -> npt.NDArray[np.bool_]:
    return np.asarray(cv2.erode(np.pad(mask, 1), np.ones((9, 9), np.uint8))[1:-1, 1:-1], bool)


def _forearm(deep: Grey, palm: Points, radius: float) -> Points:
    """Unit vector [2] from the palm along which most of the hand lies, within 50 degrees of straight down."""
    steps = np.arange(int(6 * radius))
    best, vector = -1.0, np.array([0.0, 1.0])
    for angle in np.radians(np.arange(-50, 51, 2)):
        down = np.array([np.sin(angle), np.cos(angle)])
        x, y = np.round(palm[:, None] + down[:, None] * steps).astype(int)
        seen = (x >= 0) & (x < deep.shape[1]) & (y >= 0) & (y < deep.shape[0])
        along = deep[y[seen], x[seen]]
        total = float(along[: int(np.argmax(along < 1)) if (along < 1).any() else None].sum())
        if total > best:
            best, vector = total, down
    return vector
