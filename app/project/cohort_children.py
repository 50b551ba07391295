"""Child processes that answer for one image of a project after the other, so that two cores read many files."""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.engine.child import Child
from app.engine.protocol import Message
from app.jobs import Job

WORKER = ("-m", "app.project.cohort_worker")
MOST_CHILDREN = 2
WORTH_A_CHILD = 12
"""Another child takes about as long to start as so many images take."""
PATIENCE_SECONDS = 60.0
"""So long may one image take before its child is ended."""
TICK_SECONDS = 0.1
ENDED = "The process that reads the images ended at once. Try again; if it happens again, restart the program."
_LOG = logging.getLogger("app.project")


@dataclass(frozen=True)
class Asked:
    """What the children are for.

    Attributes
    ----------
    kind : str
        ``grey`` or ``moves``.
    project, bundle : str
        Paths: the project file, the bundle's folder.
    """

    kind: str
    project: str
    bundle: str


class Unanswered(Exception):
    """No child could begin; the words are a sentence for the reader."""


class Children:
    """Some children; a context manager that ends them.

    Parameters
    ----------
    asked : Asked
    count : int
        How many images there are.
    worker : sequence of str
        Arguments of the Python that runs each of them.
    patience : float
        Seconds.
    """

    def __init__(
        self, asked: Asked, count: int, worker: Sequence[str] = (), patience: float = PATIENCE_SECONDS
    ) -> None:
        self._asked, self._worker, self._patience = asked, worker or WORKER, patience
        self._wanted = min(MOST_CHILDREN, -(-count // WORTH_A_CHILD))
        self._heard: queue.SimpleQueue[tuple[Child, Message | None]] = queue.SimpleQueue()
        self._busy: dict[Child, tuple[str, float]] = {}
        self._all: set[Child] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._all:
            child.kill()
        for child in list(self._all):
            child.join()

    def answers(self, names: Sequence[str], job: Job) -> Iterator[tuple[str, Message | None]]:
        """Each image with its answer, as they come; None where its child ended or took too long.

        Ends early where the job is cancelled.

        Raises
        ------
        Unanswered
            Where the project can't be opened by a child.
        """
        waiting, left = deque(names), len(names)
        for _ in range(self._wanted):
            self._start()
        while left and not job.cancelled:
            try:
                child, message = self._heard.get(timeout=TICK_SECONDS)
            except queue.Empty:
                self._end_overdue()
                continue
            name, _ = self._busy.pop(child, ("", 0.0))
            if message is None:
                self._all.discard(child)
                if not child.ready:
                    _LOG.warning("A child that should read a project ended at once: %s", child.last_words)
                    raise Unanswered(ENDED)
                if waiting:
                    self._start()
            elif message.kind == "unfit":
                raise Unanswered(message.fields["message"])
            else:
                child.ready = True
                if waiting:
                    self._ask(child, waiting.popleft())
            if name:
                left -= 1
                yield name, message if message is not None and message.kind == "done" else None

    def _start(self) -> None:
        child = Child(
            self._asked.kind,
            ("--project", self._asked.project, "--bundle", self._asked.bundle),
            lambda child, message: self._heard.put((child, message)),
            lambda child: self._heard.put((child, None)),
            worker=self._worker,
        )
        self._all.add(child)
        self._busy[child] = "", time.monotonic()  # it opens the project

    def _ask(self, child: Child, name: str) -> None:
        self._busy[child] = name, time.monotonic()
        child.send(Message("image", {"name": name}))

    def _end_overdue(self) -> None:
        """End the children that take too long; what they were asked for is told as they go."""
        now = time.monotonic()
        for child, (_, since) in self._busy.items():
            if now - since > self._patience:
                child.kill()
