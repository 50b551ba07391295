"""What is shown of all images together: starts the jobs, holds what came of them, drops what came too late.

Results live in memory and as long as the project is open; nothing of them is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.pooled import Pooled
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.job_runner import JobRunner
from app.gui.state.view_state import Layer, ViewState, ZMap
from app.jobs import Event, Failed, Finished, Job, Progress, Result, start_job
from app.project.changes import (
    Change,
    ImagesChanged,
    LandmarksChanged,
    MasksChanged,
    OrientationChanged,
    PlacementsChanged,
    PredictionChanged,
)
from app.project.cohort import GreyCohort, LeftOut

if TYPE_CHECKING:
    from app.project.session import Session

OF_FILES = ImagesChanged | PredictionChanged | OrientationChanged
OF_READERS = ImagesChanged | PredictionChanged | PlacementsChanged | MasksChanged | LandmarksChanged

WHY = {
    LeftOut.NOTHING: "nothing is predicted in it",
    LeftOut.SUSPECT: "it does not look right",
    LeftOut.CHANGED: "its file has changed since it was accepted",
    LeftOut.UNREAD: "its file could not be read",
    LeftOut.LITTLE: "it shows too little of the template",
}
"""Why an image is not compared, in a few words."""


class CohortRunner(JobRunner):
    """Runs one kind of job over all images; what comes of one that was overtaken is dropped."""

    def __init__(self, controller: Controller, bridge: Bridge, verb: str) -> None:
        super().__init__(controller, bridge)
        self.verb = verb
        self.done = self.total = 0
        self.cancelled = False
        self._take: Callable[[object], None] = lambda value: None

    def start(self, job: Job, take: Callable[[object], None]) -> None:
        """Begin a job in place of the one that runs; `take` gets its result."""
        self.forget()
        self._take, self.done, self.total, self.cancelled = take, 0, 0, False
        self.follow(job, self._on_event)

    def forget(self) -> None:
        """Stop at once and take nothing in any more."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            self.ended.emit("")

    def _on_event(self, job: Job, event: Event) -> None:
        if job is not self._job:
            return  # of a project that was closed, or overtaken
        if isinstance(event, Progress):
            self.done, self.total = event.done, event.total
            self.tell(event)
        elif isinstance(event, Failed):
            self._controller.say(event.message)
        elif isinstance(event, Result):
            self._take(event.value)
        elif isinstance(event, Finished):
            self.cancelled = event.cancelled
            self.end(job, f"{self.verb} was cancelled" if event.cancelled else "")


class Cohorts(QObject):
    """Grey values and corrections of all images for the layers of the template.

    Parameters
    ----------
    controller : Controller
    bridge : Bridge
    shown : callable
        The images that the worklist shows.

    Attributes
    ----------
    grey : GreyCohort or None
    pooled : Pooled or None
        What came of the last job; None before.
    filtered : bool
        Whether the images are those that the worklist showed, else all.
    """

    updated = Signal()
    """Something else is to be shown, or another sentence about it."""

    def __init__(self, controller: Controller, bridge: Bridge, shown: Callable[[], Sequence[str]]) -> None:
        super().__init__(controller)
        self._controller, self._bridge, self._shown = controller, bridge, shown
        self.reading, self.pooling = (CohortRunner(controller, bridge, verb) for verb in ("Comparing", "Pooling"))
        self.runners = self.reading, self.pooling
        self.grey: GreyCohort | None = None
        self.pooled: Pooled | None = None
        self.filtered = False
        self._grey_old = self._pooled_old = False
        self._asked: Job | None = None
        for runner in self.runners:
            runner.progressed.connect(lambda *_: self.updated.emit())
            runner.ended.connect(lambda *_: self.updated.emit())
        controller.sessionChanged.connect(self._on_session)
        controller.changed.connect(self._on_change)
        controller.stateChanged.connect(self._follow)

    @property
    def layer(self) -> Layer:
        """What the template shows."""
        return self._controller.state.layer

    @property
    def runner(self) -> CohortRunner:
        """What works for the layer that is shown."""
        return self.pooling if self.layer is Layer.CORRECTIONS else self.reading

    @property
    def old(self) -> bool:
        """Whether something has changed since what the layer shows was begun."""
        return self._pooled_old if self.layer is Layer.CORRECTIONS else self._grey_old

    def show(self, layer: Layer) -> None:
        """Show a layer; what it needs is begun where it is not there."""
        self._controller.show_layer(layer, None)
        there = self.pooled if layer is Layer.CORRECTIONS else self.grey
        if layer is not Layer.NONE and there is None and not self.runner.running:
            self.again()
        self._compare()
        self.updated.emit()

    def set_filtered(self, on: bool) -> None:
        """Take the images that the worklist shows, or all; anew, where a layer is shown."""
        self.filtered = on
        self.grey = self.pooled = None
        for runner in self.runners:
            runner.forget()
        self.show(self.layer)

    def again(self) -> None:
        """Work out anew what the layer shows."""
        session, layer = self._controller.session, self.layer
        if session is None or layer is Layer.NONE:
            return
        names = list(self._shown()) if self.filtered else None
        begun = self._controller.do(self._begin, session, layer is Layer.CORRECTIONS, names)
        if begun:
            self.updated.emit()

    def _begin(self, session: Session, corrections: bool, names: Sequence[str] | None) -> None:
        if corrections:
            self._pooled_old = False
            self.pooling.start(session.start_pool(names), self._take)
        else:
            self._grey_old = False
            self.reading.start(session.start_cohort(names), self._take)

    def _take(self, value: object) -> None:
        if isinstance(value, GreyCohort):
            self.grey = value
            self._compare()
        elif isinstance(value, Pooled):
            self.pooled = value
        self.updated.emit()

    # --- the shown image against the others

    def _compare(self) -> None:
        """Have the shown image compared with the others, on a thread: it takes some .1 s."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        image, grey, session = self._controller.image, self.grey, self._controller.session
        if self.layer is not Layer.Z or grey is None or session is None or grey.too_few or self.why_not:
            return

        def work(job: Job) -> None:
            values = grey.cohort.z(image) if not job.cancelled else None
            if values is not None:
                job.post(Result(image, ZMap(image, grey.cohort.cells, values)))

        job = self._asked = start_job("Comparing an image", work, "It is compared again.")
        self._bridge.job(job, lambda event: self._compared(job, event))

    def _compared(self, job: Job, event: Event) -> None:
        if job is self._asked and isinstance(event, Result) and isinstance(event.value, ZMap):
            self._controller.show_layer(self.layer, event.value)
            self.updated.emit()

    @property
    def why_not(self) -> str:
        """Why the shown image can't be compared with the others, in a few words; empty where it can."""
        image, grey, session = self._controller.image, self.grey, self._controller.session
        if grey is None or session is None:
            return ""
        if image not in grey.predictions:
            return WHY[grey.left_out[image]] if image in grey.left_out else "it is not among them"
        return "" if session.prediction_id(image) == grey.predictions[image] else "it was predicted again since"

    # --- what happens meanwhile

    def _follow(self, old: ViewState, new: ViewState) -> None:
        if (old.image, old.passing) != (new.image, new.passing) and not new.passing and new.layer is Layer.Z:
            self._controller.show_layer(new.layer, None)
            self._compare()
            self.updated.emit()

    def _on_session(self) -> None:
        for runner in self.runners:
            runner.forget()
        self._asked = self.grey = self.pooled = None
        self._grey_old = self._pooled_old = self.filtered = False
        self.updated.emit()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, PredictionChanged) and not change.images:
            return  # they were read, and are as they were
        began = self.grey is not None or self.reading.running, self.pooled is not None or self.pooling.running
        self._grey_old |= began[0] and isinstance(change, OF_FILES)
        self._pooled_old |= began[1] and isinstance(change, OF_READERS)
        if self.layer is Layer.Z and isinstance(change, OF_FILES) and self._controller.image in change.images:
            self._controller.show_layer(self.layer, None)
            self._compare()
        if self.layer is not Layer.NONE:
            self.updated.emit()
