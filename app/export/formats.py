"""The formats that ``export --format`` knows; each is a function ``write(project, folder) -> Report``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.core.landmark import Landmark
from app.core.template import Template
from app.export.coco import write_coco
from app.export.masks import write_masks
from app.export.table import write_table
from app.export.view import ImageView


@dataclass(frozen=True, eq=False)
class ProjectView:
    """What is exported of a project; `images` is gone through once."""

    template: Template
    model: str
    landmarks: tuple[Landmark, ...]
    images: Iterable[ImageView]


@dataclass
class Report:
    """What an exporter did.

    Attributes
    ----------
    images : int
        How many were written.
    failed : list of (name, sentence)
    """

    images: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def _predicted(project: ProjectView, report: Report) -> Iterator[ImageView]:
    """The images that have something to write; the others are reported as failed."""
    for image in project.images:
        if image.frame is None or (image.prediction is None and not image.rows):
            report.failed.append((image.name, "It was not predicted yet, so there is nothing to write. Predict it."))
            continue
        report.images += 1
        yield image


def csv(project: ProjectView, folder: Path) -> Report:
    """``landmarks.csv``; raises OSError."""
    report = Report()
    write_table((row for image in _predicted(project, report) for row in image.rows), folder / "landmarks.csv")
    return report


def masks(project: ProjectView, folder: Path) -> Report:
    """``masks/<stem>/<structure>.png``; raises OSError."""
    report = Report()
    for image in _predicted(project, report):
        if image.prediction is not None and image.frame is not None:
            write_masks(image.prediction, image.frame, project.template, folder / "masks" / image.stem)
    return report


def coco(project: ProjectView, folder: Path) -> Report:
    """``coco.json``; raises OSError."""
    report = Report()
    write_coco(_predicted(project, report), project.template, project.landmarks, folder / "coco.json")
    return report


FORMATS: dict[str, Callable[[ProjectView, Path], Report]] = {"csv": csv, "masks": masks, "coco": coco}
