"""Landmark, Learn from the corrections: a better place is offered, and shown in all views until the reader decides."""

from __future__ import annotations

from app.gui.state.controller import Controller
from app.gui.state.view_state import Moving
from app.gui.widgets.offer_bar import OfferBar
from app.project.learning import LearntPlace


def sentence(landmark: str, found: LearntPlace) -> str:
    """What is offered, in numbers."""
    count, moving = len(found.images), found.preview.changing
    images = "1 image says" if count == 1 else f"{count} images say"
    places = "1 predicted place" if moving == 1 else f"{moving} predicted places"
    return (
        f"{images} where “{landmark}” really is: {found.moved_mm:.1f} mm from its place on the template, spread "
        f"{found.spread_mm:.1f} mm. Moving it there moves {places} in the other images, as shown now; what was "
        "corrected, confirmed or accepted stays."
    )


class LearnBar(OfferBar):
    """The offer goes when the reader takes or hides it, presses Escape, moves the landmark or chooses another one.

    Whatever is corrected meanwhile counts at once.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__("learnBar", "Move it there", "moveToLearnt")
        self._controller = controller
        self._landmark, self._shown, self._uv = "", False, (0.0, 0.0)
        self.taken.connect(self._move)
        self.left.connect(self._withdraw)
        controller.landmarkChanged.connect(lambda name: self._withdraw() if name != self._landmark else None)
        controller.sessionChanged.connect(self._withdraw)
        controller.movingChanged.connect(self._on_moving)
        controller.changed.connect(lambda _: self._offer_again())

    def offer(self) -> None:
        """Offer the chosen landmark's place as its corrections say it."""
        controller, session, name = self._controller, self._controller.session, self._controller.landmark
        if session is None or not name:
            return
        controller.interaction.cancel()
        if session.learnt_place(name) is None:
            controller.tell(f"Nobody corrected or confirmed “{name}” yet. Do so in some images, then it can learn.")
        elif session.landmark(name).locked:
            controller.tell(f"“{name}” is locked on the template. Unlock it to move it (Ctrl+Shift+K).")
        else:
            self._landmark, self._shown = name, True
            self._offer_again()

    def _offer_again(self) -> None:
        session = self._controller.session
        if not self._shown or session is None:
            return
        there = self._landmark in {mark.name for mark in session.landmarks}
        found = session.learnt_place(self._landmark) if there else None
        if found is None or session.landmark(self._landmark).locked:
            self._withdraw()
            return
        self._uv = found.uv
        self._controller.move(self._landmark, found.uv)
        self.say(sentence(self._landmark, found))

    def _is_own(self, moving: Moving | None) -> bool:
        return moving is not None and moving.landmark == self._landmark and moving.uv == self._uv

    def _on_moving(self) -> None:
        if self._shown and not self._is_own(self._controller.moving):  # the reader drags it, or pressed Escape
            self._shown = False
            self.hide()

    def _withdraw(self) -> None:
        if self._shown:
            self._shown = False
            self.hide()
            self._controller.end_move(keep=False)

    def _move(self) -> None:
        """One undo step."""
        session = self._controller.session
        if session is not None:
            self._controller.do(session.move_landmark, self._landmark, self._uv)
