"""A line to type a landmark's name in, right where the landmark was put."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


def free_name(taken: Iterable[str], stem: str = "Landmark") -> str:
    """A name that nobody has: “Landmark 1”, “Landmark 2”, ..."""
    known = set(taken)
    number = 1
    while f"{stem} {number}" in known:
        number += 1
    return f"{stem} {number}"


class NameEditor(QLineEdit):
    """Enter commits, Esc or leaving the field cancels; `ended` follows either way."""

    ended = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.setObjectName("nameEditor")
        self.setPlaceholderText("Name of the landmark")
        self.setToolTip("Enter keeps the landmark, Esc takes it back")
        self.setFixedWidth(184)
        self._commit: Callable[[str], bool] | None = None
        self.hide()

    def ask(self, at: QPoint, suggestion: str, commit: Callable[[str], bool]) -> None:
        """Open beside a point of the parent; `commit(name)` returns False to keep the editor open."""
        self._commit = commit
        self.setText(suggestion)
        self.selectAll()
        area = self._host.rect()
        self.adjustSize()
        x = min(max(at.x() + 16, 4), area.width() - self.width() - 4)
        y = min(max(at.y() - self.height() // 2, 4), area.height() - self.height() - 4)
        self.move(x, y)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            name = self.text().strip()
            if name and self._commit is not None and self._commit(name):
                self._end()
        elif event.key() == Qt.Key.Key_Escape:
            self._end()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # Another window coming to the front, or the line's own menu, is no decision of the reader.
        if event.reason() in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            return
        if self.isVisible():
            self._end(back=False)  # the reader has gone elsewhere: keys belong there now

    def _end(self, back: bool = True) -> None:
        self._commit = None
        self.hide()
        if back:
            self._host.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ended.emit()
