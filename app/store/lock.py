"""One writer at a time, by two operating-system locks that die with the process that holds them.

One lies on the project file itself: it belongs to device and inode, so that every spelling of a path (links, mounts)
finds it. The other lies on ``FILE.lock``, where reader, host and process are named: it belongs to the name, as do the
files that SQLite keeps beside a database. Both lock one byte far behind the content, which stays readable.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from app.store.errors import ProjectLocked, Trouble, of_system, project_error
from app.store.paths import beside, check_unlinked, close_handle, remove_if_same

_FAR = 1 << 40  # beyond the bytes that SQLite itself locks (at 1 << 30)
_OFD_SETLK = 90  # macOS has the constant, Python's fcntl does not name it there
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def _try_lock(handle: int) -> bool:
    """Lock the byte at `_FAR`; False where another handle holds it. Raises OSError where it can't be locked at all.

    The lock belongs to the handle, not to the process: closing another handle of the file does not drop it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            if sys.platform == "darwin":
                wanted = struct.pack("qqihh", _FAR, 1, 0, fcntl.F_WRLCK, os.SEEK_SET)
            else:
                wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _FAR, 1, 0)
            fcntl.fcntl(handle, getattr(fcntl, "F_OFD_SETLK", _OFD_SETLK), wanted)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _open(path: Path, flags: int = 0) -> int:
    """A handle for reading and writing; a link is not followed, and a pipe not waited for."""
    for flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, flag, 0)
    handle = os.open(path, os.O_RDWR | flags, 0o644)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.ELOOP, "not a plain file", str(path))
    return handle


class ProjectLock:
    """The lock on one project file.

    Parameters
    ----------
    project : Path
        The project file, without links in its path (`paths.real_path`).
    reader : str
        Who takes it.
    make : bool
        Make the project file, empty, where there is none.

    Raises
    ------
    ProjectLocked
        If another process, or another session of this one, holds it.
    ProjectError
        If it can't be had for another reason: no permission, no space, no locks on that file system, a planted link.
    """

    def __init__(self, project: Path, reader: str, make: bool = False) -> None:
        self.project = project
        self.path = beside(project, ".lock")
        self._name = self._file = -1
        self._made = make and not project.exists()
        with self.released_on_failure():
            self._take_file(make)
            self._take_name()
            self.name(reader)

    def _take_file(self, make: bool) -> None:
        try:
            self._file = _open(self.project, os.O_CREAT if make else 0)
            if _try_lock(self._file):
                return
        except OSError as error:
            if make and error.errno == errno.ENOENT:  # the folder is there, but takes no files
                raise project_error(Trouble.READ_ONLY, self.project, error.strerror or error) from None
            raise of_system(self.project, error) from None
        raise ProjectLocked(self._sentence(), "Close it there, or open it here for reading only.")

    def _take_name(self) -> None:
        check_unlinked(self.path)
        while True:
            try:
                self._name = _open(self.path, os.O_CREAT)
                mine = _try_lock(self._name)
            except OSError as error:
                raise of_system(self.project if error.errno != errno.ELOOP else self.path, error) from None
            if not mine:
                detail = "the one of before is still open there"
                raise project_error(Trouble.GONE, self.project, detail)
            # Whoever held the lock before may have removed the file between our opening and locking it.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(self._name), self.path.lstat()):
                    return
            stale, self._name = self._name, -1  # the number may be another file's as soon as it is closed
            os.close(stale)

    def _sentence(self) -> str:
        try:
            holder = json.loads(self.path.read_text(encoding="utf-8"))
            who = str(holder["reader"]) or "another reader"
            where = f" on {holder['host']} (process {int(holder['pid'])})"
        except (OSError, ValueError, KeyError, TypeError):
            who, where = "another program", ""
        return f"The project {self.project.name} is open for writing by {who}{where}."

    def name(self, reader: str) -> None:
        """Write who holds the lock into ``FILE.lock``, as far as there is room for that."""
        text = json.dumps({"reader": reader, "host": socket.gethostname(), "pid": os.getpid()}, ensure_ascii=False)
        with contextlib.suppress(OSError):
            os.ftruncate(self._name, 0)
            os.lseek(self._name, 0, os.SEEK_SET)
            os.write(self._name, text.encode())

    @contextlib.contextmanager
    def released_on_failure(self) -> Iterator[ProjectLock]:
        """Give the lock back if what follows fails; a project file that was made for nothing goes with it."""
        try:
            yield self
        except BaseException:
            if self._made and self._file >= 0:
                remove_if_same(self.project, self._file)
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back and remove ``FILE.lock``, unless that is another's by now; twice does nothing."""
        for handle, path in ((self._name, self.path), (self._file, None)):
            if handle < 0:
                continue
            if path is None:
                close_handle(handle)
            elif sys.platform == "win32":
                os.close(handle)
                with contextlib.suppress(OSError):
                    path.unlink()
            else:
                remove_if_same(path, handle)
                os.close(handle)
        self._name = self._file = -1
