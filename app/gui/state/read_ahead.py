"""Reads the predictions of a large project, and finds its least certain points, while the reader looks at an image."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.gui.state.controller import Controller
from app.project.changes import Change, PredictionChanged

LARGE = 500
"""Images above which opening would be felt: 0.2 ms each."""
MANY = 100
"""Images above which finding all least certain points in one go would be felt: 0.1 ms each."""
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
        controller.changed.connect(self._on_change)

    def _begin(self) -> None:
        session = self._controller.session
        if session is not None and len(session.images) > LARGE and not session.read_ahead(0):
            self._timer.start()
        else:
            self._timer.stop()

    def _on_change(self, change: Change) -> None:
        """What was done to very many images at once may leave their least certain points to be found anew."""
        session = self._controller.session
        if session is None or isinstance(change, PredictionChanged):  # reading ahead ends with one
            return
        of_many = not change.images or len(change.images) > MANY
        if of_many and len(session.images) > MANY and not session.read_ahead(0):
            self._timer.start()

    def _go_on(self) -> None:
        session = self._controller.session
        if session is None or session.read_ahead(BUDGET_SECONDS):
            self._timer.stop()
