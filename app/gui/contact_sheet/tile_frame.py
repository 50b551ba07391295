"""Which place of its image each pixel of a tile shows: the one place where turning and scaling of crops is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame, Points

SHARE = 0.17
"""A crop's width as a share of the image's diagonal."""


def upright(frame: Frame) -> npt.NDArray[np.float64]:
    """Matrix [2, 2] from the width of a tile to native pixels of an image: upright as it is read, in true proportions.

    Its columns are the steps from the left border of the tile to the right one and from the upper one to the lower.
    """
    widths = frame.diagonal * np.sqrt(frame.aspect) * SHARE  # widths of a native pixel per width of the tile
    return np.asarray(np.linalg.inv(frame.upright) * widths)


@dataclass(frozen=True, eq=False)
class TileFrame:
    """The map between the screen and the native pixels of one tile.

    Attributes
    ----------
    linear : array [2, 2]
        Native pixels per screen pixel.
    xy : array [2]
        The native place that is shown in the middle.
    middle : array [2]
        Where that is in the viewport, screen pixels; the corner of the first pixel is (0, 0).
    """

    linear: npt.NDArray[np.float64]
    xy: Points
    middle: Points

    def to_native(self, at: npt.ArrayLike) -> Points:
        """Places of the viewport [..., 2] to native pixels [..., 2]."""
        return np.asarray((np.asarray(at, float) - self.middle) @ self.linear.T + self.xy)

    def to_screen(self, xy: npt.ArrayLike) -> Points:
        """Native pixels [..., 2] to places of the viewport [..., 2]."""
        return np.asarray((np.asarray(xy, float) - self.xy) @ np.linalg.inv(self.linear).T + self.middle)

    def shift(self, step: npt.ArrayLike) -> Points:
        """A step on the screen [2] as one in native pixels [2]."""
        return np.asarray(self.linear @ np.asarray(step, float))
