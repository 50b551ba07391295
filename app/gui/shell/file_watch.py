"""Looks again at the images’ files when the reader comes back to the window: they may be replaced or put back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.gui.state.desk import Desk

AT_ONCE = 64
"""Files per turn of the event loop: below a millisecond on a local disk."""


class LookingAgain(QObject):
    """One sweep over all files whenever the program becomes the active one; what changed, the session tells."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._rest: tuple[str, ...] = ()
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._some)
        desk.sessionChanged.connect(self._turn.stop)
        QGuiApplication.instance().applicationStateChanged.connect(self._on_state)  # type: ignore[union-attr]

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self.begin()

    def begin(self) -> None:
        """Look at all files, a few at a time."""
        self._rest = self._desk.session.images if self._desk.session is not None else ()
        self._turn.start()

    def _some(self) -> None:
        now, self._rest = self._rest[:AT_ONCE], self._rest[AT_ONCE:]
        if self._desk.session is not None and now:
            self._desk.session.look_again(now)
        else:
            self._turn.stop()
