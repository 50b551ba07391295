"""Landmark, Learn from the corrections: its better place is offered, shown in every view until the reader decides."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.gui.state.controller import Controller
from app.gui.widgets.question import ask
from app.project.learning import LearntPlace


def sentence(landmark: str, found: LearntPlace) -> str:
    """What is offered, in numbers."""
    count, moving = len(found.images), found.preview.changing
    images = "1 image says" if count == 1 else f"{count} images say"
    places = "1 predicted place" if moving == 1 else f"{moving} predicted places"
    return (
        f"{images} where “{landmark}” really is: {found.moved_mm:.1f} mm from its present place on the template, "
        f"spread {found.spread_mm:.1f} mm.\n\nMoving it there moves {places} in the other images, as they are shown "
        "now. What was corrected, confirmed or accepted stays."
    )


def learn(parent: QWidget, controller: Controller) -> None:
    """Offer the chosen landmark's place as its corrections say it; taking it over is one undo step."""
    session, name = controller.session, controller.landmark
    if session is None or not name:
        return
    controller.interaction.cancel()
    found = session.learnt_place(name)
    if found is None:
        controller.tell(f"Nobody corrected or confirmed “{name}” yet. Do so in some images, then it can learn.")
        return
    if session.landmark(name).locked:
        controller.tell(f"“{name}” is locked on the template. Unlock it to move it (Ctrl+Shift+K).")
        return
    controller.move(name, found.uv)
    try:
        wanted = ask(parent, sentence(name, found), ["Move it there"]) == 0
    finally:
        controller.end_move(keep=False)
    if wanted and controller.session is session:
        controller.do(session.move_landmark, name, found.uv)
