"""The tidy tables of an export: what a row of each is, whatever file it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from app.formats import measurement_table, region_table
from app.formats.base import OneFile
from app.formats.csv_table import COLUMNS, Cells, TableFile, Text, cell
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.project.entries import HistoryEntry

REVIEWS = ("image", "structure", "review", "note", "reader", "time_utc")
HISTORY = ("number", "time_utc", "reader", "kind", "action", "undone", "images", "image", "landmarks", "landmark")


@dataclass(frozen=True)
class Table:
    """A table with rows of every image.

    Attributes
    ----------
    columns : tuple of str
    rows : callable
        Gives the rows of an image.
    """

    columns: tuple[str, ...]
    rows: Callable[[ImageView], Iterable[Cells]]


@dataclass(frozen=True)
class ReviewRow:
    """What a reader said of an image, or of a structure in it."""

    image: str
    structure: str
    review: str
    note: str
    reader: str
    at: str

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `REVIEWS`."""
        said = text(self.image), text(self.structure), self.review, text(self.note), text(self.reader)
        return [*said, self.at]


@dataclass(frozen=True)
class HistoryRow:
    """One action; the image and the landmark are named where it is one."""

    number: int
    entry: HistoryEntry

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `HISTORY`."""
        entry = self.entry
        who = [str(self.number), entry.at, text(entry.reader), entry.kind, text(entry.label)]
        touched = [
            part
            for names in (entry.images, entry.landmarks)
            for part in (str(len(names)), text(names[0]) if len(names) == 1 else "")
        ]
        return [*who, "yes" if entry.undone else "", *touched]


def reviews_of(image: ImageView) -> Iterator[ReviewRow]:
    """What was said of the image as a whole, then of its structures."""
    about = image.about
    yield ReviewRow(image.name, "", image.review, image.note, about.reader, about.at)
    for said in image.structures:
        yield ReviewRow(image.name, said.structure, said.state.value, said.note, said.reader, said.at)


def _regions(image: ImageView) -> Iterable[Cells]:
    return region_table.with_grey(image.regions, image.path)


def _measurements(image: ImageView) -> Iterable[Cells]:
    return map(measurement_table.ExportedMeasurement, image.measured)


TABLES = {
    "placements": Table(COLUMNS, lambda image: image.rows),
    "measurements": Table(measurement_table.EXPORTED, _measurements),
    "regions": Table(region_table.COLUMNS, _regions),
    "reviews": Table(REVIEWS, reviews_of),
}


def history_of(project: ProjectView) -> Iterator[HistoryRow]:
    """All that was done to the project, whichever images are exported; oldest first, numbered from 1."""
    return (HistoryRow(number, entry) for number, entry in enumerate(project.history(), 1))


class CsvFile(OneFile):
    """One table as a CSV file."""

    table: ClassVar[str] = ""
    """Key of `TABLES`."""

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._file = TableFile(output.folder / self.file, TABLES[self.table].columns)
        self.keep, self.drop = self._file.keep, self._file.drop

    def add(self, image: ImageView) -> None:
        """Write the image's rows."""
        self._file.add(TABLES[self.table].rows(image))


class Csv(CsvFile):
    """``landmarks.csv``: one row per placement."""

    file, table = "landmarks.csv", "placements"


class Measurements(CsvFile):
    """``measurements.csv``: one row per measurement and image."""

    file, table = "measurements.csv", "measurements"


class Regions(CsvFile):
    """``regions.csv``: one row per region or curve and image, with its outline."""

    file, table = "regions.csv", "regions"


class Reviews(CsvFile):
    """``reviews.csv``: what readers said of each image and of structures in it."""

    file, table = "reviews.csv", "reviews"


class History(OneFile):
    """``history.csv``: one row per action, of the whole project."""

    file, needs_images = "history.csv", False

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._project, self._file = project, TableFile(output.folder / self.file, HISTORY)
        self.drop = self._file.drop

    def add(self, image: ImageView) -> None:
        """The history is the project's: images add nothing."""

    def keep(self) -> None:
        """Write the history."""
        self._file.add(history_of(self._project))
        self._file.keep()
