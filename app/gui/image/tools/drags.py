"""Drags in the image that change how it is seen: zoom, window level, gamma."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF

from app.gui.state.drags import PanDrag
from app.gui.state.interaction import Drag
from app.gui.widgets.grey import VoiWindow

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView

WINDOW_PIXELS = 400.0
"""A drag of this many screen pixels changes level or width by the window's starting width, gamma by a factor of e."""
GAMMAS = (0.2, 5.0)


class ZoomDrag(PanDrag):
    """Up zooms in, about the place where it began."""

    def move(self, at: QPointF) -> None:
        self.view.set_zoom(self.view.zoom * 1.006 ** (self.last - at).y(), self.start)
        self.last = at


class WindowDrag(Drag):
    """Right widens the window, down raises its level."""

    def __init__(self, view: ImageView, start: QPointF) -> None:
        super().__init__(start)
        self.view, self.before = view, view.grey.window

    def move(self, at: QPointF) -> None:
        total, before = at - self.start, self.before
        rate = max(before.width, 1.0) / WINDOW_PIXELS
        width = max(before.width + total.x() * rate, 1e-3)
        self.view.set_window(VoiWindow(before.level + total.y() * rate, width, before.gamma))

    def cancel(self) -> None:
        self.view.set_window(self.before)


class GammaDrag(WindowDrag):
    """Up brightens the middle greys; level and width stay."""

    def move(self, at: QPointF) -> None:
        gamma = self.before.gamma * float(np.exp((self.start - at).y() / WINDOW_PIXELS))
        self.view.set_window(replace(self.before, gamma=float(np.clip(gamma, *GAMMAS))))
