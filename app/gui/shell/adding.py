"""Adds images to the open project: a search that can be cancelled, then one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.gui.shell.relocating import first_few
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.gui.state.stepped import Stepping
from app.jobs import Event, Failed, Finished, Job, Progress, Result
from app.project.adding import FoundImages
from app.project.entries import AddReport

if TYPE_CHECKING:
    from app.project.session import Session

AT_ONCE = 200
"""More images than these are added little by little."""
PATIENCE_SECONDS = 0.05
"""A search that ends so soon needs no progress: its images are there when the command has ended."""


def nothing_new(known: int, others: int) -> str:
    """A sentence for a search that found no new image: why, and what to do."""
    if known:
        return f"No new image was found: {known} {'is' if known == 1 else 'are'} in the project already."
    if others:
        files = "one file, but it is no image" if others == 1 else f"{others} files, but none is an image"
        return f"No image was found: there {'is' if others == 1 else 'are'} {files}. Choose another folder."
    return "No image was found: there is no file. Choose another folder."


class Adding(JobRunner):
    """One search at a time; what is given meanwhile follows it."""

    verb = "Images found:"

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        self._next: list[tuple[list[Path], bool]] = []
        self._again = False
        self._cancelled: Job | None = None
        self._stepping = Stepping(self)
        controller.sessionChanged.connect(self.cancel)

    def start(self, paths: Sequence[Path], again: bool = False) -> None:
        """Add the images below some paths, at once or after those that are being added.

        With `again` the project is known to be made of them: that nothing is new need not be said.
        """
        session = self._controller.session
        if session is None:
            return
        if session.read_only:
            self._controller.say(f"{session.path.name} is open for reading only; images cannot be added.")
            return
        self._next.append((list(paths), again))
        if self._job is None:
            self._go_on(session)

    def cancel(self) -> None:
        """Stop; what was found so far is not added, nor is what waits."""
        self._next.clear()
        self._cancelled = self._job  # it may have ended already, and its result wait for the event loop
        super().cancel()
        self._stepping.go_on()  # at once: the project may be closed next

    def _go_on(self, session: Session) -> None:
        session.engine.start()  # it takes as long to start as to find the images that it will need to show
        paths, self._again = self._next.pop(0)
        job = session.start_add(paths)
        self.follow(job, lambda job, event: self._on_event(job, event, session), PATIENCE_SECONDS)

    def _on_event(self, job: Job, event: Event, session: Session) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed):
            self._controller.tell(event.message)
        elif isinstance(event, Result) and job is not self._cancelled and session is self._controller.session:
            self._take(event.value, session)
        elif isinstance(event, Finished) and job is self._job:
            self.end(job, "No image was added: cancelled" if job is self._cancelled else "")
            current = self._controller.session  # what waits was given to this one, also while another one's job ended
            if self._next and current is not None:
                self._go_on(current)

    def _take(self, value: object, session: Session) -> None:
        """Add what was found, very many images little by little; or tell what was added."""
        if isinstance(value, AddReport):
            self._tell_of(value)
        elif isinstance(value, FoundImages) and len(value.images) > AT_ONCE:
            job = session.start_take_added(value)
            self.follow(job, lambda job, event: self._on_event(job, event, session))
            self._stepping.begin(job)
        elif isinstance(value, FoundImages):
            self._controller.do(lambda: self._tell_of(session.take_added(value)))

    def _tell_of(self, report: AddReport) -> None:
        for sentence in first_few(report.failed):
            self._controller.say(sentence)
        if not report.added and not report.failed and not (self._again and report.known):
            self._controller.say(nothing_new(len(report.known), report.ignored))
        if report.added:
            self._controller.show_image(report.added[0])
