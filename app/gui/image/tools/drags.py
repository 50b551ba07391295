"""What holding a mouse button down in the image does: one small class per kind, from the press to the release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF

from app.gui.state.desk import Desk, Held
from app.gui.state.interaction import Clicked, Drag
from app.gui.widgets.grey import Window
from app.project.entries import Change

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView
    from app.gui.widgets.canvas import Canvas

WINDOW_PIXELS = 400.0
"""A drag of this many screen pixels changes level or width by the window's starting width, gamma by a factor of e."""
GAMMAS = (0.2, 5.0)
Shift = Callable[[QPointF], np.ndarray]


class PanDrag(Drag):
    """Moves the picture along."""

    def __init__(self, view: Canvas, start: QPointF, clicked: Clicked | None = None) -> None:
        super().__init__(start, clicked)
        self.view, self.last = view, start

    def move(self, at: QPointF) -> None:
        self.view.pan(at - self.last)
        self.last = at

    def cancel(self) -> None:
        self.move(self.start)


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
        self.view.set_window(Window(before.level + total.y() * rate, width, before.gamma))

    def cancel(self) -> None:
        self.view.set_window(self.before)


class GammaDrag(WindowDrag):
    """Up brightens the middle greys; level and width stay."""

    def move(self, at: QPointF) -> None:
        gamma = self.before.gamma * float(np.exp((self.start - at).y() / WINDOW_PIXELS))
        self.view.set_window(replace(self.before, gamma=float(np.clip(gamma, *GAMMAS))))


class PlacementDrag(Drag):
    """Takes a landmark along in one image; letting it go corrects its placement. The grip keeps its offset.

    Parameters
    ----------
    desk : Desk
    start : QPointF
    image, landmark : str
    xy : array [2]
        Where the landmark is drawn before, native pixels.
    shift : callable
        Where the mouse is now to by how much that moves the landmark, native pixels [2].
    """

    def __init__(self, desk: Desk, start: QPointF, image: str, landmark: str, xy: np.ndarray, shift: Shift) -> None:
        super().__init__(start)
        self._desk, self.image, self.landmark = desk, image, landmark
        self._xy, self._shift = np.asarray(xy, float), shift

    def move(self, at: QPointF) -> None:
        x, y = self._xy + self._shift(at)
        self._desk.hold(Held(self.image, self.landmark, (float(x), float(y))))

    def drop(self, at: QPointF) -> None:
        self.move(at)
        held = self._desk.held
        self._desk.hold(None)
        if held is not None:
            self._desk.place(held.image, held.landmark, held.xy)

    def survives(self, change: Change) -> bool:
        # A change that names no image may touch all of them.
        return bool(change.images) and self.image not in change.images
