"""Steps from one place that is worth a look to the next, through all images; what was seen does not come again."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.core.quality import LEAST_SCORE, Finding, Key
from app.gui.state.controller import Controller
from app.gui.walk.words import why
from app.gui.widgets.settings import settings
from app.project.changes import Change
from app.project.quality import Quality

SLICE_SECONDS = 0.006
"""So long images are looked through in one turn of the event loop."""
AT_FIRST_SECONDS = 0.05
"""The same when the walk begins: a small project is known by then."""
MOST_STRICT = 2.0
NOTHING = "Nothing is worth a look at this strictness. Move the slider to the left to be shown smaller errors."
ALL_SEEN = "You have looked at all {count} places. Move the slider to the left to be shown smaller errors."
NONE_BEFORE = "This is the first place of this walk."


class Walk(QObject):
    """One walk through the open project. It begins with the first step and ends with `stop` or the project.

    Attributes
    ----------
    strictness : float
        Findings of a lower score are left out.
    current : Finding or None
        The place at which the walk is.
    """

    arrived = Signal(object, str)
    """At a finding, and why it is one; None and an empty sentence where the walk is at none any more."""
    changed = Signal()
    """What is left, what was seen, or whether there is a walk."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller
        self._quality: Quality | None = None
        self._seen: dict[Key, float] = {}
        self._path: list[Finding] = []
        self._at = -1
        self.current: Finding | None = None
        self._waiting = False
        self.strictness = _kept_strictness()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        controller.sessionChanged.connect(self.stop)
        controller.changed.connect(self._on_change)

    @property
    def running(self) -> bool:
        """Whether a walk is under way."""
        return self._quality is not None

    @property
    def complete(self) -> bool:
        """Whether all images are looked through."""
        return self._quality is not None and self._quality.complete

    def step(self) -> None:
        """Go to the next place that was not seen; on the way back to one that was, forward again."""
        session = self._controller.session
        if session is None or not session.images:
            return
        if self._quality is None:
            self._quality = session.start_quality()
            self._quality.go_on(AT_FIRST_SECONDS)
            self._timer.start()
        if self._at + 1 < len(self._path):
            self._show(self._at + 1)
        elif not self._quality.complete and not self._left():
            self._waiting = True
        else:
            self._show_next()
        self.changed.emit()

    def step_back(self) -> None:
        """Go back to the place before."""
        if self._at > 0:
            self._show(self._at - 1)
            self.changed.emit()
        elif self.running:
            self._controller.tell(NONE_BEFORE)

    def stop(self) -> None:
        """End the walk; what was seen is forgotten."""
        self._timer.stop()
        self._quality, self._waiting, self._at = None, False, -1
        self._seen.clear()
        self._path.clear()
        self.leave()
        self.changed.emit()

    def set_strictness(self, score: float) -> None:
        """Leave findings of a lower score out from now on."""
        self.strictness = min(max(score, LEAST_SCORE), MOST_STRICT)
        settings().setValue("walkStrictness", self.strictness)
        self.changed.emit()

    @property
    def looked(self) -> int:
        """How many of the places that count at this strictness were seen."""
        return sum(score >= self.strictness for score in self._seen.values())

    @property
    def total(self) -> int:
        """How many places there are at this strictness: seen ones and those that are left."""
        return self.looked + len(self._left())

    def ahead(self) -> tuple[str, ...]:
        """The image of the next place, worth decoding."""
        found = self._next() if self._at + 1 == len(self._path) else None
        return (found.image,) if found is not None else ()

    # --- what is left

    def _left(self) -> list[int]:
        """Numbers of the findings that are strict enough and were not seen."""
        if self._quality is None:
            return []
        left = self._quality.left(self.strictness)
        seen = self._quality.numbers(self._seen)
        return list(map(int, left[~np.isin(left, seen)]))

    def _next(self) -> Finding | None:
        """What is left in the image that is shown, else the worst; of images that are still there."""
        left, session = self._left(), self._controller.open_session()
        if self._quality is None or not left:
            return None
        here = self._quality.finding(self._quality.first_in(left, self._controller.image))
        return here if here.image in session.images else None

    # --- stepping

    def _show_next(self) -> None:
        found = self._next()
        if found is None:
            self.leave()
            self._controller.tell(ALL_SEEN.format(count=self.looked) if self.looked else NOTHING)
            return
        self._path.append(found)
        self._show(len(self._path) - 1)

    def _show(self, at: int) -> None:
        session = self._controller.open_session()
        self._at, finding = at, self._path[at]
        self._seen[finding.key] = finding.score
        if finding.image not in session.images:
            self.leave()
            self._controller.tell(f"“{finding.image}” is not in the project any more.")
            return
        self.current = finding
        self._controller.show_image(finding.image)
        if finding.structure:
            self._controller.choose_structure(finding.structure)
        mark = session.landmark_of(finding)
        if mark is not None:
            self._controller.choose_landmark(mark.name)
        self.arrived.emit(finding, why(session, finding))

    def leave(self) -> None:
        """Take the ring and its sentence away; the walk goes on with the next step."""
        self.current = None
        self.arrived.emit(None, "")

    # --- following

    def _go_on(self) -> None:
        if self._quality is None or self._quality.go_on(SLICE_SECONDS):
            self._timer.stop()
            self.changed.emit()
            if self._waiting:
                self._waiting = False
                self._show_next()
                self.changed.emit()

    def _on_change(self, change: Change) -> None:
        if self._quality is None:
            return
        self._quality.follow(change)
        self._timer.start()
        current = self.current
        if change.label and current is not None and (not change.images or current.image in change.images):
            self.leave()  # what was said of the place may hold no more


def _kept_strictness() -> float:
    try:
        return min(max(float(str(settings().value("walkStrictness", 1.0))), LEAST_SCORE), MOST_STRICT)
    except ValueError:
        return 1.0
