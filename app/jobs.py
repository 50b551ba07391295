"""Jobs: long work that yields typed events and can be cancelled. Terminal and window listen alike."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes
    ----------
    done, total : int
        Inputs that are finished (failed ones too), and all of them.
    name : str
        The input that was finished last, or the one that is being worked on.
    """

    done: int
    total: int
    name: str = ""


@dataclass(frozen=True)
class Result:
    """One input is done.

    Attributes
    ----------
    key : str
        Which input: the key it was handed in under.
    value : object
        What came of it; which type says the function that started the job.
    """

    key: str
    value: object


@dataclass(frozen=True)
class Failed:
    """One input failed; the job goes on with the others.

    Attributes
    ----------
    key : str
    message : str
        A sentence for the reader.
    """

    key: str
    message: str


@dataclass(frozen=True)
class Finished:
    """Always the last event of a job."""

    cancelled: bool


_LOG = logging.getLogger(__name__)

Event: TypeAlias = Progress | Result | Failed | Finished
Listener: TypeAlias = Callable[[Event], None]


class Job:
    """Long work that goes on elsewhere. Safe to use from any thread.

    Its events are consumed either by iterating (blocks) or by one listener (called on the producer's thread).

    Parameters
    ----------
    title : str
        What the reader sees: "Predicting 12 images".
    total : int
        Number of inputs.
    on_cancel : callable or None
        Told once, on the cancelling thread, when somebody cancels before the job has finished.
    """

    def __init__(self, title: str, total: int, on_cancel: Callable[[], None] | None = None) -> None:
        self.title = title
        self.total = total
        self._on_cancel = on_cancel
        self._events: deque[Event] = deque()
        self._ready = threading.Condition()
        self._delivering = threading.RLock()
        self._listener: Listener | None = None
        self._cancelled = False
        self._finished = False

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._cancelled

    @property
    def finished(self) -> bool:
        """Whether the last event was posted."""
        return self._finished

    @property
    def backlog(self) -> int:
        """Number of events that nobody has taken yet: producers pause where it grows."""
        return len(self._events)

    def wait(self, seconds: float) -> bool:
        """Wait until the last event was posted, but no longer than that; returns whether it was."""
        end = time.monotonic() + seconds
        with self._ready:
            while not self._finished and (rest := end - time.monotonic()) > 0:
                self._ready.wait(rest)
            return self._finished

    def cancel(self) -> None:
        """Ask the job to stop; it ends with ``Finished(cancelled=True)``. Does nothing once it has finished."""
        with self._ready:
            if self._cancelled or self._finished:
                return
            self._cancelled = True
        if self._on_cancel is not None:
            self._on_cancel()

    def post(self, event: Event) -> None:
        """Report an event (by the thread that does the work); events after `Finished` are dropped."""
        with self._delivering:  # keeps the order when a listener is being attached meanwhile
            with self._ready:
                if self._finished:
                    return
                self._finished = isinstance(event, Finished)
                listener = self._listener
                if listener is None:
                    self._events.append(event)
                self._ready.notify_all()
            if listener is not None:
                listener(event)

    def listen(self, callback: Listener) -> None:
        """Hand every event to `callback`, those that have been posted already first (on the calling thread)."""
        with self._delivering:
            with self._ready:
                waiting = list(self._events)
                self._events.clear()
                self._listener = callback
            for event in waiting:
                callback(event)

    def __iter__(self) -> Iterator[Event]:
        """Wait for events and yield them; ends after `Finished`."""
        while True:
            with self._ready:
                # A timeout keeps the wait interruptible by Ctrl+C on every system.
                while not self._events:
                    if self._finished:
                        return
                    self._ready.wait(0.2)
                event = self._events.popleft()
            yield event
            if isinstance(event, Finished):
                return


class SteppedJob(Job):
    """A job whose work belongs to one thread, which does a little of it at a time with `go_on`.

    Parameters
    ----------
    title : str
    total : int
    steps : iterator of Event
        Does a step of the work, some milliseconds, whenever it is asked for the next event. It is closed where the
        job is cancelled, and undoes what must not stay.
    refusals : tuple of exception classes
        What a step may raise with a sentence for the reader: that becomes `Failed`, and the job ends.
    """

    def __init__(
        self, title: str, total: int, steps: Generator[Event, None, None], refusals: tuple[type[Exception], ...]
    ) -> None:
        super().__init__(title, total)
        self._steps, self._refusals = steps, refusals

    def go_on(self, seconds: float) -> bool:
        """Work for about so long, at least one step; True once all is done and told."""
        end = time.monotonic() + seconds
        try:
            while not self.cancelled and not self.finished:
                event = next(self._steps, None)
                self.post(event if event is not None else Finished(cancelled=False))
                if time.monotonic() > end:
                    break
        except self._refusals as error:
            self.post(Failed("", str(error)))
            self.post(Finished(cancelled=False))
        if self.cancelled and not self.finished:
            self._steps.close()
            self.post(Finished(cancelled=True))
        return self.finished


def start_job(title: str, work: Callable[[Job], None], left: str) -> Job:
    """Do work on a thread of its own, as a job that always ends in a result or a sentence.

    Parameters
    ----------
    title : str
    work : callable
        Gets the job and posts its results, failures and progress; not `Finished`, which follows by itself.
    left : str
        A sentence on what holds where `work` fails in a way that nobody foresaw.
    """
    job = Job(title, 0)

    def run() -> None:
        try:
            work(job)
        except Exception as error:
            # The error's own words may hold names of files, and those of patients: they do not go to the log.
            trace = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("“%s” failed: %s\n%s", title, type(error).__name__, trace)
            job.post(Failed("", f"{title} failed because of an error in this program ({type(error).__name__}). {left}"))
        finally:
            job.post(Finished(job.cancelled))

    threading.Thread(target=run, name=title, daemon=True).start()
    return job
