"""Keeps predictions going: whatever is due is predicted, the image being looked at first.

What is due says `Session.due` alone. Each change is asked for the images that it names, so that nothing here grows
with the project; what becomes due while a job runs follows it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.jobs import Event, Failed, Finished, Job, Progress, Result
from app.project.changes import Change, ImagesChanged, OrientationChanged, PredictionChanged, ReviewsChanged

if TYPE_CHECKING:
    from app.project.session import Session

ASKING = (ImagesChanged, PredictionChanged, OrientationChanged, ReviewsChanged)
"""Kinds of changes after which something may be due."""
AT_ONCE = 100
"""So many images are asked within one turn of the event loop."""
TRIES = 3
"""So often in a row may the file of an image change while it is predicted before that is left alone."""


class Predicting(JobRunner):
    """Runs one prediction job at a time for the controller's session."""

    verb = "Predicting"

    def __init__(self, controller: Controller, bridge: Bridge) -> None:
        super().__init__(controller, bridge)
        self._waiting: dict[str, None] = {}
        self._under_way: set[str] = set()
        self._outdated: Counter[str] = Counter()
        self._wanted: dict[str, None] = {}
        self._before = 0
        self._checks: set[Job] = set()
        self._unseen: dict[str, None] = {}
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._look_at_files)
        controller.imageChanged.connect(self._on_image)
        controller.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        if isinstance(change, ASKING):
            # The reader turned it, or its file was looked at again.
            if self._outdated and not isinstance(change, PredictionChanged):
                self._outdated -= Counter(dict.fromkeys(change.images, TRIES))
            self.ask(change.images or None)
        if isinstance(change, PredictionChanged) and self._controller.session is not None:
            for name in change.images:
                if self._controller.session.image(name).replaced:
                    self._controller.say(
                        f"The file of “{name}” is another one now. Keep or drop what was corrected before."
                    )

    def _on_image(self, name: str) -> None:
        session = self._controller.session
        if session is None or not name:
            return
        if self._job is not None:
            session.engine.prioritise(name)
        session.check_files([name])  # its file may have come back, or be another one: that is a change like others

    def start(self) -> None:
        """Predict what is due in the whole project; while a job runs, what was added meanwhile follows it."""
        self.ask(None)

    def ask(self, names: Iterable[str] | None) -> None:
        """Predict what is due among some images, or among all.

        Of very many the one that is shown is asked first; the others follow when a thread has looked at their files.
        """
        session = self._controller.session
        if session is None or session.read_only:
            return
        wanted = session.images if names is None else tuple(names)
        if len(wanted) > AT_ONCE:
            shown = self._controller.image
            self._ask(session, (shown,) if shown in session.images else ())
            self._unseen.update(dict.fromkeys(wanted))
            self._soon.start()  # the views have their turn first
        else:
            self._ask(session, wanted)

    def _look_at_files(self) -> None:
        """Have a thread look which of very many files are there; what is due then is predicted."""
        names, session = tuple(self._unseen), self._controller.session
        self._unseen.clear()
        if session is None:
            return
        check = session.start_check_files(names)
        self._checks.add(check)
        self._bridge.job(check, lambda event: self._on_seen(session, check, event))

    def _on_seen(self, session: Session, check: Job, event: Event) -> None:
        if check not in self._checks:  # cancelled, or of a project that was closed meanwhile
            return
        if isinstance(event, Finished):
            self._checks.discard(check)
        if not isinstance(event, Result):
            return
        session.take_checked(event)
        self._ask(session, [one.image for one in event.value])  # type: ignore[attr-defined]

    def _ask(self, session: Session, names: Sequence[str]) -> None:
        not_now = self._under_way | {name for name, tries in self._outdated.items() if tries >= TRIES}
        self._waiting.update((name, None) for name in session.due(names) if name not in not_now)
        if self._job is None:
            self._go_on()

    def _go_on(self) -> None:
        """Predict what became due meanwhile, as far as it still is."""
        session, waiting = self._controller.session, tuple(self._waiting)
        self._waiting.clear()
        if session is None:
            return
        if len(waiting) > AT_ONCE:  # to ask them all again would stop the window, and what is not due is not taken in
            there = set(session.images)
            due = tuple(name for name in waiting if name in there)
        else:
            due = session.due(waiting)
        if due:
            self._begin(due)

    def predict(self, names: Iterable[str]) -> None:
        """Predict these, also again; it is told when that is done, or why it can't be."""
        wanted, session = tuple(names), self._controller.session
        if session is None or not wanted:
            return
        if locked := next((why for name in wanted if (why := self._controller.why_locked(name))), ""):
            self._controller.tell(locked)
            return
        if self._job is not None:
            self._controller.tell("A prediction is running. Try again when it has ended, or cancel it first.")
            return
        self._wanted = dict.fromkeys(wanted)
        self._begin(wanted)

    def _begin(self, names: tuple[str, ...]) -> None:
        session = self._controller.open_session()
        try:
            job = session.start_predict(
                names, first=self._controller.image if self._controller.image in names else None
            )
        except (ValueError, OSError) as error:
            self._controller.say(str(error))
            return
        self._under_way = set(names)
        self.follow(job, self._on_event)
        if self._before:
            self.tell(Progress(0, job.total))

    def tell(self, event: Progress) -> None:
        """Report how far all is that is predicted in one go: jobs that follow each other are counted together."""
        waiting = len(self._waiting.keys() - self._under_way)
        elapsed, to_do = time.monotonic() - self._since, event.total - event.done + waiting
        left = elapsed / event.done * to_do if event.done > 2 else -1.0
        self.progressed.emit(self._before + event.done, self._before + event.total + waiting, left)

    def cancel(self) -> None:
        """Stop; what is predicted stays."""
        self._stop_checks()
        self._waiting.clear()
        super().cancel()

    def _stop_checks(self) -> None:
        """Take nothing in any more of the files that are being looked at: each batch would begin a prediction."""
        for check in self._checks:
            check.cancel()
        self._checks.clear()
        self._soon.stop()
        self._unseen.clear()

    def forget(self) -> None:
        """The session is about to close: cancel and take nothing in any more."""
        job, self._job = self._job, None
        self._stop_checks()
        self._waiting.clear()
        self._under_way.clear()
        self._outdated.clear()
        self._wanted, self._before = {}, 0
        if job is not None:
            job.cancel()
            self.ended.emit("")

    def _on_event(self, job: Job, event: Event) -> None:
        session = self._controller.session
        if job is not self._job or session is None:  # an event of a project that was closed meanwhile
            return
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Finished):
            self._under_way.clear()
            self._before += job.total
            self.end(job, "Prediction cancelled" if event.cancelled else "")
            self._tell_done(session, event.cancelled)
            if not event.cancelled:
                self._go_on()
            if not self.running:
                self._before = 0
        else:
            if not self._controller.do(session.take_in, event):
                self.cancel()  # it can't be kept, nor could the next one
            elif isinstance(event, Failed):
                self._controller.say(event.message)
            self._under_way.discard(event.key)
            self._again(event.key, session)

    def _tell_done(self, session: Session, cancelled: bool) -> None:
        """Say that what the reader asked for is done: what was predicted anew may look as it did before."""
        wanted, self._wanted = tuple(self._wanted), {}
        done = [name for name in wanted if name in session.images and session.status(name) == "predicted"]
        if done and not cancelled:
            what = f"“{done[0]}” was" if len(done) == 1 else f"{len(done)} images were"
            self._controller.tell(f"{what} predicted again.")

    def _again(self, name: str, session: Session) -> None:
        """Where file or orientation changed meanwhile, what came is of no use: predict it again, but not for ever."""
        if not session.due([name]):
            del self._outdated[name]
            return
        self._outdated[name] += 1
        if self._outdated[name] < TRIES:
            self._waiting[name] = None
        else:
            self._controller.say(
                f"“{name}” is not predicted: its file changed {TRIES} times while it was read. "
                "Choose “Predict this image again” when no other program writes it any more."
            )
