"""From format 9 to 10: images have a number of their own and a source; what readers can differ about has an opinion.

What is said of an image names it by its number, in the tables and in what is kept of changes, so that its name can
change. Where the file says so, the DICOM UIDs are kept. `regions` has no action yet.
"""

from __future__ import annotations

import json
from typing import Any

import apsw

from app.store.database import run

_IMAGE = "image INTEGER NOT NULL"
_OPINION = "opinion TEXT NOT NULL"
_WHO = "reader TEXT NOT NULL, at TEXT NOT NULL"
_IMAGES = """number INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL,
    source TEXT NOT NULL, path TEXT NOT NULL, relative TEXT NOT NULL"""
_OF_IMAGES = {
    "placements": f"""{_IMAGE}, {_OPINION}, landmark INTEGER NOT NULL, state TEXT NOT NULL, x REAL, y REAL, {_WHO},
        PRIMARY KEY (image, opinion, landmark)""",
    "reviews": f"{_IMAGE}, {_OPINION}, state TEXT NOT NULL, note TEXT NOT NULL, {_WHO}, PRIMARY KEY (image, opinion)",
    "structure_reviews": f"""{_IMAGE}, {_OPINION}, structure TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL,
        {_WHO}, PRIMARY KEY (image, opinion, structure)""",
    "spacings": """image INTEGER PRIMARY KEY NOT NULL, row_mm REAL NOT NULL, column_mm REAL NOT NULL,
        reader TEXT NOT NULL""",
    "readings": """image INTEGER PRIMARY KEY NOT NULL, quarter_turns INTEGER NOT NULL, mirrored INTEGER NOT NULL,
        inverted INTEGER NOT NULL, reader TEXT NOT NULL""",
    "frozen": """image INTEGER PRIMARY KEY NOT NULL, bundle_sha256 TEXT NOT NULL, suspect TEXT NOT NULL,
        placements TEXT NOT NULL, charts TEXT, maps TEXT""",
    "frozen_facts": """image INTEGER PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
        height INTEGER NOT NULL, width INTEGER NOT NULL, row_mm REAL, column_mm REAL, provenance TEXT,
        aspect REAL NOT NULL""",
    "left_as_is": f"image INTEGER PRIMARY KEY NOT NULL, suspect TEXT NOT NULL, {_WHO}",
    "corrected_files": "image INTEGER PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL",
}
"""The columns of tables that name images; those of format 9 were the same with names and without opinions."""
_NEW = f"""
CREATE TABLE masks ({_IMAGE}, {_OPINION}, structure TEXT NOT NULL, state TEXT NOT NULL, mask TEXT, {_WHO},
    PRIMARY KEY (image, opinion, structure)) STRICT;
CREATE TABLE measurements (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, formula TEXT NOT NULL)
    STRICT;
CREATE TABLE regions (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, structure TEXT NOT NULL,
    uv TEXT NOT NULL, closed INTEGER NOT NULL) STRICT"""
_UIDS = ("study_uid", "series_uid", "instance_uid")
_WITH_OPINION = ("placements", "reviews", "structure_reviews")


def _steps(main: bool) -> list[str]:
    """Each table is copied, made anew, and filled; in `main`, or beside it in memory."""
    new, drop = ("CREATE TABLE", "DROP TABLE") if main else ("CREATE TEMP TABLE", "DROP TABLE IF EXISTS temp.")
    steps = []
    for table, columns in {"images": _IMAGES, **_OF_IMAGES}.items():
        steps.append(f"CREATE TEMP TABLE before AS SELECT * FROM {table}; {drop} {table}")
        steps.append(f"{new} {table} ({columns}) STRICT")
        if table == "images":
            steps.append(
                "INSERT INTO images (name, position, source, path, relative)"
                " SELECT name, position, 'file', path, relative FROM before ORDER BY position"
            )
        else:
            own = ", ''" if table in _WITH_OPINION else ""
            rest = columns.split("PRIMARY KEY (")[0].rstrip(" ,\n")
            names = [part.split()[0] for part in rest.split(",")][2 if own else 1 :]
            steps.append(
                f"INSERT INTO {table} SELECT images.number{own}, {', '.join(f'before.{name}' for name in names)}"
                " FROM before JOIN images ON images.name = before.image"
            )
        steps.append("DROP TABLE before")
    if main:
        steps += [f"ALTER TABLE facts ADD COLUMN {uid} TEXT NOT NULL DEFAULT ''" for uid in _UIDS]
        return [*steps, _NEW]
    empty = ", ".join(f"'' AS {uid}" for uid in _UIDS)
    steps.append(f"CREATE TEMP TABLE before AS SELECT *, {empty} FROM facts; DROP TABLE IF EXISTS temp.facts")
    steps.append("CREATE TEMP TABLE facts AS SELECT * FROM before; DROP TABLE before")
    return [*steps, _NEW.replace("CREATE TABLE", "CREATE TEMP TABLE")]


CHANGE = ";".join(_steps(main=True))
"""What becomes of the tables."""


def to_format_10(db: apsw.Connection, read_only: bool) -> None:
    """Bring a file of format 9 to format 10; one that is open for reading only just looks so."""
    if read_only:
        run(db, "CREATE TEMP TABLE IF NOT EXISTS changes AS SELECT * FROM main.changes")
        run(db, "CREATE UNIQUE INDEX IF NOT EXISTS temp.changes_id ON changes (id)")
    run(db, ";".join(_steps(main=not read_only)))
    numbers = {str(name): int(number) for number, name in db.execute("SELECT number, name FROM images")}
    used = len(numbers)
    changes = list(db.execute("SELECT id, images, rows FROM changes ORDER BY id"))
    converted = ((_numbers(images, numbers), _record(rows, numbers), number) for number, images, rows in changes)
    db.executemany("UPDATE changes SET images = ?, rows = ? WHERE id = ?", converted)
    if len(numbers) > used and not read_only:  # images that were taken out keep their numbers, nobody else gets them
        number = len(numbers)
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'images'")
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('images', ?)", (number,))


def _number(name: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(name, len(numbers) + 1)


def _numbers(images: str, numbers: dict[str, int]) -> str:
    return json.dumps([_number(name, numbers) for name in json.loads(images)])


def _record(rows: str, numbers: dict[str, int]) -> str:
    """A record of format 9 in the columns of format 10; one that can't be read stays as it is."""
    try:
        found = [[table, *(_row(table, row, numbers) for row in both)] for table, *both in json.loads(rows)]
        return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, KeyError):
        return rows


def _row(table: str, row: dict[str, Any] | None, numbers: dict[str, int]) -> dict[str, Any] | None:
    if row is None:
        return None
    if table == "images":
        return {"number": _number(row["name"], numbers), **row, "source": "file"}
    if table not in _OF_IMAGES:
        return row
    opinion = {"opinion": ""} if table in _WITH_OPINION else {}
    return {**row, "image": _number(row["image"], numbers), **opinion}
