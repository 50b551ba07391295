"""Images of another anatomy: the window says so and offers the model that is made for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.gui.application import App
from tests.gui.conftest import settled
from tests.unit.wrists import drawn_wrist


@pytest.fixture
def wrists(tmp_path: Path) -> Path:
    """A folder with a left and a right wrist, and a picture of which no model knows anything."""
    folder = tmp_path / "wrists"
    folder.mkdir()
    cv2.imwrite(str(folder / "left.png"), drawn_wrist(6))
    cv2.imwrite(str(folder / "right.png"), drawn_wrist(8)[:, ::-1])
    cv2.imwrite(str(folder / "noise.png"), np.random.default_rng(2).integers(0, 256, (300, 240)).astype(np.uint8))
    return folder


def test_a_folder_of_wrists_is_opened_with_the_wrist_model(start: Callable[..., App], wrists: Path, qtbot):
    app = start(wrists)
    window = app.window
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    bar = window.anatomy_bar
    said = "2 of 3 images look like radiographs of a wrist; this project's model is made for chests."
    qtbot.waitUntil(lambda: bar.isVisible() and bar.words.text() == said)
    assert bar.open.text() == "Open them with the wrist model"
    before = window.controller.session.path
    qtbot.mouseClick(bar.open, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 3)
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    session = window.controller.session
    assert session.path != before
    assert before.is_file(), "the other project stays"
    assert session.template.anatomy == "wrist"
    assert [bool(session.suspect(name)) for name in ("left.png", "right.png", "noise.png")] == [False, False, True]
    assert not bar.isVisible()
    assert session.mask("right.png", "radius").any()


def test_who_hides_the_offer_is_not_asked_again(start: Callable[..., App], wrists: Path, qtbot):
    app = start(wrists / "left.png")
    window = app.window
    bar = window.anatomy_bar
    qtbot.waitUntil(bar.isVisible, timeout=60_000)
    assert bar.words.text().startswith("This image looks like a radiograph of a wrist; this")
    assert bar.open.text() == "Open it with the wrist model"
    hide = next(button for button in bar.findChildren(QPushButton) if button.text() == "Hide")
    qtbot.mouseClick(hide, Qt.MouseButton.LeftButton)
    window.projects.add([wrists / "right.png"], here=True)
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 2)
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    qtbot.wait(400)  # longer than the bar waits for more images
    assert not bar.isVisible()


def test_with_the_images_the_offer_goes(start: Callable[..., App], wrists: Path, qtbot):
    app = start(wrists)
    window = app.window
    bar = window.anatomy_bar
    qtbot.waitUntil(bar.isVisible, timeout=60_000)
    session = window.controller.session
    window.controller.do(session.remove_images, list(session.images))
    qtbot.waitUntil(lambda: not bar.isVisible())
    window.controller.do(session.undo)
    qtbot.waitUntil(bar.isVisible)
