"""Looks into project files on a thread: what they hold, and which of them hold some images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.jobs import Job, Result, start_job
from app.store.overview import Overview, overview

MOST = 24
"""More project files than that are not looked into."""


class FoundProject(NamedTuple):
    """A project file that was looked into.

    Attributes
    ----------
    path : Path
    there : bool
        Whether there is a file.
    holds : Overview or None
        None where it can't be read.
    """

    path: Path
    there: bool
    holds: Overview | None


def start_looking(
    files: Sequence[Path], folders: Sequence[Path] = (), suffix: str = "", asked: Sequence[Path] = ()
) -> Job:
    """Look into project files, as a job: a slow disk keeps nobody waiting.

    Parameters
    ----------
    files : sequence of Path
        Project files.
    folders : sequence of Path
        Those whose files with this `suffix` are looked into as well, the newest first.
    suffix : str
    asked : sequence of Path
        Image files or folders: see `Overview.below`.

    Returns
    -------
    Job
        Yields a `Result` with a `FoundProject` for each file, under its path, and `Finished`.
    """

    def work(job: Job) -> None:
        for path in _each_once([*files, *_newest(folders, suffix)])[:MOST]:
            if job.cancelled:
                return
            there = path.is_file()
            job.post(Result(str(path), FoundProject(path, there, overview(path, asked) if there else None)))

    return start_job("Looking into projects", work, "Nothing was changed.")


def _newest(folders: Sequence[Path], suffix: str) -> list[Path]:
    found: list[tuple[float, Path]] = []
    for folder in folders:
        try:
            found += [(path.stat().st_mtime, path) for path in folder.iterdir() if path.suffix.lower() == suffix]
        except OSError:
            continue  # nothing to be found there
    return [path for _, path in sorted(found, reverse=True)]


def _each_once(files: Sequence[Path]) -> list[Path]:
    seen: dict[str, Path] = {}
    for path in files:
        try:
            seen.setdefault(str(path.resolve()), path)
        except (OSError, RuntimeError):
            continue
    return list(seen.values())
