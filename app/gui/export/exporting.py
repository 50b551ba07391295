"""Runs exports and tells what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.formats.output_folder import folder_sentences
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Job, Progress, Result

if TYPE_CHECKING:
    from app.formats.write import Report

NAMED = 3
"""So many images are named in a message; the report names all."""


def outcome(report: Report, folder: Path) -> Iterator[str]:
    """What an export did, in sentences."""
    count = "1 image" if len(report.images) == 1 else f"{len(report.images)} images"
    files = ", ".join(report.files) + (f" of {count}" if report.images else "")
    if report.cancelled:
        rest = f"complete: {files}" if report.files else "nothing was written"
        yield f"The export to {folder} was cancelled; {rest}."
    elif report.files:
        yield f"Exported {files} to {folder}."
    yield from report.doubts
    yield from folder_sentences(report.removed, report.kept_aside, report.others)
    for file, sentence in report.not_written if not report.cancelled else ():
        yield f"{file} was not exported. {sentence}"
    reasons: dict[str, list[str]] = {}
    for name, sentence in report.failed:
        reasons.setdefault(sentence, []).append(name)
    for sentence, names in reasons.items():
        listed = ", ".join(names[:NAMED])
        if len(names) > NAMED:
            listed += f" and {len(names) - NAMED} more (all are in report.json there)"
        yield f"Not exported: {listed}. {sentence}"


class Exporting(JobRunner):
    """One export at a time; it reads the project's file by itself and goes on where the project is closed."""

    verb = "Exporting"

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        self._folder = Path()

    def start(self, formats: list[str], folder: Path, scope: str, later: str = "mark") -> bool:
        """Export what is open; False (with a message) where that can't begin."""
        session = self._controller.session
        if session is None or self._job is not None:
            return False
        from app.formats.client import start_export  # 25 ms that the first click need not wait for

        try:
            job = start_export(
                session, formats, folder, scope, self._controller.image if scope == "image" else "", later
            )
        except (ValueError, OSError) as error:
            self._controller.tell(str(error))
            return False
        self._folder = folder
        self.follow(job, self._on_event)
        return True

    def _on_event(self, job: Job, event: Event) -> None:
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Failed) and not event.key:  # those of single images stand in the report
            self._controller.tell(event.message)
        elif isinstance(event, Result):
            for sentence in outcome(event.value, self._folder):  # type: ignore[arg-type]
                self._controller.say(sentence)
        elif isinstance(event, Finished):
            self.end(job, "Export cancelled" if event.cancelled else "")
