"""Left button in Landmark mode: a marker is dragged, a click places the chosen landmark where it has no place yet."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent

from app.core.landmark import PlacementState
from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.controller import Controller
from app.gui.state.drags import PlacementDrag
from app.gui.state.interaction import Drag, StuckDrag


class PlaceLandmark(PlainTool):
    """Corrects where landmarks are in an image."""

    name = "landmark"

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """On a marker that one is dragged; elsewhere a click may place the chosen landmark."""
        at = event.position()
        name = view.marker_at(at)
        return self._drag(view, at, name) if name else Drag(at, lambda up: self._place_missing(view, up.position()))

    def _drag(self, view: Viewport, at: QPointF, landmark: str) -> Drag:
        grip, locked = view.native_of(at), self._controller.why_locked(view.image)
        if grip is None or locked:
            return StuckDrag(at, lambda: view.tell(locked))

        def shift(now: QPointF) -> np.ndarray:
            here = view.native_of(now)
            return np.zeros(2) if here is None else here - grip

        return PlacementDrag(self._controller, at, view.image, landmark, view.drawn_at(landmark), shift)

    def _place_missing(self, view: Viewport, at: QPointF) -> None:
        """A click places the chosen landmark where it has no place yet, or was said to be absent."""
        state = view.state_of(self._controller.landmark)
        if self._controller.landmark and state in (None, PlacementState.ABSENT):
            self.place_at(view, at)

    def place_at(self, view: Viewport, at: QPointF | None) -> None:
        """Place the chosen landmark at a viewport position."""
        xy, frame = view.native_of(at) if at is not None else None, view.frame_of_image
        if xy is None or frame is None or not frame.contains(xy):
            view.tell("Point at the place in the image first.")
        elif view.editable and self._controller.landmark:
            self._controller.place(view.image, self._controller.landmark, (float(xy[0]), float(xy[1])))
