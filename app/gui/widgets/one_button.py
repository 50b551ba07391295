"""In Qt's own lists a second button would replace a running drag; with this it does nothing there either."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView


class OneButton(QObject):
    """Keeps other buttons, and the menu that they would open, from a list while one button is held."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._held = Qt.MouseButton.NoButton
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
            return by_mouse and self._held not in (Qt.MouseButton.NoButton, Qt.MouseButton.RightButton)
        if not isinstance(event, QMouseEvent):
            return False
        if kind == QEvent.Type.MouseButtonPress:
            if event.buttons() != event.button() and self._held in event.buttons() and self._held != event.button():
                return True
            self._held = event.button()
        elif kind == QEvent.Type.MouseButtonRelease:
            if event.button() != self._held:
                return self._held != Qt.MouseButton.NoButton
            self._held = Qt.MouseButton.NoButton
        return False
