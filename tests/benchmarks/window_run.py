"""One run of the real window in a process of its own, watched by a probe; prints what it saw as JSON.

``start``: seconds from the process's start to the first handled click. ``stalls``: gaps of the event loop while images
are predicted. ``next``: from a key to the painted next image. ``landmark``: from the Enter that ends a new landmark's
name until image, template, contact sheet and list have painted it. ``drag``: handling and painting one step of a window
level drag; ``scroll``: of the contact sheet. ``held``: from one step to the next with the key for the next image held
down, each painted.
``marker``: from the release that corrects a marker to its painted place. ``crowded``: one step of window level, pan and
zoom with 216 landmarks and all overlays on 950 x 700. ``linked``: one step of pan and zoom in one of four images side
by side, with which the others go, all painted. ``strokes``: one move of
push, brush and smooth on a mask of 2048 x 2048, and keeping the mask. ``rows``: opening a large project, one key in
the worklist's filter, and the memory of all processes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.gui.application import App, launch
from app.gui.state.view_state import MaskStyle, Mode


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
    session = app.window.controller.session
    return (
        session is not None
        and len(session.images) > 0
        and not app.window.predicting.running
        and all(session.image(name).status == "predicted" for name in session.images)
    )


def show_first_image(app: App) -> None:
    """Every run begins there, whatever a run before looked at last: the window opens a project with that image."""
    session = app.window.controller.session
    if session is not None and session.images:
        app.window.controller.show_image(session.images[0])


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
    for _ in range(min(40, len(window.controller.session.images) - 1)):
        before = time.perf_counter()
        window.actions_["nextImage"].trigger()
        until(app, lambda: shown(app))
        window.image_view.viewport().repaint()
        times.append((time.perf_counter() - before) * 1e3)
        QTest.qWait(250)  # a reader looks at the image; neighbours are decoded meanwhile
    return summary(times)


def landmark(app: App) -> dict[str, float]:
    window, times = app.window, []
    view = window.template_view
    until(app, lambda: shown(app))
    QTest.qWait(500)
    changing = (view, window.image_view, window.contact_sheet, window.landmark_table)
    painted = [Painted(each.viewport()) for each in changing]
    for i in range(20):
        at = view.viewport_of("heart", (0.05, 0.05)).toPoint()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
        until(app, lambda: view.editor.isVisible())
        view.editor.setText(f"Benchmark {i}")
        QTest.qWait(100)
        before, counts = time.perf_counter(), [each.count for each in painted]
        QTest.keyClick(view.editor, Qt.Key.Key_Return)
        until(app, lambda counts=counts: all(e.count > n for e, n in zip(painted, counts, strict=True)))
        times.append((time.perf_counter() - before) * 1e3)
        assert window.controller.landmark == f"Benchmark {i}"
        window.controller.session.undo()  # the next one would hit its marker
        QTest.qWait(100)
    return summary(times)


def scroll(app: App) -> dict[str, float]:
    until(app, lambda: shown(app))
    if not app.window.controller.landmark:
        app.window.controller.choose_landmark(app.window.controller.session.landmarks[100].name)
    sheet, times = app.window.contact_sheet, []
    port = sheet.viewport()
    until(app, lambda: len(sheet.tiles) > 100)
    for i in range(150):
        before = time.perf_counter()
        place = QPointF(port.rect().center())
        down = QPoint(0, -120 if i < 100 else 120)
        none = Qt.KeyboardModifier.NoModifier
        wheel = QWheelEvent(
            place,
            QPointF(port.mapToGlobal(place.toPoint())),
            QPoint(),
            down,
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        app.qt_app.sendEvent(port, wheel)
        port.repaint()
        times.append((time.perf_counter() - before) * 1e3)
        app.qt_app.processEvents()
    return summary(times)


def page(app: App) -> dict[str, float]:
    """The contact sheet on the whole centre with its smallest tiles: each scroll handled and painted whole."""
    until(app, lambda: shown(app))
    if not app.window.controller.landmark:
        app.window.controller.choose_landmark(app.window.controller.session.landmarks[100].name)
    sheet, times = app.window.contact_sheet, []
    until(app, lambda: len(sheet.tiles) > 100)
    app.window.actions_["sheetPage"].trigger()
    sheet.set_side(32)
    sheet.verticalScrollBar().setValue(0)
    app.qt_app.processEvents()
    port, none = sheet.viewport(), Qt.KeyboardModifier.NoModifier
    before = time.perf_counter()
    until(
        app, lambda: sheet.crops.complete and sheet.crop_of(len(sheet.layout_now.within(port.rect())) - 1) is not None
    )
    seen = {"tiles": len(sheet.layout_now.within(port.rect())), "all_cut_s": time.perf_counter() - before}
    own: list[float] = []
    for i in range(120):
        before, busy = time.perf_counter(), time.thread_time()
        place = QPointF(port.rect().center())
        down = QPoint(0, -40 if i < 60 else 40)
        away, button = QPointF(port.mapToGlobal(place.toPoint())), Qt.MouseButton.NoButton
        wheel = QWheelEvent(place, away, QPoint(), down, button, none, Qt.ScrollPhase.NoScrollPhase, False)
        app.qt_app.sendEvent(port, wheel)
        port.repaint()
        times.append((time.perf_counter() - before) * 1e3)
        own.append((time.thread_time() - busy) * 1e3)
        app.qt_app.processEvents()
    return seen | summary(times) | {f"own_{k}": v for k, v in summary(own).items()}


def memory_mib() -> float:
    """Memory of this process and its children that is in RAM."""
    own = os.getpid()
    pids = [p for p in Path("/proc").iterdir() if p.name.isdigit()]
    parents = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            parents[pid.name] = (pid / "stat").read_text().rsplit(")", 1)[1].split()[1]
    family = [pid for pid, parent in parents.items() if pid == str(own) or parent == str(own)]
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def rows(app: App, began: float) -> dict[str, float]:
    window = app.window
    until(app, lambda: window.isVisible())
    app.qt_app.processEvents()
    window.repaint()
    opened, times = time.time() - began, []
    until(app, lambda: not window.controller.session.reading_ahead)
    read = time.time() - began
    before = time.perf_counter()
    window.controller.choose_landmark("heart_00")
    app.qt_app.processEvents()
    first = time.perf_counter() - before
    window.worklist.filter.setFocus()
    for word in ("0123", "99", "5050", "png"):
        for key in [*word, *([Qt.Key.Key_Backspace] * len(word))]:
            before = time.perf_counter()
            if isinstance(key, str):
                QTest.keyClicks(window.worklist.filter, key)
            else:
                QTest.keyClick(window.worklist.filter, key)
            window.worklist.repaint()
            times.append((time.perf_counter() - before) * 1e3)
            QTest.qWait(20)
    told = {
        "open_s": opened,
        "all_read_s": read,
        "first_landmark_s": first,
        "rows": len(window.controller.session.images),
    }
    return told | {"memory_mib": memory_mib()} | {f"key_{k}": v for k, v in summary(times).items()}


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


class Painted(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def held(app: App) -> dict[str, float]:
    until(app, lambda: shown(app))
    QTest.qWait(1500)
    painted, times = Painted(app.window.image_view.viewport()), []
    for _ in range(len(app.window.controller.session.images) - 1):
        before, count = time.perf_counter(), painted.count
        app.window.actions_["nextImage"].trigger()
        until(app, lambda count=count: painted.count > count)
        app.qt_app.processEvents()
        times.append((time.perf_counter() - before) * 1e3)
    return summary(times)


def mouse(app: App, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, holds: Qt.MouseButton) -> None:
    """Send one event of a mouse that holds some buttons to the image."""
    port = app.window.image_view.viewport()
    none = Qt.KeyboardModifier.NoModifier
    app.qt_app.sendEvent(port, QMouseEvent(kind, QPointF(at), QPointF(port.mapToGlobal(at)), button, holds, none))


def marker(app: App) -> dict[str, float]:
    window, view, times = app.window, app.window.image_view, []
    until(app, lambda: shown(app))
    window.controller.session.define_landmark("Benchmark", "heart", (0.1, 0.2))
    window.controller.choose_landmark("Benchmark")
    window.controller.set_mode(Mode.LANDMARK)
    painted, left, none = Painted(view.viewport()), Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for i in range(30):
        QTest.qWait(200)
        at = view.viewport_of(*view.drawn_at("Benchmark")).toPoint()
        to = at + QPoint(12, 8) * (-1) ** i
        mouse(app, QEvent.Type.MouseButtonPress, at, left, left)
        mouse(app, QEvent.Type.MouseMove, to, none, left)
        app.qt_app.processEvents()
        before, count = time.perf_counter(), painted.count
        mouse(app, QEvent.Type.MouseButtonRelease, to, left, none)
        until(app, lambda count=count: painted.count > count)
        times.append((time.perf_counter() - before) * 1e3)
    return summary(times)


def strokes(app: App) -> dict[str, float]:
    """One move of each mask tool on the right lung's border: handled and painted."""
    window, found = app.window, {}
    until(app, lambda: shown(app))
    window.controller.choose_structure("right_lung")
    view = window.image_view
    port, image = view.viewport(), window.controller.image
    left, nothing = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for verb in ("maskPush", "maskBrush", "maskSmooth"):
        ys, xs = np.nonzero(window.controller.open_session().mask(image, "right_lung"))
        row = int(np.median(ys))
        window.actions_[verb].trigger()
        at = view.viewport_of(float(xs[ys == row].min()), float(row)).toPoint()
        mouse(app, QEvent.Type.MouseButtonPress, at, left, left)
        mouse(app, QEvent.Type.MouseMove, at + QPoint(0, 12), nothing, left)
        times, busy = [], []
        for i in range(60):
            before, own = time.perf_counter(), time.thread_time()
            mouse(app, QEvent.Type.MouseMove, at + QPoint(-i // 4, 12 + i), nothing, left)
            port.repaint()
            times.append((time.perf_counter() - before) * 1e3)
            busy.append((time.thread_time() - own) * 1e3)
        before = time.perf_counter()
        mouse(app, QEvent.Type.MouseButtonRelease, at + QPoint(-15, 72), left, nothing)
        port.repaint()
        found |= {f"{verb}_{k}": v for k, v in summary(times).items()}
        found |= {f"{verb}_own_{k}": v for k, v in summary(busy).items()}
        found[f"{verb}_kept"] = (time.perf_counter() - before) * 1e3
    return found


def crowded(app: App) -> dict[str, float]:
    window, port = app.window, app.window.image_view.viewport()
    session = window.controller.session
    until(app, lambda: shown(app))
    for landmark in session.landmarks:
        session.update_landmark(landmark.name, hidden=False)
    for i in range(216 - len(session.landmarks)):
        session.define_landmark(f"Benchmark {i}", "right_lung", (-0.8 + 0.03 * i, 0.7 * np.sin(i)))
    window.controller.set_look(masks=MaskStyle.FILL, uv=True)
    window.resize(window.width() + 950 - port.width(), window.height() + 700 - port.height())
    QTest.qWait(1000)
    seen: dict[str, float] = {}
    left, middle, right = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
    for what, button, step in (("level", left, (1, 1)), ("pan", middle, (2, 1)), ("zoom", right, (0, 1))):
        at, times = port.rect().center(), []
        mouse(app, QEvent.Type.MouseButtonPress, at, button, button)
        for i in [*range(12, 52), *range(52, 12, -1)]:
            before = time.perf_counter()
            mouse(app, QEvent.Type.MouseMove, at + QPoint(*step) * i, Qt.MouseButton.NoButton, button)
            port.repaint()
            times.append((time.perf_counter() - before) * 1e3)
            app.qt_app.processEvents()
        mouse(app, QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton)
        seen |= {f"{what}_{k}": v for k, v in summary(times).items()}
    return seen | {"width": port.width(), "height": port.height()}


def linked(app: App) -> dict[str, float]:
    window, pane = app.window, app.window.images
    until(app, lambda: shown(app))
    pane.show_beside(window.controller.open_session().images[1:4])
    until(app, lambda: all(view.grey.picture is not None and not view.grey.picture.coarse for view in pane.views))
    port = pane.active.viewport()
    pane.active.set_zoom(2 * pane.active.zoom)
    QTest.qWait(1000)
    seen: dict[str, float] = {"panes": len(pane.views)}
    for what, button, step in (
        ("pan", Qt.MouseButton.MiddleButton, (1, 1)),
        ("zoom", Qt.MouseButton.RightButton, (0, 1)),
    ):
        at, times, busy = port.rect().center(), [], []
        mouse(app, QEvent.Type.MouseButtonPress, at, button, button)
        for i in [*range(12, 52), *range(52, 12, -1)]:
            before, own = time.perf_counter(), time.thread_time()
            mouse(app, QEvent.Type.MouseMove, at + QPoint(*step) * i, Qt.MouseButton.NoButton, button)
            for view in pane.views:
                view.viewport().repaint()
            times.append((time.perf_counter() - before) * 1e3)
            busy.append((time.thread_time() - own) * 1e3)
            app.qt_app.processEvents()
        mouse(app, QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton)
        seen |= {f"{what}_{k}": v for k, v in summary(times).items()}
        seen |= {f"{what}_own_{k}": v for k, v in summary(busy).items()}
    return seen


RUNS: dict[str, Callable[[App], dict[str, float]]] = {
    "stalls": stalls,
    "next": next_image,
    "held": held,
    "landmark": landmark,
    "scroll": scroll,
    "page": page,
    "drag": drag,
    "marker": marker,
    "crowded": crowded,
    "linked": linked,
    "strokes": strokes,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=(*RUNS, "start", "rows"))
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--began", type=float, default=0.0)
    given = parser.parse_args()
    app = launch([*([str(given.images)] if given.images else []), "--project", str(given.project)])
    sys.excepthook = sys.__excepthook__  # the window's own would log a fault of this script and say nothing here
    app.window.resize(1280, 800)
    timed = {"start": start, "rows": rows}
    if given.what in RUNS:
        show_first_image(app)
    seen = RUNS[given.what](app) if given.what in RUNS else timed[given.what](app, given.began)
    print(json.dumps(seen))  # noqa: T201
    sys.stdout.flush()
    app.window.close()


if __name__ == "__main__":
    main()
