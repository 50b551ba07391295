"""What the job panel needs to know of anything that runs for a while."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal

from app.jobs import Progress


class Runner(QObject):
    """Something that runs one job at a time.

    Signals: `started(title, total)`, `progressed(done, total, seconds left or -1)`, `ended(sentence)`.
    """

    started = Signal(str, int)
    progressed = Signal(int, int, float)
    ended = Signal(str)
    verb = ""
    """In the panel: “Predicting 3 of 12”."""

    def cancel(self) -> None:
        """Stop; what is done stays."""
        raise NotImplementedError

    def tell(self, event: Progress, since: float) -> None:
        """Report the progress of a job that began at `since` (`time.monotonic`)."""
        elapsed = time.monotonic() - since
        left = elapsed / event.done * (event.total - event.done) if event.done > 2 else -1.0
        self.progressed.emit(event.done, event.total, left)
