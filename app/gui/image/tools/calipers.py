"""Left button in Landmark mode on an end of a caliper: it is dragged, and what is measured between follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF

from app.core.frame import Points
from app.gui.image.caliper_note import CaliperNote, Grip
from app.gui.image.viewport import Viewport
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.view_state import HeldEnds
from app.project.changes import Change


class MoveEnds:
    """Corrects where the widths and heights that are drawn in the image end.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    note : CaliperNote or None
        What is drawn in the image.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self.note: CaliperNote | None = None

    def over(self, view: Viewport, at: QPointF) -> Grip | None:
        """The end of a caliper that is close to a position."""
        if self.note is None or self.note.image != view.image:
            return None
        return self.note.grip_at(view, at)

    def begin(self, view: Viewport, at: QPointF) -> Drag | None:
        """The drag of the end that is close, None where none is."""
        grip, start, locked = self.over(view, at), view.native_of(at), self._controller.why_locked(view.image)
        if grip is None or start is None:
            return None
        if locked:
            return StuckDrag(at, lambda: view.tell(locked))

        def shift(now: QPointF) -> Points:
            here = view.native_of(now)
            return np.zeros(2) if here is None else np.asarray(here - start, float)

        return _EndDrag(self._controller, at, view.image, grip, shift)


class _EndDrag(Drag):
    """Takes one end along; by the line it only slides along the axis, by the border it goes anywhere."""

    places = True

    def __init__(
        self, controller: Controller, start: QPointF, image: str, grip: Grip, shift: Callable[[QPointF], Points]
    ) -> None:
        super().__init__(start)
        self._controller, self._image, self._grip, self._shift = controller, image, grip, shift

    def move(self, at: QPointF) -> None:
        line, step = self._grip.caliper, self._shift(at)
        assert line.axis is not None
        assert line.places is not None
        if self._grip.slides:
            step[1 - line.axis] = 0
        (x1, y1), (x2, y2) = line.places + np.outer(np.arange(2) == self._grip.end, step)
        self._controller.hold_ends(HeldEnds(self._image, line.shape, line.axis, ((x1, y1), (x2, y2))))

    def drop(self, at: QPointF) -> None:
        self.move(at)
        held = self._controller.state.held_ends
        self._controller.hold_ends(None)
        if held is not None:
            self._controller.set_ends(held)

    def survives(self, change: Change) -> bool:
        # A change that names no image may touch all of them.
        return bool(change.images) and self._image not in change.images
