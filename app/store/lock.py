"""One writer at a time: an operating-system lock on ``FILE.lock`` that names reader, host and process.

The lock lives as long as the process that holds it: after a crash the file may stay behind, the lock does not.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from app.store.errors import ProjectError, ProjectLocked

_FAR = 1 << 30  # Windows locks bytes, not files: a byte beyond the text leaves the text readable to others.


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class ProjectLock:
    """The lock on one project file.

    Parameters
    ----------
    project : Path
        The project file; the lock is taken on the file of the same name with ``.lock`` at its end.
    reader : str
        Who takes it.

    Raises
    ------
    ProjectLocked
        If another process, or another session of this one, holds it.
    ProjectError
        If the folder may not be written to.
    """

    def __init__(self, project: Path, reader: str) -> None:
        self.path = project.with_name(project.name + ".lock")
        self._handle = self._take(project)
        self.name(reader)

    def _take(self, project: Path) -> int:
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            except OSError as error:
                raise ProjectError(
                    f"The project {project.name} can't be changed in {project.absolute().parent} "
                    f"({error.strerror or error}). Copy it to another folder, or open it for reading only."
                ) from None
            if not _try_lock(handle):
                os.close(handle)
                raise ProjectLocked(self._sentence(project))
            # Whoever held the lock before may have removed the file between our opening and locking it.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(handle), self.path.stat()):
                    return handle
            os.close(handle)

    def _sentence(self, project: Path) -> str:
        try:
            holder = json.loads(self.path.read_text(encoding="utf-8"))
            who = str(holder["reader"]) or "another reader"
            where = f" on {holder['host']} (process {int(holder['pid'])})"
        except (OSError, ValueError, KeyError, TypeError):
            who, where = "another program", ""
        return (
            f"The project {project.name} is open for writing by {who}{where}. "
            "Close it there, or open it here for reading only."
        )

    def name(self, reader: str) -> None:
        """Write who holds the lock into the file."""
        text = json.dumps({"reader": reader, "host": socket.gethostname(), "pid": os.getpid()}, ensure_ascii=False)
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, text.encode())

    @contextlib.contextmanager
    def released_on_failure(self) -> Iterator[ProjectLock]:
        """Give the lock back if what follows fails."""
        try:
            yield self
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back and remove its file; releasing twice does nothing."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        if sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        os.close(handle)
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink()
