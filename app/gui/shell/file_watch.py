"""Looks again at the images’ files when the reader comes back to the window: they may be replaced or put back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.jobs import Event, Finished, Job


class FileCheck(QObject):
    """One sweep over all files whenever the program becomes the active one; what changed, the session tells."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller)
        self._controller, self._bridge = controller, bridge
        self._job: Job | None = None
        self._away = False
        controller.sessionChanged.connect(self.cancel)
        QGuiApplication.instance().applicationStateChanged.connect(self._on_state)  # type: ignore[union-attr]

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive:
            self._away = True
        elif self._away:  # the first time it becomes active nobody comes back
            self._away = False
            self.begin()

    def cancel(self) -> None:
        """Stop; what was seen is taken in no more."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def begin(self) -> None:
        """Look at all files, unless that is under way."""
        session = self._controller.session
        if session is not None and self._job is None:
            job = self._job = session.start_check_files()
            self._bridge.job(job, lambda event: self._on_event(job, event))

    def _on_event(self, job: Job, event: Event) -> None:
        if job is not self._job or self._controller.session is None:
            return
        self._controller.session.take_checked(event)
        if isinstance(event, Finished):
            self._job = None
