"""A picture belongs to a file, not to a name that another file may have tomorrow."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.gui.conftest import settled, shown_fully


def film(path: Path, grey: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((300, 320), grey, np.uint8))
    return path


def shows(app, grey: int) -> bool:
    picture = app.window.image_view.grey.picture
    return shown_fully(app) and picture.value(100, 100) == grey


def test_another_file_of_the_same_name_shows_its_own_picture(start, tmp_path, qtbot) -> None:
    app = start(film(tmp_path / "one" / "a.png", 40))
    qtbot.waitUntil(lambda: shows(app, 40) and settled(app), timeout=20_000)
    session, pictures = app.window.controller.session, app.window.pictures
    session.remove_images("a.png")
    session.add_images([film(tmp_path / "two" / "a.png", 200)])
    assert session.images == ("a.png",)
    app.window.controller.show_image("a.png")
    qtbot.waitUntil(lambda: shows(app, 200), timeout=20_000)
    assert pictures.preview("a.png") is None  # it was not predicted yet
    session.undo()
    session.undo()
    app.window.controller.show_image("a.png")
    qtbot.waitUntil(lambda: shows(app, 40), timeout=20_000)


def test_a_file_that_changed_is_shown_anew_with_its_prediction(start, tmp_path, qtbot) -> None:
    app = start(film(tmp_path / "a.png", 40))
    qtbot.waitUntil(lambda: shows(app, 40) and settled(app), timeout=20_000)
    window, session = app.window, app.window.controller.session
    before = window.pictures.preview("a.png")
    cv2.imwrite(str(tmp_path / "a.png"), np.tile(np.arange(320, dtype=np.uint8), (300, 1)))
    session.check_files()
    window.predicting.predict(["a.png"])
    qtbot.waitUntil(lambda: shows(app, 100) and settled(app), timeout=20_000)
    assert not np.array_equal(window.pictures.preview("a.png"), before)
