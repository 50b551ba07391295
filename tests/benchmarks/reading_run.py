"""A list of 40 films read with keys alone: how many keys, and how long the program makes the reader wait for.

``python -m tests.benchmarks.reading_run --data ../shared/data`` in an off-screen window. First the quality walk: Space
goes to each place that is worth a look, and every third one is corrected (L, two arrow keys, V). Then each image is
accepted (Ctrl+Enter goes on to the next); one that does not look like a frontal chest is left for a second opinion.
The time of looking is the reader's own and not counted: from each key until what it does is painted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.gui.application import App, launch
from app.project.session import Session
from tests.benchmarks.window_run import shown, until

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
IMAGES = 40


class Keys:
    """Presses keys and times each until what it does is on the screen."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.waits: list[float] = []

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = NONE, done: Callable[[], bool] = lambda: True) -> None:
        before, window = time.perf_counter(), self._app.window
        QTest.keyClick(window.image_view, key, held)
        until(self._app, lambda: done() and shown(self._app))
        window.image_view.viewport().repaint()
        self.waits.append(time.perf_counter() - before)


def walk(app: App, keys: Keys) -> int:
    """All places once, every third one corrected; how many there were."""
    window, walk = app.window, app.window.walking.walk
    seen = 0
    while True:
        before = walk.current
        keys.press(Qt.Key.Key_Space, done=lambda: walk.complete)
        if walk.current is None or walk.current == before:
            return seen
        until(app, lambda: walk.current is None or window.image_view.image == walk.current.image)
        seen += 1
        if seen % 3 == 0 and window.controller.landmark:
            for key in (Qt.Key.Key_L, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_V):
                keys.press(key)


def accept(app: App, keys: Keys) -> tuple[int, int]:
    """Each image accepted, or left for a second opinion where it looks odd."""
    window, session = app.window, app.window.controller.open_session()
    keys.press(Qt.Key.Key_Home)
    accepted = left = 0
    for _ in range(len(session.images)):
        image = window.controller.image
        if session.suspect(image):
            window.actions_["secondOpinion"].trigger()
            keys.press(Qt.Key.Key_PageDown)
            left += 1
            continue
        keys.press(Qt.Key.Key_Return, CTRL, lambda image=image: image in session.accepted)
        accepted += 1
    return accepted, left


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    films = sorted((options.data / "chest" / "val").glob("*.png"))
    films += sorted((options.data / "chest_unlabelled").iterdir())[: IMAGES - len(films)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DENSESEG_SETTINGS"] = str(Path(folder) / "settings.ini")
        with Session.create(Path(folder) / "p.dsr", reader="Script") as session:
            session.add_images(films)
            session.predict()
            for name, structure, uv in (
                ("Right hilum", "right_lung", (0.6, 0.0)),
                ("Apex of the heart", "heart", (0.7, 0.6)),
                ("Left costophrenic angle", "left_lung", (0.7, 0.9)),
            ):
                session.define_landmark(name, structure, uv)
        app = launch(["--project", str(Path(folder) / "p.dsr")])
        sys.excepthook = sys.__excepthook__
        app.window.resize(1280, 800)
        until(app, lambda: app.window.isVisible() and shown(app))
        app.window.activateWindow()
        app.window.image_view.setFocus()
        keys = Keys(app)
        places = walk(app, keys)
        session = app.window.controller.open_session()
        corrected = sum(map(session.corrections, session.images))
        by_walk = len(keys.waits)
        accepted, left = accept(app, keys)
        waits = np.array(keys.waits)
        each, ms = len(films), waits * 1e3
        print(  # noqa: T201
            f"{each} films: {places} places looked at, {corrected} corrected, {accepted} accepted, {left} left\n"
            f"{len(waits)} keys, {len(waits) / each:.1f} an image; {waits.sum() / each:.2f} s waited an image\n"
            f"a key: median {np.median(ms):.0f} ms, p95 {np.percentile(ms, 95):.0f} ms, longest {ms.max():.0f} ms; "
            f"accepting: median {np.median(ms[by_walk:]):.0f} ms"
        )
        app.window.close()


if __name__ == "__main__":
    main()
