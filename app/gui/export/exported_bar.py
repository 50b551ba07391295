"""A line across the window once an export is there: what was written where, and a way to look at it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from app.gui.export.exporting import Exporting
from app.gui.state.controller import Controller
from app.gui.widgets.offer_bar import OfferBar


class ExportedBar(OfferBar):
    """Stays until the reader hides it, opens the folder, exports again or closes the project."""

    def __init__(self, controller: Controller, exporting: Exporting) -> None:
        super().__init__("exportedBar", "Open the folder", "openExportFolder")
        self._folder = Path()
        self.taken.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder))))
        exporting.started.connect(self.hide)
        exporting.written.connect(self._show)
        controller.sessionChanged.connect(self.hide)

    def _show(self, sentence: str, folder: Path) -> None:
        self._folder = folder
        self.say(sentence)
