"""What the job panel needs to know of anything that runs for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.jobs import Event, Finished, Job, Progress


class JobRunner(QObject):
    """Something that runs one job at a time.

    Signals: `started(title, total)`, `progressed(done, total, seconds left or -1)`, `ended(sentence)`.
    """

    started = Signal(str, int)
    progressed = Signal(int, int, float)
    ended = Signal(str)
    verb = ""
    """In the panel: “Predicting 3 of 12”."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller)
        self._controller, self._bridge = controller, bridge
        self._job: Job | None = None
        self._since = 0.0

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def cancel(self) -> None:
        """Stop; what is done stays."""
        if self._job is not None:
            self._job.cancel()

    def follow(self, job: Job, handler: Callable[[Job, Event], None], patience: float = 0.0) -> None:
        """Hand the events of a job that has just begun to `handler`, which calls `end` with its last one.

        A job that ends within the seconds of `patience` is handled before this returns.
        """
        self._job, self._since = job, time.monotonic()
        self.started.emit(job.title, job.total)
        done = patience > 0 and job.wait(patience)
        self._bridge.job(job, lambda event: self._hear(handler, job, event))
        if done:
            self._bridge.handle()

    def _hear(self, handler: Callable[[Job, Event], None], job: Job, event: Event) -> None:
        try:
            handler(job, event)
        finally:
            if isinstance(event, Finished) and self._job is job:  # the handler failed: the job has ended all the same
                self.end(job, f"{job.title} ended, but not all of it could be shown")

    def end(self, job: Job, sentence: str) -> None:
        """Forget the job, which has posted its last event, and say how it ended."""
        if self._job is job:
            self._job = None
            self.ended.emit(sentence)

    def tell(self, event: Progress) -> None:
        """Report how far the job is."""
        elapsed = time.monotonic() - self._since
        left = elapsed / event.done * (event.total - event.done) if event.done > 2 else -1.0
        self.progressed.emit(event.done, event.total, left)
