"""The tables of the project file: those of format 1, and one step for each later format.

Steps that also change what stands in rows have a module of their own (`format_9`, `format_10`). A new file is made by
the same steps, so that there is one truth of what a file of each format looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import apsw

from app.store.database import Schema, foreign_parts, run, schema_made_by, schema_of, transaction, value
from app.store.errors import Trouble, project_error
from app.store.format_9 import CHANGE as CHANGE_9
from app.store.format_9 import to_format_9
from app.store.format_10 import CHANGE as CHANGE_10
from app.store.format_10 import to_format_10

APPLICATION_ID = 0x44534556  # "DSEV"

_FORMAT_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE images (name TEXT PRIMARY KEY NOT NULL, position INTEGER NOT NULL, path TEXT NOT NULL,
    relative TEXT NOT NULL) STRICT;
CREATE TABLE landmarks (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL,
    structure TEXT NOT NULL, u REAL NOT NULL, v REAL NOT NULL, rule TEXT NOT NULL, "group" TEXT NOT NULL,
    colour TEXT NOT NULL, hidden INTEGER NOT NULL, locked INTEGER NOT NULL) STRICT;
CREATE TABLE placements (image TEXT NOT NULL, landmark INTEGER NOT NULL, state TEXT NOT NULL, x REAL, y REAL,
    reader TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (image, landmark)) STRICT;
CREATE TABLE reviews (image TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, reader TEXT NOT NULL,
    at TEXT NOT NULL) STRICT;
CREATE TABLE spacings (image TEXT PRIMARY KEY NOT NULL, row_mm REAL NOT NULL, column_mm REAL NOT NULL,
    reader TEXT NOT NULL) STRICT;
CREATE TABLE frozen (image TEXT PRIMARY KEY NOT NULL, bundle_sha256 TEXT NOT NULL, suspect TEXT NOT NULL,
    placements TEXT NOT NULL, charts TEXT, maps TEXT) STRICT;
CREATE TABLE facts (path TEXT PRIMARY KEY NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL, height INTEGER,
    width INTEGER, row_mm REAL, column_mm REAL, provenance TEXT, remark TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, changed_ns INTEGER NOT NULL) STRICT;
CREATE TABLE blobs (sha256 TEXT PRIMARY KEY NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, reader TEXT NOT NULL, kind TEXT NOT NULL,
    label TEXT NOT NULL, images TEXT NOT NULL, landmarks TEXT NOT NULL, changeset BLOB NOT NULL, undoes INTEGER,
    redoes INTEGER) STRICT;
"""


class Migration(NamedTuple):
    """One step from a format to the next.

    Attributes
    ----------
    change : str
        What is done to a file that is open for writing.
    pretend : str
        What makes a file that is open for reading only look so: temporary tables or views of the same names, which
        SQLite finds first and keeps in memory.
    rewrite : callable or None
        Does both to a file that holds something already, given its connection and whether it is for reading only;
        `change` only says then what becomes of the tables.
    """

    change: str
    pretend: str = ""
    rewrite: Callable[[apsw.Connection, bool], None] | None = None


_STRUCTURE_REVIEWS = """structure_reviews (image TEXT NOT NULL, structure TEXT NOT NULL, state TEXT NOT NULL,
    note TEXT NOT NULL, reader TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (image, structure)) STRICT"""
_LANDMARK_ORDER = "landmark_order (landmark INTEGER PRIMARY KEY NOT NULL, position INTEGER NOT NULL) STRICT"
_READINGS = """readings (image TEXT PRIMARY KEY NOT NULL, quarter_turns INTEGER NOT NULL, mirrored INTEGER NOT NULL,
    inverted INTEGER NOT NULL, reader TEXT NOT NULL) STRICT"""
_DELETED_LANDMARKS = """deleted_landmarks (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL,
    structure TEXT NOT NULL, u REAL NOT NULL, v REAL NOT NULL, rule TEXT NOT NULL, "group" TEXT NOT NULL,
    colour TEXT NOT NULL, hidden INTEGER NOT NULL, locked INTEGER NOT NULL) STRICT"""
_LEFT_AS_IS = """left_as_is (image TEXT PRIMARY KEY NOT NULL, suspect TEXT NOT NULL, reader TEXT NOT NULL,
    at TEXT NOT NULL) STRICT"""
_CORRECTED_FILES = "corrected_files (image TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL) STRICT"
_CORRECTED = """INSERT INTO corrected_files SELECT images.name, facts.sha256 FROM images
    JOIN facts ON facts.path = images.path WHERE facts.sha256 <> '' AND images.name IN
    (SELECT image FROM placements UNION SELECT image FROM structure_reviews UNION SELECT image FROM reviews)"""
_ASPECT = "aspect REAL NOT NULL DEFAULT 1"
_STUDY_DATE = "study_date TEXT NOT NULL DEFAULT ''"
_FROZEN_FACTS = """frozen_facts (image TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    height INTEGER NOT NULL, width INTEGER NOT NULL, row_mm REAL, column_mm REAL, provenance TEXT,
    aspect REAL NOT NULL) STRICT"""
_FREEZE_FACTS = """INSERT INTO frozen_facts SELECT frozen.image, sha256, size, height, width, row_mm, column_mm,
    provenance, aspect FROM frozen JOIN images ON images.name = frozen.image JOIN facts ON facts.path = images.path
    WHERE sha256 <> '' AND height IS NOT NULL AND width IS NOT NULL"""
_REGIONS = """name TEXT NOT NULL, structure TEXT NOT NULL, uv TEXT NOT NULL, closed INTEGER NOT NULL,
    colour TEXT NOT NULL, hidden INTEGER NOT NULL) STRICT"""
_NEW_REGIONS = f"regions (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {_REGIONS}"
_DELETED_REGIONS = f"deleted_regions (id INTEGER PRIMARY KEY NOT NULL, {_REGIONS}"
_CALIPERS = """calipers (image INTEGER NOT NULL, opinion TEXT NOT NULL, shape TEXT NOT NULL, axis INTEGER NOT NULL,
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL, reader TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (image, opinion, shape, axis)) STRICT"""
MIGRATIONS = (
    # 1 to 2: a review may speak of one structure.
    Migration(f"CREATE TABLE {_STRUCTURE_REVIEWS}", f"CREATE TEMP TABLE {_STRUCTURE_REVIEWS}"),
    # 2 to 3: landmarks have an order of their own; those without a row lie where they were defined.
    Migration(f"CREATE TABLE {_LANDMARK_ORDER}", f"CREATE TEMP TABLE {_LANDMARK_ORDER}"),
    # 3 to 4: an image may be read turned, mirrored or inverted.
    Migration(f"CREATE TABLE {_READINGS}", f"CREATE TEMP TABLE {_READINGS}"),
    # 4 to 5: images of one patient carry the same short key.
    Migration(
        "ALTER TABLE facts ADD COLUMN patient TEXT NOT NULL DEFAULT ''",
        "CREATE TEMP TABLE facts AS SELECT *, '' AS patient FROM main.facts",
    ),
    # 5 to 6: accepted images keep landmarks that are deleted later; what readers left as it is, and the file that they
    # spoke of, are known.
    Migration(
        f"CREATE TABLE {_DELETED_LANDMARKS}; CREATE TABLE {_LEFT_AS_IS}; CREATE TABLE {_CORRECTED_FILES}; {_CORRECTED}",
        f"CREATE TEMP TABLE {_DELETED_LANDMARKS}; CREATE TEMP TABLE {_LEFT_AS_IS};"
        f"CREATE TEMP TABLE {_CORRECTED_FILES}; {_CORRECTED}",
    ),
    # 6 to 7: pixels need not be square.
    Migration(
        f"ALTER TABLE facts ADD COLUMN {_ASPECT}",
        "CREATE TEMP TABLE IF NOT EXISTS facts AS SELECT * FROM main.facts;"
        f"ALTER TABLE temp.facts ADD COLUMN {_ASPECT}",
    ),
    # 7 to 8: accepted images keep the size and the spacing of the file that was accepted.
    Migration(
        f"CREATE TABLE {_FROZEN_FACTS}; {_FREEZE_FACTS}",
        f"CREATE TEMP TABLE {_FROZEN_FACTS}; {_FREEZE_FACTS}",
    ),
    # 8 to 9: the table of changes keeps plain rows.
    Migration(CHANGE_9, rewrite=to_format_9),
    # 9 to 10: images have numbers and a source, what readers can differ about an opinion, files their UIDs.
    Migration(CHANGE_10, rewrite=to_format_10),
    # 10 to 11: regions have a colour and can be hidden (there was no action for them before); accepted images keep
    # those that are deleted later.
    Migration(
        f"DROP TABLE regions; CREATE TABLE {_NEW_REGIONS}; CREATE TABLE {_DELETED_REGIONS}",
        f"DROP TABLE IF EXISTS temp.regions; CREATE TEMP TABLE {_NEW_REGIONS};CREATE TEMP TABLE {_DELETED_REGIONS}",
    ),
    # 11 to 12: readers may say where the width or the height of something ends.
    Migration(f"CREATE TABLE {_CALIPERS}", f"CREATE TEMP TABLE {_CALIPERS}"),
    # 12 to 13: the day of a study tells which image of a patient is the earlier one.
    Migration(
        f"ALTER TABLE facts ADD COLUMN {_STUDY_DATE}",
        "CREATE TEMP TABLE IF NOT EXISTS facts AS SELECT * FROM main.facts;"
        f"ALTER TABLE temp.facts ADD COLUMN {_STUDY_DATE}",
    ),
)
"""From format 1 on; a new step goes to the end."""

FORMAT = 1 + len(MIGRATIONS)


def statements(version: int = FORMAT) -> str:
    """The SQL that makes the tables of a format."""
    return ";".join((_FORMAT_1, *(step.change for step in MIGRATIONS[: max(version, 1) - 1])))


@cache
def schema(version: int = FORMAT) -> Schema:
    """What a file of a format is made of."""
    return schema_made_by(statements(version))


def checked_version(path: Path, db: apsw.Connection) -> int:
    """The format of a file that is surely one of ours, of no other shape; raises ProjectError otherwise."""
    version = int(value(db, "PRAGMA user_version"))
    if value(db, "PRAGMA application_id") != APPLICATION_ID:
        raise project_error(Trouble.FOREIGN, path)
    if version > FORMAT:
        raise project_error(Trouble.NEWER, path)
    found, ours = schema_of(db), schema(version)
    if foreign := foreign_parts(found, ours):
        raise project_error(Trouble.FOREIGN, path, f"it holds what this program did not make: {foreign[0]}")
    if missing := sorted(ours.keys() - found.keys()):
        raise project_error(Trouble.DAMAGED, path, f"{' '.join(missing[0])} is missing")
    return version


def migrate(db: apsw.Connection, version: int, read_only: bool) -> None:
    """Bring a file of format `version` up to `FORMAT`, in one transaction; raises apsw.Error."""
    steps = MIGRATIONS[max(version, 1) - 1 :]
    if not steps:
        return
    with transaction(db):
        for step in steps:
            if step.rewrite is not None:
                step.rewrite(db, read_only)
            else:
                run(db, step.pretend if read_only else step.change)
        if not read_only:
            run(db, f"PRAGMA user_version={FORMAT}")
