"""The child process of an export: a request on standard input, one JSON object per line on standard output.

The end of its input means stop: the reader cancelled, or the program that started it is gone.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.formats.client import Request
from app.formats.from_session import view_of
from app.formats.write import write
from app.io.errors import ReadError
from app.project.session import Session
from app.store.errors import ProjectError


def main() -> None:
    """Serve one request."""
    stop = threading.Event()
    request = Request(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    with suppress(OSError, AttributeError):
        os.nice(10)
    try:
        with Session.open(request.project, read_only=True, model=request.bundle) as session:
            session.compare(lambda name: _told(0, name, ""))
            options = request.later, request.captures, request.deidentify
            view = view_of(session, request.scope, request.images, *options)
            try:
                report = write(view, Path(request.folder), request.formats, _told, stop.is_set)
            except OSError as error:
                _say(error=_of_the_folder(error, request.folder))
                return
    except OSError as error:
        _say(error=f"{request.project} could not be read ({error.strerror or error}). Nothing was exported.")
        return
    except (ValueError, ProjectError, ReadError) as error:
        _say(error=str(error))
        return
    except Exception as error:  # no silent death: where it happened, but not what it was about
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
        _say(error=f"The export ended unexpectedly ({place}). What it wrote until then is whole; please report this.")
        return
    _say(report=asdict(report))


def _wait_for_the_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def _told(done: int, name: str, failure: str) -> None:
    _say(done=done, name=name, failure=failure)


def _say(**event: Any) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


_REASONS: dict[type[OSError] | int, str] = {
    FileExistsError: "is a file, not a folder. Choose another folder.",
    NotADirectoryError: "lies below a file, not below a folder. Choose another folder.",
    PermissionError: "may not be written to. Choose another folder.",
    errno.EROFS: "lies on a disk that may only be read. Choose another folder.",
    errno.ENOSPC: "lies on a disk that is full. Free some space, or choose another folder.",
    errno.EDQUOT: "can't grow: your share of the disk is used up. Free some space, or choose another folder.",
    errno.ENAMETOOLONG: "has too long a name. Choose another folder.",
}


def _of_the_folder(error: OSError, folder: str) -> str:
    """Why nothing could be written there."""
    reason = _REASONS.get(type(error)) or _REASONS.get(error.errno or 0)
    return f"{folder} {reason or f'could not be written to ({error.strerror or error}). Choose another folder.'}"


if __name__ == "__main__":
    main()
