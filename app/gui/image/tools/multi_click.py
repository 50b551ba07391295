"""While clicks for a new landmark are collected, the left button clicks in every image view."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QMouseEvent, QPainter

from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag


class ClickTool(QObject):
    """Says where was clicked.

    Signals: `clicked` with the image and native pixels; `escaped` when Esc ends it.
    """

    clicked = Signal(str, QPointF)
    escaped = Signal()
    name = "several clicks"

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """A click counts where the button went down, once it is up again."""
        at = event.position()
        return Drag(at, lambda _: self._click(view, at))

    def _click(self, view: Viewport, at: QPointF) -> None:
        xy = view.native_of(at)
        if xy is not None:
            self.clicked.emit(view.image, QPointF(float(xy[0]), float(xy[1])))

    def escape(self) -> bool:
        """Esc ends it."""
        self.escaped.emit()
        return True

    def paint(self, painter: QPainter) -> None:
        """The clicks are drawn as markers."""
