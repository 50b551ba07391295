"""Whatever ends a drag, what is drawn is what is stored: every kind of drag with every interruption.

Drawn is what the markers of image, second image, contact sheet and template say; stored is what the session says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.gui.state.view_state import Mode
from tests.gui.conftest import Hand, in_image, on_template, shown_fully

AWAY = QPoint(46, 28)
"""From the grip to where the drag is when it is interrupted, in screen pixels."""
MIDDLE, LEFT = Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton


@pytest.fixture
def apex(app, qtbot):
    """Landmark mode with “Apex” and “Base” in three images, the second image beside the first."""
    window, session = app.window, app.window.controller.session
    session.define_landmark("Base", "right_lung", (0.1, 0.6))
    session.define_landmark("Apex", "heart", (0.3, 0.2))
    window.controller.choose_landmark("Apex")
    window.actions_["landmarkMode"].trigger()
    window.actions_["compareNext"].trigger()
    second = window.images.views[1]
    qtbot.waitUntil(lambda: second.grey.picture is not None and not second.grey.picture.coarse, timeout=20_000)
    qtbot.waitUntil(lambda: shown_fully(app) and second.width() > 100)
    window.activateWindow()
    window.image_view.setFocus()
    return app


# --- what is drawn and what is stored


def stored(app, image: str) -> np.ndarray:
    session = app.window.controller.session
    return session.placements("Apex").xy[session.images.index(image)]


def drawn_in(view, name: str = "Apex") -> np.ndarray | None:
    """Native pixels of a marker: the plane of the view has its origin at the corner of the first pixel."""
    found = [np.array(m.xy) - 0.5 for m in view.markers.markers if m.name == name]
    return found[0] if found else None


def assert_drawn_is_stored(app) -> None:
    window, session = app.window, app.window.controller.session
    assert window.controller.held is None
    assert window.controller.moving is None
    for view in window.images.views:
        for placement in session.placements_in(view.image) if view.image else ():
            drawn = drawn_in(view, placement.landmark.name)
            if drawn is not None:
                assert drawn == pytest.approx(placement.xy, abs=1e-6), (view.objectName(), placement.landmark.name)
    sheet = window.contact_sheet
    for row, tile in enumerate(sheet.tiles):
        places = session.placements(window.controller.landmark).xy[tile.slot]
        assert tile.image == session.images[tile.slot]
        assert tile.xy == pytest.approx(tuple(places), abs=1e-6)
        off = sheet.drawn_at(tile.image) - QRectF(sheet.tile_rect(row)).center()
        assert off.manhattanLength() <= 1  # the crop lies about what is stored
    for mark in session.landmarks:
        drawn = [m.xy for m in window.template_view.markers.markers if m.name == mark.name]
        place = session.template.structure(mark.structure).from_chart(mark.uv)
        assert drawn in ([], [pytest.approx(tuple(place))])


def assert_drawn_is_stored_in_every_image(app, qtbot) -> None:
    assert_drawn_is_stored(app)
    for name in app.window.controller.session.images:
        app.window.controller.show_image(name)
        assert_drawn_is_stored(app)


# --- the kinds of drag


@dataclass
class Begun:
    """A drag that is under way: its hand, and the place in its viewport where the mouse is."""

    hand: Hand
    at: QPoint
    view: object


def _begin(view, start: QPoint, button=LEFT) -> Begun:
    hand = Hand(view.viewport())
    hand.press(start, button)
    hand.move(start + AWAY / 2)
    hand.move(start + AWAY)
    return Begun(hand, start + AWAY, view)


def in_the_image(app) -> Begun:
    begun = _begin(app.window.image_view, in_image(app, stored(app, app.window.controller.image)) + QPoint(4, -3))
    assert app.window.controller.held is not None
    return begun


def in_the_sheet(app) -> Begun:
    sheet = app.window.contact_sheet
    row = next(i for i, tile in enumerate(sheet.tiles) if tile.image == app.window.controller.image)
    begun = _begin(sheet, sheet.tile_rect(row).center())
    assert app.window.controller.held is not None
    return begun


def on_the_template(app) -> Begun:
    begun = _begin(
        app.window.template_view, on_template(app, "heart", app.window.controller.session.landmark("Apex").uv)
    )
    assert app.window.controller.moving is not None
    return begun


def with_the_ruler(app) -> Begun:
    app.window.actions_["setSpacing"].trigger()
    dialog = app.window.findChild(object, "spacingDialog")
    dialog.measured.setChecked(True)
    return _begin(app.window.image_view, in_image(app, (200, 300)))


def with_several_clicks(app) -> Begun:
    app.window.actions_["newFromClicks"].trigger()
    return _begin(app.window.image_view, in_image(app, (200, 300)))


def panning(app) -> Begun:
    return _begin(app.window.image_view, in_image(app, (200, 300)), MIDDLE)


KINDS = (in_the_image, in_the_sheet, on_the_template, with_the_ruler, with_several_clicks, panning)


# --- what interrupts it


def escape(app, begun: Begun, qtbot) -> None:
    qtbot.keyClick(begun.view, Qt.Key.Key_Escape)


def lost_focus(app, begun: Begun, qtbot) -> None:
    QApplication.sendEvent(begun.view, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.OtherFocusReason))


def window_deactivated(app, begun: Begun, qtbot) -> None:
    QApplication.sendEvent(app.window, QEvent(QEvent.Type.WindowDeactivate))


def grab_lost(app, begun: Begun, qtbot) -> None:
    QApplication.sendEvent(begun.view.viewport(), QEvent(QEvent.Type.UngrabMouse))


def release_that_never_came(app, begun: Begun, qtbot) -> None:
    begun.hand.held = Qt.MouseButton.NoButton
    begun.hand.move(begun.at + QPoint(7, 7))


def next_image_by_key(app, begun: Begun, qtbot) -> None:
    app.window.actions_["nextImage"].trigger()


def next_image_by_wheel(app, begun: Begun, qtbot) -> None:
    port, at = app.window.image_view.viewport(), QPointF(30, 30)
    none = Qt.KeyboardModifier.NoModifier
    turn = (QPoint(0, 0), QPoint(0, -120), begun.hand.held, none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(port, QWheelEvent(at, QPointF(port.mapToGlobal(at.toPoint())), *turn))


def another_row_of_the_worklist(app, begun: Begun, qtbot) -> None:
    rows = app.window.worklist
    rows.list.setCurrentIndex(rows.model.index_of(app.window.controller.session.images[-1]))


def image_removed(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.remove_images([app.window.controller.image])


def other_image_removed(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.remove_images([app.window.controller.session.images[-1]])


def undone(app, begun: Begun, qtbot) -> None:
    app.window.actions_["undo"].trigger()


def undone_and_redone(app, begun: Begun, qtbot) -> None:
    app.window.actions_["undo"].trigger()
    app.window.actions_["redo"].trigger()


def accepted_meanwhile(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.set_review(app.window.controller.image, "accepted")


def landmark_deleted(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.delete_landmark("Apex")
    app.window.controller.choose_landmark("Base")


def landmark_hidden(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.update_landmark("Apex", hidden=True)


def landmark_moved_on_the_template(app, begun: Begun, qtbot) -> None:
    app.window.controller.session.move_landmark("Apex", (-0.2, -0.3))


def placed_by_another_path(app, begun: Begun, qtbot) -> None:
    image = app.window.controller.image
    app.window.controller.session.move_placement(image, "Apex", tuple(stored(app, image) + np.array([5, -9])))


def new_prediction(app, begun: Begun, qtbot) -> None:
    app.window.predicting.predict([app.window.controller.image])
    qtbot.waitUntil(lambda: not app.window.predicting.running, timeout=60_000)


def another_landmark(app, begun: Begun, qtbot) -> None:
    app.window.controller.choose_landmark("Base")


def navigate_mode(app, begun: Begun, qtbot) -> None:
    app.window.actions_["navigate"].trigger()


def view_turned(app, begun: Begun, qtbot) -> None:
    app.window.actions_["turnRight"].trigger()


def session_closed(app, begun: Begun, qtbot) -> None:
    app.window.actions_["closeProject"].trigger()


ENDINGS = (escape, lost_focus, window_deactivated, grab_lost, release_that_never_came)
"""These end any drag, whatever it is of."""
INTERRUPTIONS = (
    *ENDINGS,
    *(next_image_by_key, next_image_by_wheel, another_row_of_the_worklist, image_removed, other_image_removed),
    *(undone, undone_and_redone, accepted_meanwhile, landmark_deleted, landmark_hidden),
    *(landmark_moved_on_the_template, placed_by_another_path, another_landmark, navigate_mode, view_turned),
    session_closed,
)


def _check(app, begun: Begun, qtbot) -> None:
    """As it is, after one more move, and after the release, in every image."""
    if app.window.controller.session is None:
        begun.hand.move(begun.at + QPoint(9, 5))
        begun.hand.release(begun.at + QPoint(9, 5))
        assert app.window.image_view.markers.markers == []
        assert app.window.contact_sheet.tiles == []
        return
    if not app.window.controller.interaction.running:
        assert_drawn_is_stored(app)
        landmark = app.window.controller.landmark or "Base"
        before = app.window.controller.session.placements(landmark).xy.copy()
        begun.hand.move(begun.at + QPoint(9, 5))
        assert_drawn_is_stored(app)
        begun.hand.release(begun.at + QPoint(9, 5))
        after = app.window.controller.session.placements(landmark).xy
        assert after == pytest.approx(before, nan_ok=True)  # a drag that ended stores nothing later
    else:
        begun.hand.release(begun.at)
    assert_drawn_is_stored_in_every_image(app, qtbot)


@pytest.mark.parametrize("begin", KINDS)
def test_whatever_interrupts_a_drag_what_is_drawn_is_what_is_stored(apex, qtbot, begin: Callable[..., Begun]) -> None:
    """All interruptions in one program, each after undoing the one before: starting the program is what costs."""
    window, session = apex.window, apex.window.controller.session
    first = session.images[0]
    for interrupt in INTERRUPTIONS:
        window.controller.show_image(first)
        window.controller.choose_landmark("Apex")
        window.controller.set_mode(Mode.LANDMARK)
        begun = begin(apex)
        interrupt(apex, begun, qtbot)
        assert not (interrupt in ENDINGS and window.controller.interaction.running)
        _check(apex, begun, qtbot)
        window.multi_click.end()
        dialog = window.findChild(object, "spacingDialog")
        if dialog is not None:
            dialog.close()
            QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)
        if window.controller.session is None:
            break
        if interrupt is view_turned:
            window.actions_["resetTurn"].trigger()
        if interrupt is undone:
            session.redo()
        while session.undo_label != "Define “Apex”":
            session.undo()


@pytest.mark.parametrize("begin", [in_the_image, in_the_sheet, on_the_template])
def test_a_new_prediction_under_a_drag_leaves_what_is_stored(apex, qtbot, begin) -> None:
    begun = begin(apex)
    new_prediction(apex, begun, qtbot)
    _check(apex, begun, qtbot)


@pytest.mark.parametrize("line", ["anatomy_bar", "learn_bar", "panel"])
def test_a_marker_is_not_stored_elsewhere_because_the_window_is_laid_out_anew(apex, qtbot, line: str) -> None:
    window, view = apex.window, apex.window.image_view
    image = window.controller.image
    before = stored(apex, image).copy()
    hand = Hand(view.viewport())
    grip = in_image(apex, before)
    hand.press(grip)
    hand.move(grip + AWAY)
    assert window.controller.held is not None
    if line == "panel":
        window.actions_["imageAlone"].trigger()
    else:
        getattr(window, line).say("Something came of it.")
    qtbot.waitUntil(lambda: window.controller.held is None)
    hand.release(grip + AWAY)
    np.testing.assert_array_equal(stored(apex, image), before)
    assert_drawn_is_stored(apex)
