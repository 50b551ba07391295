"""Mask mode: the left button pushes, paints, erases, encircles or smooths the chosen structure's mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF

from app.core import mask_edit
from app.core.frame import Points
from app.core.masks import Mask
from app.gui.image.tools.corners import WITH_CORNERS, Corners
from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.view_state import MaskTool, Stroke
from app.gui.widgets.drawing import polygon
from app.gui.widgets.palette import ON_IMAGE
from app.project.changes import Change, touches_masks

Edit = Callable[[Mask, Points, Points], object]
"""Changes a mask in place for a move of the mouse from one native point [2] to another."""
CIRCLE = np.array([(np.cos(angle), np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 64, endpoint=False)])
WITH_RING = (MaskTool.PUSH, MaskTool.BRUSH, MaskTool.ERASER, MaskTool.SMOOTH)


class EditMask(PlainTool):
    """Corrects the mask of the chosen structure.

    Parameters
    ----------
    controller : Controller
    other : bool
        Whether this is the tool of the right button, which takes away where the left one adds, and the other way round.
    """

    name = "mask"

    def __init__(self, controller: Controller, other: bool = False) -> None:
        self._controller, self._other = controller, other
        self.corners = Corners(controller)

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """One stroke, from the press of the button to its release, is one correction."""
        at, controller = event.position(), self._controller
        here, structure = view.native_of(at), controller.structure
        if here is None or controller.session is None or not view.editable:
            return Drag(at)
        if locked := controller.why_locked(view.image):
            return StuckDrag(at, lambda: view.tell(locked), at_once=True)
        frame = controller.session.image(view.image).frame
        if frame is None:
            return StuckDrag(at, lambda: view.tell("This image has not been read yet."), at_once=True)
        found = controller.session.mask(view.image, structure)
        mask = np.zeros((frame.height, frame.width), bool) if found is None else found.copy()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        on = (controller.state.mask_tool is not MaskTool.ERASER) != (shift or self._other)
        if controller.state.mask_tool in WITH_CORNERS:
            return self.corners.begin(view, at, structure, on)
        if controller.state.mask_tool is MaskTool.LASSO:
            return LassoDrag(controller, view, at, structure, mask, on)
        return StrokeDrag(
            controller, view, at, structure, mask, self._edit(mask, controller.state.brush / view.zoom, on)
        )

    def _edit(self, mask: Mask, radius: float, on: bool) -> Edit:
        tool = self._controller.state.mask_tool
        if tool is MaskTool.PUSH:
            push = mask_edit.Push(mask, radius)
            return lambda _, start, end: push.move(start, end)
        if tool is MaskTool.SMOOTH:
            return lambda mask, _, end: mask_edit.smooth(mask, end, radius)
        return lambda mask, start, end: mask_edit.brush(mask, start, end, radius, on)

    def paint_ring(self, painter: QPainter, view: Viewport, at: QPointF) -> None:
        """What the tool would reach: round in native pixels, so oval where these are not square."""
        centre = view.native_of(at)
        if centre is None or self._controller.state.mask_tool not in WITH_RING:
            return
        reach = self._controller.state.brush / view.zoom
        places = [view.viewport_of(*(centre + axis)).toTuple() for axis in ((0, 0), (reach, 0), (0, reach))]
        ring = polygon(places[0] + CIRCLE @ np.subtract(places[1:], places[0]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(ON_IMAGE.accent), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(ring)

    def paint_path(self, painter: QPainter, view: Viewport) -> None:
        """The line that is being drawn around what is to change."""
        self.corners.paint(painter, view)
        stroke = self._controller.state.stroke
        if stroke is None or not stroke.path or stroke.image != view.image:
            return
        line = QPolygonF([view.viewport_of(*xy) for xy in stroke.path])
        painter.setBrush(QColor(78, 161, 255, 40))
        painter.setPen(QPen(QColor(ON_IMAGE.accent), 1.5, Qt.PenStyle.DashLine))
        painter.drawPolygon(line)


class StrokeDrag(Drag):
    """Changes the mask under the mouse; a click is a stroke of no length."""

    at_once = True

    def __init__(
        self, controller: Controller, view: Viewport, start: QPointF, structure: str, mask: Mask, edit: Edit
    ) -> None:
        super().__init__(start)
        self._controller, self._view, self._image = controller, view, view.image
        self._structure, self._mask, self._edit = structure, mask, edit
        self._last = view.native_of(start)

    def move(self, at: QPointF) -> None:
        here = self._view.native_of(at)
        if here is None or self._last is None:
            return
        self._edit(self._mask, self._last, here)
        self._last = here
        # A view of the same pixels: another object, so that everybody sees that something has changed.
        self._controller.show_stroke(Stroke(self._image, self._structure, self._mask.view()))

    def drop(self, at: QPointF) -> None:
        self.move(at)
        self._keep()

    def click(self, event: QMouseEvent) -> None:
        self.drop(self.start)

    def _keep(self) -> None:
        self._controller.correct_mask(self._image, self._structure, self._mask)
        self._controller.show_stroke(None)

    def survives(self, change: Change) -> bool:
        return not touches_masks(change, self._image)


class LassoDrag(StrokeDrag):
    """Draws a line around what is to be added, or taken away."""

    at_once = False

    def __init__(
        self, controller: Controller, view: Viewport, start: QPointF, structure: str, mask: Mask, on: bool
    ) -> None:
        super().__init__(controller, view, start, structure, mask, lambda *_: None)
        self._on, self._path = on, [] if self._last is None else [tuple(self._last.tolist())]

    def move(self, at: QPointF) -> None:
        here = self._view.native_of(at)
        if here is not None:
            self._path.append(tuple(here.tolist()))
            self._controller.show_stroke(Stroke(self._image, self._structure, self._mask, tuple(self._path)))

    def drop(self, at: QPointF) -> None:
        self.move(at)
        mask_edit.polygon(self._mask, self._path, self._on)
        self._keep()

    def click(self, event: QMouseEvent) -> None:
        self._view.tell(
            "Draw a line around what belongs to the structure; with Shift or the right button, what does not."
        )
