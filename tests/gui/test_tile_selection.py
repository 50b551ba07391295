"""Several tiles of the contact sheet together: what selects them, what is said of them, and what ends that."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from app.core.landmark import PlacementState, ReviewState
from app.gui.state.view_state import Mode
from tests.gui.conftest import Hand, drag

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
PLAIN = Qt.KeyboardModifier.NoModifier
CORNER = QPoint(40, -40)
"""From the middle of a tile, clear of its marker."""


@pytest.fixture
def all_seen(sheet, qtbot):
    """The sheet with all its tiles on the screen."""
    window = sheet.app.window
    window.resize(1280 + 300, 800)
    qtbot.waitUntil(lambda: sheet.tile_rect(6).right() < sheet.viewport().width())
    return sheet


def order(sheet) -> list[str]:
    return [tile.image for tile in sheet.tiles]


def click(qtbot, sheet, row: int, keys=PLAIN, button=LEFT) -> None:
    qtbot.mouseClick(sheet.viewport(), button, keys, sheet.tile_rect(row).center() + CORNER)


def select(qtbot, sheet, *rows: int) -> list[str]:
    sheet.setFocus()
    click(qtbot, sheet, rows[0])
    for row in rows[1:]:
        click(qtbot, sheet, row, CONTROL)
    return [order(sheet)[row] for row in sorted(rows)]


def states(sheet) -> list[PlacementState]:
    """In the order of the tiles."""
    session = sheet.app.window.controller.session
    found = session.placements("Apex").states
    return [found[session.images.index(name)] for name in order(sheet)]


def notice(sheet) -> str:
    said = sheet.app.window.findChild(QLabel, "notice")
    return said.text() if said.isVisible() else ""


def test_clicks_select_tiles_and_the_commands_say_how_many(all_seen, qtbot) -> None:
    sheet, window = all_seen, all_seen.app.window
    names, confirm = order(sheet), window.actions_["confirmPlacement"]
    click(qtbot, sheet, 1)
    assert sheet.selected() == []
    assert confirm.text() == "Confirm here"
    click(qtbot, sheet, 3, CONTROL)
    assert sheet.selected() == [names[1], names[3]]
    assert window.controller.image == names[3]
    assert confirm.text() == "Confirm in 2 images"
    assert window.actions_["secondOpinion"].text() == "Second opinion on 2 images"
    assert window.actions_["accept"].text() == "Accept 2, next"
    click(qtbot, sheet, 5, SHIFT)
    assert sheet.selected() == names[3:6]
    click(qtbot, sheet, 2, SHIFT)
    assert sheet.selected() == names[2:4]
    click(qtbot, sheet, 2, CONTROL)
    assert sheet.selected() == []
    click(qtbot, sheet, 6, CONTROL)
    assert sheet.selected() == [names[3], names[6]]
    click(qtbot, sheet, 0)
    assert sheet.selected() == []
    assert confirm.text() == "Confirm here"
    assert window.actions_["accept"].text() == "Accept and next"
    sheet.setFocus()
    qtbot.keyClick(sheet, Qt.Key.Key_A, CONTROL)
    assert sheet.selected() == names
    assert window.controller.image == names[0]
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.selected() == []


@pytest.mark.parametrize(("keys", "said"), [(PLAIN, PlacementState.CONFIRMED), (SHIFT, PlacementState.ABSENT)])
def test_enter_says_it_of_all_in_one_step_leaves_locked_ones_out_and_goes_on(all_seen, qtbot, keys, said) -> None:
    sheet, window = all_seen, all_seen.app.window
    session, names = window.controller.session, order(sheet)
    session.set_review(names[3], "accepted")
    select(qtbot, sheet, 1, 4, 3)
    before = len(session.history())
    qtbot.keyClick(sheet, Qt.Key.Key_Return, keys)
    predicted = PlacementState.PREDICTED
    assert states(sheet)[:6] == [predicted, said, predicted, predicted, said, predicted]
    assert len(session.history()) == before + 1
    assert window.controller.image == names[5]
    assert sheet.selected() == []
    assert f"was {said.value} in 2 of 3." in notice(sheet)
    assert "1 image is accepted and locked. Reopen it first" in notice(sheet)
    window.actions_["undo"].trigger()
    assert set(states(sheet)[:6]) == {predicted}
    window.controller.show_image(names[-1])
    sheet.setFocus()
    qtbot.keyClick(sheet, Qt.Key.Key_Return, keys)
    assert window.controller.image == names[-1]  # there is no tile behind the last one


def test_nothing_but_locked_images_says_so_and_changes_nothing(all_seen, qtbot) -> None:
    sheet, session = all_seen, all_seen.app.window.controller.session
    names = order(sheet)
    session.set_review(names[1:3], "accepted")
    select(qtbot, sheet, 1, 2)
    before = len(session.history())
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    assert len(session.history()) == before
    assert notice(sheet) == "2 images are accepted and locked. Reopen them first (Review menu)."
    assert sheet.app.window.controller.image == names[3]


def test_the_keys_of_the_commands_act_on_all_selected(all_seen, qtbot) -> None:
    sheet, window = all_seen, all_seen.app.window
    session, names = window.controller.session, order(sheet)
    select(qtbot, sheet, 0, 2)
    qtbot.keyClick(sheet, Qt.Key.Key_C)
    confirmed, predicted = PlacementState.CONFIRMED, PlacementState.PREDICTED
    assert states(sheet)[:4] == [confirmed, predicted, confirmed, predicted]
    assert session.undo_label == "Confirm “Apex” in 2 images"
    qtbot.keyClick(sheet, Qt.Key.Key_A, SHIFT)
    assert states(sheet)[:3] == [PlacementState.ABSENT, predicted, PlacementState.ABSENT]
    qtbot.keyClick(sheet, Qt.Key.Key_Backspace)
    assert set(states(sheet)[:4]) == {predicted}
    qtbot.keyClick(sheet, Qt.Key.Key_S, CONTROL | SHIFT)
    asked = [name for name in names if session.review(name) is ReviewState.SECOND_OPINION]
    assert asked == [names[0], names[2]]
    assert sheet.words_of(names[0])[-1].endswith("second opinion")
    assert sheet.selected() == [names[0], names[2]]


@pytest.mark.parametrize("how", ["image", "focus", "landmark", "escape", "removed", "key"])
def test_what_ends_a_selection_leaves_the_commands_with_one_image(all_seen, qtbot, how: str) -> None:
    sheet, window = all_seen, all_seen.app.window
    session, names = window.controller.session, order(sheet)
    chosen = select(qtbot, sheet, 1, 2)
    if how == "image":
        window.actions_["nextImage"].trigger()
    elif how == "focus":
        qtbot.mouseClick(window.image_view.viewport(), LEFT, pos=QPoint(3, 3))
    elif how == "landmark":
        window.controller.choose_landmark("heart_00")
        window.controller.choose_landmark("Apex")
    elif how == "escape":
        qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    elif how == "removed":
        session.remove_images([chosen[0]])
    else:
        qtbot.keyClick(sheet, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: sheet.selected() == [])
    assert window.actions_["confirmPlacement"].text() == "Confirm here"
    window.actions_["confirmPlacement"].trigger()
    assert states(sheet).count(PlacementState.CONFIRMED) == 1
    del names


def test_undo_in_the_middle_keeps_the_selection(all_seen, qtbot) -> None:
    sheet, window = all_seen, all_seen.app.window
    window.controller.session.confirm_placement(order(sheet)[5], "Apex")
    chosen = select(qtbot, sheet, 1, 2)
    sheet.app.window.controller.session.undo()
    assert sheet.selected() == chosen
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    assert states(sheet).count(PlacementState.CONFIRMED) == 2


def test_the_menu_is_that_of_the_selection_or_of_the_tile_beside_it(all_seen, qtbot) -> None:
    sheet, window = all_seen, all_seen.app.window
    chosen = select(qtbot, sheet, 1, 2, 4)
    click(qtbot, sheet, 2, button=RIGHT)
    menu = window.findChild(QMenu, "contextMenu")
    lines = {action.text(): action for action in menu.actions()}
    assert {"Confirm in 3 images", "Absent in 3 images", "Second opinion on 3 images"} <= lines.keys()
    assert lines["Confirm in 3 images"].shortcut().toString() == "C"
    menu.close()
    lines["Confirm in 3 images"].trigger()
    assert states(sheet).count(PlacementState.CONFIRMED) == 3
    assert sheet.selected() == chosen
    click(qtbot, sheet, 5, button=RIGHT)
    assert sheet.selected() == []
    assert window.controller.image == order(sheet)[5]
    for menu in window.findChildren(QMenu, "contextMenu"):
        menu.close()


def test_a_drag_moves_the_marker_of_one_tile_and_a_second_button_adds_nothing(all_seen, qtbot) -> None:
    sheet, window = all_seen, all_seen.app.window
    select(qtbot, sheet, 1, 2)
    hand, at = Hand(sheet.viewport()), sheet.tile_rect(2).center()
    hand.press(at)
    assert sheet.selected() == []
    hand.move(at + QPoint(15, 5))
    hand.press(at + QPoint(15, 5), RIGHT)
    hand.release(at + QPoint(15, 5), RIGHT)
    assert not window.findChildren(QMenu, "contextMenu")
    qtbot.keyClick(sheet, Qt.Key.Key_A, CONTROL)
    assert window.controller.held is not None
    hand.release(at + QPoint(15, 5))
    assert states(sheet).count(PlacementState.CORRECTED) == 1
    sheet.setFocus()
    hand.press(sheet.tile_rect(1).center() + CORNER, keys=CONTROL)
    hand.move(sheet.tile_rect(1).center() - CORNER, keys=CONTROL)
    hand.release(sheet.tile_rect(1).center() - CORNER, keys=CONTROL)  # nothing is dragged while tiles are selected
    assert states(sheet).count(PlacementState.CORRECTED) == 1


def test_a_key_that_is_held_down_confirms_once(all_seen, qtbot) -> None:
    sheet = all_seen
    select(qtbot, sheet, 0)
    press = QEvent.Type.KeyPress
    for again in (False, True, True, True):
        QApplication.sendEvent(sheet, QKeyEvent(press, Qt.Key.Key_Return, PLAIN, "\r", again))
    assert states(sheet).count(PlacementState.CONFIRMED) == 1
    assert sheet.app.window.controller.image == order(sheet)[1]


def test_in_navigate_mode_a_drag_in_a_tile_moves_nothing(all_seen, qtbot) -> None:
    sheet = all_seen
    sheet.app.window.controller.set_mode(Mode.NAVIGATE)
    at = sheet.tile_rect(2).center()
    drag(qtbot, sheet.viewport(), at, at + QPoint(20, 4))
    assert set(states(sheet)) == {PlacementState.PREDICTED}
