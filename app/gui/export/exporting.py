"""Runs exports and tells what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from app.formats.output_folder import folder_sentences
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Job, Progress, Result

if TYPE_CHECKING:
    from app.formats.export_report import Report

NAMED = 3
"""So many images are named in a message; the report names all."""


def outcome(report: Report, folder: Path) -> Iterator[str]:
    """What an export did, in sentences; the last one tells both what was exported and what was not."""
    yield from report.doubts
    yield from folder_sentences(report.removed, report.kept_aside, report.others, report.replaced)
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
    yield _summary(report, folder)


def _summary(report: Report, folder: Path) -> str:
    files = ", ".join(report.files) + (f" of {_count(report.images)}" if report.images else "")
    if report.cancelled:
        rest = f"complete: {files}" if report.files else "nothing was written"
        return f"The export to {folder} was cancelled; {rest}."
    left_out = [file for file, _ in report.not_written] + ([_count(report.failed)] if report.failed else [])
    not_exported = f"Not exported: {', '.join(left_out)} (the messages say why)." if left_out else ""
    if not report.files:
        return f"Nothing was exported to {folder}. {not_exported}".rstrip()
    return f"Exported {files} to {folder}. {not_exported}".rstrip()


def _count(images: Sequence[object]) -> str:
    return "1 image" if len(images) == 1 else f"{len(images)} images"


class Exporting(JobRunner):
    """One export at a time; it reads the project's file by itself and goes on where the project is closed."""

    verb = "Exporting"
    written = Signal(str, Path)
    """Files were written: what they are in a sentence, and their folder."""

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        self._folder = Path()

    def start(
        self,
        formats: list[str],
        folder: Path,
        scope: str,
        images: Sequence[str] = (),
        later: str = "mark",
        captures: bool = False,
        deidentify: str = "",
    ) -> bool:
        """Export what is open; False (with a message) where that can't begin. Of named scopes these `images`."""
        session = self._controller.session
        if session is None or self._job is not None:
            return False
        from app.formats.client import start_export  # 20 ms that start-up need not wait for

        try:
            job = start_export(session, formats, folder, scope, images, later, captures, deidentify)
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
            report: Report = event.value  # type: ignore[assignment]
            sentences = list(outcome(report, self._folder))
            for sentence in sentences:
                self._controller.say(sentence)
            if report.files:
                self.written.emit(sentences[-1], self._folder)
        elif isinstance(event, Finished):
            self.end(job, "Export cancelled" if event.cancelled else "")
