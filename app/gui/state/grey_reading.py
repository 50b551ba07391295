"""Reads files for measurements of grey values, a few at a time, while the reader does something else."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.jobs import Event, Finished, Job
from app.project.changes import Change, GreyMeasured

QUIET_MS = 200
"""So long nothing else may have changed: predicting and dragging come first."""


class GreyReading(QObject):
    """One job of some images after the other, as long as a measurement asks for what is not known."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller)
        self._controller, self._bridge = controller, bridge
        self._job: Job | None = None
        self._soon = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._soon.timeout.connect(self._begin)
        controller.sessionChanged.connect(self._on_session)
        controller.changed.connect(self._on_change)

    def _on_session(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._soon.start()

    def _on_change(self, change: Change) -> None:
        if not isinstance(change, GreyMeasured):
            self._soon.start()

    def _begin(self) -> None:
        session = self._controller.session
        if session is None or self._job is not None or not session.measures_grey:
            return
        job = session.start_measure_grey()
        if job is not None:
            self._job = job
            self._bridge.job(job, lambda event: self._hear(job, event))
        elif session.reading_ahead:
            self._soon.start()

    def _hear(self, job: Job, event: Event) -> None:
        if job is not self._job or self._controller.session is None:
            return  # of a project that is closed
        if isinstance(event, Finished):
            self._job = None
            self._soon.start()
        else:
            self._controller.session.take_grey(event)
