"""Which file a path leads to, what lies beside a project, and handles that may not be closed at once."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from app.store.errors import Trouble, of_system, project_error

Identity = tuple[int, int]
"""Device and inode: the same for every spelling of a path to a file."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""


def real_path(path: Path) -> Path:
    """The path without links and relative parts; raises ProjectError where links lead round in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise project_error(Trouble.LINK, path) from None


def beside(path: Path, ending: str) -> Path:
    """The path of what is kept beside a file under its name and an ending."""
    return path.with_name(path.name + ending)


def identity(path: Path) -> Identity | None:
    """Which file lies under a path; None where there is none or it can't be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file; where neither leads to any, whether they are spelled alike."""
    found = identity(one), identity(other)
    return found[0] == found[1] if any(found) else one.absolute() == other.absolute()


def check_unlinked(path: Path) -> None:
    """Raise ProjectError if something other than a plain file of one name lies where a file is to be written.

    A link that somebody planted there would have another file written over.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise of_system(path, error) from None
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise project_error(Trouble.LINK, path)


def check_beside(file: Path) -> None:
    """Raise ProjectError if SQLite would write through a link beside a database."""
    for ending in BESIDE:
        check_unlinked(beside(file, ending))


class Watch:
    """Tells whether a project file and what SQLite keeps beside it are still those that were opened.

    Parameters
    ----------
    path : Path
        Of the project file, which is open.
    """

    def __init__(self, path: Path) -> None:
        self._known = {one: identity(one) for one in (path, beside(path, "-wal"), beside(path, "-shm"))}
        self._path = path
        self._stamp = self.stamp

    @property
    def stamp(self) -> tuple[int, int] | None:
        """The project file's size and time of change now; None where it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns

    def missing(self) -> Path | None:
        """The first of the files that is not there any more, or is another one."""
        return next((path for path, known in self._known.items() if known and identity(path) != known), None)

    @property
    def touched(self) -> bool:
        """Whether the project file was written since `settle`."""
        return self.stamp != self._stamp

    def settle(self, stamp: tuple[int, int] | None = None) -> None:
        """Take the project file's size and time of change as right: those of now, or of when it was looked at."""
        self._stamp = stamp or self.stamp


_connected: dict[Identity, list[Path]] = {}
_waiting: dict[Identity, list[int]] = {}


def connected(file: Identity | None, path: Path) -> None:
    """Say that SQLite has opened a file in this process, and under which name."""
    if file is not None:
        _connected.setdefault(file, []).append(path)


def disconnected(file: Identity | None, path: Path) -> None:
    """Say that one connection of this process to a file was closed."""
    if file is None:
        return
    _connected[file].remove(path)
    if not _connected[file]:
        del _connected[file]
        for handle in _waiting.pop(file, ()):
            os.close(handle)


def open_under(file: Identity | None) -> set[Path]:
    """The names under which this process has a file open in SQLite."""
    return set(_connected.get(file, ())) if file is not None else set()


def held_files() -> frozenset[Identity]:
    """Project files that are open in this process, by any name, and what lies beside them: nobody may open these.

    Closing any handle of one would drop SQLite's locks on it (see `close_handle`); another program that opens and
    closes the project would then take itself for the last one, and remove the log that is still being written.
    """
    endings = [name + ending for name in ("", ".predictions") for ending in ("", ".lock", *BESIDE)]
    around = {identity(beside(path, ending)) for paths in _connected.values() for path in paths for ending in endings}
    return frozenset(found for found in (*_connected, *around) if found is not None)


def close_handle(handle: int) -> None:
    """Close a handle of a project file as soon as no connection of this process is left.

    Closing any handle of a file drops all POSIX locks that the process holds on it, SQLite's own included
    (sqlite.org, How To Corrupt, 2.2).
    """
    found = os.fstat(handle)
    if open_under((found.st_dev, found.st_ino)):
        _waiting.setdefault((found.st_dev, found.st_ino), []).append(handle)
    else:
        os.close(handle)


def remove_if_same(path: Path, handle: int) -> None:
    """Remove a file unless the path leads to another one than the handle by now."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(handle), path.lstat()):
            path.unlink()
