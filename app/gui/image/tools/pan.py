"""Middle button: the picture moves along."""

from __future__ import annotations

from PySide6.QtGui import QMouseEvent

from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.drags import PanDrag
from app.gui.state.interaction import Drag


class Pan(PlainTool):
    """Moves the picture."""

    name = "pan"

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """The picture follows the mouse."""
        return PanDrag(view, event.position())
