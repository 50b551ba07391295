"""The hands of design 9 that move nothing: wheel, zoom, pan, 1:1, right-click menus, A in the sheet."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu

from app.core.landmark import PlacementState
from tests.gui.conftest import drag, in_image, name_landmark

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def view(app):
    return app.window.image_view


def wheel(widget, at: QPoint, y: int, keys=NONE) -> None:
    place = QPointF(at)
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, y),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_the_wheel_steps_one_image_per_notch_and_stops_at_the_ends(app, view) -> None:
    controller, names, at = app.window.controller, app.window.controller.session.images, QPoint(300, 200)
    for notch, shown in ((-120, 1), (-120, 2), (-120, 2), (120, 1), (120, 0), (120, 0)):
        wheel(view.viewport(), at, notch)
        assert controller.image == names[shown]
    for _ in range(3):
        wheel(view.viewport(), at, -30)  # a touch pad
        assert controller.image == names[0]
    wheel(view.viewport(), at, -30)
    assert controller.image == names[1]


def test_ctrl_and_wheel_zoom_about_the_mouse(app, view) -> None:
    at, image = QPoint(220, 130), app.window.controller.image
    place, zoom = view.native_of(QPointF(at)), view.zoom
    wheel(view.viewport(), at, 120, CTRL)
    assert view.zoom > 1.1 * zoom
    assert view.native_of(QPointF(at)) == pytest.approx(place)
    wheel(view.viewport(), at, -120, CTRL)
    assert view.zoom == pytest.approx(zoom)
    assert app.window.controller.image == image


def test_a_right_drag_zooms_about_where_it_began_and_opens_no_menu(app, view, qtbot) -> None:
    at, window = QPoint(260, 240), view.grey.voi_window
    place, zoom = view.native_of(QPointF(at)), view.zoom
    drag(qtbot, view.viewport(), at, at - QPoint(0, 60), Qt.MouseButton.RightButton)
    assert view.zoom > 1.2 * zoom
    assert view.native_of(QPointF(at)) == pytest.approx(place)
    drag(qtbot, view.viewport(), at, at + QPoint(0, 60), Qt.MouseButton.RightButton)
    assert view.zoom == pytest.approx(zoom, rel=0.02)
    assert view.grey.voi_window == window
    assert app.window.findChild(QMenu, "contextMenu") is None


def test_a_middle_drag_takes_the_picture_along(app, view, qtbot) -> None:
    at, step = QPoint(260, 240), QPoint(35, -20)
    view.set_zoom(2.0)
    place = view.native_of(QPointF(at))
    drag(qtbot, view.viewport(), at, at + step, Qt.MouseButton.MiddleButton)
    assert view.native_of(QPointF(at + step)) == pytest.approx(place, abs=0.01)
    assert view.zoom == 2.0


def test_one_to_one_zoom_in_out_and_fit(app, view, qtbot) -> None:
    view.setFocus()
    fitted = view.zoom
    qtbot.keyClick(view, Qt.Key.Key_1, CTRL)
    step = view.viewport_of(101, 50) - view.viewport_of(100, 50)
    assert (step.x(), step.y()) == pytest.approx((1 / view.devicePixelRatioF(), 0))
    app.window.actions_["zoomIn"].trigger()
    assert view.zoom == pytest.approx(1.25 / view.devicePixelRatioF())
    app.window.actions_["zoomOut"].trigger()
    assert view.zoom == pytest.approx(1 / view.devicePixelRatioF())
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.zoom == pytest.approx(fitted)


def words_of_menu(app) -> list[str]:
    menu = app.window.findChild(QMenu, "contextMenu")
    assert menu is not None
    assert menu.isVisible()
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def take(app, words: str) -> None:
    menu = app.window.findChild(QMenu, "contextMenu")
    next(action for action in menu.actions() if action.text() == words).trigger()
    menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_right_click_on_a_marker_offers_what_can_be_done_with_it_here(app, view, qtbot) -> None:
    session = app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    name_landmark(app, qtbot, "right_lung", (-0.2, 0.3), "Other")
    assert app.window.controller.landmark == "Other"
    at = in_image(app, session.placements("Apex").xy[0])
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=at)
    assert app.window.controller.landmark == "Apex"
    assert words_of_menu(app)[:3] == ["Confirm here", "Absent here", "Reset to the prediction"]
    take(app, "Absent here")
    assert session.placements("Apex").states[0] == PlacementState.ABSENT
    assert session.placements("Apex").states[1] == PlacementState.PREDICTED
    assert session.placements("Other").states[0] == PlacementState.PREDICTED


def test_a_right_click_beside_markers_offers_a_landmark_there(app, view, qtbot) -> None:
    session = app.window.controller.session
    place = session.place_in(view.image, "heart", (0.1, 0.1))
    at = in_image(app, place)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=at)
    beside = ["With its prediction alone", "With its mirror image"]
    assert words_of_menu(app) == ["New landmark under the mouse", "Fit", "1:1", "Invert", *beside]
    take(app, "New landmark under the mouse")
    view.editor.clear()
    qtbot.keyClicks(view.editor, "There")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
    assert session.placements("There").xy[0] == pytest.approx(place, abs=1.5 / view.zoom)


def test_a_right_click_in_the_landmark_table_and_the_worklist(app, qtbot) -> None:
    window = app.window
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    table = window.landmark_table
    at = table.visualRect(table.currentIndex()).center()
    table.customContextMenuRequested.emit(at)
    assert {"Rename…", "Delete in all images"} <= set(words_of_menu(app))
    take(app, "Delete in all images")
    assert "Apex" not in [mark.name for mark in window.controller.session.landmarks]
    rows = window.worklist.list
    at = rows.visualRect(window.worklist.model.index_of(window.controller.image)).center()
    reason = QContextMenuEvent.Reason.Keyboard
    QApplication.sendEvent(rows.viewport(), QContextMenuEvent(reason, at, rows.viewport().mapToGlobal(at)))
    assert any(words.startswith("Reject") for words in words_of_menu(app))
    take(app, next(words for words in words_of_menu(app) if words.startswith("Reject")))
    assert window.controller.session.image(window.controller.image).review == "rejected"


def test_in_the_sheet_enter_confirms_and_with_shift_says_absent_and_both_go_on(app, qtbot) -> None:
    controller, session, sheet = app.window.controller, app.window.controller.session, app.window.contact_sheet
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    order = [tile.image for tile in sheet.tiles]
    controller.show_image(order[0])
    sheet.setFocus()
    level = app.window.image_view.grey.voi_window
    qtbot.keyClick(sheet, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert controller.image == order[1]
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    states = dict(zip(session.images, session.placements("Apex").states, strict=True))
    assert [states[name] for name in order[:3]] == [
        PlacementState.ABSENT,
        PlacementState.CONFIRMED,
        PlacementState.PREDICTED,
    ]
    assert controller.image == order[2]
    controller.show_image(order[0])
    assert app.window.image_view.grey.voi_window == level


def test_the_wheel_moves_the_sheet_on_and_back_and_page_keys_step_from_tile_to_tile(app, qtbot) -> None:
    controller, sheet = app.window.controller, app.window.contact_sheet
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    sheet.setFixedWidth(260)
    bar, order, at = sheet.horizontalScrollBar(), [tile.image for tile in sheet.tiles], QPoint(50, 50)
    qtbot.waitUntil(lambda: bar.maximum() == 3 * (116 + 8) + 16 - 260)  # three tiles
    controller.show_image(order[0])
    bar.setValue(0)
    wheel(sheet.viewport(), at, -60)
    assert bar.value() == 60
    assert sheet.tile_at(QPointF(12 + 124 - 60, 50)) == 1
    wheel(sheet.viewport(), at, 45)
    assert bar.value() == 15
    wheel(sheet.viewport(), at, 120)
    assert bar.value() == 0
    assert controller.image == order[0], "the wheel steps through images over the image alone"
    sheet.setFocus()
    for key, shown in ((Qt.Key.Key_PageDown, 1), (Qt.Key.Key_PageDown, 2), (Qt.Key.Key_PageDown, 2)):
        qtbot.keyClick(sheet, key)
        assert controller.image == order[shown]
    assert sheet.tile_rect(2).right() < 260, "the tile of the image is in sight"
    for key, shown in ((Qt.Key.Key_PageUp, 1), (Qt.Key.Key_Left, 0), (Qt.Key.Key_PageUp, 0), (Qt.Key.Key_Right, 1)):
        qtbot.keyClick(sheet, key)
        assert controller.image == order[shown]


def test_the_crop_of_a_tile_shows_the_place_of_the_landmark_in_its_middle(app, qtbot) -> None:
    """A white square painted into the film lies where the tile says; left of it is left in the tile."""
    controller, sheet = app.window.controller, app.window.contact_sheet
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    controller.set_look(labels=False)
    sheet.set_aligned(False)
    tile = next(tile for tile in sheet.tiles if tile.image == "rendered_3.png")
    row = sheet.tiles.index(tile)
    rect = sheet.tile_rect(row)
    preview = app.window.pictures.preview(tile.image)
    frame = controller.frame(tile.image)
    qtbot.waitUntil(lambda: sheet.crop_of(row) is not None)
    shot = sheet.viewport().grab().toImage()
    scale = 0.17 * np.hypot(frame.height, frame.width) / 116  # native pixels per pixel of the tile (SHARE, TILE)
    seen, wanted = [], []
    for dx, dy in [(-45, -30), (-40, 25), (35, -40), (45, 20), (-20, -48), (30, 10), (-48, 0), (0, 30)]:
        at = rect.center() + QPoint(dx, dy)
        x, y = np.array(tile.xy) + scale * np.array([dx, dy])
        shrink = preview.shape[1] / frame.width
        column, line = int((x + 0.5) * shrink), int((y + 0.5) * shrink)
        seen.append(shot.pixelColor(at).red())
        wanted.append(float(preview[line - 1 : line + 2, column - 1 : column + 2].mean()))
    assert np.corrcoef(seen, wanted)[0, 1] > 0.97
    np.testing.assert_allclose(seen, wanted, atol=25)
