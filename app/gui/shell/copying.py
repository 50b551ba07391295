"""Saves a copy of the open project beside the reader's work, and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.gui.widgets.plain_text import PlainLabel
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


class CopyBar(QWidget):
    """A line across the window once a copy is saved: where it is, and a way to go on with it.

    Parameters
    ----------
    controller : Controller
    copying : Copying
    open_project : callable
        Opens a project file.
    """

    left = Signal()
    """The reader is done with it."""

    def __init__(self, controller: Controller, copying: Copying, open_project: Callable[[Path], object]) -> None:
        super().__init__()
        self.setObjectName("copyBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._path, self._open_project = Path(), open_project
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.open, later = QPushButton("Open the copy"), QPushButton("Hide")
        self.open.setObjectName("openCopy")
        later.setProperty("flat", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.words, stretch=1)
        row.addWidget(self.open)
        row.addWidget(later)
        self.open.clicked.connect(self._open)
        later.clicked.connect(self._leave)
        copying.saved.connect(self._show)
        controller.sessionChanged.connect(self.hide)
        self.hide()

    def _show(self, path: Path) -> None:
        self._path = path
        self.words.setText(
            f"The copy {path.name} lies in {path.parent}. The project you work on is still the open one."
        )
        self.show()

    def _leave(self) -> None:
        self.hide()
        self.left.emit()

    def _open(self) -> None:
        self._leave()
        self._open_project(self._path)
