"""A landmark's better place is offered after corrections: what is shown meanwhile, and what either answer does."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from app.core.landmark import PlacementState


@pytest.fixture
def apex(app):
    """Clicked beside its place, and corrected in the first image."""
    session = app.window.controller.session
    session.define_landmark("Apex", "heart", (0.1, 0.2))
    app.window.controller.choose_landmark("Apex")
    return app


def correct(app) -> str:
    session = app.window.controller.session
    image = session.images[0]
    session.move_placement(image, "Apex", tuple(session.place_in(image, "heart", (0.4, 0.1))))
    return image


def answer(app, words: str) -> list[str]:
    """What the question says, and the place of the marker meanwhile; then the button of those words is pressed."""
    seen: list[str] = []

    def press() -> None:
        box = app.window.findChild(QMessageBox, "question")
        seen.append(box.text())
        moving = app.window.controller.moving
        seen.append(f"{moving.uv[0]:.3f} {moving.uv[1]:.3f}")
        next(button for button in box.buttons() if button.text().replace("&", "") == words).click()

    QTimer.singleShot(0, press)
    app.window.actions_["learnLandmark"].trigger()
    QApplication.processEvents()
    return seen


def test_without_corrections_it_says_what_to_do(apex):
    told: list[str] = []
    apex.window.controller.said.connect(told.append)
    apex.window.actions_["learnLandmark"].trigger()
    assert told == ["Nobody corrected or confirmed “Apex” yet. Do so in some images, then it can learn."]
    assert apex.window.controller.moving is None


def test_the_place_is_shown_while_it_is_asked_and_cancel_leaves_all_as_it_was(apex):
    session = apex.window.controller.session
    correct(apex)
    before, lines = session.placements("Apex").xy, len(session.history())
    words, place = answer(apex, "Cancel")
    learnt = session.learnt_place("Apex")
    assert place == f"{learnt.uv[0]:.3f} {learnt.uv[1]:.3f}"
    assert words.startswith("1 image says where “Apex” really is: ")
    assert "moves 2 predicted places in the other images" in words
    assert apex.window.controller.moving is None
    np.testing.assert_array_equal(session.placements("Apex").xy, before)
    assert len(session.history()) == lines


def test_taking_it_over_moves_what_is_predicted_and_is_one_undo_step(apex):
    session = apex.window.controller.session
    image = correct(apex)
    learnt, before = session.learnt_place("Apex"), session.placements("Apex").xy
    answer(apex, "Move it there")
    assert session.landmark("Apex").uv == pytest.approx(learnt.uv)
    placements = session.placements("Apex")
    moved = [not np.array_equal(a, b) for a, b in zip(placements.xy, before, strict=True)]
    assert moved == [name != image for name in session.images]
    assert placements.states[0] is PlacementState.CORRECTED
    apex.window.actions_["undo"].trigger()
    np.testing.assert_array_equal(session.placements("Apex").xy, before)


def test_a_landmark_that_is_locked_on_the_template_says_so(apex):
    session = apex.window.controller.session
    correct(apex)
    session.update_landmark("Apex", locked=True)
    told: list[str] = []
    apex.window.controller.said.connect(told.append)
    apex.window.actions_["learnLandmark"].trigger()
    assert told == ["“Apex” is locked on the template. Unlock it to move it (Ctrl+Shift+K)."]
