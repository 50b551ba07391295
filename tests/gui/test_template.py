"""Hands on the template: moving a landmark, its preview everywhere, locks, the legend, the live link's glow."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.gui.state.view_state import Mode
from app.gui.template.template_foot import TemplateFoot
from tests.gui.conftest import drag, name_landmark, on_template
from tests.gui.test_window import hover


def send(widget: QWidget, kind: QEvent.Type, at: QPoint, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    left, place = Qt.MouseButton.LeftButton, QPointF(at)
    pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, place, QPointF(widget.mapToGlobal(at)), pressed, held, modifiers)
    QApplication.sendEvent(widget, event)


@pytest.fixture
def apex(app, qtbot):
    """Landmark mode; “Apex” in three images: predicted, corrected, accepted."""
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    x, y = session.placements("Apex").xy[1]
    session.move_placement(session.images[1], "Apex", (float(x) + 5, float(y)))
    session.set_review(session.images[2], "accepted")
    window.controller.show_image(session.images[0])
    window.controller.set_mode(Mode.LANDMARK)
    return app


def foot(app) -> TemplateFoot:
    return app.window.findChild(TemplateFoot, "templateFoot")


def test_a_dragged_landmark_shows_everywhere_before_it_is_dropped(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    port = window.template_view.viewport()
    before, undo = session.placements("Apex").xy.copy(), session.undo_label
    at = on_template(apex, "heart", session.landmark("Apex").uv)
    send(port, QEvent.Type.MouseButtonPress, at)
    send(port, QEvent.Type.MouseMove, at + QPoint(6, 3))
    send(port, QEvent.Type.MouseMove, at + QPoint(20, 10))
    assert session.undo_label == undo
    shown = np.array(window.image_view.markers.markers[0].xy) - 0.5
    assert np.linalg.norm(shown - before[0]) > 5
    sheet = window.contact_sheet
    moved = {tile.image: sheet.shown_by(row).xy for row, tile in enumerate(sheet.tiles)}
    assert moved[session.images[0]] == pytest.approx(tuple(shown), abs=1e-6)
    assert moved[session.images[1]] == pytest.approx(tuple(before[1]))
    assert foot(apex).words().startswith("1 placement will change, 2 kept")
    send(port, QEvent.Type.MouseButtonRelease, at + QPoint(20, 10))
    after = session.placements("Apex").xy
    assert after[0] == pytest.approx(shown, abs=0.01)
    assert after[1:] == pytest.approx(before[1:])
    assert session.undo_label == "Move “Apex” on the template"
    window.actions_["undo"].trigger()
    assert session.placements("Apex").xy == pytest.approx(before)


@pytest.mark.parametrize("grip", [QPoint(5, -3), QPoint(-4, 6)])
def test_a_landmark_moves_on_the_template_as_far_as_the_mouse_wherever_it_was_taken(apex, grip) -> None:
    view, session = apex.window.template_view, apex.window.controller.session
    before = view.viewport_of("heart", session.landmark("Apex").uv)
    start = before.toPoint() + grip
    send(view.viewport(), QEvent.Type.MouseButtonPress, start)
    send(view.viewport(), QEvent.Type.MouseMove, start + QPoint(8, 4))
    send(view.viewport(), QEvent.Type.MouseButtonRelease, start + QPoint(20, -10))
    step = view.viewport_of("heart", session.landmark("Apex").uv) - before
    assert (step.x(), step.y()) == pytest.approx((20, -10), abs=0.01)


def test_escape_puts_a_dragged_landmark_back(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    port, mark = window.template_view.viewport(), session.landmark("Apex")
    at = on_template(apex, "heart", mark.uv)
    send(port, QEvent.Type.MouseButtonPress, at)
    send(port, QEvent.Type.MouseMove, at + QPoint(20, 10))
    qtbot.keyClick(window.template_view, Qt.Key.Key_Escape)
    assert window.controller.moving is None
    send(port, QEvent.Type.MouseButtonRelease, at + QPoint(20, 10))
    assert session.landmark("Apex") == mark
    assert foot(apex).words().startswith("u →")


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier])
def test_a_key_held_moves_a_landmark_in_any_mode(apex, qtbot, held) -> None:
    window, session = apex.window, apex.window.controller.session
    window.controller.set_mode(Mode.NAVIGATE)
    port, mark = window.template_view.viewport(), session.landmark("Apex")
    at = on_template(apex, "heart", mark.uv)
    drag(qtbot, port, at, at + QPoint(20, 10))
    assert session.landmark("Apex") == mark
    send(port, QEvent.Type.MouseButtonPress, at, held)
    send(port, QEvent.Type.MouseMove, at + QPoint(20, 10), held)
    send(port, QEvent.Type.MouseButtonRelease, at + QPoint(20, 10), held)
    assert session.landmark("Apex").u > mark.u


def test_a_locked_landmark_stays_and_says_so(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    session.update_landmark("Apex", locked=True)
    mark = session.landmark("Apex")
    at = on_template(apex, "heart", mark.uv)
    drag(qtbot, window.template_view.viewport(), at, at + QPoint(20, 10))
    assert session.landmark("Apex") == mark
    assert "locked" in window.messages.sentences()[-1]


def test_pointing_at_the_template_lights_the_structures_row(app, qtbot) -> None:
    window = app.window
    row = next(i for i, s in enumerate(window.controller.session.template.structures) if s.name == "heart")
    place = window.structures.row_rect(row).center() + QPoint(-20, -8)

    def colour() -> str:
        return window.structures.grab().toImage().pixelColor(place).name()

    before = colour()
    hover(window.template_view.viewport(), on_template(app, "heart", (0.2, 0.1)))
    assert colour() != before
