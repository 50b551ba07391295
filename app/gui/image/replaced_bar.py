"""A line above an image whose file is another one than the one that was corrected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.changes import Change


class ReplacedBar(QWidget):
    """Lets the reader keep or drop what was said of the file before."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("replacedBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._controller = controller
        words = PlainLabel("This file is another one than the one that was corrected.")
        words.setWordWrap(True)
        self.keep, self.drop = QPushButton("Keep the corrections"), QPushButton("Drop them")
        self.keep.setObjectName("keepCorrections")
        self.drop.setObjectName("dropCorrections")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(words, stretch=1)
        row.addWidget(self.keep)
        row.addWidget(self.drop)
        self.keep.clicked.connect(lambda: controller.do(controller.open_session().keep_corrections, controller.image))
        self.drop.clicked.connect(lambda: controller.do(controller.open_session().drop_corrections, controller.image))
        controller.sessionChanged.connect(self.refresh)
        controller.imageChanged.connect(self.refresh)
        controller.changed.connect(self._on_change)
        self.hide()

    def _on_change(self, change: Change) -> None:
        if self._controller.image in change.images or not change.images:
            self.refresh()

    def refresh(self, *_: object) -> None:
        """Be there where something is to be decided."""
        session, image = self._controller.session, self._controller.image
        self.setVisible(bool(session and image and not session.read_only and session.image(image).replaced))
