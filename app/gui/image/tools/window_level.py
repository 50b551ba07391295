"""Left button in Navigate mode: window level, and gamma with Ctrl."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.interaction import Drag
from app.gui.widgets.grey import VoiWindow

WINDOW_PIXELS = 400.0
"""A drag of this many screen pixels changes level or width by the window's starting width, gamma by a factor of e."""
GAMMAS = (0.2, 5.0)


class WindowDrag(Drag):
    """Right widens the window, down raises its level."""

    def __init__(self, view: Viewport, start: QPointF) -> None:
        super().__init__(start)
        self.view, self.before = view, view.window_level

    def move(self, at: QPointF) -> None:
        total, before = at - self.start, self.before
        rate = max(before.width, 1.0) / WINDOW_PIXELS
        width = max(before.width + total.x() * rate, 1e-3)
        self.view.set_window(VoiWindow(before.level + total.y() * rate, width, before.gamma))

    def cancel(self) -> None:
        self.view.set_window(self.before)


class GammaDrag(WindowDrag):
    """Up brightens the middle greys; level and width stay."""

    def move(self, at: QPointF) -> None:
        gamma = self.before.gamma * float(np.exp((self.start - at).y() / WINDOW_PIXELS))
        self.view.set_window(replace(self.before, gamma=float(np.clip(gamma, *GAMMAS))))


class WindowLevel(PlainTool):
    """Changes how grey values are shown."""

    name = "window level"

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """With Ctrl the middle greys, else level and width."""
        made = GammaDrag if event.modifiers() & Qt.KeyboardModifier.ControlModifier else WindowDrag
        return made(view, event.position())
