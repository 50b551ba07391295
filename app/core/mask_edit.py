"""Editing a mask by hand: what each tool does to the pixels, in native pixels and within a rectangle alone.

Every function changes a mask [H, W] of bool in place and returns the rectangle in which it may have changed, so that
only that has to be drawn again; it does nothing outside. Whole masks are worked on within their bounding box.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.masks import Mask

Float32 = npt.NDArray[np.float32]
COARSER_FROM = 6.0
"""Blurring by more pixels than this is done on a coarser grid: a tenth of the time for a wide brush."""


class Rect(NamedTuple):
    """A rectangle of pixels: the first column and row, and those behind the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.right <= self.left or self.bottom <= self.top

    def united(self, other: Rect) -> Rect:
        """The smallest rectangle around both; an empty one adds nothing."""
        if self.empty or other.empty:
            return other if self.empty else self
        low = min(self.left, other.left), min(self.top, other.top)
        return Rect(*low, max(self.right, other.right), max(self.bottom, other.bottom))

    @classmethod
    def around(cls, points: npt.ArrayLike, margin: float, shape: tuple[int, ...]) -> Rect:
        """The pixels of a picture [H, W] within `margin` pixels of the bounding box of points [..., 2]."""
        xy = np.asarray(points, float).reshape(-1, 2)
        left, top = np.maximum(np.floor(xy.min(axis=0) - margin), 0).astype(int).tolist()
        right, bottom = (np.ceil(xy.max(axis=0) + margin).astype(int) + 1).tolist()
        return cls(left, top, max(left, min(right, shape[1])), max(top, min(bottom, shape[0])))

    @classmethod
    def of(cls, mask: Mask, margin: int = 0) -> Rect:
        """The bounding box of a mask, `margin` pixels wider where the picture goes on; empty for an empty mask."""
        # Eight pixels at a time: a quarter of the time of OpenCV's boundingRect, and a stroke asks at every move.
        eights = mask.flags.c_contiguous and mask.shape[1] % 8 == 0
        lines = mask.view(np.uint64 if eights else np.uint8)
        rows = np.flatnonzero(lines.any(axis=1))
        if not len(rows):
            return cls(0, 0, 0, 0)
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(np.bitwise_or.reduce(lines[top:bottom], axis=0).view(np.uint8))
        left, right = int(columns[0]), int(columns[-1]) + 1
        low = max(left - margin, 0), max(top - margin, 0)
        return cls(*low, min(right + margin, mask.shape[1]), min(bottom + margin, mask.shape[0]))


def _pixels(rect: Rect) -> tuple[Float32, Float32]:
    """x and y of the pixels' centres of a rectangle, each [h, w]."""
    x, y = np.arange(rect.left, rect.right, dtype=np.float32), np.arange(rect.top, rect.bottom, dtype=np.float32)
    return np.broadcast_to(x, (len(y), len(x))), np.broadcast_to(y[:, None], (len(y), len(x)))


def brush(mask: Mask, start: npt.ArrayLike, end: npt.ArrayLike, radius: float, on: bool = True) -> Rect:
    """Set, or with ``on=False`` clear, the pixels whose centres are within `radius` of the line between two points [2].

    A single click has the same start and end.
    """
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    rect = Rect.around([a, b], radius, mask.shape)
    if rect.empty:
        return rect
    x, y = _pixels(rect)
    edge = b - a
    length2 = float(edge @ edge)
    along = np.clip(((x - a[0]) * edge[0] + (y - a[1]) * edge[1]) / length2, 0, 1) if length2 else np.float32(0)
    near = (x - a[0] - along * edge[0]) ** 2 + (y - a[1] - along * edge[1]) ** 2 <= radius**2
    mask[rect.window][near] = on
    return rect


def polygon(mask: Mask, points: npt.ArrayLike, on: bool = True) -> Rect:
    """Set, or clear, the pixels inside a closed polygon [K, 2]; with fewer than three points nothing."""
    from skimage.draw import polygon2mask  # 40 ms, which the window's start can do without

    xy = np.asarray(points, float).reshape(-1, 2)
    if len(xy) < 3:
        return Rect(0, 0, 0, 0)
    rect = Rect.around(xy, 1, mask.shape)
    if not rect.empty:
        size = rect.bottom - rect.top, rect.right - rect.left
        inside = polygon2mask(size, xy[:, ::-1] - (rect.top, rect.left))
        mask[rect.window][inside] = on
    return rect


class Push:
    """Pushing a mask's border about with a soft brush: one stroke, whose moves add up.

    What is pushed is the plane, not the bitmap: each move is a smooth shift that fades to nothing at the brush's rim,
    shifts are composed, and the mask is looked up once through all of them. So a stroke leaves pieces and holes as many
    as they were (unless it pulls out a thread thinner than a pixel), and going to and fro does not fray the border.

    Parameters
    ----------
    mask : array [H, W], bool
        As it is when the stroke begins; `move` changes it.
    radius : float
        Of the brush, native pixels.
    """

    LONGEST = 0.25
    """A single shift is at most so many radii long: then no two places change their order."""

    def __init__(self, mask: Mask, radius: float) -> None:
        self._mask = mask
        self._before = mask.astype(np.uint8) * np.uint8(255)
        self._radius = float(radius)
        self._shift: Float32 = np.zeros((*mask.shape, 2), np.float32)

    def move(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Rect:
        """Take the border along from one point [2] to another."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        steps = max(1, int(np.ceil(np.linalg.norm(b - a) / (self.LONGEST * self._radius))))
        stations = a + (b - a) * np.linspace(0, 1, steps + 1)[:, None]
        changed = Rect(0, 0, 0, 0)
        for place, following in itertools.pairwise(stations):
            changed = changed.united(self._step(place, following))
        if not changed.empty:
            self._look_up(changed)
        return changed

    def _step(self, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> Rect:
        rect = Rect.around([end], self._radius, self._mask.shape)
        if rect.empty:
            return rect
        wide = Rect.around([start, end], self._radius + 2, self._mask.shape)
        x, y = _pixels(rect)
        (to_x, to_y), (by_x, by_y) = end.tolist(), (start - end).tolist()
        fading = np.clip(1 - ((x - to_x) ** 2 + (y - to_y) ** 2) / self._radius**2, 0, None) ** 2
        from_x, from_y = x + by_x * fading - wide.left, y + by_y * fading - wide.top
        around = np.ascontiguousarray(self._shift[wide.window])
        found = cv2.remap(around, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found[..., 0] += by_x * fading
        found[..., 1] += by_y * fading
        self._shift[rect.window] = found
        return rect

    def _look_up(self, rect: Rect) -> None:
        x, y = _pixels(rect)
        shift = self._shift[rect.window]
        found = cv2.remap(
            self._before, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self._mask[rect.window] = found > 127


def through(mask: Mask, points: npt.ArrayLike, reach: float) -> Rect:
    """Bring the border of a mask to points [K, 2], each with its neighbourhood, smoothly; elsewhere it stays.

    Parameters
    ----------
    mask : array [H, W], bool
    points : array [K, 2]
        Native pixels, where the border has to run.
    reach : float
        So far along the border a point is felt at the least, in pixels.
    """
    changed = Rect(0, 0, 0, 0)
    for _ in range(2):  # a point takes its neighbours along a little: the second time that is put right
        for point in np.asarray(points, float).reshape(-1, 2):
            border = np.concatenate([*outlines(mask), np.zeros((0, 2))])
            if not len(border):
                return changed
            nearest = border[np.linalg.norm(border - point, axis=1).argmin()]
            away = float(np.linalg.norm(point - nearest))
            if away > 0.5:
                changed = changed.united(Push(mask, max(reach, 2.5 * away)).move(nearest, point))
    return changed


def smooth(mask: Mask, centre: npt.ArrayLike, radius: float) -> Rect:
    """Smooth the border within a round brush: details finer than about a third of its radius go."""
    place = np.asarray(centre, float)
    rect = Rect.around([place], radius, mask.shape)
    wide = Rect.around([place], 2 * radius + 2, mask.shape)
    if rect.empty:
        return rect
    blurred = _blurred(mask[wide.window].astype(np.float32), max(radius / 3, 0.8))
    inner = blurred[rect.top - wide.top : rect.bottom - wide.top, rect.left - wide.left : rect.right - wide.left]
    x, y = _pixels(rect)
    near = (x - place[0]) ** 2 + (y - place[1]) ** 2 <= radius**2
    part = mask[rect.window]
    part[near] = inner[near] > 0.5
    return rect


def _blurred(values: Float32, sigma: float) -> Float32:
    """Values blurred by a Gaussian; a wide one on a coarser grid, which it leaves no detail of."""
    shrink = sigma / max(sigma, COARSER_FROM)
    height, width = values.shape
    size = max(round(width * shrink), 1), max(round(height * shrink), 1)
    coarse = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), sigma * shrink)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def fill_holes(mask: Mask) -> Rect:
    """Set every pixel that the mask shuts in: from which no way of neighbouring sides leads out to the border."""
    rect = Rect.of(mask, 1)
    if rect.empty:
        return rect
    part = np.pad(mask[rect.window], 1).view(np.uint8)
    _, labels = cv2.connectedComponents(1 - part, connectivity=4)
    mask[rect.window] = ((part > 0) | (labels != labels[0, 0]))[1:-1, 1:-1]
    return rect


def keep_largest(mask: Mask) -> Rect:
    """Clear all pieces of a mask but the largest; pixels that touch at a corner belong together."""
    rect = Rect.of(mask)
    if rect.empty:
        return rect
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[rect.window].view(np.uint8), connectivity=8)
    mask[rect.window] = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return rect


def grow(mask: Mask, by: tuple[float, float]) -> Rect:
    """Widen a mask by a distance along x and y in pixels, or make it narrower by a negative one.

    Both are equal where pixels are square: what counts is the ellipse with these half axes. The picture's border is no
    border of the mask: nothing is taken away there.
    """
    widths = np.abs(np.asarray(by, float))
    margin = int(np.ceil(widths.max())) + 1
    rect = Rect.of(mask, margin)
    if rect.empty or not widths.all():
        return rect
    reach = np.floor(widths).astype(int)
    x, y = np.meshgrid(np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1))
    kernel = ((x / widths[0]) ** 2 + (y / widths[1]) ** 2 <= 1).astype(np.uint8)
    change = cv2.dilate if by[0] > 0 else cv2.erode
    mask[rect.window] = change(mask[rect.window].view(np.uint8), kernel) > 0
    return rect


def outlines(mask: Mask, sparse: bool = False) -> list[Points]:
    """The borders of a mask's pieces and holes, each a polygon [K, 2] through the middles of its outermost pixels.

    With `sparse` only those at which a border turns.
    """
    rect = Rect.of(mask)
    if rect.empty:
        return []
    part = np.ascontiguousarray(mask[rect.window]).view(np.uint8)
    points = cv2.CHAIN_APPROX_SIMPLE if sparse else cv2.CHAIN_APPROX_NONE
    found, _ = cv2.findContours(part, cv2.RETR_CCOMP, points, offset=(rect.left, rect.top))
    return [contour[:, 0].astype(float) for contour in found]
