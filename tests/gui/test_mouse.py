"""Clicks, slips, grips and drops: what a small movement means, and what happens outside the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.core.landmark import PlacementState
from app.gui.state.view_state import Mode
from tests.gui.conftest import Hand, drag, in_image, on_template

SLIPS = [QPoint(0, 0), QPoint(2, 0), QPoint(0, -4), QPoint(-5, 4)]
"""Each shorter than Qt's start-drag distance (10 px, as `manhattanLength`)."""


@pytest.fixture
def apex(app):
    """Landmark mode, “Apex” chosen in three images."""
    session = app.window.controller.session
    session.define_landmark("Apex", "heart", (0.3, 0.2))
    app.window.controller.choose_landmark("Apex")
    app.window.actions_["landmarkMode"].trigger()
    app.window.image_view.setFocus()
    return app


def placed(app, name: str = "Apex") -> tuple[np.ndarray, object]:
    session = app.window.controller.session
    slot = session.images.index(app.window.controller.image)
    found = session.placements(name)
    return found.xy[slot], found.states[slot]


def slip(widget, at: QPoint, by: QPoint) -> None:
    hand = Hand(widget)
    hand.press(at)
    hand.move(at + by)
    hand.release(at + by)


def notice(app) -> QLabel:
    return app.window.findChild(QLabel, "notice")


@pytest.mark.parametrize("by", SLIPS, ids=lambda p: f"{p.x()},{p.y()}")
def test_a_slip_is_a_click_in_image_sheet_and_template(apex, qtbot, by) -> None:
    assert by.manhattanLength() < QApplication.startDragDistance()
    window, session = apex.window, apex.window.controller.session
    before, history = placed(apex), len(session.history())
    slip(window.image_view.viewport(), in_image(apex, before[0]), by)
    slip(window.contact_sheet.viewport(), window.contact_sheet.tile_rect(1).center(), by)
    assert window.controller.image == window.contact_sheet.tiles[1].image
    slip(window.template_view.viewport(), on_template(apex, "heart", (0.3, 0.2)), by)
    assert len(session.history()) == history  # nothing moved
    slip(window.template_view.viewport(), on_template(apex, "right_lung", (0.0, 0.5)), by)
    assert window.template_view.editor.isVisible()  # and no click is lost
    window.controller.session.set_absent(window.controller.image, "Apex")
    place = session.preview_places("heart", (-0.3, 0.4)).xy[session.images.index(window.controller.image)]
    at = in_image(apex, place)
    slip(window.image_view.viewport(), at, by)
    xy, state = placed(apex)
    assert state == PlacementState.CORRECTED
    assert xy == pytest.approx(window.image_view.native_of(QPointF(at + by)))


@pytest.mark.parametrize("grip", [QPoint(0, 0), QPoint(7, 2), QPoint(-5, -6)], ids=lambda p: f"{p.x()},{p.y()}")
def test_the_grip_keeps_its_offset(apex, qtbot, grip) -> None:
    view = apex.window.image_view
    start, _ = placed(apex)
    spot = in_image(apex, start)
    hand = Hand(view.viewport())
    hand.press(spot + grip)
    hand.move(spot + grip + QPoint(31, -17))
    away = (view.from_plane(*view.markers.markers[0].xy) - view.viewport_of(*start)).toTuple()
    assert away == pytest.approx((31, -17), abs=1e-3)  # it is as far from the mouse as when it was taken
    hand.release(spot + grip + QPoint(31, -17))
    xy, _ = placed(apex)
    assert (view.viewport_of(*xy) - view.viewport_of(*start)).toTuple() == pytest.approx((31, -17), abs=1e-3)


@pytest.mark.parametrize("side", [QPoint(-900, 0), QPoint(0, -900), QPoint(900, 0), QPoint(0, 900)], ids=str)
def test_a_drop_outside_the_picture_goes_back_and_says_why(apex, qtbot, side) -> None:
    view, session = apex.window.image_view, apex.window.controller.session
    before, history = placed(apex), len(session.history())
    at = in_image(apex, before[0])
    drag(qtbot, view.viewport(), at, at + side)
    after = placed(apex)
    assert after[0] == pytest.approx(before[0])
    assert after[1] == PlacementState.PREDICTED
    assert len(session.history()) == history
    assert view.drawn_at("Apex") == pytest.approx(before[0])
    assert "outside the picture" in notice(apex).text()
    assert notice(apex).isVisible()
    assert notice(apex).parent() is view  # where the eye is
    assert "outside the picture" in apex.window.messages.sentences()[-1]


def test_the_border_pixels_belong_to_the_picture(apex, qtbot) -> None:
    view = apex.window.image_view
    frame = view.frame_of_image
    view.set_zoom(4.0)
    for goal in ((0.0, 3.0), (frame.width - 1.0, frame.height - 1.0)):
        assert apex.window.controller.place(view.image, "Apex", goal)
        assert placed(apex)[0] == pytest.approx(goal)
    for goal in ((-0.6, 3.0), (frame.width - 0.4, 5.0), (5.0, frame.height - 0.4)):
        assert not apex.window.controller.place(view.image, "Apex", goal)


def test_an_arrow_does_not_push_a_marker_out_of_the_picture(apex, qtbot) -> None:
    view = apex.window.image_view
    apex.window.controller.place(view.image, "Apex", (0.25, 40.0))
    for _ in range(6):
        QTest.keyClick(view, Qt.Key.Key_Left)
    assert placed(apex)[0] == pytest.approx((-0.5, 40.0))
    assert "edge of the picture" in notice(apex).text()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert placed(apex)[0] == pytest.approx((-0.25, 40.0))


@pytest.mark.parametrize("second", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton], ids=str)
def test_a_second_button_does_nothing_while_one_is_held(apex, qtbot, second) -> None:
    view, window = apex.window.image_view, apex.window
    start, _ = placed(apex)
    at, zoom = in_image(apex, start), view.zoom
    hand = Hand(view.viewport())
    hand.press(at)
    hand.move(at + QPoint(20, 20))
    hand.press(at + QPoint(20, 20), second)
    hand.move(at + QPoint(40, 30))
    hand.release(at + QPoint(40, 30), second)
    hand.move(at + QPoint(44, 30))
    assert view.zoom == zoom
    assert view.viewport_of(*view.drawn_at("Apex")).toTuple() == pytest.approx(
        (view.viewport_of(*start) + QPointF(44, 30)).toTuple()
    )
    hand.release(at + QPoint(44, 30))
    xy, state = placed(apex)
    assert state == PlacementState.CORRECTED
    assert view.drawn_at("Apex") == pytest.approx(xy)
    assert window.findChild(object, "contextMenu") is None


def test_a_second_button_does_nothing_in_the_worklist(app, qtbot) -> None:
    window = app.window
    rows = window.worklist
    port = rows.list.viewport()
    centre = [rows.list.visualRect(rows.model.index(i)).center() for i in range(3)]
    hand = Hand(port)
    hand.press(centre[0])
    hand.move(centre[1])
    hand.press(centre[2], Qt.MouseButton.RightButton)
    hand.release(centre[2], Qt.MouseButton.RightButton)
    assert window.controller.image == rows.model.shown[rows.list.currentIndex().row()] == window.image_view.image
    window.actions_["nextImage"].trigger()
    hand.move(centre[1])
    hand.release(centre[1])
    assert window.controller.image == rows.model.shown[rows.list.currentIndex().row()] == window.image_view.image
    assert window.findChild(object, "contextMenu") is None


def test_who_leaves_the_name_of_a_landmark_keeps_the_focus_where_they_went(apex, qtbot) -> None:
    window = apex.window
    port = window.template_view.viewport()
    qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=on_template(apex, "right_lung", (0.0, 0.5)))
    assert window.template_view.editor.hasFocus()
    count = len(window.controller.session.landmarks)
    window.worklist.filter.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not window.template_view.editor.isVisible()
    assert window.worklist.filter.hasFocus()
    assert len(window.controller.session.landmarks) == count


def test_correcting_a_point_of_an_outline_says_once_which_is_which(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    own = session.bundle.landmarks[100].name
    window.controller.choose_landmark(own)
    window.controller.set_mode(Mode.LANDMARK)
    before = session.prediction(window.controller.image).masks.copy()
    view = window.image_view
    at = in_image(app, placed(app, own)[0])
    drag(qtbot, view.viewport(), at, at + QPoint(18, 0))
    assert placed(app, own)[1] == PlacementState.CORRECTED
    assert notice(app).text() == (
        "The outline stays where it is; the solid marker is your correction. Ctrl+B takes the outline along."
    )
    assert np.array_equal(session.prediction(window.controller.image).masks, before)
    first, second = view.image_input.words_of(own).splitlines()
    assert first.startswith(f"{own}: corrected by Tester, ")
    assert second.startswith("The outline stays where it is")
    told: list[str] = []
    window.controller.told.connect(lambda sentence, _: told.append(sentence))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert told == [f"Arrow keys nudge “{own}” in Landmark mode. PgUp and PgDn go through the images."]
    window.controller.use(session)  # as another project would be: its reader may be another one
    window.controller.choose_landmark(own)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert told[1:] == [
        "The outline stays where it is; the solid marker is your correction. Ctrl+B takes the outline along."
    ]


def test_a_marker_of_a_locked_image_stays_under_the_mouse_and_says_why(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    session.set_review(window.controller.image, "accepted")
    start, _ = placed(apex)
    sheet = window.contact_sheet
    row = next(i for i, tile in enumerate(sheet.tiles) if tile.image == window.controller.image)
    for view, at in ((window.image_view, in_image(apex, start)), (sheet, sheet.tile_rect(row).center())):
        notice(apex).clear()
        hand = Hand(view.viewport())
        hand.press(at)
        hand.move(at + QPoint(30, 20))
        assert window.controller.held is None
        assert window.image_view.drawn_at("Apex") == pytest.approx(start)
        assert "accepted and locked" in notice(apex).text()
        assert notice(apex).parent() is view
        hand.release(at + QPoint(30, 20))
        assert placed(apex)[0] == pytest.approx(start)


# --- a marker after a reopened acceptance


def test_a_marker_is_drawn_where_it_is_stored_after_an_image_was_reopened(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    image, view = window.controller.image, window.image_view

    def same() -> None:
        assert view.drawn_at("Apex") == pytest.approx(placed(apex)[0])
        tile = next(t for t in window.contact_sheet.tiles if t.image == image)
        assert tile.xy == pytest.approx(tuple(placed(apex)[0]))

    session.set_review(image, "accepted")
    frozen = placed(apex)[0].copy()
    session.move_landmark("Apex", (-0.4, 0.5))
    assert placed(apex)[0] == pytest.approx(frozen)
    same()
    session.set_review(image, "in_progress")
    assert np.linalg.norm(placed(apex)[0] - frozen) > 20
    same()
    session.undo()
    assert placed(apex)[0] == pytest.approx(frozen)
    same()
    session.redo()
    same()
    session.undo()
    session.undo()
    same()
