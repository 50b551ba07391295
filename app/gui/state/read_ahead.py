"""Reads the predictions of a large project while the reader already looks at its first image."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.gui.state.controller import Controller

LARGE = 500
"""Images above which opening would be felt: 0.2 ms each."""
BUDGET_SECONDS = 0.006
"""So long is read in one go before the window gets its turn."""


class ReadAhead(QObject):
    """Made before the views, so that it begins before they ask."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        controller.sessionChanged.connect(self._begin)

    def _begin(self) -> None:
        session = self._controller.session
        if session is not None and len(session.images) > LARGE and not session.read_ahead(0):
            self._timer.start()
        else:
            self._timer.stop()

    def _go_on(self) -> None:
        session = self._controller.session
        if session is None or session.read_ahead(BUDGET_SECONDS):
            self._timer.stop()
