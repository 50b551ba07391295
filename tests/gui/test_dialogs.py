"""Dialogs and menus end with their listeners: after each was open once, every later change is followed in peace."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QMessageBox, QPushButton, QWidget

from app.gui.image.spacing_dialog import SpacingDialog
from tests.gui.conftest import settled

BY_COMMAND = ("setSpacing", "editLandmark", "setKeys", "help", "about", "history", "export", "rejectStructure", "note")


def change_everything(app, qtbot) -> None:
    """One action of every kind, each undone and done again, another image, another landmark."""
    window, session = app.window, app.window.controller.session
    first, second = session.images[:2]
    session.define_landmark("Base", "right_lung", (0.1, 0.6))
    x, y = session.placements("Base").xy[0]
    session.move_placement(first, "Base", (x + 3, y))
    session.nudge_placement(first, "Base", (0.25, 0))
    session.confirm_placement(second, "Base")
    session.set_spacing([first], 0.31, 0.31)
    session.set_review(first, "rejected", "blurred")
    session.set_review(first, "rejected", "leaks", "heart")
    session.update_landmark("Base", hidden=True)
    session.set_orientation([second], inverted=True)
    session.remove_images([second])
    for verb in ("undo", "redo", "undo"):
        window.actions_[verb].trigger()
    session.reader = "Another"
    window.controller.show_image(session.images[2])
    window.controller.choose_landmark("Base")
    window.controller.show_image(first)
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    while session.undo_label != "Define “Apex”":
        session.undo()
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)


def shown(app) -> list[QWidget]:
    """Every dialog and menu that exists beside the menu bar's own and the history, which stays."""
    menus = [m for m in app.window.findChildren(QMenu) if m.objectName() in ("contextMenu", "selectionMenu")]
    return menus + [d for d in app.window.findChildren(QDialog) if d.objectName() != "historyPanel"]


def close_all(app) -> int:
    found = [*shown(app), app.window.history_panel]
    opened = [widget for widget in found if widget.isVisible()]
    for widget in opened:
        widget.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return len(opened)


@pytest.fixture
def apex(app):
    app.window.controller.session.define_landmark("Apex", "heart", (0.3, 0.2))
    app.window.controller.choose_landmark("Apex")
    return app


def open_by(app, verb: str) -> None:
    """Commands that wait for their dialog are answered by closing it."""

    def leave() -> None:
        waiting = QApplication.activeModalWidget()
        if waiting is not None and waiting.objectName() not in ("exportDialog", "structureReviewDialog"):
            waiting.close()

    if verb == "note":
        QTimer.singleShot(0, app.window, leave)
    app.window.actions_[verb].trigger()


def test_after_each_dialog_was_open_once_every_change_is_followed_in_peace(apex, qtbot, caplog) -> None:
    window = apex.window
    for verb in BY_COMMAND:
        for _ in range(2):
            open_by(apex, verb)
            assert close_all(apex) == (0 if verb == "note" else 1), verb
            assert shown(apex) == [], verb  # nothing is kept of it
    at = window.mapToGlobal(QPoint(400, 300))
    window.context_menus.show_marker("Apex", at)
    assert close_all(apex) == 1
    window.context_menus.show_marker("", at)
    assert close_all(apex) == 1
    window.worklist.menuWanted.emit(list(window.controller.session.images), at)
    assert close_all(apex) == 1
    window.landmark_table.menuWanted.emit(at)
    assert close_all(apex) == 1
    assert shown(apex) == []
    caplog.clear()
    change_everything(apex, qtbot)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert not any("went wrong" in sentence for sentence in window.messages.sentences())


@pytest.mark.parametrize("verb", ["setSpacing", "history", "newFromClicks"])
def test_what_stays_open_follows_every_change(apex, qtbot, caplog, verb) -> None:
    apex.window.actions_[verb].trigger()
    if verb == "setSpacing":
        apex.window.findChild(SpacingDialog).measured.setChecked(True)
    change_everything(apex, qtbot)
    apex.window.actions_["closeProject"].trigger()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert apex.window.findChild(SpacingDialog) is None
    apex.window.history_panel.close()


# --- the pixel size: no value that nobody gave


def spacing_dialog(app, image: str) -> SpacingDialog:
    app.window.controller.show_image(image)
    app.window.actions_["setSpacing"].trigger()
    return app.window.findChildren(SpacingDialog)[-1]


def test_where_the_pixel_size_is_unknown_nothing_is_filled_in_and_enter_sets_nothing(app, qtbot) -> None:
    dialog, session = spacing_dialog(app, "rendered_3.png"), app.window.controller.session
    assert dialog.per_pixel.text() == "not given"
    assert dialog.chosen is None
    assert not dialog.keep_button.isEnabled()
    history = len(session.history())
    qtbot.keyClick(dialog.per_pixel, Qt.Key.Key_Return)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert len(session.history()) == history
    assert not any(button.isDefault() or button.autoDefault() for button in dialog.findChildren(QPushButton))
    dialog.measured.setChecked(True)
    assert dialog.length.text() == "not given"
    dialog.typed.setChecked(True)
    field = dialog.per_pixel
    qtbot.mouseClick(field.lineEdit(), Qt.MouseButton.LeftButton, pos=QPoint(30, 8))
    qtbot.waitUntil(lambda: field.lineEdit().selectedText() == "not given")
    qtbot.keyClicks(field, "0.139")
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert dialog.keep_button.isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert session.image("rendered_3.png").frame.spacing.column_mm == pytest.approx(0.139)


def test_a_size_that_the_file_gives_is_set_only_where_it_changes_something(app, qtbot) -> None:
    dialog = spacing_dialog(app, "rendered_1.dcm")
    own = app.window.controller.session.image("rendered_1.dcm").frame.spacing.column_mm
    assert dialog.per_pixel.value() == pytest.approx(own, abs=1e-4)
    assert not dialog.keep_button.isEnabled()
    dialog.scope.setCurrentIndex(dialog.scope.findText("2 images of unknown pixel size"))
    assert dialog.keep_button.isEnabled()  # for those it is a choice
    dialog.scope.setCurrentIndex(0)
    dialog.per_pixel.setValue(own * 2)
    assert dialog.keep_button.isEnabled()
    app.window.controller.session.set_spacing(["rendered_3.png"], 0.2, 0.2)
    assert dialog.per_pixel.value() == pytest.approx(own * 2, abs=1e-4)  # what is typed stays
    dialog.close()


# --- undo and redo


def test_undo_says_in_the_image_what_it_did_and_where(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    notice = window.notices.label
    x, y = session.placements("Apex").xy[2]
    session.move_placement(session.images[2], "Apex", (x + 4, y))
    window.actions_["undo"].trigger()
    assert window.controller.image == session.images[2]
    assert notice.text() == f"Undone: Move “Apex” in {session.images[2].rsplit('.')[0]}."
    assert notice.isVisible()
    assert notice.parent() is window.image_view
    assert notice.text() in window.messages.sentences()
    window.actions_["redo"].trigger()
    assert notice.text() == f"Done again: Move “Apex” in {session.images[2].rsplit('.')[0]}."
    session.undo()
    window.actions_["undo"].trigger()
    assert notice.text() == "Undone: Define “Apex”, in 3 images."
    session.redo()
    session.set_review(list(session.images), "rejected")
    window.actions_["undo"].trigger()
    assert notice.text() == "Undone: Set 3 images to rejected, in 3 images."


@pytest.mark.parametrize("agree", [False, True], ids=["no", "yes"])
def test_undo_asks_before_it_takes_back_more_than_twenty_images(app, qtbot, tmp_path, agree) -> None:
    window, session = app.window, app.window.controller.session
    folder = tmp_path / "broken"
    folder.mkdir()
    for i in range(21):
        (folder / f"broken_{i:02}.png").write_bytes(b"no picture")
    session.add_images([folder])
    count = len(session.images)
    asked = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QMessageBox)
        asked.append(dialog.text() + dialog.informativeText())
        wanted = "Undo in 21 images" if agree else "Leave them"
        next(b for b in dialog.buttons() if b.text() == wanted).click()

    QTimer.singleShot(0, window, answer)
    window.actions_["undo"].trigger()
    assert len(asked) == 1
    assert "21 images" in asked[0]
    assert "broken_00.png, broken_01.png, broken_02.png and 18 more" in asked[0]
    assert len(session.images) == (count - 21 if agree else count)
