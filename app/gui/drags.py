"""What holding a mouse button down in the image does: one small class per kind, from the press to the release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF

from app.gui.grey import Window

if TYPE_CHECKING:
    from app.gui.image_view import ImageView

WINDOW_PIXELS = 400.0
"""A drag of this many screen pixels changes level or width by the window's starting width, gamma by a factor of e."""
GAMMAS = (0.2, 5.0)


class Drag:
    """A press of a mouse button that may become a drag. Positions are viewport pixels."""

    def __init__(self, view: ImageView, start: QPointF) -> None:
        self.view, self.start, self.last = view, start, start

    def move(self, at: QPointF) -> None:
        """Follow the mouse."""

    def drop(self, at: QPointF) -> None:
        """The button was released after a drag."""

    def cancel(self) -> None:
        """Everything as it was."""


class PanDrag(Drag):
    """Moves the picture along."""

    def move(self, at: QPointF) -> None:
        self.view.pan(at - self.last)
        self.last = at

    def cancel(self) -> None:
        self.move(self.start)


class ZoomDrag(Drag):
    """Up zooms in, about the place where it began."""

    def move(self, at: QPointF) -> None:
        self.view.set_zoom(self.view.zoom * 1.006 ** (self.last - at).y(), self.start)
        self.last = at

    def cancel(self) -> None:
        self.move(self.start)


class WindowDrag(Drag):
    """Right widens the window, down raises its level."""

    def __init__(self, view: ImageView, start: QPointF) -> None:
        super().__init__(view, start)
        self.before = view.grey.window

    def move(self, at: QPointF) -> None:
        total, before = at - self.start, self.before
        rate = max(before.width, 1.0) / WINDOW_PIXELS
        width = max(before.width + total.x() * rate, 1e-3)
        self.view.set_window(Window(before.level + total.y() * rate, width, before.gamma))

    def cancel(self) -> None:
        self.view.set_window(self.before)


class GammaDrag(WindowDrag):
    """Up brightens the middle greys; level and width stay."""

    def move(self, at: QPointF) -> None:
        gamma = self.before.gamma * float(np.exp((self.start - at).y() / WINDOW_PIXELS))
        self.view.set_window(replace(self.before, gamma=float(np.clip(gamma, *GAMMAS))))


class MarkerDrag(Drag):
    """Takes a landmark along; letting it go corrects its placement."""

    def __init__(self, view: ImageView, start: QPointF, landmark: str) -> None:
        super().__init__(view, start)
        self.landmark = landmark

    def move(self, at: QPointF) -> None:
        self.view.hold_marker(self.landmark, self.view.native_of(at))

    def drop(self, at: QPointF) -> None:
        xy = self.view.native_of(at)
        self.view.hold_marker("", None)
        if xy is not None:
            self.view.place(self.landmark, xy)

    def cancel(self) -> None:
        self.view.hold_marker("", None)
