"""Looks at the files of images, on a thread where they are many: on a network's disk each one takes its time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from app.jobs import Job, Progress, Result, start_job
from app.store.rows import file_at, file_stamp

TOGETHER = 64
"""Files that are told of in one event."""


class CheckedFile(NamedTuple):
    """The file of an image as it lies there.

    Attributes
    ----------
    image : str
    kept : tuple of str
        Under which paths the project kept it when it was looked at (`Rows.kept`).
    path : Path
    stamp : tuple of int, or None
        Size in bytes and time of change (ns); None where it is not there.
    at : float
        When it was looked at, in seconds of the clock `time.monotonic`.
    """

    image: str
    kept: tuple[str, str]
    path: Path
    stamp: tuple[int, int] | None
    at: float


def check(folder: Path, files: Iterable[tuple[str, tuple[str, str]]]) -> Iterator[CheckedFile]:
    """See where the files of images are; `folder` is the one from which their relative paths count."""
    for name, kept in files:
        at, path = time.monotonic(), file_at(folder, *kept)
        yield CheckedFile(name, kept, path, file_stamp(path), at)


def start_check(folder: Path, files: Iterable[tuple[str, tuple[str, str]]], total: int) -> Job:
    """The same as a job: yields a `Result` with a list of `CheckedFile` for some images at a time, then `Progress`."""

    def work(job: Job) -> None:
        seen, done = check(folder, files), 0
        while not job.cancelled and (some := list(islice(seen, TOGETHER))):
            done += len(some)
            job.post(Result("", some))
            job.post(Progress(done, total))

    return start_job("Looking at the files", work, "Nothing was changed.")
