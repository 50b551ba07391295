"""Clicks that go around what is to change: corner by corner, straight (polygon) or along edges (snap to edge)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.core import mask_edit
from app.core.frame import Points
from app.core.masks import Mask
from app.gui.image.tools.snap import Snap
from app.gui.image.viewport import Viewport
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag
from app.gui.state.view_state import MaskTool, Outline, Way
from app.gui.widgets.palette import ON_IMAGE

CLOSE = 9.0
"""A click so close to the first corner closes the outline, in screen pixels."""
SAME = 3.0
"""A click so close to the last corner is the second half of a double click: it closes the outline too."""
WITH_CORNERS = (MaskTool.POLYGON, MaskTool.SNAP)


class Corners:
    """The corners that were clicked so far (`ViewState.outline`); nothing of them is stored before they are closed."""

    def __init__(self, controller: Controller) -> None:
        self._controller, self._snap = controller, Snap()

    def begin(self, view: Viewport, at: QPointF, structure: str, on: bool) -> Drag:
        """A button goes down: where it goes up is a corner."""
        return _CornerDrag(self, view, at, structure, on)

    def hover(self, view: Viewport, at: QPointF) -> None:
        """The mouse moves: the outline follows it from the last corner."""
        outline, here = self._of(view), view.native_of(at)
        if outline is not None and here is not None:
            self._controller.show_outline(replace(outline, tail=self._way(view, outline, here)))

    def add(self, view: Viewport, at: QPointF, structure: str, on: bool) -> None:
        """A corner, or the end of the outline where it comes back to its first corner or stays at its last one."""
        outline, here = self._of(view), view.native_of(at)
        if here is None:
            return
        if outline is None:
            self._go_on(view, Outline(view.image, structure, on, (_points([here]),)))
            return
        if self._away(view, at, outline.corners[-1]) <= SAME or (
            len(outline.corners) > 2 and self._away(view, at, outline.corners[0]) <= CLOSE
        ):
            self.close(view)
            return
        ways = (*outline.ways, self._way(view, outline, here))
        self._go_on(view, replace(outline, ways=ways, tail=()))

    def _go_on(self, view: Viewport, outline: Outline) -> None:
        self._controller.show_outline(outline)
        if self._controller.state.mask_tool is MaskTool.SNAP:
            self._snap.begin(view, outline.corners[-1])  # now: a click may take longer than a move of the mouse

    def _of(self, view: Viewport) -> Outline | None:
        outline = self._controller.state.outline
        return outline if outline is not None and outline.image == view.image else None

    def _way(self, view: Viewport, outline: Outline, to: Points) -> Way:
        """From the last corner, without it."""
        if self._controller.state.mask_tool is MaskTool.SNAP:
            return _points(self._snap.way(view, outline.corners[-1], to))
        return _points([to])

    @staticmethod
    def _away(view: Viewport, at: QPointF, corner: tuple[float, float]) -> float:
        gap = view.viewport_of(*corner) - at
        return float(np.hypot(gap.x(), gap.y()))

    def close(self, view: Viewport) -> None:
        """Add what the corners enclose to the mask, or take it away: one correction."""
        outline, session = self._of(view), self._controller.session
        if outline is None or session is None:
            return
        if len(outline.corners) < 3:
            view.tell("An outline needs three corners at least. Click the next one, or press Esc.")
            return
        frame = session.image(view.image).frame
        assert frame is not None
        found = session.mask(view.image, outline.structure)
        mask: Mask = np.zeros((frame.height, frame.width), bool) if found is None else found.copy()
        last = self._way(view, outline, np.array(outline.corners[0]))
        mask_edit.polygon(mask, [*outline.path, *last], outline.on)
        self._controller.show_outline(None)
        self._controller.correct_mask(view.image, outline.structure, mask)

    def key(self, view: Viewport, key: int) -> bool:
        """Act on a key while there are corners; False if it means nothing here."""
        if self._of(view) is None:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close(view)
        elif key == Qt.Key.Key_Backspace:
            self._controller.take_back_corner()
        elif key == Qt.Key.Key_Escape:
            self._controller.show_outline(None)
        else:
            return False
        return True

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """What would be enclosed, its corners, and the first one as the place that closes it."""
        outline = self._of(view)
        if outline is None:
            return
        line = QPolygonF([view.viewport_of(*xy) for xy in (*outline.path, *outline.tail)])
        colour = QColor(ON_IMAGE.accent if outline.on else ON_IMAGE.bad)
        fill = QColor(colour)
        fill.setAlpha(40)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ink, width in ((QColor(0, 0, 0, 150), 3.0), (colour, 1.5)):
            painter.setPen(QPen(ink, width))
            painter.drawPolyline(line)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 1.0))
        painter.setBrush(colour)
        for place, corner in enumerate(outline.corners):
            radius = 5.0 if place == 0 else 3.0
            painter.drawEllipse(view.viewport_of(*corner), radius, radius)


def _points(points: object) -> Way:
    return tuple((float(x), float(y)) for x, y in np.asarray(points, float).reshape(-1, 2).tolist())


class _CornerDrag(Drag):
    places = True

    def __init__(self, corners: Corners, view: Viewport, at: QPointF, structure: str, on: bool) -> None:
        super().__init__(at, lambda _: corners.add(view, at, structure, on))
        self._corners, self._view, self._structure, self._on = corners, view, structure, on

    def move(self, at: QPointF) -> None:
        self._corners.hover(self._view, at)

    def drop(self, at: QPointF) -> None:
        self._corners.add(self._view, at, self._structure, self._on)
