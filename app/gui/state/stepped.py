"""Runs jobs whose work belongs to the GUI thread: a little in every turn of the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Progress, Result, SteppedJob

STEP_SECONDS = 0.006
"""So long is worked in one go before the window gets its turn; a single step may take longer."""


class Stepping(QObject):
    """Goes on with one stepped job whenever the event loop has time.

    Parameters
    ----------
    parent : QObject
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: SteppedJob | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self.go_on)

    def begin(self, job: SteppedJob) -> None:
        """Take the next job."""
        self._job = job
        self._timer.start()

    def go_on(self) -> None:
        """Do a little of it; of one that was cancelled, its end."""
        if self._job is not None and self._job.go_on(STEP_SECONDS):
            self._job = None
            self._timer.stop()


class SteppedRunner(JobRunner):
    """One job at a time; it ends with its project.

    Parameters
    ----------
    controller : Controller
    bridge : Bridge
    verb : str
        In the panel.
    """

    def __init__(self, controller: Controller, bridge: Bridge, verb: str) -> None:
        super().__init__(controller, bridge)
        self.verb = verb
        self._done: Callable[[object], None] = lambda value: None
        self._stepping = Stepping(self)
        controller.sessionChanged.connect(self.cancel)

    def start(self, job: SteppedJob, done: Callable[[object], None]) -> None:
        """Begin a job; `done` gets its result."""
        self._done = done
        self.follow(job, lambda _, event: self._on_event(event))
        self._stepping.begin(job)

    def cancel(self) -> None:
        """Stop; what the job did so far is taken back."""
        super().cancel()
        self._stepping.go_on()  # at once: the project may be closed next

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed):
            self._controller.tell(event.message)
        elif isinstance(event, Result):
            self._done(event.value)
        elif isinstance(event, Finished) and self._job is not None:
            self.end(self._job, f"{self.verb} was cancelled: nothing was changed" if event.cancelled else "")
