"""The thread behind the engine: feeds both children, watches their time, turns their answers into events.

All state belongs to that one thread; others hand it calls through a queue, so there are no locks. It never waits for a
child, so cancelling takes milliseconds.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

from app.core.orientation import AS_STORED, Orientation
from app.engine.child import WORKER, Child
from app.engine.protocol import Message
from app.engine.results import Picture, picture_from, predicted_from
from app.io.bundle import Bundle
from app.io.errors import ImageError
from app.io.files import spelled
from app.jobs import Event, Failed, Finished, Job, Progress, Result

DECODED_AHEAD = 2
"""Decoded images that may wait for the network."""
BACKLOG = 64
"""Events of a job that may wait for their listener before the children pause."""
START_SECONDS = 120.0
CANCELLED_SECONDS = 2.0
"""What a cancelled file's child is given to end its work before it is killed."""
log = logging.getLogger("app.engine")


def _nothing() -> None:
    """What is called when nobody called."""


@dataclass(eq=False)
class Work:
    """One file on its way: for a job, or for somebody who wants to look at it (`future`)."""

    key: str
    path: Path
    job: Job | None
    future: Future[Picture] | None = None
    decoded: Message | None = None
    orientation: Orientation = AS_STORED

    @property
    def orientation_fields(self) -> list[int]:
        """The orientation as it goes through the pipe."""
        return list(astuple(self.orientation))

    @property
    def stale(self) -> bool:
        """Whether nobody waits for it any more."""
        if self.job is not None:
            return self.job.cancelled or self.job.finished
        return self.future is not None and self.future.done()


class WorkerSlot:
    """One of the two children, what it works on, and until when it may take."""

    def __init__(self, role: str, arguments: list[str], threads: int, busy_with: str) -> None:
        self.role = role
        self.arguments = arguments
        self.threads = threads
        self.busy_with = busy_with
        self.child: Child | None = None
        self.work: Work | None = None
        self.deadline = float("inf")
        self.failed_starts = 0
        self.complaint = ""

    @property
    def idle(self) -> bool:
        """Whether it can take work at once."""
        return self.child is not None and self.child.ready and self.work is None


class Scheduler:
    """See the module's text; `Engine` documents the parameters."""

    def __init__(self, bundle: Bundle, threads: int, backend: str, timeout: float, nice: int) -> None:
        self.worker: tuple[str, ...] = WORKER  # tests put another one here
        self._network, self._fine, self._locate = bundle.network_size, bundle.fine is not None, bundle.locate
        self._timeout = timeout
        options = ["--bundle", str(bundle.folder), "--threads", str(threads), "--backend", backend, "--nice", str(nice)]
        self.decoder = WorkerSlot("decode", [], 1, "decoding")
        self.network = WorkerSlot("network", options, threads, "predicting")
        self._slots = (self.decoder, self.network)
        self._pictures: deque[Work] = deque()
        self._waiting: deque[Work] = deque()
        self._decoded: deque[Work] = deque()
        self._open: dict[Job, dict[Work, None]] = {}
        self._looks: dict[Work, None] = {}
        self._calls: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._network_next = False
        self._gate = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    # --- from any thread

    def call(self, function: Callable[[], None]) -> bool:
        """Have a function called on the scheduler's thread; False where it has been closed."""
        with self._gate:
            if self._closed:
                return False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
                self._thread.start()
            self._calls.put(function)
            return True

    def close(self) -> None:
        """Kill the children, end all jobs as cancelled, wait until nothing is left."""
        with self._gate:
            self._closed = True
            thread = self._thread
            self._calls.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join(10)

    # --- on the scheduler's thread: what the engine asks for

    def begin(self, job: Job, works: list[Work]) -> None:
        """Take a job in."""
        self._open[job] = dict.fromkeys(works)
        self._post(job, Progress(0, job.total))
        self._waiting.extend(works)
        self._finish_if_done(job)

    def show(self, work: Work) -> None:
        """Take a request for a picture in."""
        self._looks = {look: None for look in self._looks if not look.stale} | {work: None}
        self._pictures.append(work)

    def prioritise(self, key: str) -> None:
        """Move an image's work to the front."""
        for line in (self._decoded, self._waiting):
            ahead = [work for work in line if work.key == key]
            for work in ahead:
                line.remove(work)
            line.extendleft(ahead)

    def cancel(self, job: Job) -> None:
        """Forget a job's work; what a child is busy with is dropped when it comes."""
        if self._open.pop(job, None) is None:
            return
        self._waiting = deque(work for work in self._waiting if work.job is not job)
        self._decoded = deque(work for work in self._decoded if work.job is not job)
        for slot in self._slots:
            if slot.work is not None and slot.work.job is job:
                slot.deadline = min(slot.deadline, time.monotonic() + CANCELLED_SECONDS)
        self._post(job, Finished(cancelled=True))

    def warm_up(self) -> None:
        """Start both children: the network's as soon as the decoder is ready, for the first image does without it."""
        self._start(self.decoder)
        if self.decoder.child is not None and self.decoder.child.ready:
            self._start(self.network)
        else:
            self._network_next = True

    # --- the loop

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:  # whatever ends this thread, no job waits for it
            with self._gate:
                self._closed = True
            self._wind_up()

    def _turn(self) -> bool:
        """One turn of the loop; False when it is over."""
        try:
            try:
                call = self._calls.get(timeout=self._patience())
            except queue.Empty:
                call = _nothing
            if call is None:
                return False
            call()
            self._watch()
            self._hand_out()
        except Exception:
            log.exception("The engine's thread met an error; its jobs end, and it begins afresh.")
            self._begin_afresh()
        return True

    def _begin_afresh(self) -> None:
        """The bookkeeping cannot be trusted any more: end what is open with a sentence, start without children."""
        for slot in self._slots:
            if slot.child is not None:
                slot.child.kill()
            slot.child, slot.work, slot.deadline = None, None, float("inf")
        for line in (self._pictures, self._waiting, self._decoded):
            line.clear()
        for work in [*self._looks, *(work for works in self._open.values() for work in works)]:
            self._fail(
                work,
                f"“{spelled(work.path.name)}” was not processed: the program met an error of its own. Try it again.",
            )

    def _patience(self) -> float | None:
        """Seconds until something is due although nobody calls."""
        due = min(slot.deadline for slot in self._slots) - time.monotonic()
        if any(job.backlog >= BACKLOG for job in self._open):
            due = min(due, 0.02)
        return None if due == float("inf") else max(0.0, due)

    def _watch(self) -> None:
        """Kill children whose time is up; `_ended` does the rest."""
        for slot in self._slots:
            if time.monotonic() < slot.deadline or slot.child is None:
                continue
            slot.deadline = float("inf")
            work, child = slot.work, slot.child
            child.kill()
            if work is None:
                slot.complaint = "it did not answer"
                continue  # it hung while starting
            slot.work, slot.child = None, None
            self._fail(
                work,
                f"{slot.busy_with.capitalize()} “{spelled(work.path.name)}” timed out after {self._timeout:g} s.",
            )

    def _hand_out(self) -> None:
        """Give idle children work: pictures first, then what decoded images and free places allow."""
        for line in (self._pictures, self._waiting, self._decoded):
            while line and line[0].stale:
                line.popleft()
        paused = any(job.backlog >= BACKLOG for job in self._open)
        may_decode = bool(self._waiting) and len(self._decoded) < DECODED_AHEAD and not paused
        if self._pictures or may_decode:
            self._start(self.decoder)
        if self._decoded or (self._waiting and self.decoder.child is not None and self.decoder.child.ready):
            self._start(self.network)
        if self.decoder.idle and (self._pictures or (may_decode and self._waiting)):  # a start may have failed them
            self._decode((self._pictures or self._waiting).popleft())
        if self.network.idle and self._decoded and not paused:
            work = self._decoded.popleft()
            assert work.decoded is not None
            facts = work.decoded.fields["facts"]
            fields = {
                "size": [facts["height"], facts["width"]],
                "name": work.path.name,
                "orientation": work.orientation_fields,
                "view": work.decoded.fields["view"],
            }
            fields |= {"aspect": facts["aspect"], "acquisition": facts["acquisition"]}
            arrays = {name: array for name, array in work.decoded.arrays.items() if name in ("input", "fine")}
            self._assign(self.network, work, Message("predict", fields, arrays))

    def _decode(self, work: Work) -> None:
        if work.future is not None and not work.future.set_running_or_notify_cancel():
            return
        kind = "decode" if work.job is not None else "picture"
        fields: dict[str, object] = {"path": str(work.path), "name": work.path.name, "network": list(self._network)}
        fields |= {"orientation": work.orientation_fields, "fine": self._fine, "locate": self._locate}
        self._assign(self.decoder, work, Message(kind, fields))

    def _assign(self, slot: WorkerSlot, work: Work, message: Message) -> None:
        assert slot.child is not None
        slot.work = work
        slot.deadline = time.monotonic() + self._timeout
        slot.child.send(message)

    def _start(self, slot: WorkerSlot) -> None:
        if slot.child is not None:
            return
        slot.deadline = time.monotonic() + START_SECONDS
        try:
            slot.child = Child(slot.role, slot.arguments, self._hear, self._miss, slot.threads, self.worker)
        except OSError as error:
            slot.deadline = float("inf")
            self._give_up(slot, str(error))

    # --- what children say (`_hear` and `_miss` on their threads)

    def _hear(self, child: Child, message: Message) -> None:
        self._calls.put(partial(self._heard, child, message))

    def _miss(self, child: Child) -> None:
        self._calls.put(partial(self._ended, child))

    def _heard(self, child: Child, message: Message) -> None:
        slot = next((slot for slot in self._slots if slot.child is child), None)
        if slot is None:
            return  # killed meanwhile
        slot.deadline = float("inf")
        if message.kind == "ready":
            child.ready, slot.failed_starts = True, 0
            if slot is self.decoder and self._network_next:
                self._network_next = False
                self._start(self.network)
            return
        if message.kind == "unfit":
            slot.complaint = str(message.fields["message"])
            return
        work, slot.work = slot.work, None
        if work is None or work.stale:
            return
        try:
            self._use(work, message)
        except Exception:
            log.exception("An answer of the %s child cannot be used.", slot.role)
            self._fail(
                work, f"“{spelled(work.path.name)}” cannot be processed: its results came damaged. Try it again."
            )

    def _use(self, work: Work, message: Message) -> None:
        """What to do with a child's answer."""
        if message.kind == "failed":
            self._fail(work, str(message.fields["message"]))
        elif message.kind == "decoded":
            work.decoded = message
            self._decoded.append(work)
        elif message.kind == "picture" and work.future is not None:
            work.future.set_result(picture_from(message, self._network))
        elif message.kind == "predicted" and work.decoded is not None and work.job is not None:
            result = predicted_from(work.decoded, message, self._network, work.orientation)
            self._post(work.job, Result(work.key, result))
            self._count(work)
        else:
            raise ValueError(f"an answer “{message.kind}” that nobody asked for")

    def _ended(self, child: Child) -> None:
        slot = next((slot for slot in self._slots if slot.child is child), None)
        if slot is None:
            return
        slot.child, slot.deadline = None, float("inf")
        if not child.ready:
            slot.failed_starts += 1
            if slot.failed_starts >= 2:
                self._give_up(slot, slot.complaint or child.last_words or "it ended without a word")
            return
        log.info("The %s child ended. Its last words: %s", slot.role, child.last_words)
        work, slot.work = slot.work, None
        if work is not None:
            self._fail(
                work,
                f"{slot.busy_with.capitalize()} “{spelled(work.path.name)}” broke off: the process that did it ended. "
                "It was started again; the file may be damaged.",
            )

    def _give_up(self, slot: WorkerSlot, reason: str) -> None:
        """A child does not start: everything that needs it has failed (a later request tries again)."""
        slot.failed_starts, slot.complaint = 0, ""
        sentence = f"The process for {slot.busy_with} does not start ({reason}). Install the program again."
        needing = [*self._waiting, *self._decoded]
        self._waiting.clear()
        self._decoded.clear()
        if slot is self.decoder:
            needing += self._pictures
            self._pictures.clear()
        for work in needing:
            self._fail(work, sentence)

    # --- events

    def _fail(self, work: Work, sentence: str) -> None:
        if work.stale:
            return
        if work.future is not None:
            try:
                work.future.set_exception(ImageError(sentence))
            except InvalidStateError:
                return
        elif work.job is not None:
            self._post(work.job, Failed(work.key, sentence))
            self._count(work)

    def _count(self, work: Work) -> None:
        job = work.job
        if job is None or job not in self._open:
            return
        self._open[job].pop(work, None)
        self._post(job, Progress(job.total - len(self._open[job]), job.total, work.key))
        self._finish_if_done(job)

    def _finish_if_done(self, job: Job) -> None:
        if job in self._open and not self._open[job]:
            del self._open[job]
            self._post(job, Finished(cancelled=False))

    def _post(self, job: Job, event: Event) -> None:
        try:
            job.post(event)
        except Exception:  # a listener's error must not end the engine
            log.exception("A listener of “%s” raised an error.", job.title)

    def _wind_up(self) -> None:
        while not self._calls.empty():  # what was asked for while the thread was dying must end as well
            call = self._calls.get()
            if call is not None:
                with contextlib.suppress(Exception):
                    call()
        children = [slot.child for slot in self._slots if slot.child is not None]
        for child in children:
            child.kill()
        for job in list(self._open):
            self._post(job, Finished(cancelled=True))
        busy = [slot.work for slot in self._slots if slot.work is not None]
        for work in [*self._pictures, *busy]:
            if work.future is not None and not work.future.cancel():
                self._fail(work, "The program is being closed.")
        for child in children:
            child.join()
