"""How actions write rows into SQLite, and the record of what they did to each row, before and after.

The record is plain JSON: a list of ``[table, row before, row after]``, rows by the names of their columns, null where
there was or is no row. Undo, redo, what is kept in memory and the audit trail are made from that alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from app.store.blobs import checksum
from app.store.changes import Row, RowChange, in_order
from app.store.tables import NAMING_IMAGES, TRAIL


class Table:
    """One table of an open project file, and the statements for its rows.

    Parameters
    ----------
    db : apsw.Connection
    name : str

    Attributes
    ----------
    columns : tuple of str
    keys : tuple of int
        Places of the columns that are its key.
    """

    def __init__(self, db: apsw.Connection, name: str) -> None:
        info = list(db.execute(f"PRAGMA table_info({name})"))
        self.name = name
        self.columns: tuple[str, ...] = tuple(column for _, column, *_ in info)
        self.keys = tuple(place for place, (*_, key) in enumerate(info) if key)
        keys = [f'"{self.columns[place]}"' for place in self.keys]
        update = ", ".join(f'"{column}" = excluded."{column}"' for _, column, _, _, _, key in info if not key)
        same = " AND ".join(f'"{column}" IS ?' for column in self.columns)
        each = ", ".join(f'"{column}" = ?' for column in self.columns)
        self.select = f"SELECT * FROM {name} WHERE {' AND '.join(f'{key} = ?' for key in keys)}"
        self.insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(info))})"
        self.put = f"{self.insert} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {update} RETURNING *"
        self.update = f"UPDATE {name} SET {each} WHERE {same}"
        self.delete = f"DELETE FROM {name} WHERE {same}"

    def key(self, row: Row) -> Row:
        """The key of a row."""
        return tuple(row[place] for place in self.keys)

    def named(self, row: Row | None) -> dict[str, Any] | None:
        """A row by the names of its columns."""
        return None if row is None else dict(zip(self.columns, row, strict=True))

    def row(self, named: dict[str, Any] | None) -> Row | None:
        """The other way round; raises KeyError where a column is missing."""
        return None if named is None else tuple(named[column] for column in self.columns)


class Tables(dict[str, Table]):
    """The tables of an open file by name, each looked up when first asked for."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def __missing__(self, name: str) -> Table:
        self[name] = Table(self._db, name)
        return self[name]

    def to_json(self, changes: Iterable[RowChange]) -> str:
        """Changes as they stand in the file, without the brackets around them."""
        plain = [[table, self[table].named(old), self[table].named(new)] for table, old, new in changes]
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))[1:-1]

    def from_plain(self, found: Iterable[Any]) -> list[RowChange]:
        """Changes from what stands in the file; raises ValueError, TypeError or KeyError if nobody wrote that."""
        changes = []
        for table, old, new in found:
            if table not in TRAIL:
                raise ValueError(f"no action changes the table {table}")
            changes.append(RowChange(table, self[table].row(old), self[table].row(new)))
        return changes


class RowWriter:
    """The `Writer` of SQLite files; it keeps a record of the rows of the tables that can be undone."""

    def __init__(self, db: apsw.Connection, tables: Tables) -> None:
        self._db = db
        self._tables = tables
        self._record: dict[Row, RowChange] = {}
        self._numbers: dict[str, int] = {}

    @property
    def changes(self) -> list[RowChange]:
        """What has changed so far; deletions first, so that a row may take another's place."""
        return in_order(change for change in self._record.values() if change.old != change.new)

    def put(self, table: str, *row: Any) -> None:
        """Insert a row or replace the one with the same key (as an update, so that undo sees one change)."""
        about = self._tables[table]
        if table in NAMING_IMAGES:
            row = (self.number(row[0]), *row[1:])
        old = next(iter(list(self._db.execute(about.select, about.key(row)))), None)
        if table == "images" and old is not None:
            self._numbers[old[1]] = old[0]  # its name may be another one in a moment
        (new,) = list(self._db.execute(about.put, row))  # as SQLite keeps it: with its number, reals as reals
        self._note(about, old, new)

    def put_all(self, table: str, rows: Sequence[Row]) -> None:
        """Put many rows of a table."""
        about = self._tables[table]
        if table in NAMING_IMAGES or not all(about.key(row) == (None,) for row in rows):
            for row in rows:
                self.put(table, *row)
            return
        for new in self._db.executemany(f"{about.insert} RETURNING *", rows):  # each gets a number of its own
            self._note(about, None, new)
            if table == "images":
                self._numbers[new[1]] = new[0]

    def drop(self, table: str, **key: Any) -> None:
        """Delete the rows whose columns equal `key`."""
        if table in NAMING_IMAGES:
            key["image"] = self.number(key["image"])
        where = " AND ".join(f'"{column}" = ?' for column in key)
        gone = list(self._db.execute(f"DELETE FROM {table} WHERE {where} RETURNING *", tuple(key.values())))
        for row in gone:
            self._note(self._tables[table], row, None)

    def number(self, image: str) -> int:
        """The number of an image, also of one that was dropped meanwhile; raises ValueError for an unknown name."""
        if image not in self._numbers:
            found = list(self._db.execute("SELECT number FROM images WHERE name = ?", (image,)))
            if not found:
                raise ValueError(f"The project has no image “{image}”.")
            self._numbers[image] = found[0][0]
        return self._numbers[image]

    def _note(self, about: Table, old: Row | None, new: Row | None) -> None:
        row = new if new is not None else old
        if about.name in TRAIL and row is not None:
            key = (about.name, *about.key(row))
            first = self._record[key].old if key in self._record else old
            self._record[key] = RowChange(about.name, first, new)

    def again(self, changes: Iterable[RowChange]) -> bool:
        """Do recorded changes to the rows once more; False where a row is not as they left it."""
        for table, old, new in changes:
            about = self._tables[table]
            if old is None and new is not None:
                self._db.execute(about.insert, new)
            elif old is not None and new is not None:
                self._db.execute(about.update, (*new, *old))
            elif old is not None:
                self._db.execute(about.delete, old)
            if self._db.changes() != 1:
                return False
        return True

    def blob(self, data: bytes) -> str:
        """Keep packed arrays; returns the checksum that names them. Blobs stay, so that undo finds them again."""
        name = checksum(data)
        # What lies there under that name may be damaged: then this mends it.
        mend = "ON CONFLICT (sha256) DO UPDATE SET data = excluded.data WHERE data <> excluded.data"
        self._db.execute(f"INSERT INTO blobs VALUES (?, ?) {mend}", (name, data))
        return name
