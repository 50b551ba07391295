"""Messages to the reader: a quiet, lasting list instead of dialogs."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QPushButton, QVBoxLayout, QWidget

from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel

MOST = 500
NEWEST = 10
"""Among so many no sentence stands twice."""


class Messages(QWidget):
    """The list itself; `counted` says how many messages there are and what the newest says."""

    counted = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("messages")
        heading = PlainLabel("Messages")
        heading.setProperty("heading", "true")
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName("Messages")
        clear, close = QPushButton("Clear"), QPushButton("Hide")
        for button in (clear, close):
            button.setProperty("flat", "true")
        clear.clicked.connect(self.clear)
        close.clicked.connect(self.hide)
        top = QHBoxLayout()
        top.addWidget(heading)
        top.addStretch()
        top.addWidget(clear)
        top.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * theme.STEP, 2 * theme.STEP, 3 * theme.STEP, theme.STEP)
        layout.setSpacing(theme.STEP)
        layout.addLayout(top)
        layout.addWidget(self.list)
        self.setMaximumHeight(120)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.hide()

    def add(self, sentence: str) -> None:
        """Keep a sentence; one that is among the newest already moves to the end."""
        newest = range(max(0, self.list.count() - NEWEST), self.list.count())
        again = [row for row in newest if self.list.item(row).data(Qt.ItemDataRole.UserRole) == sentence]
        for row in again:
            self.list.takeItem(row)
        self.list.addItem(f"{datetime.now():%H:%M}   {sentence}")
        self.list.item(self.list.count() - 1).setData(Qt.ItemDataRole.UserRole, sentence)
        if self.list.count() > MOST:
            self.list.takeItem(0)
        self.list.scrollToBottom()
        self.counted.emit(self.list.count(), sentence)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self.list.scrollToBottom)  # as soon as it is laid out: the newest is wanted

    def clear(self) -> None:
        """Forget all messages."""
        self.list.clear()
        self.counted.emit(0, "")
        self.hide()

    def sentences(self) -> list[str]:
        """All messages, oldest first."""
        return [self.list.item(i).data(Qt.ItemDataRole.UserRole) for i in range(self.list.count())]
