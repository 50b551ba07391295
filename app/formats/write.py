"""One export: every image is read once and handed to every format; what happened is told in a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.formats.base import Format
from app.formats.notes import MASKS, Notes
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ProjectView, RefusedError
from app.formats.registry import FORMATS, files_of
from app.store.errors import ProjectError

NOT_PREDICTED = "It was not predicted yet, so there is nothing to write. Predict it."
CANCELLED = "The export was cancelled before it was complete."


@dataclass
class Report:
    """What an export wrote and what not.

    Attributes
    ----------
    images : list of str
        Names of those that are in every file.
    failed : list of (name, sentence)
        Images that are missing somewhere, and why.
    files : list of str
        What is complete, seen from the folder; masks are one entry.
    not_written : list of (file, sentence)
    cancelled : bool
    notes : list of str
        Sentences on what a reader of the files should know.
    removed : int
        How many files of an earlier export into the folder are gone, since this one did not write them again.
    kept_aside : list of (file, file)
        Files of others that were in the way, and what they are called now.
    others : str
        How many files lie in the folder that this program did not write, and which; or empty.
    replaced : str
        The earlier export of other images whose place this one took, in words; or empty.
    """

    images: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    not_written: list[tuple[str, str]] = field(default_factory=list)
    cancelled: bool = False
    notes: list[str] = field(default_factory=list)
    removed: int = 0
    kept_aside: list[tuple[str, str]] = field(default_factory=list)
    others: str = ""
    replaced: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return not (self.failed or self.not_written or self.cancelled)

    @property
    def doubts(self) -> list[str]:
        """The notes that speak of these images, not of every export."""
        return [note for note in self.notes if note != MASKS]

    def to_json(self, project: ProjectView, told: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """``report.json``; `told` says more of single images."""
        images = [(name, "done", "") for name in self.images]
        images += [(name, "failed", sentence) for name, sentence in self.failed]
        return {
            "project": project.name,
            "scope": project.scope,
            "model": project.model,
            "bundle_sha256": project.bundle_sha256,
            "cancelled": self.cancelled,
            "notes": self.notes,
            "not_written": [{"file": file, "message": sentence} for file, sentence in self.not_written],
            "images": [
                {"name": name, "state": state, "message": sentence, **told.get(name, {})}
                for name, state, sentence in images
            ],
        }


def write(
    project: ProjectView,
    folder: Path,
    formats: Iterable[str],
    told: Callable[[int, str, str], None] = lambda done, name, failure: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Write a project in some formats, and ``report.json``, which says what in the folder is this program's.

    What an earlier export wrote there is replaced; what others put there stays.

    Parameters
    ----------
    project : ProjectView
    folder : Path
    formats : iterable of str
        Keys of `FORMATS`.
    told : callable
        Called after every image with the number of those that are through, its name, and why it failed or empty.
    cancelled : callable
        Asked before every image.

    Raises
    ------
    OSError
        If not even the report can be written.
    ValueError
        With a sentence: persons were taken out, and the folder holds results that name them.
    """
    report, wanted = Report(), list(dict.fromkeys(formats))
    output = OutputFolder(folder, (structure.name for structure in project.template.structures))
    if project.deidentified and output.earlier and not _holds(output, project):
        raise ValueError(f"{folder} holds results of another export. Choose another folder for what is given away.")
    output.claim(files_of(project, wanted))
    running = _Running(project, output, wanted, report)
    try:
        for done, name in enumerate(project.images, 1):
            if not running.needs_images:
                break
            if cancelled():
                report.cancelled = True
                break
            told(done, name, running.add(project, name))
    except BaseException:
        running.drop()
        output.abandon()
        raise
    running.end()
    report.notes = [*project.notes, *running.notes.sentences(project.later, wanted), *running.told]
    unfinished = report.cancelled or bool(report.not_written)
    report.removed = output.finish(report.to_json(project, running.notes.images), keep_earlier=unfinished)
    report.kept_aside, report.others = output.kept_aside, output.others().words
    earlier = output.earlier_export
    if earlier is not None and not unfinished and not earlier.goes_with(project.name, project.scope, project.images):
        report.replaced = earlier.words
    return report


def _holds(output: OutputFolder, project: ProjectView) -> bool:
    """Whether what lies in a folder is an earlier export of a project of the same name."""
    return output.earlier_export is not None and output.earlier_export.project == project.name


class _Running:
    """The formats that have not failed so far."""

    def __init__(self, project: ProjectView, output: OutputFolder, formats: Iterable[str], report: Report) -> None:
        self._report, self._output = report, output
        self._open: list[Format] = []
        self.notes = Notes()
        self.told: list[str] = []
        for name in formats:
            try:
                self._open.append(FORMATS[name](project, output))
            except OSError as error:
                report.not_written.append((name, _sentence(error)))

    @property
    def needs_images(self) -> bool:
        """Whether any format has a use for images."""
        return any(part.needs_images for part in self._open)

    def add(self, project: ProjectView, name: str) -> str:
        """Hand one image to every format; returns why it failed, or empty."""
        failure = self._add(project, name)
        if failure:
            self._report.failed.append((name, failure))
        else:
            self._report.images.append(name)
        return failure

    def _add(self, project: ProjectView, name: str) -> str:
        try:
            image = project.read(name)
        except (ProjectError, ValueError) as error:
            return str(error)
        if image.frame is None or not (image.masks.known or image.rows):
            return image.trouble or NOT_PREDICTED
        self.notes.add(image)
        failures = []
        for part in list(self._open):
            try:
                part.add(image)
            except RefusedError as error:
                failures.append(f"{part.file}: {error}")
            except OSError as error:
                failures.append(f"{part.file}: {_sentence(error)}")
                if not part.single_files:
                    self._give_up(part, _sentence(error))
        return " ".join(failures)

    def _give_up(self, part: Format, sentence: str) -> None:
        self._open.remove(part)
        part.drop()
        self._report.not_written.append((part.file, sentence))

    def drop(self) -> None:
        """Leave no half file behind."""
        for part in self._open:
            part.drop()

    def end(self) -> None:
        """Put every file in its place, or drop them where the export was cancelled."""
        for part in list(self._open):
            if self._report.cancelled and not part.single_files:
                self._give_up(part, CANCELLED)
                continue
            path = self._output.folder / part.file
            try:
                if not part.single_files:
                    self._output.make_way(path)
                part.keep()
            except OSError as error:
                self._give_up(part, _sentence(error))
                continue
            if not part.single_files:
                self._output.add(path)
            self._report.files.append(part.file)
            self.told += part.notes()


def _sentence(error: OSError) -> str:
    return f"It could not be written ({error.strerror or error}). Choose another folder or free some space."
