"""What is wanted is in view: the newest message, the chosen row, and a picture while the next one is loaded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QRectF

from app.gui.widgets.marker_item import place_labels
from tests.gui.test_words_on_the_image import words_on


@pytest.fixture
def long(app, tmp_path: Path, qtbot):
    """Three predicted images and many that are not, and will not be."""
    window = app.window
    (tmp_path / "flat").mkdir()
    for i in range(24):
        picture = np.full((300 + i, 320), 60, np.uint8)
        picture[40 : 60 + i, 30:90] = 200
        cv2.imwrite(str(tmp_path / "flat" / f"flat_{i:02}.png"), picture)
    window.projects.add([tmp_path / "flat"])
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 27)
    window.predicting.cancel()
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=20_000)
    window.controller.show_image(window.controller.session.images[0])
    qtbot.waitUntil(lambda: window.image_view.grey.picture is not None and not window.image_view.awaited)
    return window


def in_view(window) -> bool:
    """Whether the whole row of the shown image can be seen."""
    rows = window.worklist.list
    rect = rows.visualRect(window.worklist.model.index_of(window.controller.image))
    return rows.currentIndex().row() >= 0 and rows.viewport().rect().contains(rect)


def test_the_name_of_a_landmark_keeps_clear_of_other_texts() -> None:
    anchors, sizes, port = np.array([[100.0, 80.0]]), np.array([[60.0, 14.0]]), QRectF(0, 0, 400, 300)
    beside = place_labels(anchors, sizes, [0], port)[0]
    text = QRectF(105, 62, 250, 40)
    assert beside.intersects(text)
    moved = place_labels(anchors, sizes, [0], port, [text])[0]
    assert not moved.intersects(text)
    assert place_labels(anchors, sizes, [0], port, [port]) == {}


def test_messages_open_at_the_newest(app, qtbot) -> None:
    window = app.window
    for i in range(60):
        window.controller.say(f"Sentence {i}.")
    window.actions_["showMessages"].trigger()
    bar = window.messages.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())


def test_the_row_of_the_shown_image_stays_in_view(long, qtbot) -> None:
    window, images = long, long.controller.session.images
    window.controller.show_image(images[10])
    qtbot.waitUntil(lambda: in_view(window))
    window.actions_["showMessages"].trigger()  # the list becomes lower
    qtbot.waitUntil(lambda: window.messages.isVisible() and in_view(window))
    window.actions_["imageAlone"].trigger()
    window.controller.show_image(images[20])
    window.actions_["imageAlone"].trigger()
    qtbot.waitUntil(lambda: window.worklist.isVisible() and in_view(window))


def test_a_row_that_the_reader_scrolled_away_from_stays_away(long, qtbot) -> None:
    window, rows = long, long.worklist.list
    window.controller.show_image(long.controller.session.images[0])
    qtbot.waitUntil(lambda: in_view(window))
    rows.verticalScrollBar().setValue(rows.verticalScrollBar().maximum())
    window.actions_["showMessages"].trigger()
    qtbot.waitUntil(lambda: window.messages.isVisible())
    qtbot.wait(20)
    assert not in_view(window)


def test_the_picture_before_stays_with_its_name_until_the_next_one_is_there(long, qtbot) -> None:
    view, controller = long.image_view, long.controller
    first, following, last = (controller.session.images[i] for i in (0, 12, 20))
    controller.step_to(following)
    assert (view.image, view.awaited) == (first, following)
    assert first in words_on(view)
    assert f"next: {following}, loading …" in words_on(view)
    controller.step_to(last)  # a key that is held down
    assert view.image in (first, following)
    assert view.grey.picture is not None
    qtbot.waitUntil(lambda: view.image == last and view.grey.picture is not None, timeout=20_000)
    assert view.awaited == ""
    assert view.grey.picture.frame.height == 300 + int(last[-6:-4])


@pytest.mark.parametrize("verb", ["reject", "secondOpinion"])
def test_nothing_is_done_to_an_image_that_is_not_on_the_screen_yet(long, qtbot, verb: str) -> None:
    view, controller, session = long.image_view, long.controller, long.controller.session
    first, following = session.images[0], session.images[12]
    controller.step_to(following)
    assert (view.image, view.awaited) == (first, following)
    long.actions_[verb].trigger()
    assert {session.review(first), session.review(following)} == {"unread"}
    assert long.notices.label.text() == (f"“{following}” is not on the screen yet: nothing was done to it. Try again.")
    qtbot.waitUntil(lambda: view.image == following)
    long.actions_[verb].trigger()
    assert session.review(following) != "unread"


def test_a_file_that_can_not_be_read_is_not_waited_for(long, qtbot) -> None:
    view, controller = long.image_view, long.controller
    name = controller.session.images[15]
    controller.session.image(name).path.write_bytes(b"no picture")
    controller.step_to(name)
    qtbot.waitUntil(lambda: view.image == name and view.trouble != "", timeout=20_000)
    assert view.awaited == ""
    assert view.grey.picture is None


def test_closing_the_project_ends_the_waiting(long, qtbot) -> None:
    view = long.image_view
    long.controller.step_to(long.controller.session.images[15])
    long.projects.close()
    assert (view.image, view.awaited) == ("", "")
    qtbot.wait(450)
    assert view.image == ""
