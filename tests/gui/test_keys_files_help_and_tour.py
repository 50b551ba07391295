"""Around the images: keys kept after a restart, help, file dialogs, samples, failed writes, themes, tour."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QTextBrowser

from app.gui.shell.keys_dialog import KeysDialog
from app.gui.shell.projects import SAMPLES
from app.gui.widgets import theme
from app.project.session import Session
from tests.gui.conftest import name_landmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_dialogs():
    """Qt's own file dialogs, which a test can see and type into."""
    before = QApplication.testAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, True)
    yield
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, before)


def answer(window, path: Path) -> None:
    """Type a path into the file dialog that opens next, and accept it."""

    def type_in() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        dialog.selectFile(str(path))
        QDialog.accept(dialog) if dialog.fileMode() == QFileDialog.FileMode.Directory else dialog.accept()

    QTimer.singleShot(0, window, type_in)


def test_keys_are_kept_after_a_restart(start, qtbot) -> None:
    window = start().window
    dialog = KeysDialog(window, window.actions_)
    dialog.edits["invert"].setKeySequence(QKeySequence("Ctrl+I"))
    dialog.rebind("invert")
    dialog.edits["redo"].setKeySequence(QKeySequence("Ctrl+Alt+B"))
    dialog.rebind("redo")
    dialog.close()
    window.close()
    again = start().window
    assert again.actions_["invert"].shortcuts() == [QKeySequence("Ctrl+I")]
    assert again.actions_["redo"].shortcuts() == [QKeySequence("Ctrl+Alt+B"), QKeySequence("Ctrl+Y")]
    assert again.actions_["fit"].shortcuts() == [QKeySequence("F")]
    dialog = KeysDialog(again, again.actions_)
    assert dialog.edits["invert"].keySequence() == QKeySequence("Ctrl+I")
    dialog.restore()
    dialog.close()
    again.close()
    assert start().window.actions_["invert"].shortcuts() == [QKeySequence("I")]


def test_f1_explains_the_window(start, qtbot) -> None:
    window = start().window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert window.actions_["help"].shortcuts() == [QKeySequence("F1")]
    qtbot.keyClick(window.image_view if window.image_view.isVisible() else window.welcome, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(QDialog)))
    dialog = next(d for d in window.findChildren(QDialog) if d.isVisible())
    text = dialog.findChild(QTextBrowser).toPlainText()
    heading = (ROOT / "resources" / "help" / "help.md").read_text("utf-8").splitlines()[0].replace("*", "")
    assert dialog.windowTitle() == "How it works"
    assert heading in text
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(d.isVisible() for d in window.findChildren(QDialog)))


def test_a_landmark_set_is_saved_and_loaded_by_file_dialogs(app, own_dialogs, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    answer(window, tmp_path / "mine.json")
    window.actions_["saveLandmarks"].trigger()
    (mark,) = json.loads((tmp_path / "mine.json").read_text("utf-8"))["landmarks"]
    assert (mark["name"], mark["structure"]) == ("Apex", "heart")
    assert (mark["u"], mark["v"]) == pytest.approx((0.3, 0.2), abs=0.02)
    window.actions_["deleteLandmark"].trigger()
    answer(window, tmp_path / "mine.json")
    window.actions_["loadLandmarks"].trigger()
    assert session.landmark("Apex").uv == pytest.approx((mark["u"], mark["v"]))


def test_a_failed_write_is_told_in_a_sentence(app, own_dialogs, tmp_path, qtbot) -> None:
    window = app.window
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    (tmp_path / "taken.json").mkdir()
    (tmp_path / "taken.json" / "full").touch()
    before = len(window.messages.sentences())
    from PySide6.QtWidgets import QFileDialog as Dialog

    def choose(*_: object) -> tuple[str, str]:
        return str(tmp_path / "taken.json"), ""

    asked, Dialog.getSaveFileName = Dialog.getSaveFileName, staticmethod(choose)  # Qt's own refuses a folder
    try:
        window.actions_["saveLandmarks"].trigger()
    finally:
        Dialog.getSaveFileName = asked
    sentence = window.messages.sentences()[-1]
    assert len(window.messages.sentences()) == before + 1
    assert "taken.json could not be written" in sentence
    assert "Traceback" not in sentence


def test_the_samples_open_from_the_first_screen(start, qtbot) -> None:
    window = start().window
    assert window.centre.currentWidget() is window.welcome
    window.actions_["openSamples"].trigger()
    qtbot.waitUntil(lambda: not window.adding.running)
    names = sorted(path.name for path in SAMPLES.iterdir() if path.suffix in (".png", ".dcm"))
    assert sorted(window.controller.session.images) == names
    assert window.centre.currentWidget() is window.middle
    window.predicting.cancel()
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=20_000)


@pytest.mark.parametrize(
    ("answer", "apart"), [("Into a project of their own", True), ("Into project", False), ("Cancel", None)]
)
def test_the_samples_ask_where_to_go_while_a_project_is_open(app, qtbot, answer: str, apart: bool | None) -> None:
    window = app.window
    before, path = window.controller.session.images, window.controller.session.path
    asked = []

    def choose() -> None:
        box = QApplication.activeModalWidget()
        asked.append(box.text())
        next(button for button in box.buttons() if button.text().replace("&", "") == answer).click()

    QTimer.singleShot(0, choose)
    window.actions_["openSamples"].trigger()
    qtbot.waitUntil(lambda: not window.adding.running)
    window.predicting.cancel()
    assert asked == ["project is open. Where shall the rendered samples go?"]
    session = window.controller.session
    assert (session.path != path) is bool(apart)
    assert (len(session.images) > len(before)) is (apart is not None)
    assert set(before).isdisjoint(session.images) or not apart or len(session.images) == 6
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=20_000)


def test_the_system_theme_follows_the_system(start, qtbot) -> None:
    window = start().window
    hints = QApplication.styleHints()
    window.actions_["themeSystem"].trigger()
    try:
        for scheme, palette in ((Qt.ColorScheme.Light, theme.LIGHT), (Qt.ColorScheme.Dark, theme.DARK)):
            hints.setColorScheme(scheme)
            if hints.colorScheme() == scheme:  # a platform without themes stays as it is
                qtbot.waitUntil(lambda wanted=palette: wanted.background == theme.BACKGROUND)
        assert theme.chosen() is theme.Theme.SYSTEM
    finally:
        hints.unsetColorScheme()
        window.actions_["themeDark"].trigger()
    assert theme.BACKGROUND == "#15171a"


def test_the_tour_leaves_pictures_and_a_table(tmp_path) -> None:
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "DENSESEG_SETTINGS": str(tmp_path / "settings.ini")}
    done = subprocess.run(
        [sys.executable, "-m", "app.gui.tour", str(tmp_path / "out")],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pictures = [QImage(str(tmp_path / "out" / f"{name}.png")) for name in ("1-opened", "2-landmarks", "3-masks")]
    assert all(picture.width() >= 1000 for picture in pictures)
    assert pictures[1] != pictures[2]
    rows = (tmp_path / "out" / "landmarks.csv").read_text("utf-8-sig").splitlines()
    assert any("Heart apex" in row and "corrected" in row for row in rows)


def test_a_project_file_given_as_a_path_is_opened_and_no_new_project_is_made(start, tmp_path):
    path = tmp_path / "kept.dsr"
    with Session.create(path) as session:
        session.define_landmark("apex", "heart", (0.25, -0.5))
    app = start(path)
    assert app.window.controller.session.path == path
    assert "apex" in {mark.name for mark in app.window.controller.session.landmarks}
