"""Which tool a button starts. A new tool is a file of its own and a line here, or is given to a view for a while."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.gui.image.tools.calipers import MoveEnds
from app.gui.image.tools.landmark import PlaceLandmark
from app.gui.image.tools.mask import EditMask
from app.gui.image.tools.pan import Pan
from app.gui.image.tools.tool import Tool
from app.gui.image.tools.window_level import WindowLevel
from app.gui.image.tools.zoom import Zoom
from app.gui.state.controller import Controller
from app.gui.state.view_state import MaskTool, Mode

TWO_WAYS = (MaskTool.BRUSH, MaskTool.ERASER, MaskTool.LASSO, MaskTool.POLYGON, MaskTool.SNAP)
"""The mask tools that add with one button and take away with the other."""


class Tools:
    """The tools of one image view, by button, and by mode for the left one."""

    def __init__(self, controller: Controller) -> None:
        self.landmark = PlaceLandmark(controller)
        self.calipers = MoveEnds(controller)
        navigate = WindowLevel()
        self._by_button: dict[Qt.MouseButton, Tool] = {
            Qt.MouseButton.MiddleButton: Pan(),
            Qt.MouseButton.RightButton: Zoom(),
        }
        self.mask = EditMask(controller)
        self._other_mask = EditMask(controller, other=True)
        self._controller = controller
        self._by_mode: dict[Mode, Tool] = {Mode.NAVIGATE: navigate, Mode.LANDMARK: self.landmark, Mode.MASK: self.mask}

    def tool_for(self, button: Qt.MouseButton, mode: Mode) -> Tool | None:
        """The tool of a button; None where it has none."""
        if button == Qt.MouseButton.LeftButton:
            return self._by_mode[mode]
        if button == Qt.MouseButton.RightButton and mode is Mode.MASK and self._controller.state.mask_tool in TWO_WAYS:
            return self._other_mask
        return self._by_button.get(button)
