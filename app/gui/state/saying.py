"""What a reader says of the chosen landmark in several images at once: one undo step, accepted images left out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtWidgets import QWidget

from app.core.landmark import ReviewState
from app.gui.state.controller import Controller
from app.project.accepting import locked_words


class Said(StrEnum):
    """What can be said of a placement without pointing at it."""

    CONFIRMED = "confirmed"
    ABSENT = "absent"
    RESET = "reset"


def say_in(controller: Controller, images: Sequence[str], said: Said, view: QWidget | None = None) -> bool:
    """Say it of the chosen landmark in these images; what is refused, or left out of several, is told."""
    session = controller.session
    if session is None or not images:
        return False
    act = {
        Said.CONFIRMED: session.confirm_placement,
        Said.ABSENT: session.set_absent,
        Said.RESET: session.reset_placement,
    }[said]
    if len(images) == 1:
        return controller.do(act, images[0], controller.landmark)
    free = [name for name in images if session.review(name) is not ReviewState.ACCEPTED]
    done = bool(free) and controller.do(act, free, controller.landmark)
    if locked := len(images) - len(free):
        rest = f"“{controller.landmark}” was {said.value} in {len(free)} of {len(images)}. " if done else ""
        controller.tell(rest + locked_words(locked), view)
    return done
