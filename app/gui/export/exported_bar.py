"""A line across the window once an export is there: what was written where, and a way to look at it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.export.exporting import Exporting
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel


class ExportedBar(QWidget):
    """Stays until the reader hides it, opens the folder, exports again or closes the project."""

    def __init__(self, controller: Controller, exporting: Exporting) -> None:
        super().__init__()
        self.setObjectName("exportedBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._folder = Path()
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.open, later = QPushButton("Open the folder"), QPushButton("Hide")
        self.open.setObjectName("openExportFolder")
        later.setProperty("flat", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.words, stretch=1)
        for button in (self.open, later):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the next key is still the image's
            row.addWidget(button)
        self.open.clicked.connect(self._open)
        later.clicked.connect(self.hide)
        exporting.started.connect(self.hide)
        exporting.written.connect(self._show)
        controller.sessionChanged.connect(self.hide)
        self.hide()

    def _show(self, sentence: str, folder: Path) -> None:
        self._folder = folder
        self.words.setText(sentence)
        self.show()

    def _open(self) -> None:
        self.hide()
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
