"""Saves a copy of the open project beside the reader's work, and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.gui.widgets.offer_bar import OfferBar
from app.jobs import Event, Failed, Finished, Progress, Result


class Copying(JobRunner):
    """One copy at a time; it ends with its project. `saved` gives the path of a copy that is whole."""

    verb = "Saving a copy, megabytes:"
    saved = Signal(Path)

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        controller.sessionChanged.connect(self.cancel)

    def start(self, path: Path) -> None:
        """Save a copy of what is open; that stays open."""
        session = self._controller.session
        if self._job is not None:
            self._controller.tell("A copy is being saved already. Try again when it is there, or cancel it first.")
        elif session is not None:
            self.follow(session.start_save_copy(path), lambda _, event: self._on_event(event))

    def cancel(self) -> None:
        """Stop, and leave nothing of the copy behind."""
        job = self._job
        super().cancel()
        if job is not None:
            job.wait(2)  # what it made is removed before the program may end, and the file is read no more

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed):
            self._controller.tell(event.message)
        elif isinstance(event, Result) and isinstance(event.value, Path):
            self._controller.say(f"A copy was saved: {event.value.name} in {event.value.parent}.")
            self.saved.emit(event.value)
        elif isinstance(event, Finished) and self._job is not None:
            self.end(self._job, "No copy was saved: cancelled" if event.cancelled else "")


class CopyBar(OfferBar):
    """A line across the window once a copy is saved: where it is, and a way to go on with it.

    Parameters
    ----------
    controller : Controller
    copying : Copying
    open_project : callable
        Opens a project file.
    """

    def __init__(self, controller: Controller, copying: Copying, open_project: Callable[[Path], object]) -> None:
        super().__init__("copyBar", "Open the copy", "openCopy")
        self._path = Path()
        self.taken.connect(lambda: open_project(self._path))
        copying.saved.connect(self._show)
        controller.sessionChanged.connect(self.hide)

    def _show(self, path: Path) -> None:
        self._path = path
        self.say(f"The copy {path.name} lies in {path.parent}. The project you work on is still the open one.")
