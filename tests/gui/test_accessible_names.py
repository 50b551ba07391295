"""What takes the focus, and every button, has a name for screen readers, as they ask for it: through QAccessible."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenuBar, QScrollBar, QWidget


def unnamed(top: QWidget) -> list[str]:
    """The widgets that can be reached and say nothing; the parts of Qt's own widgets speak for their owners."""
    found = []
    for widget in top.findChildren(QWidget):
        reached = widget.focusPolicy() != Qt.FocusPolicy.NoFocus or isinstance(widget, QAbstractButton)
        of_qt = isinstance(widget, QScrollBar | QMenuBar) or widget.objectName().startswith("qt_")
        if not widget.isVisible() or not reached or of_qt or type(widget) is QWidget:
            continue
        face = QAccessible.queryAccessibleInterface(widget)
        if face is None or not face.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    return found


@pytest.fixture
def reading(app):
    session = app.window.controller.session
    session.define_landmark("hilum", "heart", (0.1, 0.2))
    session.define_region("zone", "heart", ((-0.3, -0.3), (0.3, -0.3), (0.3, 0.3)))
    app.window.controller.choose_landmark("hilum")
    app.window.reader_bar.show()
    return app


def test_the_window_in_every_mode(reading, qtbot):
    window = reading.window
    for verb in ("navigate", "landmarkMode", "maskPush"):
        window.actions_[verb].trigger()
        assert unnamed(window) == []
    window.actions_["history"].trigger()
    window.actions_["showMessages"].trigger()
    window.actions_["nextFinding"].trigger()
    qtbot.waitUntil(lambda: window.walking.walk.complete)
    assert unnamed(window) == []


@pytest.mark.parametrize(
    "verb",
    ["export", "setSpacing", "editLandmark", "newMeasurement", "allMeasurements", "note", "filterValue", "setKeys"],
)
def test_dialogs(reading, qtbot, verb):
    seen: list[list[str]] = []

    def look() -> None:
        opened = [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]
        if not opened:
            QTimer.singleShot(20, look)
            return
        seen.append([words for dialog in opened for words in unnamed(dialog)])
        for dialog in opened:
            dialog.close()

    QTimer.singleShot(0, look)
    reading.window.actions_[verb].trigger()  # some return only when they are closed
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [[]]


def test_the_command_palette(reading, qtbot):
    reading.window.actions_["commandPalette"].trigger()
    palette = reading.window.command_palette
    qtbot.waitUntil(palette.isVisible)
    assert unnamed(palette) == []
    palette.close()
