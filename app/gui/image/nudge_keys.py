"""Arrow keys in Landmark mode: they nudge the chosen landmark, whichever list or sheet has the focus."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from app.gui.image.image_view import ImageView


class NudgeKeys(QObject):
    """Hands the arrow keys that other widgets get to the image while they nudge there: a key has one meaning.

    Parameters
    ----------
    view : ImageView
        The image in which the chosen landmark is nudged.
    widgets : iterable of QWidget
        Those that would otherwise do something else with arrow keys.
    """

    def __init__(self, view: ImageView, widgets: Iterable[QWidget]) -> None:
        super().__init__(view)
        self._view = view
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what the image would take if it had the focus."""
        image_input = self._view.image_input
        if event.type() == QEvent.Type.ShortcutOverride:
            return image_input.keeps(event)
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return image_input.nudges(event) and image_input.key(event)
        return False
