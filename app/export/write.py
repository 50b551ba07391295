"""One export: every image is read once and handed to every format; what happened is told in a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.export.atomic import write_text
from app.export.formats import FORMATS, Format
from app.export.view import ProjectView
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
        What is complete, seen from the folder.
    not_written : list of (file, sentence)
    cancelled : bool
    """

    images: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    not_written: list[tuple[str, str]] = field(default_factory=list)
    cancelled: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return not (self.failed or self.not_written or self.cancelled)

    def to_json(self, project: ProjectView) -> dict[str, Any]:
        """``report.json``."""
        done = [{"name": name, "state": "done", "message": ""} for name in self.images]
        failed = [{"name": name, "state": "failed", "message": sentence} for name, sentence in self.failed]
        return {
            "project": project.name,
            "model": project.model,
            "bundle_sha256": project.bundle_sha256,
            "cancelled": self.cancelled,
            "files": self.files,
            "not_written": [{"file": file, "message": sentence} for file, sentence in self.not_written],
            "images": done + failed,
        }


def write(
    project: ProjectView,
    folder: Path,
    formats: Iterable[str],
    told: Callable[[int, str, str], None] = lambda done, name, failure: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Write a project in some formats, and ``report.json``.

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
    """
    report = Report()
    running = _Running(project, folder, formats, report)
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
        raise
    running.end()
    write_text(folder / "report.json", json.dumps(report.to_json(project), ensure_ascii=False, indent=1) + "\n")
    return report


class _Running:
    """The formats that have not failed so far."""

    def __init__(self, project: ProjectView, folder: Path, formats: Iterable[str], report: Report) -> None:
        self._report = report
        self._open: list[Format] = []
        for name in dict.fromkeys(formats):
            try:
                self._open.append(FORMATS[name](project, folder))
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
        if image.frame is None or (image.prediction is None and not image.rows):
            return NOT_PREDICTED
        failure = ""
        for part in list(self._open):
            try:
                part.add(image)
            except OSError as error:
                failure = f"{part.file}: {_sentence(error)}"
                if not part.single_files:
                    self._give_up(part, _sentence(error))
        return failure

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
            try:
                part.keep()
            except OSError as error:
                self._give_up(part, _sentence(error))
            else:
                self._report.files.append(part.file)


def _sentence(error: OSError) -> str:
    return f"It could not be written ({error.strerror or error}). Choose another folder or free some space."
