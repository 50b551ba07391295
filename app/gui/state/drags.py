"""Drags that more than one view knows: the plane moves along, or a landmark in one image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF

from app.gui.state.controller import Controller
from app.gui.state.interaction import Clicked, Drag
from app.gui.state.view_state import Held
from app.project.changes import Change

Shift = Callable[[QPointF], np.ndarray]


class Pannable(Protocol):
    """What can be moved along."""

    def pan(self, pixels: QPointF) -> None:
        """Move the content by screen pixels."""


class PanDrag(Drag):
    """Moves the picture along."""

    def __init__(self, view: Pannable, start: QPointF, clicked: Clicked | None = None) -> None:
        super().__init__(start, clicked)
        self.view, self.last = view, start

    def move(self, at: QPointF) -> None:
        self.view.pan(at - self.last)
        self.last = at

    def cancel(self) -> None:
        self.move(self.start)


class PlacementDrag(Drag):
    """Takes a landmark along in one image; letting it go corrects its placement. The grip keeps its offset.

    Parameters
    ----------
    controller : Controller
    start : QPointF
    image, landmark : str
    xy : array [2]
        Where the landmark is drawn before, native pixels.
    shift : callable
        Where the mouse is now to by how much that moves the landmark, native pixels [2].
    """

    places = True

    def __init__(
        self, controller: Controller, start: QPointF, image: str, landmark: str, xy: np.ndarray, shift: Shift
    ) -> None:
        super().__init__(start)
        self._controller, self.image, self.landmark = controller, image, landmark
        self._xy, self._shift = np.asarray(xy, float), shift

    def move(self, at: QPointF) -> None:
        x, y = self._xy + self._shift(at)
        self._controller.hold(Held(self.image, self.landmark, (float(x), float(y))))

    def drop(self, at: QPointF) -> None:
        self.move(at)
        held = self._controller.held
        self._controller.hold(None)
        if held is not None:
            self._controller.place(held.image, held.landmark, held.xy)

    def survives(self, change: Change) -> bool:
        # A change that names no image may touch all of them.
        return bool(change.images) and self.image not in change.images
