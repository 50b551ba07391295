"""In the window: only what was on the screen is accepted, and undo says and asks what it takes back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox, QPushButton

from app.core.landmark import ReviewState
from app.core.orientation import Orientation
from app.core.plausibility import Finding, Reason
from app.jobs import Result
from tests.gui.conftest import settled, shown_fully
from tests.unit.store.fakes import fake_predicted

LEG = "It does not look like a chest radiograph."


def answer(app, words: str) -> list[str]:
    """Press a button of the next question; the list then holds what was asked."""
    asked: list[str] = []

    def press() -> None:
        box = app.window.findChild(QMessageBox)
        if box is None:
            QTimer.singleShot(5, app.window, press)
            return
        asked.append(box.text())
        next(button for button in box.buttons() if button.text().replace("&", "") == words).click()

    QTimer.singleShot(0, app.window, press)
    return asked


def look_at(app, qtbot, name: str) -> None:
    app.window.controller.show_image(name)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)


def hand_in(app, name: str, suspect: str = "") -> None:
    """Another prediction of an image, as the engine would bring it."""
    session = app.window.controller.session
    session.start_predict([name]).cancel()
    height, width = session.image(name).frame.height, session.image(name).frame.width
    session.take_in(Result(name, fake_predicted(session, name, 23, (height, width), suspect)))


def test_what_is_on_the_screen_is_accepted_and_a_newer_prediction_only_after_it_was_shown(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, _ = session.images
    look_at(app, qtbot, first)
    hand_in(app, first)
    window.selection_commands.accept([first])  # before the window had its turn
    assert session.accepted == ()
    assert "was not accepted: its present prediction was not on the screen yet" in window.messages.sentences()[-1]
    qtbot.waitUntil(lambda: window.seen.shown.get(first) == session.prediction_id(first))
    window.actions_["accept"].trigger()
    assert session.accepted == (first,)
    assert window.controller.image == second


@pytest.mark.parametrize("off", ["noMasks", "structures"])
def test_a_prediction_whose_outlines_are_off_was_not_seen(app, qtbot, off: str) -> None:
    window, session = app.window, app.window.controller.session
    first, second, _ = session.images
    window.actions_[off].trigger()
    look_at(app, qtbot, second)
    window.image_view.viewport().repaint()
    assert second not in window.seen.shown
    window.actions_["accept"].trigger()
    assert session.accepted == ()
    assert "with its outlines (O)" in window.notices.label.text()
    window.actions_["outlines" if off == "noMasks" else "structures"].trigger()
    window.image_view.viewport().repaint()
    assert window.seen.shown[second] == session.prediction_id(second)
    window.actions_[off].trigger()  # seen once is seen
    window.actions_["accept"].trigger()
    assert session.accepted == (second,)
    assert first in window.seen.shown


def test_all_structures_switched_off_one_by_one_show_nothing(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    second = session.images[1]
    names = [structure.name for structure in session.template.structures]
    window.controller.set_look(hidden=frozenset(names))
    look_at(app, qtbot, second)
    window.image_view.viewport().repaint()
    assert second not in window.seen.shown
    window.controller.set_look(hidden=frozenset(names[1:]))
    window.image_view.viewport().repaint()
    assert second in window.seen.shown


@pytest.mark.parametrize(("words", "accepted"), [("Cancel", False), ("Accept it", True)])
def test_a_suspect_image_is_asked_about_once(app, qtbot, words: str, accepted: bool) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    look_at(app, qtbot, first)
    hand_in(app, first, suspect=LEG)
    asked = answer(app, words)
    window.actions_["accept"].trigger()
    assert asked == [f"{first}: {LEG} Accept it all the same?"]
    assert (session.accepted == (first,)) is accepted
    assert (window.controller.image == first) is not accepted


def test_an_accepted_suspect_image_says_that_it_is_suspect(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    hand_in(app, first, suspect=Finding(Reason.OTHER).code)
    session.set_review(first, "accepted", although_suspect=True)
    assert window.worklist.model.row(first).words == "accepted · no frontal chest?"


def test_leave_it_is_undone_and_nothing_else(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    look_at(app, qtbot, first)
    judge = session.bundle.plausibility
    hand_in(app, first, suspect=judge.sentence(Finding(Reason.LOOKS, Orientation(2))))
    leave = window.findChild(QPushButton, "leaveIt")
    qtbot.waitUntil(lambda: leave.isVisible())
    leave.click()
    assert not leave.isVisible()
    window.actions_["undo"].trigger()
    assert leave.isVisible()
    assert session.images[0] == first
    assert "as it is" in window.messages.sentences()[-1]


@pytest.mark.parametrize(("words", "left"), [("Leave them", 25), ("Undo in 22 images", 0)])
def test_undo_asks_before_it_takes_more_than_20_images_back(app, qtbot, tmp_path, words: str, left: int) -> None:
    window, session = app.window, app.window.controller.session
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(22):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((20, 30), i, np.uint8))
    before = len(session.images)
    window.predicting.cancel()
    session.add_images([folder])
    asked = answer(app, words)
    window.actions_["undo"].trigger()
    assert asked == ["Undo “Add 22 images”?"]
    assert len(session.images) == (left or before)
    if not left:
        assert window.messages.sentences()[-1] == "Undone: Add 22 images, in 22 images."


def test_what_is_new_since_acceptance_is_counted_and_one_command_leads_to_it(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first = session.images[0]
    look_at(app, qtbot, first)
    window.actions_["accept"].trigger()
    for name in ("a", "b"):
        session.define_landmark(name, "heart", (0.2, 0.1))
    window.controller.show_image(first)
    for name in ("a", "b", "a"):
        window.actions_["showNew"].trigger()
        assert window.controller.landmark == name
    assert session.review(first) is ReviewState.ACCEPTED


def test_a_file_that_is_put_back_or_replaced_is_predicted_by_itself(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name = session.images[1]
    session.move_placement(name, session.landmarks[0].name, (40, 50))
    path = session.image(name).path
    other = session.image(session.images[2]).path.read_bytes()
    path.write_bytes(b"\x89PNG torn")
    window.file_check.begin()
    qtbot.waitUntil(lambda: session.status(name) == "failed" and not window.predicting.running, timeout=30_000)
    path.write_bytes(other)
    window.file_check.begin()
    qtbot.waitUntil(lambda: session.status(name) == "predicted" and settled(app), timeout=30_000)
    assert f"The file of “{name}” is another one now" in window.messages.sentences()[-1]
    window.controller.show_image(name)
    keep = window.findChild(QPushButton, "keepCorrections")
    assert keep.isVisible()
    keep.click()
    assert not keep.isVisible()
    assert session.corrections(name) == 1
    window.actions_["undo"].trigger()
    assert keep.isVisible()
    window.findChild(QPushButton, "dropCorrections").click()
    assert session.corrections(name) == 0
