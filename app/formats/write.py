"""One export: every image is read once and handed to every format; what happened is told in a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from app.formats.base import Format
from app.formats.export_report import Report
from app.formats.notes import Notes
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ProjectView, RefusedError
from app.formats.registry import FORMATS, files_of
from app.store.errors import ProjectError

NOT_PREDICTED = "It was not predicted yet, so there is nothing to write. Predict it."
CANCELLED = "The export was cancelled before it was complete."


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
