"""Changes: what an action is, what it may do, and what came of it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

Row = tuple[Any, ...]


class RowChange(NamedTuple):
    """What happened to one row of a table of `TRAIL`; `old` or `new` is None where there was or is no row."""

    table: str
    old: Row | None
    new: Row | None

    @property
    def key(self) -> Any:
        """The first column, which is part of every key."""
        row = self.old if self.old is not None else self.new
        assert row is not None
        return row[0]


@dataclass(frozen=True)
class Action:
    """Something a reader does, not done yet.

    Attributes
    ----------
    kind : str
        A code: what kind of change it is.
    label : str
        In plain words: "Move “Right hilum” in JPCLN001".
    edit : callable
        Given a `Writer`, makes the changes; one of many rows does so in pieces, and yields between them.
    images, landmarks : tuple of str
        Whose display it touches.
    kept : callable
        Called after the commit, before anybody is told: what is known in memory beside the tables follows the file.
    """

    kind: str
    label: str
    edit: Callable[[Writer], Iterable[None] | None]
    images: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    kept: Callable[[], None] = lambda: None


Done = tuple["Entry", list[RowChange]] | None
"""What came of an action: its entry and what changed; None where nothing did."""
Pieces = Generator[None, None, Done]
"""An action, an undo or a redo, done piece by piece in one transaction; one that is closed early is taken back."""


T = TypeVar("T")
_TOGETHER = 500


def pieces_of(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Some rows at a time: as many as take some milliseconds."""
    return (rows[first : first + _TOGETHER] for first in range(0, len(rows), _TOGETHER))


def at_once(pieces: Pieces) -> Done:
    """Do all pieces now."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            done: Done = end.value
            return done


class Entry(NamedTuple):
    """One row of the table of changes, without its record.

    Attributes
    ----------
    id : int
    at : str
        UTC, ISO 8601.
    reader, kind, label : str
    images : tuple of int
        Numbers of the images whose display the action touches.
    landmarks : tuple of str
        Whose display it touches.
    undoes, redoes : int or None
        The action that this one took back or did again.
    """

    id: int
    at: str
    reader: str
    kind: str
    label: str
    images: tuple[int, ...]
    landmarks: tuple[str, ...]
    undoes: int | None = None
    redoes: int | None = None

    @property
    def told(self) -> str:
        """The label as it stands in the history."""
        if self.undoes is not None:
            return f"Undo: {self.label}"
        return self.label if self.redoes is None else f"Redo: {self.label}"


def now() -> str:
    """The time as it stands in the file: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Writer(Protocol):
    """What an action may do to the tables. Actions name images; the tables have their numbers."""

    def put(self, table: str, *row: Any) -> None:
        """Insert a row or replace the one with the same key (as an update, so that undo sees one change)."""

    def put_all(self, table: str, rows: Sequence[Row]) -> None:
        """Put many rows of a table: quick for new rows that get a number."""

    def drop(self, table: str, **key: Any) -> None:
        """Delete the rows whose columns equal `key`."""

    def blob(self, data: bytes) -> str:
        """Keep packed arrays; returns the checksum that names them. Blobs stay, so that undo finds them again."""


def in_order(changes: Iterable[RowChange]) -> list[RowChange]:
    """Changes with deletions first."""
    return sorted(changes, key=lambda change: change.new is not None)


def inverted(changes: Iterable[RowChange]) -> list[RowChange]:
    """What takes changes back."""
    return in_order(RowChange(change.table, change.new, change.old) for change in changes)
