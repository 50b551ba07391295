"""The project file: SQLite through apsw, with every action as one transaction in an append-only table of changes.

What an action did to the rows of the tables of `TRAIL` lies beside who did what and when, as plain JSON; undoing does
the inverse, and that is itself a new row of the table. So the table is undo stack and audit trail at once, and both
survive reopening. Facts that are no action (the size of an image, a failed prediction) are written outside the trail.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from app.core.text import kept_path, path_kept
from app.store.blobs import Arrays, DamagedBlob, unpack
from app.store.changes import Action, Done, Entry, Pieces, RowChange, at_once, in_order, inverted, now, pieces_of
from app.store.copying import Copier, Told, Trail, copy_database, holds, is_whole, name_copy, seen_from, written_over
from app.store.database import connect, connect_to_read, run, set_durable, transaction, value
from app.store.errors import NONSENSE, ProjectError, Trouble, of_database, project_error
from app.store.garbage import no_collection
from app.store.paths import (
    Identity,
    Watch,
    beside,
    check_beside,
    connected,
    disconnected,
    identity,
    open_under,
    real_path,
)
from app.store.row_writer import RowWriter, Tables
from app.store.schema import APPLICATION_ID, FORMAT, checked_version, migrate, statements

_OPEN_AS = "open_as"
"""In `meta`: the path under which the file is open for writing, and beside which its log lies."""
_IMAGES_FROM = "images_from"
"""In `meta` of a copy: the folder from which relative paths of images count, as seen from the copy's own."""


class Project:
    """One open project file: the `ProjectStore` that SQLite makes.

    Parameters
    ----------
    path : Path
        As it was given; the file itself is `file`, the same path without links.
    db : apsw.Connection
    read_only : bool

    Attributes
    ----------
    on_trouble : callable
        Called with a ProjectError when something can't be kept, and with None when something is kept again.
    on_write : callable
        Called before something is written while an action is done in pieces: the caller ends that first.

    Notes
    -----
    Made by `create` or `open`. The caller holds the lock.
    """

    def __init__(self, path: Path, db: apsw.Connection, read_only: bool) -> None:
        self.path, self.file = path, real_path(path)
        self.read_only = read_only
        self.on_trouble: Callable[[ProjectError | None], None] = lambda _: None
        self.on_write: Callable[[], None] = lambda: None
        self._db = db
        self._identity = identity(self.file)
        self._watch: Watch | None = None
        self._entries: list[Entry] = []
        self._undo: list[Entry] = []
        self._redo: list[Entry] = []
        self._tables = Tables(db)
        self._closed = False
        connected(self._identity, self.file)

    # --- opening and closing

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, str], rows: Mapping[str, Iterable[tuple[Any, ...]]]) -> Project:
        """Make a new project file with its first rows in one transaction; raises ProjectError if there is a file."""
        if path.exists() and path.stat().st_size:
            raise ProjectError(f"There is a file {path} already. Choose another name, or open it instead.")
        db: apsw.Connection | None = None
        try:
            check_beside(real_path(path))
            db = connect(real_path(path), "rwc")
            set_durable(db)
            with transaction(db):
                run(db, f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}; {statements()}")
                db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                for table, values in rows.items():
                    for row in values:
                        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
        except apsw.Error as error:
            trouble = of_database(path, error, db.system_errno if db is not None else 0)
            if db is not None:
                db.close()
            raise ProjectError(f"The project {path} can't be made there. {trouble}", trouble.trouble) from None
        project = cls(path, db, read_only=False)
        try:
            project._begin_writing()
        except BaseException:
            project.close()
            raise
        return project

    @classmethod
    def open(cls, path: Path, read_only: bool) -> Project:
        """Open a project file; raises ProjectError with a sentence if that fails."""
        file = real_path(path)
        if not file.is_file():
            raise project_error(Trouble.MISSING, path)
        check_beside(file)
        if other := open_under(identity(file)).difference((file,)):
            raise _same_file(path, *other)
        try:
            db = connect_to_read(file) if read_only else connect(file, "rw")
        except apsw.Error as error:
            raise of_database(path, error) from None
        project = cls(path, db, read_only)
        try:
            with project.guarded():
                version = checked_version(path, db)
                if not read_only:
                    set_durable(db)
                migrate(db, version, read_only)
                project._read_trail()
            project._check_other_name()
            if not read_only:
                project._begin_writing()
        except NONSENSE as error:
            project.close()
            raise of_database(path, error) from None
        except BaseException:
            project.close()
            raise
        return project

    def _check_other_name(self) -> None:
        """Raise ProjectError if the last changes of the same file lie beside another of its names (a hard link)."""
        kept = self.meta().get(_OPEN_AS, "")
        other = path_kept(kept) if kept else self.file
        if other == self.file or identity(other) != self._identity:
            return
        log = beside(other, "-wal")
        if log.is_file() and log.stat().st_size:
            raise _same_file(self.path, other)

    def _begin_writing(self) -> None:
        """Write under which name the file is open into the file itself, and watch it from now on."""
        self.set_meta(**{_OPEN_AS: kept_path(self.file)})
        with self.guarded():
            run(self._db, "PRAGMA wal_checkpoint(PASSIVE)")
        self._watch = Watch(self.file)

    def close(self) -> None:
        """Write the log back into the file and close it; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        if not self.read_only and self._watch is not None:
            with suppress(apsw.Error):  # everything committed is in the log and will be found there
                self._db.execute("DELETE FROM meta WHERE key = ?", (_OPEN_AS,))
                run(self._db, "PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(apsw.Error):
            self._db.close()  # SQLite removes the log by its name, unless the file itself was moved
        disconnected(self._identity, self.file)

    def copier(self, apart: bool, **meta: str) -> Copier:
        """What copies everything until now; `meta` is what the copy says of itself.

        Parameters
        ----------
        apart : bool
            By a connection of its own, so on any thread, whatever is done here meanwhile. Else by the one that is open,
            which still reads a file that is gone: on this thread, and nothing may be done before it has ended.
        """
        entries, known = self._entries[:], self._identity

        def copy(file: Path, told: Told) -> None:
            seen = {_IMAGES_FROM: seen_from(file.parent, folder)}
            with self._apart(known) if apart else nullcontext(self._db) as db:
                target = copy_database(db, self.path, file, told)
            try:
                if not holds(target, _trail(entries), more=apart):
                    raise written_over(self.path)
                name_copy(target, meta | seen, without=_OPEN_AS)
            except apsw.Error as error:
                raise of_database(file, error, target.system_errno) from None
            finally:
                target.close()

        folder = self.images_folder
        return copy

    @contextmanager
    def _apart(self, known: Identity | None) -> Iterator[apsw.Connection]:
        """Another connection to the file, which sees it as it is now for as long as it is open."""
        try:
            with closing(connect_to_read(self.file)) as db:
                db.execute("BEGIN")
                value(db, "SELECT count(*) FROM meta")  # from here on
                if identity(self.file) != known:
                    raise project_error(Trouble.GONE, self.path)
                yield db
        except apsw.Error as error:
            raise of_database(self.path, error) from None

    def check_there(self) -> None:
        """Raise ProjectError if the path leads to another file than the open one by now, or to none."""
        self._check_not_gone()
        if self._watch is not None and self._watch.touched:
            if not is_whole(self.file, _trail(self._entries)):
                raise project_error(Trouble.GONE, self.path, "it was written over")
            self._watch.settle()

    def _check_not_gone(self) -> None:
        if self._watch is not None and (gone := self._watch.missing()) is not None:
            raise project_error(Trouble.GONE, self.path, "" if gone == self.file else gone.name)

    def check_apart(self) -> Callable[[], Callable[[], None]] | None:
        """The same in two parts: the first on any thread, and what it returns on this one; None where all is well.

        A large file that another program has written, maybe only touched, is read for a second. What is written here
        before that has ended looks by itself.
        """
        self._check_not_gone()
        if (watch := self._watch) is None or not watch.touched:
            return None
        stamp, entries = watch.stamp, self._entries[:]

        def look() -> Callable[[], None]:
            whole = is_whole(self.file, _trail(entries), more=True)

            def take() -> None:
                if not whole:
                    raise project_error(Trouble.GONE, self.path, "it was written over")
                if watch.touched:
                    watch.settle(stamp)

            return take

        return look

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what SQLite raises into a ProjectError that says what it is."""
        try:
            yield
        except apsw.Error as error:
            raise of_database(self.path, error, self._db.system_errno) from error

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

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""
        with self.guarded():
            return list(self._db.execute(f"SELECT * FROM {table} ORDER BY rowid"))

    def meta(self) -> dict[str, str]:
        """What the project says of itself: model, bundle hash, format."""
        return {str(key): str(value) for key, value in self.rows("meta")}

    @property
    def images_folder(self) -> Path:
        """The folder from which relative paths of images count: the file's own, or in a copy that of the original.

        Below a copy's own folder other images may lie under the same names.
        """
        return Path(os.path.normpath(self.file.parent / path_kept(self.meta().get(_IMAGES_FROM, ""))))

    def blob(self, sha256: str) -> Arrays:
        """Arrays of a blob; raises ProjectError if it is missing or damaged."""
        try:
            return unpack(self.blob_bytes(sha256), sha256)
        except DamagedBlob:
            raise project_error(Trouble.DAMAGED, self.path, "a stored array does not match its checksum") from None

    def blob_bytes(self, sha256: str) -> bytes:
        """Compressed bytes of a blob, unchecked; raises ProjectError if it is missing."""
        with self.guarded():
            found = list(self._db.execute("SELECT data FROM blobs WHERE sha256 = ?", (sha256,)))
        if not found:
            raise project_error(Trouble.DAMAGED, self.path, "a stored array is missing")
        data: bytes = found[0][0]
        return data

    # --- writing

    def record_facts(self, row: tuple[Any, ...]) -> None:
        """Write what was found out about one image file: no action, not undone."""
        with self._transaction():
            self._db.execute(f"INSERT OR REPLACE INTO facts VALUES ({','.join('?' * len(row))})", row)

    def set_meta(self, **values: str) -> None:
        """Write what the project says of itself: no action, not undone."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def act(self, reader: str, action: Action) -> Done:
        """Run one action in one transaction and record it.

        Returns
        -------
        tuple or None
            The entry and what changed, row by row; None where nothing changed, and then nothing is recorded.
        """
        return at_once(self.act_in_pieces(reader, action))

    def act_in_pieces(self, reader: str, action: Action) -> Pieces:
        """The same, piece by piece; whoever writes something else before it has ended is first told by `on_write`."""
        with self._transaction():
            writer = RowWriter(self._db, self._tables)
            yield from action.edit(writer) or ()
            changes = writer.changes
            if not changes:
                return None
            images = tuple(map(writer.number, action.images))
            entry = Entry(0, now(), reader, action.kind, action.label, images, action.landmarks)
            entry = yield from self._append(entry, changes)
        self._take(entry)
        return entry, changes

    def write_ahead(self, blobs: Iterable[bytes]) -> set[str]:
        """Write blobs that an action is going to name; the checksums of those that were not there.

        It is no action, and they are nobody's as long as none names them. They are on the disk when that action is:
        its commit syncs the whole log.
        """
        self.check_writable()
        if self._db.in_transaction:  # an action that is done in pieces: SQLite changes no setting amid it
            self.on_write()
        new: set[str] = set()
        with self.guarded():
            run(self._db, "PRAGMA synchronous=NORMAL")
        try:
            with self._transaction():
                writer = RowWriter(self._db, self._tables)
                for data in blobs:
                    name = writer.blob(data)
                    if self._db.changes():
                        new.add(name)
        finally:
            with self.guarded():
                run(self._db, "PRAGMA synchronous=FULL")
        return new

    def forget_blobs(self, checksums: Collection[str]) -> None:
        """Remove blobs that no action has named."""
        with self._transaction():
            self._db.executemany("DELETE FROM blobs WHERE sha256 = ?", [(name,) for name in checksums])

    def undo_in_pieces(self, reader: str) -> Pieces:
        """Take the last action back; ends with that action and what changed, None where there is nothing to undo."""
        return (yield from self._again(self._undo[-1], reader, undo=True)) if self._undo else None

    def redo_in_pieces(self, reader: str) -> Pieces:
        """Do the last undone action again; like `undo_in_pieces`."""
        return (yield from self._again(self._redo[-1], reader, undo=False)) if self._redo else None

    def _again(self, target: Entry, reader: str, undo: bool) -> Pieces:
        with self._transaction():
            changes = yield from self._touches(target)
            if undo:
                changes = inverted(changes)
            writer = RowWriter(self._db, self._tables)
            for some in pieces_of(changes):
                if not writer.again(some):
                    raise project_error(Trouble.DAMAGED, self.path, "its rows are not as its last change left them")
                yield
            link = {"undoes": target.id} if undo else {"redoes": target.id}
            row = Entry(0, now(), reader, target.kind, target.label, target.images, target.landmarks, **link)
            entry = yield from self._append(row, changes)
        self._take(entry)
        return target, changes

    def touches(self, entry: Entry) -> list[RowChange]:
        """What an action did, row by row."""
        reading = self._touches(entry)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                changes: list[RowChange] = end.value
                return changes

    def _touches(self, entry: Entry) -> Generator[None, None, list[RowChange]]:
        with self.guarded():
            ((text,),) = list(self._db.execute("SELECT rows FROM changes WHERE id = ?", (entry.id,)))
        try:
            found, changes = json.loads(text), []
            for some in pieces_of(found):
                changes += self._tables.from_plain(some)
                yield
            return in_order(changes)
        except NONSENSE as error:
            raise of_database(self.path, error) from error

    def check_writable(self) -> None:
        """Raise ValueError if the project is open for reading only."""
        if self.read_only:
            raise ValueError(f"The project {self.path.name} is open for reading only: nothing can be changed.")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.check_writable()
        if self._db.in_transaction:  # an action that is done in pieces
            self.on_write()
        try:
            with self.guarded():
                self.check_there()
                with transaction(self._db, "BEGIN IMMEDIATE"):
                    yield
                    self.check_there()
        except ProjectError as error:
            self.on_trouble(error)
            raise
        if self._watch is not None:
            self._watch.settle()  # the commit may have written the log back into the file
        self.on_trouble(None)

    def _append(self, entry: Entry, changes: list[RowChange]) -> Generator[None, None, Entry]:
        texts = []
        for some in pieces_of(changes):
            texts.append(self._tables.to_json(some))
            yield
        said = json.dumps(entry.images, ensure_ascii=False), json.dumps(entry.landmarks, ensure_ascii=False)
        self._db.execute(
            "INSERT INTO changes (at, reader, kind, label, images, landmarks, rows, undoes, redoes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(entry.at, entry.reader, entry.kind, entry.label, *said),
                *(f"[{','.join(texts)}]", entry.undoes, entry.redoes),
            ),
        )
        return entry._replace(id=self._db.last_insert_rowid())

    # --- the table of changes

    def _read_trail(self) -> None:
        query = "SELECT id, at, reader, kind, label, images, landmarks, undoes, redoes FROM changes ORDER BY id"
        read = cache(lambda text: tuple(json.loads(text)))  # most are of one image and one landmark
        with no_collection():
            for number, at, reader, kind, label, images, landmarks, undoes, redoes in self._db.execute(query):
                self._take(Entry(number, at, reader, kind, label, read(images), read(landmarks), undoes, redoes))

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


def _trail(entries: Sequence[Entry]) -> Trail:
    return [(entry.id, entry.at) for entry in entries]


def _same_file(path: Path, other: Path) -> ProjectError:
    sentence = f"{path} is the same file as {other}, and its last changes are kept under that name. Open {other}."
    return ProjectError(sentence, Trouble.LINK)
