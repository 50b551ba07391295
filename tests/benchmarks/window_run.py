"""One run of the real window in a process of its own, watched by a probe; prints what it saw as JSON.

``start``: seconds from the process's start to the first handled click. ``stalls``: gaps of the event loop while images
are predicted. ``next``: from a key to the painted next image. ``landmark``: from a click on the template to the
repainted window. ``drag``: handling and painting one step of a window level drag.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest

from app.gui.application import App, launch


class Probe:
    """Records every gap between two turns of the event loop, in ms."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._last) * 1e3)
        self._last = now


def until(app: App, done: Callable[[], bool], seconds: float = 300) -> None:
    """Run the event loop until `done`; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not done():
        app.qt_app.processEvents()
        time.sleep(0.0005)
        if time.monotonic() > end:
            raise TimeoutError("The window did not get there.")


def summary(values: list[float]) -> dict[str, float]:
    """Median, 95th and 99.9th percentile, maximum and count."""
    cuts = np.percentile(values, (50, 95, 99.9))
    names = ("median", "p95", "p99_9")
    return dict(zip(names, cuts.tolist(), strict=True)) | {"maximum": max(values), "count": len(values)}


def settled(app: App) -> bool:
    session = app.window.desk.session
    return (
        session is not None
        and not app.window.predicting.running
        and all(session.image(name).status == "predicted" for name in session.images)
    )


def start(app: App, began: float) -> dict[str, float]:
    view = app.window.template_view
    until(app, lambda: app.window.isVisible() and view.viewport().width() > 50)
    at = view.viewport_of("heart", (0.2, 0.2)).toPoint()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    until(app, lambda: view.editor.isVisible())
    return {"seconds": time.time() - began}


def stalls(app: App) -> dict[str, float]:
    probe = Probe()
    until(app, lambda: settled(app), 600)
    return summary(probe.gaps)


def shown(app: App) -> bool:
    picture = app.window.image_view.grey.picture
    return picture is not None and not picture.coarse


def next_image(app: App) -> dict[str, float]:
    window, times = app.window, []
    until(app, lambda: shown(app))
    QTest.qWait(1500)
    for _ in range(min(40, len(window.desk.session.images) - 1)):
        before = time.perf_counter()
        window.actions_["nextImage"].trigger()
        until(app, lambda: shown(app))
        window.image_view.viewport().repaint()
        times.append((time.perf_counter() - before) * 1e3)
        QTest.qWait(250)  # a reader looks at the image; neighbours are decoded meanwhile
    return summary(times)


def landmark(app: App) -> dict[str, float]:
    window, session, times = app.window, app.window.desk.session, []
    for i in range(20):
        before = time.perf_counter()
        window.desk.do(session.define_landmark, f"Benchmark {i}", "heart", (0.04 * i - 0.4, 0.1))
        window.desk.choose_landmark(f"Benchmark {i}")
        app.qt_app.processEvents()
        window.repaint()
        times.append((time.perf_counter() - before) * 1e3)
        QTest.qWait(30)
    return summary(times)


def drag(app: App) -> dict[str, float]:
    view, times = app.window.image_view, []
    until(app, lambda: shown(app))
    port = view.viewport()
    at = port.rect().center()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at)
    for i in range(60):
        before = time.perf_counter()
        place = QPointF(at + QPoint(i, i // 2))
        button = Qt.MouseButton.LeftButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            place,
            QPointF(port.mapToGlobal(place.toPoint())),
            Qt.MouseButton.NoButton,
            button,
            Qt.KeyboardModifier.NoModifier,
        )
        app.qt_app.sendEvent(port, event)
        port.repaint()
        times.append((time.perf_counter() - before) * 1e3)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at)
    return summary(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("start", "stalls", "next", "landmark", "drag"))
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--began", type=float, default=0.0)
    given = parser.parse_args()
    app = launch([*([str(given.images)] if given.images else []), "--project", str(given.project)])
    app.window.resize(1280, 800)
    match given.what:
        case "start":
            seen = start(app, given.began)
        case "stalls":
            seen = stalls(app)
        case "next":
            seen = next_image(app)
        case "landmark":
            seen = landmark(app)
        case _:
            seen = drag(app)
    print(json.dumps(seen))  # noqa: T201
    sys.stdout.flush()
    app.window.close()


if __name__ == "__main__":
    main()
