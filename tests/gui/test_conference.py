"""Conference mode: others look on, and no name of an image, a patient, a reader or a project is on the screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from app.gui.application import App
from app.gui.image.corner_texts import ImageTexts
from app.gui.measurements.all_images import AllImages
from app.gui.shell.conference import GOES_ON
from tests.gui.conftest import SAMPLES, settled, shown_fully

SECRETS = ("Kowalska", "Geheim", "DrHouse")


@pytest.fixture
def app(start: Callable[..., App], tmp_path: Path, qtbot) -> App:
    """Two images called after a patient, in a project called after another, with a reader's name and a note."""
    films = tmp_path / "films"
    films.mkdir()
    for number, name in ((1, "rendered_3.png"), (2, "rendered_4.png")):
        shutil.copy(SAMPLES / name, films / f"Kowalska_{number}.png")
    app = start("--project", tmp_path / "Geheim.dsr", films)
    app.window.projects.set_reader("DrHouse")
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    app.window.controller.session.set_review("Kowalska_1.png", "second_opinion", note="Geheim")
    return app


def seen(window: QWidget) -> list[str]:
    """All that can be read in the windows of the program, but for what is painted."""
    texts = [window.windowTitle()]
    for top in QApplication.topLevelWidgets():
        if top.isVisible():
            texts += [top.windowTitle()]
            for kind in (QLabel, QPushButton):
                texts += [widget.text() for widget in top.findChildren(kind) if widget.isVisible()]
            texts += [widget.toolTip() for widget in top.findChildren(QWidget) if widget.isVisible()]
    return texts


def painted(app: App) -> list[str]:
    """What the corners of the image say."""
    corners = next(item for item in vars(app.window.image_view).values() if isinstance(item, ImageTexts))
    return [line[0] for line in corners._top_left()]


def test_one_key_hides_every_name_and_the_same_key_shows_them_again(app: App, qtbot) -> None:
    window, controller = app.window, app.window.controller
    window.controller.say("Kowalska_1.png was looked at.")
    window.actions_["allMeasurements"].trigger()
    assert any(secret in text for secret in SECRETS for text in seen(window))
    assert painted(app)[0] == "Kowalska_1.png"
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    assert controller.look.private
    assert [text for text in seen(window) if any(secret in text for secret in SECRETS)] == []
    assert not any(secret in line for line in painted(app) for secret in SECRETS)
    assert painted(app)[:2] == ["Image 1 of 2", "second opinion"]
    assert not window.worklist.isVisible()
    assert not window.status.isVisible()
    assert window.menuBar().height() == 0
    assert not window.findChild(AllImages).isVisible()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    assert not controller.look.private
    assert window.worklist.isVisible()
    assert window.status.isVisible()
    assert window.menuBar().height() > 0
    assert "Geheim" in window.windowTitle()
    assert painted(app)[0] == "Kowalska_1.png"


def test_reading_goes_on_and_nothing_that_shows_names_comes_back(app: App, qtbot) -> None:
    window, controller = app.window, app.window.controller
    session = controller.session
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: controller.image == "Kowalska_2.png" and shown_fully(app))
    assert painted(app)[0] == "Image 2 of 2"
    control = Qt.KeyboardModifier.ControlModifier
    for key, held in (
        (Qt.Key.Key_K, control),
        (Qt.Key.Key_M, control),
        (Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(window.windowHandle(), key, held)
    assert [text for text in seen(window) if any(secret in text for secret in SECRETS)] == []
    window.actions_["accept"].trigger()
    assert session.review("Kowalska_2.png") == "accepted", "what is not personal goes on"
    controller.tell("Kowalska_2.png is locked.", window.image_view)
    assert window.notices.label.text() == "What there is to say stands in the messages."
    window.learn_bar.say("Geheim was learnt.")
    qtbot.waitUntil(lambda: not window.learn_bar.isVisible())
    assert not window.actions_["closeProject"].isEnabled()
    assert not window.actions_["undo"].isEnabled()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    assert window.actions_["closeProject"].isEnabled()
    assert window.actions_["undo"].isEnabled()


def test_it_ends_with_the_program(app: App, start: Callable[..., App], tmp_path: Path, qtbot) -> None:
    QTest.keyClick(app.window.windowHandle(), Qt.Key.Key_F9)
    app.window.close()
    again = start("--project", tmp_path / "Geheim.dsr")
    assert not again.window.controller.look.private
    assert again.window.worklist.isVisible()


def test_every_command_that_goes_on_is_one_and_the_others_rest(app: App) -> None:
    window = app.window
    assert set(window.actions_.by_verb) >= GOES_ON
    window.actions_["conference"].trigger()
    awake = {verb for verb, action in window.actions_.by_verb.items() if action.isEnabled()}
    assert awake <= GOES_ON
    assert {"nextImage", "fit", "conference", "accept"} <= awake
    window.actions_["conference"].trigger()
    assert window.actions_["export"].isEnabled()


@pytest.mark.parametrize("verb", ["allMeasurements", "history"])
def test_the_key_works_from_any_window_of_the_program(app: App, qtbot, verb: str) -> None:
    window = app.window
    window.actions_[verb].trigger()
    dialog = next(top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not window)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(dialog.windowHandle(), Qt.Key.Key_F9)
    assert window.controller.look.private
    assert [text for text in seen(window) if any(secret in text for secret in SECRETS)] == []
