"""While a region is drawn, the left button puts its corners down in every image view."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Signal
from PySide6.QtGui import QMouseEvent, QPainter

from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag


class DrawRegion(QObject):
    """Says where was clicked.

    Signals: `clicked` with the image and native pixels; `ended` by a double click; `escaped` when Esc ends it.
    """

    clicked = Signal(str, QPointF)
    ended = Signal()
    escaped = Signal()
    name = "region"

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """A click counts where the button went down, once it is up again."""
        at = event.position()
        if event.type() == QEvent.Type.MouseButtonDblClick:  # its first click put a corner here
            return Drag(at, lambda _: self.ended.emit())
        return Drag(at, lambda _: self._click(view, at))

    def _click(self, view: Viewport, at: QPointF) -> None:
        xy = view.native_of(at)
        if xy is not None and view.image:
            self.clicked.emit(view.image, QPointF(float(xy[0]), float(xy[1])))

    def escape(self) -> bool:
        """Esc ends it."""
        self.escaped.emit()
        return True

    def paint(self, painter: QPainter) -> None:
        """Corners and sides are drawn as a region."""
