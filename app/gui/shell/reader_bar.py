"""Asks once who is reading, without standing in the way."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.gui.widgets.plain_text import PlainLabel


class ReaderBar(QWidget):
    """A line across the window: a question, a field, a button."""

    named = Signal(str)
    left = Signal()
    """The reader does not want to say now."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("readerBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field = QLineEdit(placeholderText="Your name or initials")
        self.field.setObjectName("readerName")
        self.field.setAccessibleName("Your name or initials")
        self.field.setFixedWidth(220)
        keep, later = QPushButton("Keep"), QPushButton("Later")
        later.setProperty("flat", "true")
        words = PlainLabel("Who is reading? The name is stored with every change, on this machine only.")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(words)
        row.addWidget(self.field)
        row.addWidget(keep)
        row.addWidget(later)
        row.addStretch()
        self.field.returnPressed.connect(self._keep)
        keep.clicked.connect(self._keep)
        later.clicked.connect(self._leave)
        self.hide()

    def ask(self, name: str, focus: bool = True) -> None:
        """Show the question."""
        self.field.setText(name)
        self.show()
        if focus:
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self.field.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        self.hide()
        self.left.emit()

    def _keep(self) -> None:
        name = self.field.text().strip()
        if name:
            self.hide()
            self.named.emit(name)
