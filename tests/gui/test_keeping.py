"""What the window says where changes can't be kept, and the way on."""

from __future__ import annotations

import errno
import re
import shutil
import sys
from collections.abc import Iterator

import apsw
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QPushButton

from app.gui.application import App
from app.gui.landmarks.landmark_dialog import LandmarkDialog
from app.project.session import Session
from tests.gui.conftest import on_template, settled
from tests.unit.store.faults import Faults, failing, faulty_disk


@pytest.fixture
def faults() -> Iterator[Faults]:
    with faulty_disk() as found:
        yield found


def question(app: App) -> QMessageBox | None:
    return next((box for box in app.window.findChildren(QMessageBox, "goneDialog") if box.isVisible()), None)


@pytest.mark.parametrize("noticed", ["by an action", "by looking"])
def test_a_project_file_that_is_gone_is_told_and_a_copy_goes_on(app, qtbot, tmp_path, monkeypatch, noticed) -> None:
    window, controller, saved = app.window, app.window.controller, tmp_path / "saved.dsr"
    name = controller.session.images[1]
    controller.do(controller.session.set_review, name, "rejected", "blurred")
    assert "Every change is kept" in window.status.kept.text()
    shutil.rmtree(controller.session.path.parent)
    if noticed == "by looking":
        window.watching.look()
    else:
        assert not controller.do(controller.session.set_review, name, "second_opinion")
    assert window.status.kept.text() == "Not kept: the project file is gone"
    assert "moved, deleted or replaced" in window.messages.sentences()[-1]
    box = question(app)
    assert "save a copy" in "".join(label.text() for label in box.findChildren(QLabel))
    count = len(window.messages.sentences())
    window.watching.look()
    assert len(window.messages.sentences()) == count

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(saved), ""))
    next(button for button in box.findChildren(QPushButton) if button.text() == "Save a copy…").click()
    qtbot.waitUntil(saved.exists)
    qtbot.waitUntil(lambda: "Every change is kept" in window.status.kept.text())
    assert question(app) is None
    assert window.projects.last() == saved
    assert "saved" in window.windowTitle()
    assert controller.do(controller.session.set_review, name, "second_opinion")
    window.projects.close()
    with Session.open(saved) as again:
        assert again.undo().label == f"Set {name.split('.')[0]} to second opinion"
        assert (again.review(name), again.image(name).note) == ("rejected", "blurred")


def test_a_full_disk_is_not_called_kept(faults: Faults, app, qtbot) -> None:
    window, controller = app.window, app.window.controller
    name = controller.session.images[1]
    faults.fail = failing(apsw.FullError, "write", "-wal")
    assert not controller.do(controller.session.set_review, name, "rejected")
    assert window.status.kept.text() == "Not kept: the disk is full"
    assert "no space left" in window.messages.sentences()[-1]
    assert question(app) is None
    faults.fail = lambda *_: None
    assert controller.do(controller.session.set_review, name, "rejected")
    assert window.status.kept.text() == "Every change is kept"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", window.status.last.text())


def test_a_landmark_dialog_on_a_full_disk_stays_open_and_says_why(faults: Faults, app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.define_landmark("hilum", "heart", (0.1, 0.2))
    window.controller.choose_landmark("hilum")
    window.actions_["editLandmark"].trigger()
    dialog = next(box for box in window.findChildren(LandmarkDialog) if box.isVisible())
    dialog.rule.setPlainText("where the vessels meet")
    faults.fail = failing(apsw.FullError, "write", "-wal")
    dialog.keep()
    assert dialog.isVisible()
    assert "no space left" in dialog.remark.text()
    assert session.landmark("hilum").rule == ""
    faults.fail = lambda *_: None
    dialog.keep()
    assert session.landmark("hilum").rule == "where the vessels meet"


def test_a_reader_that_cannot_be_kept_is_told(faults: Faults, app) -> None:
    faults.fail = failing(apsw.FullError, "write", "-wal")
    app.window.projects.set_reader("Ada")
    assert "no space left" in app.window.messages.sentences()[-1]


def test_predicting_stops_with_one_sentence_if_nothing_can_be_kept(faults, start, predicted, tmp_path, qtbot) -> None:
    shutil.copytree(predicted, tmp_path / "project")
    app = start("--project", tmp_path / "project" / "project.dsr")
    qtbot.waitUntil(lambda: settled(app), timeout=20_000)
    window = app.window
    faults.fail = failing(apsw.FullError, "write", ".predictions-wal")
    window.predicting.predict(list(window.controller.session.images))
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=30_000)
    assert sum("no space left" in said for said in window.messages.sentences()) == 1


def test_the_open_project_by_another_name_is_the_open_project(app, tmp_path) -> None:
    session = app.window.controller.session
    (tmp_path / "link.dsr").symlink_to(session.path)
    assert app.window.projects.open(tmp_path / "link.dsr")
    assert app.window.controller.session is session
    assert not app.window.messages.sentences()


@pytest.mark.skipif(sys.platform == "win32", reason="fcntl")
def test_a_project_that_cannot_be_locked_is_shown_and_a_copy_can_be_changed(
    start, predicted, tmp_path, monkeypatch, qtbot
) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    shutil.copytree(predicted, tmp_path / "project")
    with monkeypatch.context() as network:
        network.setattr(fcntl, "fcntl", refuse)
        app = start("--project", tmp_path / "project" / "project.dsr")
    window, controller = app.window, app.window.controller
    assert "can't be locked" in window.messages.sentences()[0]
    assert "It is shown for reading only." in window.messages.sentences()[0]
    assert "Copy it" not in window.messages.sentences()[0]  # what is done already is no advice
    assert window.status.kept.text() == "Open for reading only"
    controller.define_landmark("Apex", "heart", (0.1, 0.2))
    assert "reading only" in window.notices.label.text()
    for hint in (window.right_column.hint, window.sheet_panel.hint):
        controller.choose_landmark("heart_00")
        window.actions_["landmarkMode"].trigger()
        assert "open for reading only" in hint.text()
        assert "drag" not in hint.text()
    view = window.template_view
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_template(app, "heart", (0.1, 0.1)))
    assert not window.template_view.editor.isVisible()  # a name could not be kept
    assert window.notices.label.text() == "The project is open for reading only: nothing can be changed."
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "mine"), ""))
    window.actions_["saveCopy"].trigger()
    qtbot.waitUntil(window.copy_bar.isVisible)
    assert controller.session.read_only
    window.copy_bar.open.click()
    assert controller.session.path == tmp_path / "mine.dsr"
    assert window.actions_["accept"].isEnabled()
    assert controller.do(controller.session.set_review, controller.session.images[0], "rejected")
    assert window.status.kept.text().startswith("Every change is kept")
