"""Project files of older formats: dumps of files that the program of that time wrote, and what takes them further back.

`format_8_history` was written by commit 1d822e1, on three images with made-up predictions: define a landmark, move it
twice in im0, nudge it twice in im1, rename and group it, set heart_00 absent in im1, pixel size of both, another of
im0, turn im1 and invert it, no more invert it; as Béa: a review with a note, another state, one of the heart; accept
im2, put the landmark elsewhere in the list, delete it, remove im1; undo, undo, redo; reopen im2, undo. `.json` holds
what that program had in its tables then, and after each step while it did everything again, undid all and did all
again. Large blobs are left out of the dump. `format_8_short`: heart_00 set absent in im0, nothing predicted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

from tests.unit.store.fakes import write_images

FOLDER = Path(__file__).parent / "formats"
STEPS_BACK = {
    7: "DROP TABLE frozen_facts;",
    6: "ALTER TABLE facts DROP COLUMN aspect;",
    5: "DROP TABLE deleted_landmarks; DROP TABLE left_as_is; DROP TABLE corrected_files;",
    4: "ALTER TABLE facts DROP COLUMN patient;",
    3: "DROP TABLE readings;",
    2: "DROP TABLE landmark_order;",
    1: "DROP TABLE structure_reviews; DELETE FROM meta WHERE key = 'id';",
}
"""What takes a project back to each format, from the one after it."""


def written_then(path: Path, name: str = "format_8_short", number: int = 8, more: str = "") -> Path:
    """A project as an earlier version of the program wrote it, with its images beside it.

    `more` is SQL for the file as it was in format 8.
    """
    write_images(path.parent / "images")
    db = apsw.Connection(str(path))
    script = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    back = "".join(step for reached, step in STEPS_BACK.items() if reached >= number)
    for _ in db.execute(f"{script}; {more}; {back} PRAGMA user_version={number}"):
        pass
    db.close()
    return path


def states() -> list[dict[str, Any]]:
    """What the program of format 8 had in its tables after each step of `format_8_history`."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "format_8_history.json").read_text(encoding="utf-8"))
    return found


def version(path: Path) -> int:
    """The format of a file."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    (found,) = next(iter(db.execute("PRAGMA user_version")))
    db.close()
    return int(found)
