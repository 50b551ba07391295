"""What a tool must offer: it has a button of the mouse, and sees a `Viewport` instead of the widget."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtGui import QMouseEvent, QPainter

from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag


class Tool(Protocol):
    """One way to use a button in an image. Every other button and key works as ever.

    Attributes
    ----------
    name : str
        By which `ViewState.tool` names it while it has the left button.
    """

    name: str

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """The button goes down; returns the drag that this may become."""

    def escape(self) -> bool:
        """Esc was pressed in the view while nothing was dragged; False where that means nothing to the tool."""

    def paint(self, painter: QPainter) -> None:
        """Paint over the view in screen pixels."""


class PlainTool:
    """A tool that paints nothing and to which Esc means nothing."""

    def escape(self) -> bool:
        """Means nothing."""
        return False

    def paint(self, painter: QPainter) -> None:
        """Nothing to paint."""
