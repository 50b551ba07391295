"""A child that answers for one image of a project after the other: ``python -m app.project.cohort_worker``.

It opens the project for reading only, beside the session that writes it, and ends when its input ends.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable

import cv2
import numpy as np

from app.engine.protocol import Message, write
from app.engine.worker import die_with_parent, limit_memory, listen, take_pipes
from app.io.errors import ReadError
from app.project.cohort import LeftOut
from app.project.session import Session
from app.store.errors import ProjectError


def main(arguments: list[str] | None = None) -> int:
    """Serve requests until the end of the input."""
    parser = argparse.ArgumentParser(prog="app.project.cohort_worker")
    parser.add_argument("--role", choices=("grey", "moves"), required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--bundle", required=True)
    options = parser.parse_args(arguments)
    source, sink = take_pipes()
    die_with_parent()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    requests: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=listen, args=(source, requests), daemon=True).start()
    cv2.setNumThreads(1)
    limit_memory()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    try:
        session = Session.open(options.project, read_only=True, model=options.bundle)
    except (ProjectError, ReadError, ValueError) as error:
        write(sink, Message("unfit", {"message": str(error)}))
        return 1
    answer = grey if options.role == "grey" else moves
    write(sink, Message("ready"))
    with session:
        while True:
            write(sink, _answered(answer, session, requests.get().fields["name"]))


def _answered(answer: Callable[[Session, str], Message], session: Session, name: str) -> Message:
    try:
        return answer(session, name)
    except (ProjectError, ReadError, KeyError, ValueError, MemoryError, cv2.error) as error:
        sys.stderr.write(f"{type(error).__name__}\n")  # its words may hold the name of a file: they are not logged
        return Message("failed")


def grey(session: Session, name: str) -> Message:
    """The grey values of an image at the template's cells, or why there are none."""
    if name not in session.images:  # it was removed since
        return Message("done", {"why": LeftOut.NOTHING})
    found = session.comparable_grey(name)
    if isinstance(found, LeftOut):
        return Message("done", {"why": found})
    return Message("done", {"prediction": session.prediction_id(name)}, {"values": found.astype(np.float16)})


def moves(session: Session, name: str) -> Message:
    """What readers moved in an image."""
    if name not in session.images:
        return Message("done", {"landmarks": {}})
    found = session.moves_in(name)
    rims = {structure: values.astype(np.float32) for structure, values in found.rims.items()}
    return Message("done", {"landmarks": found.landmarks}, rims)


if __name__ == "__main__":
    sys.exit(main())
