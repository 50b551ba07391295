"""What happens when the program itself fails: a kind sentence for the reader, and a log without patient data."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from app.gui.widgets.settings import log_folder

log = logging.getLogger("app.gui.shell.crash_log")
WENT_WRONG = "Something went wrong in the program; what you did before is kept. The log {file} says where."


def describe(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Type and places of an error. Its message and variables are left out: they may hold names of patients' files."""
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]
    return f"{kind.__name__} at " + " > ".join(places)


class Formatter(logging.Formatter):
    """Lines without what may name a patient: messages before their values are filled in, errors by type and place."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {record.msg}"
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            line += f" | {describe(type(error), error.__traceback__)}"
            error = error.__cause__ or error.__context__
        return line


def log_file() -> Path:
    """The file that errors are logged to."""
    return log_folder() / "denseseg-review.log"


def start_log() -> Path:
    """Log to a small rotating file in the platform's log folder; returns it."""
    file = log_file()
    root = logging.getLogger("app")  # engine, session and views alike
    if not root.handlers:
        handler = RotatingFileHandler(file, maxBytes=200_000, backupCount=2, encoding="utf-8", delay=True)
        handler.setFormatter(Formatter())
        handler.setLevel(logging.WARNING)
        root.addHandler(handler)
    return file


def watch_threads(say: Callable[[str], None] | None = None) -> None:
    """Send what ends a thread to the log, and a sentence to the reader; `say` is called on that thread."""

    def hook(ended: threading.ExceptHookArgs) -> None:
        thread = ended.thread.name.split()[0] if ended.thread is not None else "?"
        log.error(f"A thread ended ({thread}): {describe(ended.exc_type, ended.exc_traceback)}")
        if say is not None:
            say(WENT_WRONG.format(file=log_file()))

    threading.excepthook = hook


def install(say: Callable[[str], None], file: Path) -> None:
    """Send unhandled errors to the log and a kind sentence to the reader; the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error(describe(kind, trace))
        say(WENT_WRONG.format(file=file))

    sys.excepthook = hook
