"""Live wire: the way from one place to another along the edges of a picture.

The method is that of E. Mortensen and W. Barrett, “Intelligent scissors for image composition”, SIGGRAPH 1995, as
OpenCV has it: a cost for each step between pixels, low along edges, and the cheapest ways from one pixel to all others.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points

CELLS = 256
"""Width and height of the part of a picture that is looked at, in cells: more would take longer than a hand notices."""
_BLUR = 1.0
_CANNY = 16.0, 48.0
_SMOOTHED = 5
"""So many neighbours on the way are averaged: a way goes from cell to cell."""


class LiveWire:
    """The cheapest ways from one place to all others around it.

    Parameters
    ----------
    cells : array [CELLS, CELLS], uint8
        The picture as it is shown, resampled.
    corner : array [2]
        Native pixel at the centre of the first cell.
    step : float
        Native pixels from one cell to the next.
    start : array [2]
        Where all ways begin, native pixels.
    """

    def __init__(self, cells: npt.NDArray[np.uint8], corner: npt.ArrayLike, step: float, start: npt.ArrayLike) -> None:
        self._corner, self._step = np.asarray(corner, float), step
        self._last = np.array(cells.shape[::-1]) - 1
        self._start = np.asarray(start, float)
        scissors = cv2.segmentation.IntelligentScissorsMB()
        scissors.setEdgeFeatureCannyParameters(*_CANNY)
        scissors.setGradientMagnitudeMaxLimit(0.0)  # as large as it is in this part
        scissors.applyImage(cv2.GaussianBlur(cells, (0, 0), _BLUR))
        scissors.buildMap(self._cell(self._start))
        self._scissors = scissors

    def _cell(self, xy: npt.ArrayLike) -> tuple[int, int]:
        x, y = np.clip(np.rint((np.asarray(xy, float) - self._corner) / self._step), 0, self._last).astype(int).tolist()
        return x, y

    def to(self, xy: npt.ArrayLike) -> Points:
        """The way to a place [2], native pixels [K, 2], without the start.

        It is straight where it leaves the part of the picture that is looked at.
        """
        end = np.asarray(xy, float)
        way = self._scissors.getContour(self._cell(end)).reshape(-1, 2)[1:]
        line = np.vstack([self._start, self._corner + self._step * way])
        reach = min(_SMOOTHED // 2, (len(line) - 1) // 2)
        if reach:
            kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
            inner = np.column_stack([np.convolve(line[:, axis], kernel, "valid") for axis in (0, 1)])
            line = np.vstack([line[0], inner, line[-1]])
        return np.vstack([line[1:], end])


def part_around(start: npt.ArrayLike, step: float) -> npt.NDArray[np.float64]:
    """Native pixel [2] at the centre of the first cell of the part of a picture around a place."""
    return np.asarray(start, float) - step * (CELLS // 2)
