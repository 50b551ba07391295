"""A key means the same wherever the focus is, and in Navigate mode none changes a landmark."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.core.landmark import PlacementState
from app.gui.shell.keys_dialog import KeysDialog
from tests.gui.conftest import hover, in_image, name_landmark

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CHANGING = [
    ("Confirm here", Qt.Key.Key_C, NONE),
    ("Absent here", Qt.Key.Key_A, SHIFT),
    ("Reset to the prediction", Qt.Key.Key_Backspace, NONE),
    ("Place under the mouse", Qt.Key.Key_P, NONE),
    ("Hide or show", Qt.Key.Key_H, NONE),
]


@pytest.fixture
def apex(app, qtbot):
    """A landmark is chosen, in Navigate mode, and the mouse is on the image."""
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    x, y = app.window.controller.session.placements("Apex").xy[0]
    hover(app.window.image_view.viewport(), in_image(app, (x + 30, y + 12)))
    return app


@pytest.mark.parametrize(("words", "key", "held"), CHANGING)
def test_keys_that_change_a_landmark_do_so_in_landmark_mode_alone(apex, words: str, key, held) -> None:
    window, session = apex.window, apex.window.controller.session
    done = len(session.history())
    window.contact_sheet.setFocus()
    QTest.keyClick(window.windowHandle(), key, held)
    assert len(session.history()) == done
    assert window.notices.label.text() == (
        f"“{words}” has its key in Landmark mode. Press L first, or right-click the marker."
    )
    window.actions_["landmarkMode"].trigger()
    QTest.keyClick(window.windowHandle(), key, held)
    assert len(session.history()) == done + (0 if key == Qt.Key.Key_Backspace else 1)  # it is as predicted already


def test_the_menu_works_in_either_mode(apex) -> None:
    session = apex.window.controller.session
    apex.window.actions_["confirmPlacement"].trigger()
    assert session.placements("Apex").states[0] is PlacementState.CONFIRMED


def test_a_sets_the_window_level_in_the_sheet_too(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    view, done = window.image_view, len(session.history())
    view.set_window(type(view.grey.voi_window)(50.0, 40.0))
    before = view.grey.voi_window
    window.contact_sheet.setFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_A)
    assert view.grey.voi_window != before
    assert len(session.history()) == done


def test_the_first_nudge_in_landmark_mode_says_what_arrows_do_now(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    view, shown = window.image_view, window.controller.image
    place = session.placements("Apex").xy[0].copy()
    window.actions_["landmarkMode"].trigger()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert session.placements("Apex").xy[0] == pytest.approx((place[0], place[1] + 0.25))
    notice = window.notices.label
    words = "Arrow keys nudge “Apex” in Landmark mode. PgUp and PgDn go through the images."
    assert notice.text() == words
    assert notice.isVisible()
    qtbot.wait(1)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert window.messages.sentences().count(words) == 1
    window.actions_["navigate"].trigger()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert window.controller.image != shown


def test_the_list_of_keys_says_where_a_key_works(apex) -> None:
    dialog = KeysDialog(apex.window, apex.window.actions_)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    assert "Confirm here, in Landmark mode" in words
    assert "Window · Auto for what is on the screen" in words
    assert any("Shift+Enter says absent" in text for text in words)
    dialog.close()


def test_a_button_that_hides_itself_lets_the_next_key_press_no_other(app, qtbot) -> None:
    window, regions = app.window, app.window.right_column.regions
    window.image_view.setFocus()
    window.right_column.tabs.setCurrentIndex(2)
    qtbot.mouseClick(regions.offered, Qt.MouseButton.LeftButton)
    assert not regions.offered.isVisible()
    assert window.image_view.hasFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Space)
    assert not window.reader_bar.isVisible()
    qtbot.waitUntil(window.walking.bar.isVisible)
