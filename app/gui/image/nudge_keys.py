"""Arrow keys in Landmark mode: they nudge the chosen landmark, also from the lists and the sheet."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from app.gui.image.split_view import ImagesPane


class NudgeKeys(QObject):
    """Hands the arrow keys that other widgets get to the image while they nudge there: a key has one meaning.

    Parameters
    ----------
    images : ImagesPane
        In the active one of them the chosen landmark is nudged.
    widgets : iterable of QWidget
        Those that would otherwise do something else with arrow keys.
    lists : iterable of QWidget
        Lists in which Up and Down choose a row, as in any list; the other arrows, and all with Shift, nudge.
    """

    def __init__(self, images: ImagesPane, widgets: Iterable[QWidget], lists: Iterable[QWidget] = ()) -> None:
        super().__init__(images)
        self._images, self._lists = images, tuple(lists)
        for widget in (*widgets, *self._lists):
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what the image would take if it had the focus."""
        image_input = self._images.active.image_input
        if not self._images.isVisible():  # nothing is nudged that is not on the screen
            return False
        if watched in self._lists and _chooses(event):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            return image_input.keeps(event)
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return image_input.nudges(event) and image_input.key(event)
        return False


def _chooses(event: QEvent) -> bool:
    """Whether a key goes to the row above or below."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier if isinstance(event, QKeyEvent) else None
    return isinstance(event, QKeyEvent) and not held and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
