"""The tidy tables as Parquet, with types: numbers, yes or no, times; empty cells are null."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from app.core.text import one_line
from app.formats.base import OneFile
from app.formats.csv_table import Cells
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, ProjectView
from app.formats.tables import HISTORY, TABLES, history_of
from app.io.atomic import WholeFile

FOLDER = "parquet"
TOGETHER = 50_000
"""So many rows are kept in memory and written as one group."""
NUMBERS = frozenset(
    {
        *("x_px", "y_px", "x_mm", "y_mm", "confidence", "expected_error_px", "expected_error_mm", "moved_px"),
        *("spacing_row_mm", "spacing_column_mm", "value", "length", "area", "grey_mean", "grey_sd"),
    }
)
COUNTS = frozenset({"number", "images", "landmarks"})
MARKS = frozenset(
    {
        *("off_outline", "new_since_accepted", "deleted_since_accepted", "outside_picture"),
        *("rejected", "undone"),
    }
)
"""An empty cell means no; of ``shown`` it means that it does not apply."""


def _kind(column: str) -> tuple[str, Callable[[str], Any]]:
    """The type of a column as pyarrow calls it, and how a cell becomes a value."""
    if column in NUMBERS:
        return "float64", lambda cell: float(cell) if cell else None
    if column in COUNTS:
        return "int64", lambda cell: int(cell) if cell else None
    if column in MARKS:
        return "bool", lambda cell: cell == "yes"
    if column == "shown":
        return "bool", {"yes": True, "no": False}.get
    if column == "time_utc":
        return "timestamp", lambda cell: datetime.fromisoformat(cell) if cell else None
    return "string", lambda cell: cell or None


class _TypedFile:
    """One table in the making, in its place once `keep` was called; all may raise OSError."""

    def __init__(self, output: OutputFolder, name: str, columns: Sequence[str]) -> None:
        import pyarrow  # imported where Parquet is written: it takes .1 s
        import pyarrow.parquet

        self.path = output.folder / FOLDER / f"{name}.parquet"
        self._kinds = [_kind(column) for column in columns]
        types = {"timestamp": pyarrow.timestamp("ms", "UTC")}
        fields = [
            (column, types.get(kind) or pyarrow.type_for_alias(kind))
            for column, (kind, _) in zip(columns, self._kinds, strict=True)
        ]
        self._schema, self._make = pyarrow.schema(fields), pyarrow.table
        self._whole = WholeFile(self.path)
        self._writer = pyarrow.parquet.ParquetWriter(self._whole.file, self._schema)
        self._rows: list[list[str]] = []

    def add(self, rows: Iterable[Cells]) -> None:
        """Take rows in."""
        self._rows += [row.cells(one_line) for row in rows]
        if len(self._rows) >= TOGETHER:
            self._write()

    def _write(self) -> None:
        columns: list[Sequence[str]] = list(zip(*self._rows, strict=True)) or [()] * len(self._kinds)
        values = [[made(cell) for cell in column] for column, (_, made) in zip(columns, self._kinds, strict=True)]
        self._writer.write_table(self._make(values, schema=self._schema))
        self._rows = []

    def keep(self) -> None:
        """Put the table in its place."""
        self._write()
        self._writer.close()
        self._whole.keep()

    def drop(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, ValueError):
            self._writer.close()  # else it would write its end into a closed file once it is forgotten
        self._whole.drop()


class Parquet(OneFile):
    """``parquet/<table>.parquet``: the tables of `tables.TABLES`, and the history."""

    file = f"{FOLDER}/placements.parquet"

    def __init__(self, project: ProjectView, output: OutputFolder) -> None:
        self._project, self._output = project, output
        self._files: dict[str, _TypedFile] = {}
        try:
            for name, table in TABLES.items():
                self._files[name] = _TypedFile(output, name, table.columns)
            self._history = _TypedFile(output, "history", HISTORY)
        except BaseException:
            self.drop()
            raise

    def add(self, image: ImageView) -> None:
        """Take the image's rows in."""
        for name, file in self._files.items():
            file.add(TABLES[name].rows(image))

    def keep(self) -> None:
        """Put all tables in their places."""
        self._history.add(history_of(self._project))
        for file in (*self._files.values(), self._history):
            self._output.make_way(file.path)
            file.keep()
            self._output.add(file.path)

    def drop(self) -> None:
        """Leave no half file behind."""
        for file in (*self._files.values(), *([self._history] if hasattr(self, "_history") else [])):
            file.drop()

    @classmethod
    def files(cls, project: ProjectView) -> Iterator[str]:
        """All tables."""
        return (f"{FOLDER}/{name}.parquet" for name in (*TABLES, "history"))
