"""Reads files of accepted images that were written again, and lets the session tell which of them really changed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.jobs import Event, Finished, Job
from app.project.changes import Change, ImagesChanged

AT_ONCE = 64
"""Files looked at per turn of the event loop: below a millisecond on a local disk."""


class Comparing(QObject):
    """One quiet job at a time, after a project was opened and whenever files turn out to be written again."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller)
        self._controller, self._bridge = controller, bridge
        self._job: Job | None = None
        self._rest: tuple[str, ...] = ()
        self._waiting: dict[str, None] = {}
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._some)
        controller.sessionChanged.connect(self._begin)
        controller.changed.connect(self._on_change)

    def _begin(self) -> None:
        self.cancel()
        session = self._controller.session
        self._rest = session.accepted if session is not None else ()
        if self._rest:
            self._turn.start()

    def cancel(self) -> None:
        """Stop; what was not compared is compared when the project is opened again."""
        self._turn.stop()
        self._waiting.clear()
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _some(self) -> None:
        now, self._rest = self._rest[:AT_ONCE], self._rest[AT_ONCE:]
        if now:
            self.ask(now)
        else:
            self._turn.stop()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, ImagesChanged) and change.images:
            self.ask(change.images)

    def ask(self, names: Sequence[str]) -> None:
        """Compare those of some images that were written again."""
        session = self._controller.session
        if session is None:
            return
        self._waiting.update(dict.fromkeys(session.written_again(names)))
        if self._job is None and self._waiting:
            names, self._waiting = tuple(self._waiting), {}
            job = self._job = session.start_compare(names)
            self._bridge.job(job, lambda event: self._on_event(job, event))

    def _on_event(self, job: Job, event: Event) -> None:
        session = self._controller.session
        if job is not self._job or session is None:  # of a project that was closed meanwhile
            return
        if isinstance(event, Finished):
            self._job = None
            self.ask(tuple(self._waiting))
        elif not self._controller.do(session.take_compared, event):
            self.cancel()  # it can't be kept, nor could the next one
