"""What a tool must offer that takes the left button of an image view over for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from app.gui.state.interaction import Drag

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView


class Tool(Protocol):
    """The ruler, or the clicks that are collected for a landmark. Every other button and key works as ever."""

    def begin(self, view: ImageView, at: QPointF) -> Drag:
        """The left button goes down at a viewport position."""
        ...

    def escape(self) -> bool:
        """Esc was pressed in the view while nothing was dragged; False where that means nothing to the tool."""
        ...

    def paint(self, painter: QPainter) -> None:
        """Paint over the view in screen pixels."""
        ...
