"""An export as a job: a child process reads the project and writes, so that the window never waits for it.

The child opens the file for reading only, beside the session that writes it: the database gives it one moment of the
project, and a pure-Python loop in the window's own process would hold up its painting.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from app.export.formats import FORMATS
from app.export.from_session import SessionLike, names_in
from app.export.write import Report
from app.jobs import Failed, Finished, Job, Progress, Result

ROOT = Path(__file__).resolve().parents[2]
WORKER = ("-m", "app.export_worker")
PATIENCE_SECONDS = 2.0
"""So long may the child take to stop after a cancel; then it is killed, which leaves no half file either."""
BROKE_OFF = "The export ended unexpectedly. What it wrote until then is whole; try again."
_LOG = logging.getLogger("app.export")


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes
    ----------
    project, bundle, folder : str
        Paths: the project file, the bundle's folder, where to write.
    formats : tuple of str
        Keys of `formats.FORMATS`.
    scope : str
        One of `from_session.SCOPES`.
    image : str
        For the scope ``image``.
    """

    project: str
    bundle: str
    folder: str
    formats: tuple[str, ...]
    scope: str
    image: str = ""


def start_export(
    session: SessionLike,
    formats: Sequence[str],
    folder: str | Path,
    scope: str = "all",
    image: str = "",
    worker: Sequence[str] = WORKER,
) -> Job:
    """Begin an export of what a session shows now.

    Returns
    -------
    Job
        Yields `Progress`, `Failed` per image that could not be written, one `Result` with a `Report`, `Finished`.

    Raises
    ------
    ValueError
        For an unknown format, scope or image.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"There is no format “{unknown[0]}”. There are: {', '.join(FORMATS)}.")
    total = len(names_in(session, scope, image))
    project, bundle, out = (str(Path(path).absolute()) for path in (session.path, session.bundle.folder, folder))
    request = Request(project, bundle, out, tuple(formats), scope, image)
    title = "Exporting 1 image" if total == 1 else f"Exporting {total} images"
    process = subprocess.Popen(
        [sys.executable, *worker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    job = Job(title, total, lambda: _stop(process))
    threading.Thread(target=_follow, args=(process, request, job), name="export", daemon=True).start()
    return job


def _stop(process: subprocess.Popen[str]) -> None:
    """The end of its input asks the child to stop."""

    def impatient() -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
            return
        process.kill()

    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        process.stdin.close()
    threading.Thread(target=impatient, name="export end", daemon=True).start()


def _follow(process: subprocess.Popen[str], request: Request, job: Job) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    listener = threading.Thread(target=_overhear, args=(process.stderr,), name="export errors", daemon=True)
    listener.start()
    told = False
    try:
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(json.dumps(asdict(request)) + "\n")
            process.stdin.flush()
        with process.stdout as lines, contextlib.suppress(ValueError):  # a killed child may leave half a line
            for line in lines:
                told = _tell(job, json.loads(line)) or told
        process.wait()
        listener.join()
        with contextlib.suppress(OSError, ValueError):
            process.stdin.close()
        if not told and not job.cancelled:
            job.post(Failed("", BROKE_OFF))
    finally:
        job.post(Finished(job.cancelled))


def _tell(job: Job, event: dict[str, Any]) -> bool:
    """Post what the child says; whether that was its report."""
    if "report" in event:
        told = event["report"]
        pairs = {key: [tuple(pair) for pair in told[key]] for key in ("failed", "not_written")}
        job.post(Result("report", Report(**{**told, **pairs})))
        return True
    if "error" in event:
        job.post(Failed("", event["error"]))
        return True
    if event["failure"]:
        job.post(Failed(event["name"], event["failure"]))
    job.post(Progress(event["done"], job.total, event["name"]))
    return False


def _overhear(stream: IO[str]) -> None:
    with stream:
        for line in stream:
            _LOG.debug("export child: %s", line.rstrip())
