"""Arrays that lie in a file instead of in memory, for as long as the program runs."""

from __future__ import annotations

import contextlib
import logging
import math
import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RESIDENT_BYTES = 768 << 20
"""So much of the files may stay mapped in memory before it is given back."""
_LOG = logging.getLogger(__name__)


class Scratch:
    """Makes arrays in files without a name: the system removes them with the program, however that ends.

    Parameters
    ----------
    folder : Path
        Where they lie; the system's folder for such files where it can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()  # an array that is dropped takes its file along
        self._resident = 0

    @property
    def size(self) -> int:
        """Bytes in files."""
        return sum(len(room) for room in self._maps)

    def zeros(self, shape: tuple[int, ...], kind: type[np.generic]) -> npt.NDArray[Any]:
        """An array of zeros in a file; in memory where no file has room for it."""
        count = math.prod(shape)
        try:
            room = self._map(count * np.dtype(kind).itemsize)
        except OSError as error:
            _LOG.warning("No scratch file can be made in %s (%s); the charts stay in memory.", self._folder, error)
            return np.zeros(shape, kind)
        self._maps.add(room)
        return np.frombuffer(room, kind, count).reshape(shape)

    def _map(self, size: int) -> mmap.mmap:
        folder = self._folder if os.access(self._folder, os.W_OK) else None
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # a full disk is said now, not by a signal later
            else:
                file.truncate(size)
            return mmap.mmap(file.fileno(), size)

    def touched(self, size: int) -> None:
        """Say that about so many bytes were read or written; now and then they are taken out of memory again."""
        self._resident += size
        if self._resident > RESIDENT_BYTES:
            self._resident = 0
            for room in self._maps:
                # The content stays in the file (and in the system's cache of it); Windows trims by itself.
                with contextlib.suppress(AttributeError, OSError, ValueError):
                    room.madvise(mmap.MADV_DONTNEED)
