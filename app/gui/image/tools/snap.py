"""Snap to edge: the way from the last corner to the mouse along the edges that the reader sees."""

from __future__ import annotations

import numpy as np

from app.core.frame import Points
from app.core.live_wire import CELLS, LiveWire, part_around
from app.gui.image.viewport import Viewport

SCREEN_STEP = 1.5
"""One cell of the live wire, in screen pixels: it reaches 190 of them to each side of the last corner."""


class Snap:
    """Keeps the ways from the last corner: they are found once for each corner, and read off at every move."""

    def __init__(self) -> None:
        self._wire: LiveWire | None = None
        self._key: object = None

    def way(self, view: Viewport, start: tuple[float, float], end: Points) -> Points:
        """From one native point to another [2], without the first: [K, 2]; straight while there is no picture."""
        self.begin(view, start)
        return np.asarray(end, float).reshape(1, 2) if self._wire is None else self._wire.to(end)

    def begin(self, view: Viewport, start: tuple[float, float]) -> None:
        """Find the ways from a native point [2], in the picture as it is zoomed and shown now."""
        picture = view.grey.picture
        key = view.image, start, picture, view.zoom, view.grey.voi_window
        if key == self._key:
            return
        self._key = key
        step = max(SCREEN_STEP / view.zoom, 0.5)
        corner = part_around(start, step)
        cells = view.grey.cells(corner, step, CELLS) if picture is not None else None
        self._wire = LiveWire(cells, corner, step, start) if cells is not None else None
