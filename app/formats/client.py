"""An export as a job: a child process reads the project and writes, so that the window never waits for it.

The child opens the file for reading only, beside the session that writes it: the database gives it one moment of the
project, and a pure-Python loop in the window's own process would hold up its painting.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.formats.export_report import Report
from app.formats.from_session import NAMED, check_later, names_in
from app.formats.words import WORDS
from app.jobs import Failed, Finished, Job, Progress, Result
from app.project.session import Session

ROOT = Path(__file__).resolve().parents[2]
WORKER = ("-m", "app.formats.worker")
PATIENCE_SECONDS = 2.0
"""So long may the child take to stop after a cancel; then it is killed, which leaves no half file either."""
STALLED_SECONDS = 120.0
"""So long may the child say nothing before it is killed: one image takes far less than a second."""
BROKE_OFF = "The export ended unexpectedly. What it wrote until then is whole; try again."
STALLED = (
    "The export made no progress for {seconds:g} s and was ended. What it wrote until then is whole; see whether the "
    "folder can be written to, then try again."
)
_LOG = logging.getLogger("app.formats")


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes
    ----------
    project, bundle, folder : str
        Paths: the project file, the bundle's folder, where to write.
    formats : tuple of str
        Keys of `registry.FORMATS`.
    scope : str
        One of `from_session.SCOPES`.
    images : tuple of str
        For the scopes `from_session.NAMED`.
    later : str
        One of `project_view.LATER`.
    captures : bool
        As `from_session.view_of` takes it.
    deidentify : str
        One of `deidentify.Dates`, or empty.
    """

    project: str
    bundle: str
    folder: str
    formats: tuple[str, ...]
    scope: str
    images: tuple[str, ...] = ()
    later: str = "mark"
    captures: bool = False
    deidentify: str = ""


def start_export(
    session: Session,
    formats: Sequence[str],
    folder: str | Path,
    scope: str = "all",
    images: str | Sequence[str] = (),
    later: str = "mark",
    captures: bool = False,
    deidentify: str = "",
    worker: Sequence[str] = WORKER,
    stalled_seconds: float = STALLED_SECONDS,
) -> Job:
    """Begin an export of what a session shows now; the job always ends, and in a report or a sentence.

    Returns
    -------
    Job
        Yields `Progress`, `Failed` per image that could not be written, one `Result` with a `Report`, `Finished`.

    Raises
    ------
    ValueError
        For an unknown format, scope, image or `later`.
    """
    if unknown := [name for name in formats if name not in WORDS]:
        raise ValueError(f"There is no format “{unknown[0]}”. There are: {', '.join(WORDS)}.")
    check_later(later)
    names = names_in(session, scope, images)
    total = len(names)
    project, bundle, out = (str(Path(path).absolute()) for path in (session.path, session.bundle.folder, folder))
    named, options = names if scope in NAMED else (), (later, captures, deidentify)
    request = Request(project, bundle, out, tuple(formats), scope, named, *options)
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
    child = _Child(process)
    job = Job(title, total, child.stop)
    follow = (child, request, job, stalled_seconds)
    threading.Thread(target=_follow, args=follow, name="export", daemon=True).start()
    return job


class _Child:
    """The process and the lines that it says; None at their end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        for name, target in (("lines", self._listen), ("errors", self._overhear)):
            threading.Thread(target=target, name=f"export {name}", daemon=True).start()

    def ask(self, request: Request) -> None:
        """Hand the request over."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(asdict(request)) + "\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """The end of its input asks the child to stop; if that does not help it is killed."""

        def insist() -> None:
            self._close_input()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_SECONDS)
                return
            self.kill()

        threading.Thread(target=insist, name="export end", daemon=True).start()

    def kill(self) -> None:
        """End it; nobody waits for its last words, since a process that hangs in a disk may not even die."""
        self._process.kill()
        self.lines.put(None)

    def end(self) -> None:
        """Close what is open."""
        self._close_input()
        with contextlib.suppress(subprocess.TimeoutExpired):
            if code := self._process.wait(PATIENCE_SECONDS):
                _LOG.warning("The export's process ended with code %d.", code)

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream, contextlib.suppress(ValueError):
            for line in stream:
                self.lines.put(line)
        self.lines.put(None)

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream, contextlib.suppress(ValueError):
            for line in stream:
                _LOG.debug("export child: %s", line.rstrip())


def _follow(child: _Child, request: Request, job: Job, stalled_seconds: float) -> None:
    failure = BROKE_OFF
    try:
        child.ask(request)
        while (line := child.lines.get(timeout=stalled_seconds)) is not None:
            if _tell(job, json.loads(line)):
                failure = ""
    except queue.Empty:
        failure = STALLED.format(seconds=stalled_seconds)
        child.kill()
    except Exception as error:  # a killed child leaves half a line, and no thread may die without a word
        _LOG.warning("The export's process said what nobody understands (%s).", type(error).__name__)
        child.kill()
    finally:
        if failure and not job.cancelled:
            job.post(Failed("", failure))
        job.post(Finished(job.cancelled))
        child.end()


def _tell(job: Job, event: dict[str, Any]) -> bool:
    """Post what the child says; whether that was how it ended."""
    if "report" in event:
        told = event["report"]
        pairs = {key: [tuple(pair) for pair in told[key]] for key in ("failed", "not_written", "kept_aside")}
        job.post(Result("report", Report(**{**told, **pairs})))
        return True
    if "error" in event:
        job.post(Failed("", event["error"]))
        return True
    if event["failure"]:
        job.post(Failed(event["name"], event["failure"]))
    job.post(Progress(event["done"], job.total, event["name"]))
    return False
