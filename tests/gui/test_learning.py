"""A landmark's better place is offered after corrections: what is shown meanwhile, and what either answer does."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton

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


def offered(app) -> str:
    """Ask for the better place; what is said of it."""
    app.window.actions_["learnLandmark"].trigger()
    bar = app.window.learn_bar
    assert bar.isVisible()
    return bar.words.text()


def button(app, words: str) -> QPushButton:
    return next(one for one in app.window.learn_bar.findChildren(QPushButton) if one.text() == words)


def test_without_corrections_it_says_what_to_do(apex):
    told: list[str] = []
    apex.window.controller.said.connect(told.append)
    apex.window.actions_["learnLandmark"].trigger()
    assert told == ["Nobody corrected or confirmed “Apex” yet. Do so in some images, then it can learn."]
    assert apex.window.controller.moving is None


def test_the_place_is_shown_while_it_is_offered_and_hiding_that_leaves_all_as_it_was(apex):
    session = apex.window.controller.session
    correct(apex)
    before, lines = session.placements("Apex").xy, len(session.history())
    words = offered(apex)
    assert apex.window.controller.moving.uv == session.learnt_place("Apex").uv
    assert words.startswith("1 image says where “Apex” really is: ")
    assert "moves 2 predicted places in the other images" in words
    button(apex, "Hide").click()
    assert not apex.window.learn_bar.isVisible()
    assert apex.window.controller.moving is None
    np.testing.assert_array_equal(session.placements("Apex").xy, before)
    assert len(session.history()) == lines


def test_taking_it_over_moves_what_is_predicted_and_is_one_undo_step(apex):
    session = apex.window.controller.session
    image = correct(apex)
    learnt, before = session.learnt_place("Apex"), session.placements("Apex").xy
    offered(apex)
    button(apex, "Move it there").click()
    assert session.landmark("Apex").uv == pytest.approx(learnt.uv)
    assert apex.window.controller.moving is None
    assert not apex.window.learn_bar.isVisible()
    placements = session.placements("Apex")
    moved = [not np.array_equal(a, b) for a, b in zip(placements.xy, before, strict=True)]
    assert moved == [name != image for name in session.images]
    assert placements.states[0] is PlacementState.CORRECTED
    apex.window.actions_["undo"].trigger()
    np.testing.assert_array_equal(session.placements("Apex").xy, before)


def test_what_is_corrected_meanwhile_counts_at_once(apex):
    session, controller = apex.window.controller.session, apex.window.controller
    correct(apex)
    offered(apex)
    first, second = controller.moving.uv, session.images[1]
    controller.place(second, "Apex", tuple(session.place_in(second, "heart", (0.5, -0.1))))
    assert apex.window.learn_bar.words.text().startswith("2 images say where “Apex” really is: ")
    assert controller.moving.uv == session.learnt_place("Apex").uv != first
    session.undo()
    assert controller.moving.uv == pytest.approx(first)
    session.undo()  # the first correction too: nothing is left to learn from
    assert controller.moving is None
    assert not apex.window.learn_bar.isVisible()


def escape(app, qtbot) -> None:
    app.window.image_view.setFocus()
    qtbot.keyClick(app.window.image_view, Qt.Key.Key_Escape)


def another_landmark(app, qtbot) -> None:
    app.window.controller.session.define_landmark("Base", "heart", (-0.2, 0.3))
    app.window.controller.choose_landmark("Base")


def delete(app, qtbot) -> None:
    app.window.controller.session.delete_landmark("Apex")


def lock(app, qtbot) -> None:
    app.window.controller.session.update_landmark("Apex", locked=True)


def close(app, qtbot) -> None:
    app.window.projects.close()


@pytest.mark.parametrize("how", [escape, another_landmark, delete, lock, close])
def test_the_offer_goes_and_nothing_is_moved(apex, qtbot, how):
    correct(apex)
    place = apex.window.controller.session.landmark("Apex").uv
    offered(apex)
    how(apex, qtbot)
    assert not apex.window.learn_bar.isVisible()
    assert apex.window.controller.moving is None
    if how not in (delete, close):
        assert apex.window.controller.session.landmark("Apex").uv == place


def test_the_reader_who_moves_the_landmark_by_hand_does_not_want_the_offer(apex):
    controller = apex.window.controller
    correct(apex)
    offered(apex)
    controller.move("Apex", (0.3, 0.4))
    assert not apex.window.learn_bar.isVisible()
    assert controller.moving.uv == (0.3, 0.4)
    controller.end_move(keep=True)
    assert controller.session.landmark("Apex").uv == (0.3, 0.4)


def test_a_landmark_that_is_locked_on_the_template_says_so(apex):
    session = apex.window.controller.session
    correct(apex)
    session.update_landmark("Apex", locked=True)
    told: list[str] = []
    apex.window.controller.said.connect(told.append)
    apex.window.actions_["learnLandmark"].trigger()
    assert told == ["“Apex” is locked on the template. Unlock it to move it (Ctrl+Shift+K)."]


def test_looking_at_images_meanwhile_leaves_the_offer(apex, qtbot):
    controller, view = apex.window.controller, apex.window.image_view
    correct(apex)
    offered(apex)
    shown = controller.moving.uv
    middle = view.viewport().rect().center()
    for button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
        qtbot.mousePress(view.viewport(), button, pos=middle)
        qtbot.mouseMove(view.viewport(), middle + QPoint(30, 20))
        qtbot.mouseRelease(view.viewport(), button, pos=middle + QPoint(30, 20))
    controller.show_image(controller.session.images[1])
    assert apex.window.learn_bar.isVisible()
    assert controller.moving.uv == shown
