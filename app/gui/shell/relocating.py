"""Looks for images that moved and tells what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Job, Progress, Result
from app.project.entries import MovedReport

if TYPE_CHECKING:
    from app.project.session import Session

TOLD = 20
"""So many failures are told one by one."""


def outcome(report: MovedReport, folder: Path) -> str:
    """What the search found, in a sentence or three."""
    if not report.found and not report.missing:
        return "No image is missing."
    count = len(report.found)
    said = f"{count} missing image{' was' if count == 1 else 's were'} found in {folder}."
    lost = len(report.missing) - len(report.never_read)
    if lost:
        said += f" {lost} {'is' if lost == 1 else 'are'} not there; look in another folder."
    if unread := len(report.never_read):
        said += f" {unread} {'was' if unread == 1 else 'were'} never read, so only the old place can bring them back."
    return said


def first_few(failed: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Sentences about what failed: the first of them whole, the rest as a number."""
    yield from (sentence for _, sentence in failed[:TOLD])
    if len(failed) > TOLD:
        yield f"{len(failed) - TOLD} more could not be read either."


class Relocating(JobRunner):
    """One search at a time."""

    verb = "Comparing"

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        self._folder = Path()
        self._failed: list[tuple[str, str]] = []
        controller.sessionChanged.connect(self.cancel)

    def start(self, folder: Path) -> None:
        """Look below a folder."""
        session = self._controller.session
        if session is None or self._job is not None:
            return
        self._folder, self._failed = folder, []
        self.follow(session.start_check_files(), lambda job, event: self._on_look(job, event, session))

    def _on_look(self, job: Job, event: Event, session: Session) -> None:
        """Which images are missing now, and then where they are."""
        if session is not self._controller.session:
            job.cancel()
        elif isinstance(event, Result):
            session.take_checked(event)
        elif isinstance(event, Finished) and not event.cancelled:
            search = session.start_find_moved(self._folder)
            self.follow(search, lambda job, event: self._on_event(job, event, session))
            return
        if isinstance(event, Finished):
            self.end(job, "Search cancelled")

    def _on_event(self, job: Job, event: Event, session: Session) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed):
            if event.key:  # a folder that was left out: told with the outcome, the first ones by name
                self._failed.append((event.key, event.message))
            else:
                self._controller.tell(event.message)
        elif isinstance(event, Result) and not job.cancelled and session is self._controller.session:
            self._controller.do(self._take, event.value)
        elif isinstance(event, Finished):
            self.end(job, "Search cancelled" if event.cancelled else "")

    def _take(self, found: dict[str, Path]) -> None:
        report = self._controller.open_session().take_moved(found, self._failed)
        for sentence in first_few(report.failed):
            self._controller.say(sentence)
        self._controller.tell(outcome(report, self._folder))
