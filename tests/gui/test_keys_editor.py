"""The keys of commands: found by words or by key, rebound, taken over from another command, and given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from app.gui.shell.keys_dialog import KeysDialog
from app.gui.widgets.settings import settings

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dialog(start, qtbot) -> Iterator[KeysDialog]:
    window = start().window
    window.actions_["setKeys"].trigger()
    opened = window.findChild(KeysDialog, "keysDialog")
    yield opened
    opened.close()


def keys(dialog: KeysDialog, verb: str) -> list[str]:
    return [key.toString() for key in dialog._actions[verb].shortcuts()]


def typed(qtbot, dialog: KeysDialog, verb: str, key: Qt.Key, held=CTRL) -> None:
    edit = dialog.edits[verb]
    edit.setFocus()
    qtbot.keyClick(edit, key, held)
    edit.editingFinished.emit()


def test_no_key_belongs_to_two_commands(dialog) -> None:
    all_keys = [key.toString() for action in dialog._actions.by_verb.values() for key in action.shortcuts()]
    assert sorted(key for key, count in Counter(all_keys).items() if count > 1) == []


def test_commands_are_found_by_words_and_by_their_keys_under_their_menus(dialog, qtbot) -> None:
    def shown() -> set[str]:
        return {verb for verb, edit in dialog.edits.items() if edit.isVisibleTo(dialog)}

    everything = shown()
    assert {"undo", "accept", "confirmPlacement", "invert"} <= everything
    qtbot.keyClicks(dialog.search, "undo")
    assert shown() == {"undo"}
    dialog.search.setText("ctrl+shift+z")
    assert shown() == {"redo"}
    dialog.search.setText("qqq")
    assert shown() == set()
    assert dialog.nothing.isVisibleTo(dialog)
    dialog.search.clear()
    assert shown() == everything


def test_a_key_that_another_command_has_is_told_and_can_be_taken_over_and_given_back(dialog, qtbot) -> None:
    assert not dialog.resets["invert"].isVisibleTo(dialog)
    typed(qtbot, dialog, "invert", Qt.Key.Key_Y)
    assert keys(dialog, "invert") == ["I"]
    assert dialog.remark.text() == "Ctrl+Y belongs to “Redo”. Give that another key first."
    assert dialog.edits["invert"].keySequence() == QKeySequence("I")
    QTest.mouseClick(dialog.take_over, Qt.MouseButton.LeftButton)
    assert keys(dialog, "invert") == ["Ctrl+Y"]
    assert keys(dialog, "redo") == ["Ctrl+Shift+Z"]
    assert dialog.remark.text() == "Ctrl+Y is taken over. “Redo” has Ctrl+Shift+Z left."
    assert not dialog.take_over.isVisibleTo(dialog)
    assert settings().value("keys/redo") == "Ctrl+Shift+Z"
    QTest.mouseClick(dialog.resets["redo"], Qt.MouseButton.LeftButton)  # its second key is elsewhere now
    assert dialog.remark.text() == "Ctrl+Y belongs to “Invert” now."
    assert keys(dialog, "redo") == ["Ctrl+Shift+Z"]
    QTest.mouseClick(dialog.resets["invert"], Qt.MouseButton.LeftButton)
    assert keys(dialog, "invert") == ["I"]
    assert not dialog.resets["invert"].isVisibleTo(dialog)
    QTest.mouseClick(dialog.resets["redo"], Qt.MouseButton.LeftButton)
    assert keys(dialog, "redo") == ["Ctrl+Shift+Z", "Ctrl+Y"]
    assert settings().value("keys/redo") is None


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_keys_with_a_fixed_meaning_are_given_to_no_command(dialog, key) -> None:
    before = dialog.edits["invert"].keySequence()
    dialog.edits["invert"].setKeySequence(QKeySequence(key))
    dialog.rebind("invert")
    assert "has a fixed meaning" in dialog.remark.text()
    assert dialog.edits["invert"].keySequence() == before
