"""Connections to SQLite files that run nothing but what this program asks for.

A project file may come from anywhere. What SQLite would run by itself (triggers, views, expressions in the schema) is
switched off, sizes have limits, and no link is followed (sqlite.org, Defense Against The Dark Arts).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from app.store.errors import Trouble, project_error
from app.store.paths import beside

BUSY_MS = 5000
"""So long a connection waits for another program that writes."""
_OFF = (
    *(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, apsw.SQLITE_DBCONFIG_ENABLE_VIEW, apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA),
    *(apsw.SQLITE_DBCONFIG_DQS_DDL, apsw.SQLITE_DBCONFIG_DQS_DML, apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA),
)
LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: 1 << 29,  # masks, uv-maps and charts of one image, or the changes of one action
    apsw.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    apsw.SQLITE_LIMIT_COLUMN: 100,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 20,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 10,
    apsw.SQLITE_LIMIT_VDBE_OP: 25_000,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 8,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}


def connect(path: Path, mode: str) -> apsw.Connection:
    """Open a SQLite file; `mode` is ``ro``, ``rw``, ``rwc`` or ``immutable``.

    Parameters
    ----------
    path : Path
        Without links in its folders; a link at its end is refused.
    """
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    whole = os.fsencode(path.absolute().as_posix())
    # With an empty authority: SQLite would take the "server" of a shared folder of Windows for one.
    uri = "file://" + ("" if whole.startswith(b"/") else "/") + quote(whole) + "?" + query
    flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOFOLLOW
    flags |= apsw.SQLITE_OPEN_READONLY if mode in ("ro", "immutable") else apsw.SQLITE_OPEN_READWRITE
    if mode == "rwc":
        flags |= apsw.SQLITE_OPEN_CREATE
    return secured(apsw.Connection(uri, flags=flags))


def connect_to_read(file: Path) -> apsw.Connection:
    """Open a SQLite file for reading, also in a folder that can't be written; raises ProjectError or apsw.Error."""
    db = connect(file, "ro")
    try:
        value(db, "SELECT count(*) FROM sqlite_schema")
        return db
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        db.close()
    except BaseException:
        db.close()
        raise
    # SQLite can't make its shared memory there; nobody writes there either.
    log = beside(file, "-wal")
    if log.is_file() and log.stat().st_size:
        detail = f"its last changes lie in {log.name}, which can't be read there; copy both files"
        raise project_error(Trouble.READ_ONLY, file, detail)
    return connect(file, "immutable")


def set_durable(db: apsw.Connection) -> None:
    """From now on a commit that has returned is on the disk (design 5.7)."""
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")


def in_memory() -> apsw.Connection:
    """A database that lives as long as its connection."""
    return secured(apsw.Connection(":memory:"))


def secured(db: apsw.Connection) -> apsw.Connection:
    """Switch off what a file could make SQLite run, and set limits."""
    db.set_busy_timeout(BUSY_MS)
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    for option in _OFF:
        db.config(option, 0)
    for limit, most in LIMITS.items():
        db.limit(limit, most)
    run(db, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0")
    return db


@contextmanager
def transaction(db: apsw.Connection, begin: str = "BEGIN") -> Iterator[None]:
    """All or nothing; what failed first is what is raised."""
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(apsw.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        raise


def run(db: apsw.Connection, script: str) -> None:
    """Run statements to their end."""
    for _ in db.execute(script):
        pass


def value(db: apsw.Connection, query: str) -> Any:
    """The first value that a query gives."""
    return next(iter(db.execute(query)))[0]


Schema = Mapping[tuple[str, str], str]
"""What a database is made of: kind and name of each object, and the SQL that made it, without needless blanks."""


def schema_of(db: apsw.Connection) -> Schema:
    """The schema of a database without what SQLite itself adds."""
    found = db.execute("SELECT type, name, sql FROM main.sqlite_schema")
    return {(kind, name): _plain(sql) for kind, name, sql in found if sql and not str(name).startswith("sqlite_")}


def schema_made_by(script: str) -> Schema:
    """The schema that statements make."""
    db = apsw.Connection(":memory:")
    try:
        run(db, script)
        return schema_of(db)
    finally:
        db.close()


def foreign_parts(found: Schema, ours: Schema) -> list[str]:
    """What of a schema is not ours: "trigger x", "table y" (of another shape or unknown)."""
    return [f"{kind} {name}" for (kind, name), sql in sorted(found.items()) if ours.get((kind, name)) != sql]


def _plain(sql: str) -> str:
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(str(sql).split()))
