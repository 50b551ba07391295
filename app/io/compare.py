"""Read files that were written again and tell what is in them, beside whoever asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.io.errors import ReadError
from app.io.files import open_regular
from app.jobs import Job, Progress, Result, start_job


@dataclass(frozen=True)
class Compared:
    """What a file held when it was read.

    Attributes
    ----------
    stamp : (int, int)
        Its size in bytes and its time of change in ns, the same before and after it was read.
    sha256 : str
    """

    stamp: tuple[int, int]
    sha256: str


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, empty where it cannot be read."""
    found = _read(path)
    return found[1] if found is not None else ""


def start_compare(files: Mapping[str, Path]) -> Job:
    """Read files, as a job on a plain thread.

    Parameters
    ----------
    files : mapping of str to Path
        By any key.

    Returns
    -------
    Job
        Yields a `Result` with a `Compared` for every file that could be read and was not written meanwhile, `Progress`
        after each file, `Finished`.
    """
    return start_job("Comparing files", lambda job: _compare(job, dict(files)), "The files are as they were.")


def _compare(job: Job, files: Mapping[str, Path]) -> None:
    for done, (key, path) in enumerate(files.items(), 1):
        if job.cancelled:
            return
        found = _read(path)
        if found is not None and found[0] == found[2]:
            job.post(Result(key, Compared(found[0], found[1])))
        job.post(Progress(done, len(files), key))


def _read(path: Path) -> tuple[tuple[int, int], str, tuple[int, int]] | None:
    """Stamp before, SHA-256 and stamp after; None where the file cannot be read."""
    try:
        with open_regular(path) as file:
            before = _stamp(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            return before, digest, _stamp(file.fileno())
    except (OSError, ReadError):
        return None


def _stamp(number: int) -> tuple[int, int]:
    found = os.fstat(number)
    return found.st_size, found.st_mtime_ns
