"""Starts the real application by `launch`, isolated from the reader's own settings; fails on Qt warnings and leaks."""

from __future__ import annotations

import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication

from app.gui.application import App, launch
from app.gui.state.view_state import Mode

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
HARMLESS = ("propagateSizeHints", "This plugin does not support")


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DENSESEG_SETTINGS", str(tmp_path / "settings.ini"))
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


@pytest.fixture(autouse=True)
def no_qt_warnings() -> Iterator[None]:
    said: list[str] = []

    def take(kind: QtMsgType, _context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not any(word in text for word in HARMLESS):
            said.append(text)

    before = qInstallMessageHandler(take)
    yield
    qInstallMessageHandler(before)
    assert not said


@pytest.fixture
def start(qtbot) -> Iterator[Callable[..., App]]:
    """Launches the program; ends it (and its children) afterwards and looks for windows left behind."""
    hook, apps = sys.excepthook, []
    failures: list[str] = []
    present = set(QApplication.topLevelWidgets())

    def begin(*argv: object) -> App:
        app = launch([str(a) for a in argv])
        sys.excepthook = lambda *error: failures.append("".join(traceback.format_exception(*error)))
        app.window.resize(1280, 800)
        app.window.reader_bar.hide()
        apps.append(app)
        qtbot.waitUntil(lambda: app.window.isVisible())
        return app

    yield begin
    for app in apps:
        app.window.close()
        app.window.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # 52: DeferredDelete
    QApplication.processEvents()
    sys.excepthook = hook
    assert not failures, "\n".join(failures)
    apps.clear()
    left = [w for w in QApplication.topLevelWidgets() if w not in present and w.isVisible()]
    assert not left


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder of three rendered radiographs."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("rendered_1.dcm", "rendered_3.png", "rendered_4.png"):
        shutil.copy(SAMPLES / name, folder)
    return folder


@pytest.fixture(scope="session")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three predicted images; copy it with its neighbours before use."""
    from app.project.session import Session

    folder = tmp_path_factory.mktemp("predicted")
    films = folder / "films"
    films.mkdir()
    for name in ("rendered_1.dcm", "rendered_3.png", "rendered_4.png"):
        shutil.copy(SAMPLES / name, films)
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([films])
        report = session.predict()
    assert not report.failed
    return folder


@pytest.fixture
def app(start, predicted: Path, tmp_path: Path, qtbot) -> App:
    """The program with three predicted images open and the first picture decoded."""
    folder = tmp_path / "project"
    shutil.copytree(predicted, folder)
    running = start("--project", folder / "project.dsr")
    qtbot.waitUntil(lambda: shown_fully(running), timeout=20_000)
    return running


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """A project of seven predicted images with a landmark; one shows no chest."""
    from app.project.session import Session

    folder = tmp_path_factory.mktemp("many")
    (folder / "films").mkdir()
    samples = sorted(SAMPLES.glob("rendered_*.png"))
    for i in range(6):
        shutil.copy(samples[i % len(samples)], folder / "films" / f"{i}_{samples[i % len(samples)].name}")
    noise = np.random.default_rng(4).integers(0, 255, (310, 402), np.uint8)
    QImage(noise.tobytes(), 402, 310, 402, QImage.Format.Format_Grayscale8).save(str(folder / "films" / "noise.png"))
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([folder / "films"])
        session.predict()
        session.define_landmark("Apex", "heart", (0.3, 0.2))
        assert session.suspect("noise.png")
    return folder


@pytest.fixture
def sheet(start, many, tmp_path, qtbot):
    """The contact sheet of that project, with the program as its `app`; crops are upright."""
    shutil.copytree(many, tmp_path / "project")
    app = start("--project", tmp_path / "project" / "project.dsr")
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    app.window.contact_sheet.set_aligned(False)
    app.window.controller.choose_landmark("Apex")
    app.window.controller.set_mode(Mode.LANDMARK)
    qtbot.waitUntil(lambda: len(app.window.contact_sheet.tiles) == 7)
    sheet = app.window.contact_sheet
    sheet.app = app
    return sheet


def shown_fully(app: App) -> bool:
    picture = app.window.image_view.grey.picture
    return picture is not None and not picture.coarse


def settled(app: App) -> bool:
    session = app.window.controller.session
    if session is None or app.window.predicting.running or app.window.adding.running:
        return False
    return all(session.image(name).status == "predicted" for name in session.images)


def in_image(app: App, xy) -> QPoint:
    """Viewport position of a native pixel."""
    return app.window.image_view.viewport_of(float(xy[0]), float(xy[1])).toPoint()


def on_template(app: App, structure: str, uv: tuple[float, float]) -> QPoint:
    return app.window.template_view.viewport_of(structure, uv).toPoint()


def hover(widget, at: QPoint) -> None:
    """Move the mouse without a button held."""
    nothing = Qt.MouseButton.NoButton
    place, everywhere = QPointF(at), QPointF(widget.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, place, everywhere, nothing, nothing, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


class Hand:
    """One hand on the mouse over a widget: which buttons it holds is part of every event, as with a real mouse."""

    def __init__(self, widget) -> None:
        self.widget, self.held = widget, Qt.MouseButton.NoButton

    def _send(self, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, keys) -> None:
        place, everywhere = QPointF(at), QPointF(self.widget.mapToGlobal(at))
        QApplication.sendEvent(self.widget, QMouseEvent(kind, place, everywhere, button, self.held, keys))

    def press(
        self,
        at: QPoint,
        button=Qt.MouseButton.LeftButton,
        keys=Qt.KeyboardModifier.NoModifier,
        kind=QEvent.Type.MouseButtonPress,
    ) -> None:
        self.held |= button
        self._send(kind, at, button, keys)

    def move(self, at: QPoint, keys=Qt.KeyboardModifier.NoModifier) -> None:
        self._send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, keys)

    def release(self, at: QPoint, button=Qt.MouseButton.LeftButton, keys=Qt.KeyboardModifier.NoModifier) -> None:
        self.held &= ~button
        self._send(QEvent.Type.MouseButtonRelease, at, button, keys)


def drag(
    qtbot, widget, start: QPoint, end: QPoint, button=Qt.MouseButton.LeftButton, keys=Qt.KeyboardModifier.NoModifier
) -> None:
    """Press, move in steps with the button held, release."""
    hand = Hand(widget)
    hand.press(start, button, keys)
    for i in range(1, 6):
        hand.move(start + (end - start) * i / 5, keys)
    hand.release(end, button, keys)


def name_landmark(app: App, qtbot, structure: str, uv: tuple[float, float], name: str) -> None:
    """Click on the template, type, Enter."""
    view = app.window.template_view
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_template(app, structure, uv))
    assert view.editor.isVisible()
    view.editor.clear()
    qtbot.keyClicks(view.editor, name)
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
