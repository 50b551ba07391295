"""Brings events of jobs and futures from the engine's thread to the GUI thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.jobs import Event, Job

BUDGET_SECONDS = 0.008
"""So long may events be handled in one go before the window gets its turn."""


class Bridge(QObject):
    """A queue with one queued signal: calls that other threads post run on the thread this object lives on."""

    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._open = True
        self._due = False  # a turn of the event loop in which calls are handled is on its way
        self._wake.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    def post(self, handler: Callable[[Any], None], value: Any) -> None:
        """Have `handler(value)` called on the GUI thread. Safe from any thread."""
        if not self._open:
            return
        self._calls.append((handler, value))
        if self._due:  # that turn has all calls still before it: `_drain` says that it has begun before it takes them
            return
        self._due = True
        try:
            self._wake.emit()
        except RuntimeError:  # the window is gone already; nobody waits for this event
            self._open = False

    def job(self, job: Job, handler: Callable[[Event], None]) -> None:
        """Hand a job's events to `handler` on the GUI thread."""
        job.listen(lambda event: self.post(handler, event))

    def future(self, future: Future[Any], handler: Callable[[Future[Any]], None]) -> None:
        """Hand a future that is done (with a result or an exception) to `handler` on the GUI thread."""
        future.add_done_callback(lambda done: self.post(handler, done))

    def handle(self) -> None:
        """Handle what waits now, without waiting for the next turn of the event loop."""
        self._drain()

    def close(self) -> None:
        """Drop what is queued; nothing is handled any more."""
        self._open = False
        self._calls.clear()

    def _drain(self) -> None:
        self._due = False
        end = time.perf_counter() + BUDGET_SECONDS
        while self._calls:
            handler, value = self._calls.popleft()
            handler(value)
            if time.perf_counter() > end and self._calls:
                self._due = True
                QTimer.singleShot(0, self, self._drain)
                return
