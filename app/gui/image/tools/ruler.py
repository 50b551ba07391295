"""A line that the reader lays over an object of known length, to tell how large a pixel is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from app.core.frame import Points
from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag
from app.gui.widgets.theme import ON_IMAGE

CLOSE = 12.0
"""An end is picked up from this close, in screen pixels."""


class Ruler(QObject):
    """One line on an image, in native pixels. While a view has a ruler, its left button draws it.

    Attributes
    ----------
    ends : array [2, 2] or None
        None until a line is drawn.
    """

    changed = Signal()

    name = "ruler"

    def __init__(self, view: Viewport, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self.ends: Points | None = None

    def set_ends(self, ends: Points | None) -> None:
        """Lay the line somewhere else."""
        self.ends = ends
        self._view.viewport().update()
        self.changed.emit()

    def length(self, row: float = 1.0, column: float = 1.0) -> float:
        """How long the line is, with pixels that are so large; 0 while there is none."""
        return 0.0 if self.ends is None else float(np.hypot(*(np.diff(self.ends, axis=0)[0] * (column, row))))

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """A drag of the end that is close, or a new line."""
        at = event.position()
        here = view.native_of(at)
        if here is None:
            return Drag(at)
        if self.ends is not None:
            for end in (0, 1):
                away = view.viewport_of(*self.ends[end]) - at
                if np.hypot(away.x(), away.y()) <= CLOSE:
                    return _EndDrag(self, view, at, self.ends[1 - end], grip=self.ends[end] - here)
        return _EndDrag(self, view, at, here, grip=np.zeros(2))

    def escape(self) -> bool:
        """Esc means nothing to a line that lies still."""
        return False

    def paint(self, painter: QPainter) -> None:
        """Paint the line in screen pixels."""
        if self.ends is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        start, end = (self._view.viewport_of(*xy) for xy in self.ends)
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(ON_IMAGE.caution), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(start, end)
            for at in (start, end):
                painter.drawEllipse(at, 5, 5)


class _EndDrag(Drag):
    """Pulls one end of the line, which keeps its offset from the mouse; the other stays."""

    places = True

    def __init__(self, ruler: Ruler, view: Viewport, start: QPointF, fixed: Points, grip: Points) -> None:
        super().__init__(start)
        self._ruler, self._view = ruler, view
        self._fixed, self._grip, self._before = fixed, grip, ruler.ends

    def move(self, at: QPointF) -> None:
        here = self._view.native_of(at)
        if here is not None:
            self._ruler.set_ends(np.stack([self._fixed, here + self._grip]))

    def drop(self, at: QPointF) -> None:
        self.move(at)

    def cancel(self) -> None:
        self._ruler.set_ends(self._before)
