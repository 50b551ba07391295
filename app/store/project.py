"""The project file: SQLite through apsw, with every action as one transaction in an append-only table of changes.

SQLite's session extension records what an action did to the tables of `TRAIL` as a changeset. The changeset lies beside
who did what and when; undoing applies its inverse, and that is itself a new row of the table. So the table is undo
stack and audit trail at once, and both survive reopening. Facts that are no action (the size of an image, a failed
prediction) are written outside the trail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import apsw

from app.store.blobs import Arrays, DamagedBlob, checksum, unpack
from app.store.errors import ProjectError
from app.store.schema import APPLICATION_ID, FORMAT, SCHEMA, TRAIL, migrate

NONSENSE = (ValueError, TypeError, KeyError, IndexError)
"""What reading rows raises if they hold what nobody wrote."""


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
        ``images landmarks placements review spacing reading``.
    label : str
        In plain words: "Move “Right hilum” in JPCLN001".
    edit : callable
        Given a `Writer`, makes the changes.
    images, landmarks : tuple of str
        Whose display it touches.
    """

    kind: str
    label: str
    edit: Callable[[Writer], None]
    images: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()


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


def connect(path: Path, mode: str) -> apsw.Connection:
    """Open a SQLite file; `mode` is ``ro``, ``rw``, ``rwc`` or ``immutable``."""
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    uri = "file:" + quote(path.resolve().as_posix()) + "?" + query
    flags = apsw.SQLITE_OPEN_URI | (
        apsw.SQLITE_OPEN_READONLY if mode in ("ro", "immutable") else apsw.SQLITE_OPEN_READWRITE
    )
    if mode == "rwc":
        flags |= apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(uri, flags=flags)
    connection.set_busy_timeout(5000)
    return connection


def _run(db: apsw.Connection, script: str) -> None:
    for _ in db.execute(script):
        pass


class Project:
    """One open project file.

    Parameters
    ----------
    path : Path
    db : apsw.Connection
    read_only : bool

    Notes
    -----
    Made by `create` or `open`. The caller holds the lock.
    """

    def __init__(self, path: Path, db: apsw.Connection, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._db = db
        self._entries: list[Entry] = []
        self._undo: list[Entry] = []
        self._redo: list[Entry] = []
        self._statements: dict[str, str] = {}

    # --- opening and closing

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, str], rows: Mapping[str, Iterable[tuple[Any, ...]]]) -> Project:
        """Make a new project file with its first rows in one transaction; raises ProjectError if there is a file."""
        if path.exists() and path.stat().st_size:
            raise ProjectError(f"There is a file {path} already. Choose another name, or open it instead.")
        try:
            db = connect(path, "rwc")
            _run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
            with db:
                _run(db, f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; {SCHEMA}")
                db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                for table, values in rows.items():
                    for row in values:
                        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
        except apsw.Error as error:
            raise ProjectError(
                f"The project {path} can't be made there ({error}). Check folder and free space."
            ) from None
        return cls(path, db, read_only=False)

    @classmethod
    def open(cls, path: Path, read_only: bool) -> Project:
        """Open a project file; raises ProjectError with a sentence if that fails."""
        if not path.is_file():
            raise ProjectError(f"There is no project file {path}.")
        try:
            db = cls._connect(path, read_only)
            (application,) = next(iter(db.execute("PRAGMA application_id")))
            (version,) = next(iter(db.execute("PRAGMA user_version")))
            if application != APPLICATION_ID:
                db.close()
                raise ProjectError(f"{path} is not a DenseSeg Review project. Choose a project file.")
            if version > FORMAT:
                db.close()
                raise ProjectError(f"{path} was written by a newer DenseSeg Review. Update the program to open it.")
            if not read_only:
                _run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
            migrate(db, version, read_only)
            project = cls(path, db, read_only)
            with project.guarded():
                project._read_trail()
        except (apsw.Error, *NONSENSE) as error:
            raise ProjectError(damaged(path, error)) from None
        return project

    @staticmethod
    def _connect(path: Path, read_only: bool) -> apsw.Connection:
        if not read_only:
            return connect(path, "rw")
        try:
            db = connect(path, "ro")
            for _ in db.execute("SELECT count(*) FROM sqlite_schema"):
                pass
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            # In a folder without write permission SQLite can't make its shared memory; nobody writes there either.
            return connect(path, "immutable")
        return db

    def close(self) -> None:
        """Write the log back into the file and close it; closing twice does nothing."""
        if not self.read_only:
            with suppress(apsw.Error):  # everything committed is in the log and will be found there
                _run(self._db, "PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what SQLite raises about a damaged file or a full disk into a ProjectError."""
        try:
            yield
        except apsw.Error as error:
            raise ProjectError(damaged(self.path, error)) from error

    # --- reading

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Everything read within is of one moment, whatever another process writes meanwhile."""
        with self.guarded():
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def rows(self, table: str, order: str = "rowid") -> list[tuple[Any, ...]]:
        """All rows of a table."""
        with self.guarded():
            return list(self._db.execute(f"SELECT * FROM {table} ORDER BY {order}"))

    def meta(self) -> dict[str, str]:
        """What the project says of itself: model, bundle hash, format."""
        return {str(key): str(value) for key, value in self.rows("meta")}

    def blob(self, sha256: str) -> Arrays:
        """Arrays of a blob; raises ProjectError if it is missing or damaged."""
        return unpack_for(self.path, self.blob_bytes(sha256), sha256)

    def blob_bytes(self, sha256: str) -> bytes:
        """Compressed bytes of a blob, unchecked; raises ProjectError if it is missing."""
        with self.guarded():
            found = list(self._db.execute("SELECT data FROM blobs WHERE sha256 = ?", (sha256,)))
        if not found:
            raise ProjectError(f"The project {self.path.name} is damaged: a stored array is missing. Use a copy of it.")
        data: bytes = found[0][0]
        return data

    # --- writing

    def record_facts(self, row: tuple[Any, ...]) -> None:
        """Write what was found out about one image file: no action, not undone."""
        with self.guarded(), self._transaction():
            self._db.execute(f"INSERT OR REPLACE INTO facts VALUES ({','.join('?' * len(row))})", row)

    def set_meta(self, **values: str) -> None:
        """Write what the project says of itself: no action, not undone."""
        with self.guarded(), self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def act(self, reader: str, action: Action) -> tuple[Entry, list[RowChange]] | None:
        """Run one action in one transaction and record it.

        Returns
        -------
        tuple or None
            The entry and what changed, row by row; None where nothing changed, and then nothing is recorded.
        """
        with self.guarded(), self._transaction(), _Recording(self._db) as recording:
            action.edit(Writer(self._db, self._statements))
            changeset = recording.changeset()
            if not changeset:
                return None
            entry = Entry(0, now(), reader, action.kind, action.label, action.images, action.landmarks)
            entry = self._append(entry, changeset)
        self._take(entry)
        return entry, changed_rows(changeset)

    def undo(self, reader: str) -> tuple[Entry, list[RowChange]] | None:
        """Take the last action back; returns that action and what changed, None where there is nothing to undo."""
        return self._again(self._undo[-1], reader, undo=True) if self._undo else None

    def redo(self, reader: str) -> tuple[Entry, list[RowChange]] | None:
        """Do the last undone action again; like `undo`."""
        return self._again(self._redo[-1], reader, undo=False) if self._redo else None

    def _again(self, target: Entry, reader: str, undo: bool) -> tuple[Entry, list[RowChange]]:
        with self.guarded(), self._transaction():
            (changeset,) = next(iter(self._db.execute("SELECT changeset FROM changes WHERE id = ?", (target.id,))))
            if undo:
                changeset = apsw.Changeset.invert(changeset)
            apsw.Changeset.apply(changeset, self._db, conflict=lambda *_: apsw.SQLITE_CHANGESET_ABORT)
            link = {"undoes": target.id} if undo else {"redoes": target.id}
            row = Entry(0, now(), reader, target.kind, target.label, target.images, target.landmarks, **link)
            entry = self._append(row, changeset)
        self._take(entry)
        return target, changed_rows(changeset)

    def check_writable(self) -> None:
        """Raise ValueError if the project is open for reading only."""
        if self.read_only:
            raise ValueError(f"The project {self.path.name} is open for reading only: nothing can be changed.")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.check_writable()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _append(self, entry: Entry, changeset: bytes) -> Entry:
        self._db.execute(
            "INSERT INTO changes (at, reader, kind, label, images, landmarks, changeset, undoes, redoes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(entry.at, entry.reader, entry.kind, entry.label, json.dumps(entry.images, ensure_ascii=False)),
                *(json.dumps(entry.landmarks, ensure_ascii=False), changeset, entry.undoes, entry.redoes),
            ),
        )
        return Entry(self._db.last_insert_rowid(), *list(vars(entry).values())[1:])

    # --- the trail

    def _read_trail(self) -> None:
        query = "SELECT id, at, reader, kind, label, images, landmarks, undoes, redoes FROM changes ORDER BY id"
        for number, at, reader, kind, label, images, landmarks, undoes, redoes in self._db.execute(query):
            names = tuple(json.loads(images)), tuple(json.loads(landmarks))
            self._take(Entry(number, at, reader, kind, label, *names, undoes, redoes))

    def _take(self, entry: Entry) -> None:
        self._entries.append(entry)
        if entry.undoes is not None:
            self._redo.append(self._undo.pop())
        elif entry.redoes is not None:
            self._undo.append(self._redo.pop())
        else:
            self._undo.append(entry)
            self._redo.clear()

    @property
    def next_undo(self) -> Entry | None:
        """The action that `undo` would take back."""
        return self._undo[-1] if self._undo else None

    @property
    def next_redo(self) -> Entry | None:
        """The action that `redo` would do again."""
        return self._redo[-1] if self._redo else None

    def entries(self) -> list[tuple[Entry, bool]]:
        """All rows of the table of changes, oldest first, each with whether it is undone now."""
        standing = {entry.id for entry in self._undo}
        return [(e, e.undoes is None and e.redoes is None and e.id not in standing) for e in self._entries]


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


class _Recording:
    """SQLite's session extension, watching the tables of the trail."""

    def __init__(self, db: apsw.Connection) -> None:
        self._session = apsw.Session(db, "main")
        for table in TRAIL:
            self._session.attach(table)

    def __enter__(self) -> _Recording:
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


def unpack_for(path: Path, data: bytes, sha256: str) -> Arrays:
    """Arrays of a blob of the project file; raises ProjectError if it is damaged."""
    try:
        return unpack(data, sha256)
    except DamagedBlob:
        sentence = f"The project {path.name} is damaged: a stored array does not match its checksum. Use a copy of it."
        raise ProjectError(sentence) from None


def damaged(path: Path, error: Exception) -> str:
    """What to tell the reader when reading or writing a project file fails."""
    if isinstance(error, apsw.FullError):
        return f"There is no space left for the project {path.name}; the last change was not kept. Free some space."
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return f"The project {path.name} is in use by another program. Close it there and try again."
    if isinstance(error, apsw.CantOpenError | apsw.PermissionsError | apsw.ReadOnlyError | apsw.AuthError):
        return f"The project {path.name} can't be opened for this ({error}). Check its folder's permissions."
    if isinstance(error, apsw.NotADBError):
        return (
            f"{path.name} is not a DenseSeg Review project, or it is damaged. Choose another file or use a copy of it."
        )
    return f"The project {path.name} is damaged ({error}). Use a copy of it."
