"""Changes: what an action is, how it writes, and what SQLite's session extension records of it, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import apsw

from app.store.blobs import checksum
from app.store.schema import TRAIL


class RowChange(NamedTuple):
    """What happened to one row of a table of `TRAIL`; `old` or `new` is None where there was or is no row.

    In an update, unchanged columns of `new` are `apsw.no_change`.
    """

    table: str
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None

    @property
    def key(self) -> Any:
        """The first column, which is part of every key: an update's `new` does not hold it."""
        row = self.old if self.old is not None else self.new
        assert row is not None
        return row[0]


@dataclass(frozen=True)
class Action:
    """Something a reader does, not done yet.

    Attributes
    ----------
    kind : str
        ``images landmarks placements review spacing orientation``.
    label : str
        In plain words: "Move “Right hilum” in JPCLN001".
    edit : callable
        Given a `Writer`, makes the changes.
    images, landmarks : tuple of str
        Whose display it touches.
    kept : callable
        Called after the commit, before anybody is told: what is known in memory beside the tables follows the file.
    """

    kind: str
    label: str
    edit: Callable[[Writer], None]
    images: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    kept: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Entry:
    """One row of the table of changes, without its changeset.

    Attributes
    ----------
    id : int
    at : str
        UTC, ISO 8601.
    reader, kind, label : str
    images, landmarks : tuple of str
        Whose display the action touches.
    undoes, redoes : int or None
        The action that this one took back or did again.
    """

    id: int
    at: str
    reader: str
    kind: str
    label: str
    images: tuple[str, ...]
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


class Writer:
    """What an action may do to the tables."""

    def __init__(self, db: apsw.Connection, statements: dict[str, str]) -> None:
        self._db = db
        self._statements = statements

    def put(self, table: str, *row: Any) -> None:
        """Insert a row or replace the one with the same key (as an update, so that undo sees one change)."""
        self._db.execute(self._upsert(table), row)

    def _upsert(self, table: str) -> str:
        if table not in self._statements:
            info = list(self._db.execute(f"PRAGMA table_info({table})"))
            keys = [f'"{name}"' for _, name, _, _, _, key in info if key]
            update = ", ".join(f'"{name}" = excluded."{name}"' for _, name, _, _, _, key in info if not key)
            marks = ", ".join("?" * len(info))
            self._statements[table] = (
                f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {update}"
            )
        return self._statements[table]

    def drop(self, table: str, **key: Any) -> None:
        """Delete the rows whose columns equal `key`."""
        where = " AND ".join(f'"{column}" = ?' for column in key)
        self._db.execute(f"DELETE FROM {table} WHERE {where}", tuple(key.values()))

    def blob(self, data: bytes) -> str:
        """Keep packed arrays; returns the checksum that names them. Blobs stay, so that undo finds them again."""
        name = checksum(data)
        self._db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (name, data))
        return name


class Recording:
    """SQLite's session extension, watching the tables that can be undone (`schema.TRAIL`)."""

    def __init__(self, db: apsw.Connection) -> None:
        self._session = apsw.Session(db, "main")
        for table in TRAIL:
            self._session.attach(table)

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def changeset(self) -> bytes:
        """What has changed so far, empty where nothing did."""
        changeset: bytes = self._session.changeset()
        return changeset


def changed_rows(changeset: bytes) -> list[RowChange]:
    """What a changeset did, row by row; deletions first, so that a row may take another's place."""
    if not changeset:
        return []
    found = [RowChange(change.name, change.old, change.new) for change in apsw.Changeset.iter(changeset)]
    return sorted(found, key=lambda change: change.new is not None)
