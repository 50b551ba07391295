"""From what was drawn of one structure in one image to one curve: pieces joined, direction fixed, cut ends open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from skimage.draw import polygon2mask

from app.core.frame import Points
from app.formats.reading import pieces_of

BORDER_SHARE = 0.012
"""An edge is the picture's and not the structure's where both of its ends lie this close to one side of the picture,
as a share of the picture's longer side: people stop drawing a little before the border."""
_JOINING_GRID = 256


@dataclass(frozen=True, eq=False)
class Curve:
    """The visible contour of a structure.

    Attributes
    ----------
    points : array [P, 2]
        Native pixels, clockwise as one sees it; where it is closed the last point is not the first again.
    closed : bool
        False where the border of the picture cuts it: then it runs from one end of the cut to the other.
    """

    points: Points
    closed: bool

    @property
    def length(self) -> float:
        """Length in pixels; with the closing edge where there is one."""
        return float(self.arc[-1])

    @property
    def arc(self) -> npt.NDArray[np.float64]:
        """Length up to each vertex, [P] or, closed, [P + 1]."""
        steps = np.linalg.norm(np.diff(self._vertices, axis=0), axis=-1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def _vertices(self) -> Points:
        return np.concatenate([self.points, self.points[:1]]) if self.closed else self.points

    def at(self, t: npt.ArrayLike) -> Points:
        """Places [..., 2] at shares of the length; a closed curve goes round, an open one ends."""
        share = np.asarray(t, float)
        share = share % 1.0 if self.closed else np.clip(share, 0.0, 1.0)
        arc, vertices = self.arc, self._vertices
        return np.stack([np.interp(share * arc[-1], arc, vertices[:, k]) for k in (0, 1)], axis=-1)


def signed_area(points: Points) -> float:
    """Area of a polygon [P, 2]; positive where it runs clockwise as one sees it (y down)."""
    x, y = points.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def curve_of(pieces: Sequence[Points], height: int, width: int) -> Curve | None:
    """The curve of a structure drawn in an image of this size; None where next to nothing was drawn."""
    outline = _joined([piece for piece in pieces if abs(signed_area(piece)) > 4])
    if outline is None:
        return None
    outline = _without_repeats(outline if signed_area(outline) > 0 else outline[::-1])
    kept = ~_on_border(outline, height, width)
    if kept.all():
        return Curve(outline, closed=True)
    run = _longest_run(kept)  # edges; edge k goes from vertex k to k + 1
    if run is None:
        return Curve(outline, closed=True)  # nothing but border: as it was drawn
    first, count = run
    return Curve(outline[(first + np.arange(count + 1)) % len(outline)], closed=False)


def _without_repeats(points: Points) -> Points:
    keep = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=-1) > 1e-6
    return np.asarray(points[keep])


def _joined(pieces: Sequence[Points]) -> Points | None:
    """One outline of several pieces (a fracture): the smallest closing that makes them one, else the largest piece."""
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    largest = max(pieces, key=lambda piece: abs(signed_area(piece)))
    everything = np.concatenate(pieces)
    low = everything.min(axis=0)
    scale = 0.6 * _JOINING_GRID / float((everything.max(axis=0) - low).max())
    margin = 0.2 * _JOINING_GRID
    grid = (_JOINING_GRID, _JOINING_GRID)
    mask = np.zeros(grid, np.uint8)
    for piece in pieces:
        mask |= polygon2mask(grid, ((piece - low) * scale + margin)[:, ::-1]).astype(np.uint8)
    for radius in (1, 2, 4, 8, 16, 24):
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        found = pieces_of(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc) > 0)
        if len(found) == 1:
            return np.asarray((found[0] - margin) / scale + low)
    return largest


def _on_border(points: Points, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Which edges [P] of a closed polygon run along a side of the picture."""
    near = max(2.0, BORDER_SHARE * max(height, width))
    x, y = points.T
    sides = np.stack([x < near - 0.5, y < near - 0.5, x > width - 0.5 - near, y > height - 0.5 - near])
    return np.asarray((sides & np.roll(sides, -1, axis=1)).any(axis=0))


def _longest_run(kept: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """First index and length of the longest cyclic run of True; there is at least one False."""
    if not kept.any():
        return None
    start = int(np.flatnonzero(~kept)[0]) + 1
    turned = np.roll(kept, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], turned, [False]]).astype(int)))
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return (start + int(begins[longest])) % len(kept), int(ends[longest] - begins[longest])
