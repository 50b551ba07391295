"""Ctrl+K: every command by some of its letters, by keys alone; what is not possible says why."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame

from app.gui.commands.fuzzy import match
from app.gui.shell.command_palette import REASON, VERB, CommandPalette

CTRL = Qt.KeyboardModifier.ControlModifier


def palette(app) -> CommandPalette:
    return app.window.findChild(QFrame, "commandPalette")


def opened(app, qtbot) -> CommandPalette:
    app.window.activateWindow()
    QTest.keyClick(app.window.windowHandle(), Qt.Key.Key_K, CTRL)
    qtbot.waitUntil(lambda: palette(app).isVisible() and palette(app).line.hasFocus())
    return palette(app)


def listed(app) -> list[str]:
    found = palette(app).list
    return [found.item(row).data(VERB) for row in range(found.count())]


def test_a_command_is_found_by_its_letters_and_done_and_the_focus_is_back_where_it_was(app, qtbot) -> None:
    window = app.window
    window.worklist.list.setFocus()
    shown = opened(app, qtbot)
    everything = {command.verb for command in window.actions_.commands if window.actions_[command.verb].isVisible()}
    assert set(listed(app)) == everything - {"commandPalette"}
    qtbot.keyClicks(shown.line, "nv i")  # I is a command of the image, H of a landmark: here they are letters
    assert not window.image_view.invert
    shown.line.clear()
    qtbot.keyClicks(shown.line, "invert")
    assert listed(app)[0] == "invert"
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert not shown.isVisible()
    assert window.image_view.invert
    assert window.worklist.list.hasFocus()


def test_what_was_used_last_comes_first_and_escape_does_nothing_but_close(app, qtbot) -> None:
    window = app.window
    for words, verb in (("fillsl", "fills"), ("thumagn", None), ("magnifier", "magnifier")):
        shown = opened(app, qtbot)
        qtbot.keyClicks(shown.line, words)
        if verb is None:
            qtbot.keyClick(shown.line, Qt.Key.Key_Escape)
            assert window.image_view.lens is None
            continue
        shown.line.setText(window.actions_[verb].text())
        assert listed(app)[0] == verb
        qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    opened(app, qtbot)
    assert listed(app)[:2] == ["magnifier", "fills"]
    assert window.image_view.lens is not None
    qtbot.keyClick(palette(app).line, Qt.Key.Key_Down)
    qtbot.keyClick(palette(app).line, Qt.Key.Key_Return)
    assert window.controller.look.masks == "off"  # fills a second time takes them away


def test_what_is_not_possible_says_why_and_is_not_done(app, qtbot) -> None:
    window = app.window
    window.controller.choose_landmark("")
    shown = opened(app, qtbot)
    shown.line.setText("Confirm here")
    assert listed(app)[0] == "confirmPlacement"
    assert shown.list.item(0).data(REASON) == "choose a landmark first"
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert shown.isVisible()
    shown.line.setText("redo")
    assert shown.list.item(0).data(REASON) == "nothing to do again"
    qtbot.keyClick(shown.line, Qt.Key.Key_Escape)
    shown = opened(app, qtbot)
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton)  # elsewhere: it is left, too
    assert not shown.isVisible()
    assert window.image_view.hasFocus()


@pytest.mark.parametrize(
    ("wanted", "better", "worse"),
    [
        ("acc", "Accept and next", "Space back"),
        ("an", "Accept and next", "Landmark names: hand in"),
        ("zin", "Zoom in", "Size of a pixel in mm"),
        ("undo", "Undo", "Cancel until done"),
        ("fills", "View · Fills", "File · Load landmark set"),
    ],
)
def test_letters_at_the_start_of_words_and_in_a_row_fit_better(wanted: str, better: str, worse: str) -> None:
    good, bad = match(wanted, better), match(wanted, worse)
    assert good is not None
    assert bad is None or good > bad


def test_letters_must_stand_in_their_order() -> None:
    assert match("txen", "next") is None
    assert match("nxt", "Accept and next") is not None
    assert match("", "anything") == 0


def test_it_leaves_a_name_that_was_being_edited_and_goes_back_to_the_list(app, qtbot) -> None:
    window = app.window
    window.controller.session.define_landmark("hilum", "heart", (0.1, 0.2))
    window.controller.choose_landmark("hilum")
    window.activateWindow()
    window.landmark_table.setFocus()
    window.actions_["renameLandmark"].trigger()
    qtbot.waitUntil(lambda: window.landmark_table.state() == window.landmark_table.State.EditingState)
    window.actions_["commandPalette"].trigger()
    qtbot.waitUntil(lambda: window.command_palette.line.hasFocus())
    QApplication.sendPostedEvents(None, 52)  # 52: DeferredDelete, of the line in the list
    qtbot.keyClick(window.command_palette.line, Qt.Key.Key_Escape)
    assert not window.command_palette.isVisible()
    assert window.landmark_table.hasFocus()


def test_it_closes_when_something_else_takes_the_focus(app, qtbot) -> None:
    window = app.window
    window.activateWindow()
    window.actions_["commandPalette"].trigger()
    qtbot.waitUntil(lambda: window.command_palette.line.hasFocus())
    window.image_view.setFocus()
    assert not window.command_palette.isVisible()
    assert window.image_view.hasFocus()
