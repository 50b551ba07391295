"""One run of the real window over very many images, in a process of its own; prints what it saw as JSON.

``first``: seconds from the moment a folder is given until its first image is painted, the gaps of the event loop until
the worklist stands, and the first key of the filter while predictions run. ``again``: the same for a project that is
opened again. ``accept``: gaps while all images are accepted at once, and undone. ``export``: gaps meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.gui.application import App, launch
from tests.benchmarks.window_run import Probe, shown, summary, until


def watched(app: App, act: Callable[[], object], done: Callable[[], bool]) -> dict[str, float]:
    """Gaps of the event loop, in ms, from the beginning of `act` until `done`, and the seconds that it took."""
    for _ in range(5):
        app.qt_app.processEvents()
    probe, started = Probe(), time.perf_counter()
    act()
    until(app, done, 600)
    app.qt_app.processEvents()
    return {f"gap_{name}": value for name, value in summary(probe.gaps).items()} | {
        "seconds": time.perf_counter() - started
    }


def painted(app: App) -> bool:
    if not shown(app):
        return False
    app.window.image_view.viewport().repaint()
    return True


def first_image(app: App, act: Callable[[], object]) -> dict[str, float]:
    """From a folder or a project to its first image, with what follows in the next seconds."""
    window, seen = app.window, {}
    started = time.perf_counter()

    def first() -> bool:
        if "first_image_s" not in seen and painted(app):
            seen["first_image_s"] = time.perf_counter() - started
        return "first_image_s" in seen

    found = watched(app, act, lambda: first() and time.perf_counter() - started > 4)
    keys = []
    for key in ("0", "1", Qt.Key.Key_Backspace, Qt.Key.Key_Backspace):
        before = time.perf_counter()
        if isinstance(key, str):
            QTest.keyClicks(window.worklist.filter, key)
        else:
            QTest.keyClick(window.worklist.filter, key)
        window.worklist.repaint()
        keys.append((time.perf_counter() - before) * 1e3)
        QTest.qWait(30)
    told = {"predicting": float(window.predicting.running), "images": len(window.controller.session.images)}
    return seen | found | {"first_key_ms": keys[0], "keys_max_ms": max(keys)} | told


def accept(app: App) -> dict[str, float]:
    window, session = app.window, app.window.controller.open_session()
    until(app, lambda: shown(app))
    names = list(session.images)
    count = lambda: len(session.accepted)  # noqa: E731
    found = watched(
        app, lambda: window.accepting.start(session.start_accept(names), lambda _: None), lambda: count() == len(names)
    )
    undo = lambda: window.undoing.start(session.start_undo(), lambda _: None)  # noqa: E731
    back = watched(app, undo, lambda: count() == 0)
    return found | {f"undo_{key}": value for key, value in back.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("first", "again", "accept", "export"))
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--began", type=float, default=0.0)
    given = parser.parse_args()
    app = launch([] if given.what in ("first", "again") else ["--project", str(given.project)])
    sys.excepthook = sys.__excepthook__  # the window's own would log a fault of this script and say nothing here
    window = app.window
    window.resize(1280, 800)
    until(app, window.isVisible)
    if given.what == "first":
        window.projects.create(given.project)
        seen = first_image(app, lambda: window.projects.add([given.images]))
    elif given.what == "again":
        seen = first_image(app, lambda: window.projects.open(given.project))
    elif given.what == "accept":
        seen = accept(app)
    else:
        until(app, lambda: shown(app))
        folder = given.project.with_name("exported")
        begun = lambda: window.exporting.start(["csv"], folder, "all")  # noqa: E731
        seen = watched(app, begun, lambda: not window.exporting.running)
    print(json.dumps(seen))  # noqa: T201
    sys.stdout.flush()
    window.close()


if __name__ == "__main__":
    main()
