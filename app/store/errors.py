"""What can go wrong with a project file: codes, and the sentences that tell a reader what it is and what to do."""

from __future__ import annotations

import errno
from enum import StrEnum
from pathlib import Path

import apsw

from app.core.text import well_formed

NONSENSE = (ValueError, TypeError, KeyError, IndexError)
"""What reading rows raises if they hold what nobody wrote."""


class Trouble(StrEnum):
    """Why a project can't be opened, or a change can't be kept."""

    MISSING = "missing"
    FOREIGN = "foreign"
    NEWER = "newer"
    DAMAGED = "damaged"
    LOCKED = "locked"
    UNLOCKABLE = "unlockable"
    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read_only"
    DEVICE = "device"
    LINK = "link"
    GONE = "gone"
    OTHER = "other"


class ProjectError(Exception):
    """Something is wrong with a project file; the message says what, and what to do, in plain words.

    Attributes
    ----------
    trouble : Trouble
        The same as a code.
    cause : str
        What is wrong alone, without what to do.
    """

    def __init__(self, message: str, trouble: Trouble = Trouble.OTHER, remedy: str = "") -> None:
        # A path may hold bytes that no window and no terminal can show.
        super().__init__(well_formed(f"{message} {remedy}".rstrip()))
        self.trouble, self.cause = trouble, well_formed(message)


class ProjectLocked(ProjectError):
    """Somebody else has the project open for writing; the message says who and where."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, Trouble.LOCKED, remedy)


_SENTENCES = {
    Trouble.MISSING: "There is no project file {path}.",
    Trouble.FOREIGN: "{path} is not a DenseSeg Review project{detail}. Choose a project file.",
    Trouble.NEWER: "{path} was written by a newer DenseSeg Review. Update the program to open it.",
    Trouble.DAMAGED: "The project {name} is damaged{detail}. Use a copy of it.",
    Trouble.UNLOCKABLE: "The files in {folder} can't be locked{detail}, so two programs could write {name} at once. "
    "Copy it to a folder on this computer, or open it for reading only.",
    Trouble.BUSY: "The project {name} is held by another program just now{detail}. Try again when that has ended.",
    Trouble.FULL: "There is no space left in {folder} for {name}{detail}; nothing was changed. "
    "Free some space there and try again, or save a copy in another place.",
    Trouble.READ_ONLY: "The project {name} can't be changed in {folder}{detail}; nothing was changed. "
    "Copy it to another folder, or open it for reading only.",
    Trouble.DEVICE: "The disk that holds {name} does not answer as it should{detail}; nothing was changed. "
    "Check the disk or the network connection of {folder} and try again, or save a copy in another place.",
    Trouble.LINK: "{name} is a link to another file, which would be written over. Remove that link from {folder}.",
    Trouble.GONE: "The project file {path} was moved, deleted or replaced by another program while it was open here"
    "{detail}. Nothing more is kept in it. Put it back, or save a copy with everything in another place.",
    Trouble.OTHER: "The project {name} can't be used{detail}.",
}
_ALIKE = {
    Trouble.FULL: (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)),
    Trouble.READ_ONLY: (errno.EACCES, errno.EPERM, errno.EROFS),
    Trouble.LINK: (errno.ELOOP,),
    Trouble.MISSING: (errno.ENOENT, errno.ENOTDIR),
    Trouble.UNLOCKABLE: (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTSUP),
}
_BY_NUMBER = {number: trouble for trouble, numbers in _ALIKE.items() for number in numbers}


def project_error(trouble: Trouble, path: Path, detail: object = "") -> ProjectError:
    """What to tell a reader of a project file in some trouble; the detail goes into brackets."""
    words = f" ({detail})" if str(detail) else ""
    folder = path.absolute().parent
    cause, stop, remedy = _SENTENCES[trouble].partition(". ")
    told = (part.format(path=path, name=path.name, folder=folder, detail=words) for part in (cause + stop, remedy))
    message, remedy = (part.rstrip() for part in told)
    return ProjectError(message, trouble, remedy)


def of_system(path: Path, error: OSError) -> ProjectError:
    """What to tell when the operating system refuses something."""
    trouble = _BY_NUMBER.get(error.errno or 0, Trouble.DEVICE)
    return project_error(trouble, path, error.strerror or error)


def trouble_of(error: Exception, number: int = 0) -> Trouble:
    """Which trouble SQLite tells of.

    Parameters
    ----------
    error : Exception
        From apsw; anything else comes from rows that hold what nobody wrote.
    number : int
        The operating system's last error number, where SQLite kept it.
    """
    extended = getattr(error, "extendedresult", 0)
    if isinstance(error, apsw.FullError):
        return Trouble.FULL
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Trouble.BUSY
    if extended == apsw.SQLITE_READONLY_DBMOVED:
        return Trouble.GONE
    if extended == apsw.SQLITE_CANTOPEN_SYMLINK:
        return Trouble.LINK
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.AuthError):
        return Trouble.READ_ONLY
    if isinstance(error, apsw.IOError | apsw.CantOpenError):
        known = _BY_NUMBER.get(number, Trouble.DEVICE)
        cannot = isinstance(error, apsw.CantOpenError) and known in (Trouble.DEVICE, Trouble.MISSING)
        if cannot and number in (0, errno.ENOENT):
            return Trouble.READ_ONLY  # SQLite could not make what it keeps beside the file
        return known if known in (Trouble.FULL, Trouble.READ_ONLY, Trouble.LINK) else Trouble.DEVICE
    if isinstance(error, apsw.NotADBError):
        return Trouble.FOREIGN
    return Trouble.OTHER if isinstance(error, apsw.NoMemError | apsw.InterruptError) else Trouble.DAMAGED


def of_database(path: Path, error: Exception, number: int = 0) -> ProjectError:
    """What to tell when SQLite, or what stands in a row, refuses something."""
    return project_error(trouble_of(error, number), path, error)


def proves_damage(error: Exception) -> bool:
    """Whether the content of a file is surely damaged, and not only out of reach."""
    return isinstance(error, apsw.CorruptError | apsw.NotADBError)
