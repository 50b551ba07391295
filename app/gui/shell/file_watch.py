"""Looks again at the images’ files when the reader comes back to the window: they may be replaced or put back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.gui.state.controller import Controller

AT_ONCE = 64
"""Files per turn of the event loop: below a millisecond on a local disk."""


class FileCheck(QObject):
    """One sweep over all files whenever the program becomes the active one; what changed, the session tells."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._rest: tuple[str, ...] = ()
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._some)
        controller.sessionChanged.connect(self._turn.stop)
        QGuiApplication.instance().applicationStateChanged.connect(self._on_state)  # type: ignore[union-attr]

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self.begin()

    def begin(self) -> None:
        """Look at all files, a few at a time."""
        self._rest = self._controller.session.images if self._controller.session is not None else ()
        self._turn.start()

    def _some(self) -> None:
        now, self._rest = self._rest[:AT_ONCE], self._rest[AT_ONCE:]
        if self._controller.session is not None and now:
            self._controller.session.check_files(now)
        else:
            self._turn.stop()
