"""Runs jobs whose work belongs to the GUI thread: a little in every turn of the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Progress, Result, SteppedJob

STEP_SECONDS = 0.006
"""So long is worked in one go before the window gets its turn; a single step may take longer."""


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
        self._stepped: SteppedJob | None = None
        self._done: Callable[[object], None] = lambda value: None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        controller.sessionChanged.connect(self.cancel)

    def start(self, job: SteppedJob, done: Callable[[object], None]) -> None:
        """Begin a job; `done` gets its result."""
        self._stepped, self._done = job, done
        self.follow(job, lambda _, event: self._on_event(event))
        self._timer.start()

    def cancel(self) -> None:
        """Stop; what the job did so far is taken back."""
        super().cancel()
        self._go_on()  # at once: the project may be closed next

    def _go_on(self) -> None:
        if self._stepped is not None and self._stepped.go_on(STEP_SECONDS):
            self._stepped = None
            self._timer.stop()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed):
            self._controller.tell(event.message)
        elif isinstance(event, Result):
            self._done(event.value)
        elif isinstance(event, Finished) and self._job is not None:
            self.end(self._job, f"{self.verb} was cancelled: nothing was changed" if event.cancelled else "")
