"""Copies of projects: written whole under another name first, and put in their place at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import apsw

from app.core.text import kept_path
from app.store.database import connect, transaction, value
from app.store.errors import ProjectError, Trouble, of_database, project_error
from app.store.paths import BESIDE, beside, real_path

Trail = Sequence[tuple[int, str]]
"""Number and time of every action, in their order."""
Told = Callable[[int], None]
"""Is told how many bytes more are copied; what it raises stops the copying, and nothing is left."""
Copier = Callable[[Path, Told], None]
"""Copies what belongs to one open project into a file that is not there yet; raises ProjectError."""
PAGES = 64
"""So many pages are copied in one step: a quarter or half of a megabyte."""
_CHECK_STEPS = 20_000
"""Instructions of SQLite between two looks whether the check of a copy is still wanted: some milliseconds."""
_ENDINGS = tuple(name + ending for name in ("", ".predictions") for ending in ("", *BESIDE))


class CopyStopped(Exception):
    """What `Told` raises where nobody wants the copy any more."""


def copy_database(source: apsw.Connection, path: Path, file: Path, told: Told) -> apsw.Connection:
    """Copy a SQLite file as it is when the last page is copied, and check the copy; the caller closes it.

    Parameters
    ----------
    source : apsw.Connection
        In a transaction of its own it is copied as it was when that began.
    path : Path
        Of the project that is copied, for sentences.
    file : Path
        Of the copy.
    told : Told

    Raises
    ------
    ProjectError
        If it can't be written there, or what was copied is damaged.
    """
    target: apsw.Connection | None = None
    try:
        target = connect(file, "rwc")
        size = value(source, "PRAGMA page_size")
        with target.backup("main", source, "main") as backup:
            done, before = False, 0
            while not done:
                done = backup.step(PAGES)
                now = backup.page_count - backup.remaining
                told(size * (now - before))
                before = now
        if not _is_whole(target, lambda: told(0)):
            raise written_over(path)
    except BaseException as error:
        number = target.system_errno if target is not None else 0
        if target is not None:
            target.close()
        if isinstance(error, apsw.Error):
            raise of_database(file, error, number) from None
        raise
    return target


def _is_whole(db: apsw.Connection, wanted: Callable[[], None]) -> bool:
    """Check every page of a file; `wanted` is called now and then, and what it raises ends the check."""

    def look() -> bool:
        wanted()
        return False

    db.set_progress_handler(look, _CHECK_STEPS)
    whole: bool = value(db, "PRAGMA quick_check(1)") == "ok"
    db.set_progress_handler(None)
    return whole


def written_over(path: Path) -> ProjectError:
    """What to tell where a project does not hold what was kept in it."""
    return project_error(Trouble.DAMAGED, path, "it was written over while it was open")


def holds(db: apsw.Connection, trail: Trail, more: bool = False) -> bool:
    """Whether a project holds just these actions; with `more` later ones may follow them."""
    held = list(db.execute("SELECT id, at FROM changes ORDER BY id LIMIT ?", (len(trail) + 1,)))
    return (held[: len(trail)] if more else held) == list(trail)


def is_whole(file: Path, trail: Trail, more: bool = False) -> bool:
    """Whether a file, read anew, still holds these actions: it was written by somebody, maybe only touched."""
    try:
        with contextlib.closing(connect(file, "ro")) as db:
            return value(db, "PRAGMA quick_check(1)") == "ok" and holds(db, trail, more)
    except apsw.Error:
        return False


def seen_from(folder: Path, images: Path) -> str:
    """The folder from which relative paths of images count, as a file in another folder keeps it."""
    try:
        return kept_path(os.path.relpath(images, folder))
    except ValueError:  # on another drive
        return kept_path(images)


def name_copy(db: apsw.Connection, meta: Mapping[str, str], without: str) -> None:
    """Write what a copy says of itself other than its original does."""
    with transaction(db):
        db.execute("DELETE FROM meta WHERE key = ?", (without,))
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())


def write_copy(
    path: Path,
    project: Copier,
    predictions: Copier | None,
    told: Told = lambda size: None,
    in_need: bool = False,
) -> None:
    """Write a copy of a project with its predictions: whole, or nothing is left there.

    Parameters
    ----------
    path : Path
        Where; nothing may lie there, nor anything of another project beside it.
    project, predictions : Copier
        Predictions that are damaged are left out: they can be made again.
    told : Told
    in_need : bool
        Leave predictions out as well where there is no room for them: what readers did counts more.

    Raises
    ------
    ProjectError
        If something is there already, the copy can't be written, or what is open can't be read any more.
    """
    file = real_path(path) if not path.is_symlink() else path
    _check_free(path, file)
    made: list[Path] = []
    try:
        whole = _copied(file, project, told, made)
        second: Path | None = None
        if predictions is not None:
            try:
                second = _copied(file, predictions, told, made)
            except ProjectError as error:
                if error.trouble is Trouble.FULL and not in_need:
                    raise
        _check_free(path, file)
        _put(whole, file)
        if second is not None:
            with contextlib.suppress(OSError):
                _put(second, beside(file, ".predictions"))
    except ProjectError as error:
        raise _of_copy(file, error) from None
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise ProjectError(f"The copy {file.name} can't be written in {file.parent} ({error.strerror}).") from None
    finally:
        for part in made:
            for ending in ("", *BESIDE):
                with contextlib.suppress(OSError):
                    beside(part, ending).unlink(missing_ok=True)


def _copied(file: Path, copier: Copier, told: Told, made: list[Path]) -> Path:
    part = file.with_name(f".{secrets.token_hex(8)}.part")
    made.append(part)
    copier(part, told)
    return part


def _check_free(path: Path, file: Path) -> None:
    if path.exists() or path.is_symlink():
        raise _taken(path)
    # SQLite would take a log or a journal for the copy's own, and write what is in it into the copy.
    for ending in _ENDINGS[1:]:
        if os.path.lexists(beside(file, ending)):
            other = beside(file, ending).name
            raise ProjectError(f"{other} of another project lies in {file.parent}. Choose another name for the copy.")


def _taken(path: Path) -> ProjectError:
    return ProjectError(f"There is a file {path} already. Choose another name for the copy.")


def _put(part: Path, file: Path) -> None:
    """Put a file in its place; raises FileExistsError where somebody was quicker."""
    if sys.platform == "win32":
        part.rename(file)
        return
    file.open("xb").close()  # elsewhere renaming would replace what lies there: what it replaces is ours
    try:
        part.replace(file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _of_copy(file: Path, error: ProjectError) -> ProjectError:
    """What to tell of a copy that can't be written: that of a project at hand would speak of changes."""
    where, why = f"in {file.parent}", error.trouble
    if why is Trouble.FULL:
        said = f"There is no space left {where} for the copy {file.name}. Free some, or choose another place."
    elif why in (Trouble.READ_ONLY, Trouble.DEVICE, Trouble.MISSING):
        said = f"The copy {file.name} can't be written {where}. Choose another folder, or check its disk."
    elif why in (Trouble.DAMAGED, Trouble.GONE, Trouble.OTHER):  # of the project at hand, or of what lies there
        return error
    else:
        return project_error(why, file)
    return ProjectError(f"{said} Nothing was left there.", why)
