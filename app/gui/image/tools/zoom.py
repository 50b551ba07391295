"""Right button: a drag zooms, a click opens the menu."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent

from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag


class ZoomDrag(Drag):
    """Up zooms in, about the place where it began."""

    def __init__(self, view: Viewport, start: QPointF) -> None:
        super().__init__(start, view.ask_menu if view.editable else None)
        self._view, self._zoom = view, view.zoom

    def move(self, at: QPointF) -> None:
        self._view.set_zoom(self._zoom * 1.006 ** (self.start - at).y(), self.start)

    def cancel(self) -> None:
        self.move(self.start)


class Zoom(PlainTool):
    """Changes the size of the picture on the screen."""

    name = "zoom"

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """About the place where the button went down."""
        return ZoomDrag(view, event.position())
