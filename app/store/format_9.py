"""From format 8 to 9: the table of changes keeps rows before and after as JSON, no longer SQLite's changesets.

A changeset of an update holds only the columns that changed. What the others held is known from the tables as they are
now: the steps are gone back one by one, from the last to the first.
"""

from __future__ import annotations

import json
from typing import Any

import apsw

from app.store.database import run

CHANGE = "ALTER TABLE changes ADD COLUMN rows TEXT NOT NULL DEFAULT '[]'; ALTER TABLE changes DROP COLUMN changeset"
"""What becomes of the table, without its content."""
_TABLES = (
    *("images", "landmarks", "landmark_order", "deleted_landmarks", "placements"),
    *("reviews", "structure_reviews", "spacings", "readings", "frozen", "frozen_facts"),
    *("left_as_is", "corrected_files"),
)
_COLUMNS = "id, at, reader, kind, label, images, landmarks, undoes, redoes"

Row = tuple[Any, ...]


def to_format_9(db: apsw.Connection, read_only: bool) -> None:
    """Bring a file of format 8 to format 9; one that is open for reading only just looks so."""
    changesets = list(db.execute("SELECT id, changeset FROM changes ORDER BY id DESC"))
    if read_only:
        run(db, f"CREATE TEMP TABLE changes AS SELECT {_COLUMNS}, '[]' AS rows FROM main.changes")
        run(db, "CREATE UNIQUE INDEX temp.changes_id ON changes (id)")
    else:
        run(db, CHANGE)
    tables = {name: _Rows(db, name) for name in _TABLES}
    records = ((_record(tables, changeset), number) for number, changeset in changesets)
    db.executemany("UPDATE changes SET rows = ? WHERE id = ?", records)


class _Rows:
    """The rows of one table by their keys, while they are taken back."""

    def __init__(self, db: apsw.Connection, name: str) -> None:
        info = list(db.execute(f"PRAGMA table_info({name})"))
        self.columns = [column for _, column, *_ in info]
        self._keys = [place for place, (*_, key) in enumerate(info) if key]
        self._held = {self._key(row): row for row in db.execute(f"SELECT * FROM {name}")}

    def _key(self, row: Row) -> Row:
        return tuple(row[place] for place in self._keys)

    def back(self, change: apsw.TableChange) -> tuple[Row | None, Row | None]:
        """Take a change back; returns the whole row before and after."""
        old, new = change.old, change.new
        if old is None or new is None:
            if old is not None:
                self._held[self._key(old)] = old
            elif new is not None:
                self._held.pop(self._key(new), None)
            return old, new
        after = self._held.get(self._key(old), old)
        before = tuple(now if was is apsw.no_change else was for was, now in zip(old, after, strict=True))
        self._held[self._key(old)] = before
        return before, after

    def named(self, row: Row | None) -> dict[str, Any] | None:
        """A row by the names of its columns."""
        return None if row is None else dict(zip(self.columns, row, strict=True))


def _record(tables: dict[str, _Rows], changeset: bytes) -> str:
    """The rows of a changeset as JSON; text that can't be read again where it is damaged: only undo needs it."""
    try:
        changes = [(one.name, *tables[one.name].back(one)) for one in apsw.Changeset.iter(changeset)]
        plain = [[name, *map(tables[name].named, rows)] for name, *rows in changes]
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (apsw.Error, KeyError, ValueError, TypeError):
        return ""
