"""Reads and writes of SQLite that fail on demand: a layer over its own way to files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw


class Faults(apsw.VFS):
    """SQLite's own way to files, until something is to fail.

    Attributes
    ----------
    fail : callable
        Given an operation (``read write sync``) and a file's name, raises what is to happen there.
    """

    def __init__(self) -> None:
        self.fail: Callable[[str, str], None] = lambda operation, name: None
        self.below = apsw.vfs_names()[0]
        super().__init__("faults", "", makedefault=True)

    def xOpen(self, name, flags):
        return FaultyFile(self, name, flags)


class FaultyFile(apsw.VFSFile):
    def __init__(self, faults, name, flags):
        super().__init__(faults.below, name, flags)
        self.faults, self.name = faults, name.filename() if hasattr(name, "filename") else str(name)

    def xRead(self, amount, offset):
        self.faults.fail("read", self.name)
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):
        self.faults.fail("write", self.name)
        return super().xWrite(data, offset)

    def xSync(self, flags):
        self.faults.fail("sync", self.name)
        return super().xSync(flags)


@contextmanager
def faulty_disk() -> Iterator[Faults]:
    """What SQLite opens within goes through this layer."""
    found = Faults()
    try:
        yield found
    finally:
        found.unregister()


def failing(kind: type[apsw.Error], operation: str, ending: str) -> Callable[[str, str], None]:
    def fail(asked: str, name: str) -> None:
        if asked == operation and name.endswith(ending):
            raise kind("made to fail")

    return fail
