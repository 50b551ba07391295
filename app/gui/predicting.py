"""Keeps predictions going: whatever waits is predicted, the image being looked at first."""

from __future__ import annotations

from app.gui.bridge import Bridge
from app.gui.desk import Desk
from app.gui.running import Runner
from app.jobs import Event, Failed, Finished, Job, Progress
from app.store.entries import Change


class Predicting(Runner):
    """Runs one prediction job at a time for the desk's session."""

    verb = "Predicting"

    def __init__(self, desk: Desk, bridge: Bridge) -> None:
        super().__init__(desk, bridge)
        self._again = False
        desk.imageChanged.connect(self._prioritise)
        desk.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        # Read otherwise, images wait again; so do those whose stored prediction was found damaged by reading ahead.
        if change.kind == "reading" or (change.kind == "prediction" and not change.images):
            self.start()

    def start(self) -> None:
        """Predict what waits; while a job runs, what was added meanwhile follows it."""
        session = self._desk.session
        if session is None or session.read_only:
            return
        if self._job is not None:
            self._again = True
            return
        # Failed files are not tried again by themselves: they would fail again at every start.
        waiting = [name for name in session.images if session.status(name) == "waiting"]
        if waiting:
            self.predict(waiting)

    def predict(self, names: list[str]) -> None:
        """Predict these, also again."""
        session = self._desk.session
        if session is None or not names:
            return
        if self._job is not None:
            self._desk.say("A prediction is running. Try again when it has ended, or cancel it first.")
            return
        try:
            job = session.start_predict(names, first=self._desk.image if self._desk.image in names else None)
        except (ValueError, OSError) as error:
            self._desk.say(str(error))
            return
        self._again = False
        self.follow(job, self._on_event)

    def cancel(self) -> None:
        """Stop; what is predicted stays."""
        self._again = False
        super().cancel()

    def forget(self) -> None:
        """The session is about to close: cancel and take nothing in any more."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            self.ended.emit("")

    def _prioritise(self, name: str) -> None:
        if self._job is not None and self._desk.session is not None:
            self._desk.session.engine.prioritise(name)

    def _on_event(self, job: Job, event: Event) -> None:
        session = self._desk.session
        if job is not self._job or session is None:  # an event of a project that was closed meanwhile
            return
        if isinstance(event, Progress):
            self.tell(event)
        elif isinstance(event, Finished):
            self._job = None
            self.ended.emit("Prediction cancelled" if event.cancelled else "")
            if self._again and not event.cancelled:
                self.start()
        else:
            if not self._desk.do(session.take_in, event):
                self.cancel()  # it can't be kept, nor could the next one
            elif isinstance(event, Failed):
                self._desk.say(event.message)
