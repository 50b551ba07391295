"""What a project file holds, at a glance and without opening the project: for lists of projects.

The file is opened for reading only, for as long as it takes; nobody needs the lock for that.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw

from app.core.text import path_kept
from app.store.database import connect_to_read, value
from app.store.errors import NONSENSE, ProjectError
from app.store.paths import real_path
from app.store.schema import checked_version

WAIT_MS = 200
"""So long a list waits for a file that another program holds."""
_WITH_OPINIONS = 10
"""From this format on reviews say whose opinion they are."""


class Overview(NamedTuple):
    """What a project file holds.

    Attributes
    ----------
    images, reviewed : int
        How many there are, and how many of them are accepted or rejected.
    changed : str
        When something was done last (UTC, ISO 8601), empty where nothing was.
    below : int
        How many of its images are among the files that were asked about, or lie below the folders.
    """

    images: int
    reviewed: int
    changed: str
    below: int = 0


def overview(file: Path, asked: Collection[Path] = ()) -> Overview | None:
    """Look into a project file of any format; None where it can't be read.

    Parameters
    ----------
    file : Path
    asked : collection of Path
        Image files or folders: see `Overview.below`.
    """
    try:
        real = real_path(file)
        with closing(connect_to_read(real)) as db:
            db.set_busy_timeout(WAIT_MS)
            version = checked_version(file, db)
            own = " AND opinion = ''" if version >= _WITH_OPINIONS else ""
            decided = f"SELECT count(*) FROM reviews WHERE state IN ('accepted', 'rejected'){own}"
            last = next(iter(db.execute("SELECT at FROM changes ORDER BY id DESC LIMIT 1")), ("",))[0]
            count = _below(db, real.parent, asked) if asked else 0
            return Overview(int(value(db, "SELECT count(*) FROM images")), int(value(db, decided)), str(last), count)
    except (ProjectError, apsw.Error, OSError, *NONSENSE):
        return None


def _below(db: apsw.Connection, folder: Path, asked: Collection[Path]) -> int:
    """How many images of a project in `folder` are meant, by the path that is kept or by that beside the project."""
    files = {spelled for path in asked for spelled in _spellings(path)}
    folders = tuple(one.rstrip(os.sep) + os.sep for one in files)

    def meant(path: str) -> bool:
        return path in files or path.startswith(folders)

    count = 0
    for path, relative in db.execute("SELECT path, relative FROM images"):
        count += meant(os.path.normpath(path_kept(path))) or bool(
            relative and meant(os.path.normpath(folder / path_kept(relative)))
        )
    return count


def _spellings(path: Path) -> set[str]:
    """A path as it was given, and without links."""
    whole = os.path.normpath(path.absolute())
    return {whole, os.path.realpath(whole)}
