"""The contact sheet on the whole centre of the window: its tiles, its keys, and what leads back to the image."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel

from app.core.landmark import PlacementState, ReviewState
from app.gui.contact_sheet.sheet_layout import SheetLayout, columns_in
from app.gui.state.view_state import Mode
from tests.gui.conftest import Hand, drag

LEFT = Qt.MouseButton.LeftButton
CONTROL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def page(sheet, qtbot):
    sheet.app.window.actions_["sheetPage"].trigger()
    qtbot.waitUntil(lambda: sheet.height() > 400)
    return sheet


def order(sheet) -> list[str]:
    return [tile.image for tile in sheet.tiles]


def placed(sheet, image: str):
    session = sheet.app.window.controller.session
    found, slot = session.placements("Apex"), session.images.index(image)
    return found.xy[slot], found.states[slot]


def wheel(sheet, turned: int, keys=PLAIN) -> None:
    at = QPointF(sheet.viewport().rect().center())
    away, none = QPointF(sheet.viewport().mapToGlobal(at.toPoint())), Qt.MouseButton.NoButton
    event = QWheelEvent(at, away, QPoint(), QPoint(0, turned), none, keys, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(sheet.viewport(), event)


@pytest.mark.parametrize("columns", [0, 1, 5])
@pytest.mark.parametrize("scroll", [0, 37, 210])
def test_every_place_belongs_to_the_tile_that_is_painted_there(columns: int, scroll: int) -> None:
    layout = SheetLayout(23, 40, scroll, columns)
    rects = [layout.rect(row) for row in range(23)]
    for row, rect in enumerate(rects):
        for at in (rect.topLeft(), rect.bottomRight(), rect.center()):
            assert layout.at(at) == row
        assert layout.at(rect.topRight() + QPoint(2, 0)) == -1
        assert not any(rect.intersects(other) for other in rects[:row])
    area = rects[7].united(rects[11])
    assert set(layout.within(area)) >= {row for row, rect in enumerate(rects) if rect.intersects(area)}
    assert len(layout.within(area)) <= (5 if not columns else 5 + 2 * columns)


def test_a_page_has_as_many_columns_as_there_is_room_for() -> None:
    for width in range(60, 900, 13):
        columns = columns_in(width, 40)
        layout = SheetLayout(100, 40, 0, columns)
        assert layout.rect(columns - 1).right() < width or columns == 1
        assert SheetLayout(100, 40, 0, columns + 1).rect(columns).right() + 12 >= width


def test_the_key_fills_the_centre_and_escape_leads_back_one_thing_at_a_time(sheet, qtbot) -> None:
    window = sheet.app.window
    sheet.setFocus()
    before = sheet.height()
    qtbot.keyClick(sheet, Qt.Key.Key_F8)
    qtbot.waitUntil(lambda: sheet.height() > 3 * before)
    assert not window.image_view.isVisible()
    assert window.actions_["sheetPage"].isChecked()
    assert sheet.hasFocus()
    sheet.select_all()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.selected() == []
    assert sheet.page
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.page
    assert window.image_view.isVisible()
    assert not window.actions_["sheetPage"].isChecked()
    qtbot.waitUntil(lambda: sheet.height() == before)
    window.actions_["sheetPage"].trigger()
    window.worklist.list.setFocus()
    qtbot.keyClick(window.worklist.list, Qt.Key.Key_Escape)
    assert not sheet.page


def test_tiles_grow_and_shrink_by_wheel_and_keys_and_that_is_kept(page, qtbot, start) -> None:
    assert page.tile_rect(0).width() == 72
    assert page.tile_rect(1).top() == page.tile_rect(0).top()
    wheel(page, 120, CONTROL)
    assert page.tile_rect(0).width() == 83
    qtbot.keyClick(page, Qt.Key.Key_Minus)
    assert page.tile_rect(0).width() == 69
    qtbot.keyClick(page, Qt.Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier)
    assert page.tile_rect(0).width() == 83
    for _ in range(30):
        wheel(page, -120, CONTROL)
    assert page.tile_rect(0).width() == 32
    for _ in range(30):
        wheel(page, 240, CONTROL)
    assert page.tile_rect(0).width() == 232
    assert page.verticalScrollBar().maximum() > 0
    page.verticalScrollBar().setValue(0)
    wheel(page, -120)
    assert page.verticalScrollBar().value() == 120
    again = start("--project", page.app.window.controller.session.path.with_name("other.dsr"))
    assert again.window.contact_sheet.side == 232


def test_a_drop_on_the_page_lands_where_it_is_let_go(page, qtbot) -> None:
    page.set_side(150)
    last = order(page)[5]
    page.app.window.controller.show_image(last)
    xy, _ = placed(page, last)
    at = page.tile_rect(5).center()
    assert page.viewport().rect().contains(at)
    drag(qtbot, page.viewport(), at, at + QPoint(31, -12))
    per_pixel = page.app.window.controller.frame(last).diagonal * 0.17 / 150
    assert placed(page, last)[0] == pytest.approx(xy + np.array([31, -12]) * per_pixel, abs=0.01)


def test_keys_go_by_tile_row_and_page(page, qtbot) -> None:
    page.set_side(200)
    controller, names, columns = page.app.window.controller, order(page), page.layout_now.columns
    assert 2 <= columns <= 3
    controller.show_image(names[0])
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_PageDown, min(columns * (page.viewport().height() // 204), 6)),
        (Qt.Key.Key_End, 6),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(page, key)
        assert controller.image == names[row], key
        assert page.viewport().rect().contains(page.tile_rect(row))
    assert {placed(page, name)[1] for name in names} == {PlacementState.PREDICTED}  # Landmark mode: nothing is nudged


@pytest.mark.parametrize("how", ["maskMode", "imageAlone", "panelSheet", "compareNext", "sheetPage", "double", "gone"])
def test_what_asks_for_an_image_leads_back_to_it(page, qtbot, how: str) -> None:
    window = page.app.window
    if how == "double":
        at = page.tile_rect(3).center() + QPoint(20, 20)
        qtbot.mouseClick(page.viewport(), LEFT, pos=at)
        qtbot.mouseDClick(page.viewport(), LEFT, pos=at)
        assert window.controller.image == order(page)[3]
    elif how == "gone":
        window.controller.session.delete_landmark("Apex")
        window.controller.choose_landmark("")
    else:
        window.actions_[how].trigger()
    qtbot.waitUntil(lambda: window.image_view.isVisible())
    if how == "gone":
        return
    assert not page.page
    assert not window.actions_["sheetPage"].isChecked()


def test_the_page_brings_a_hidden_panel_back(sheet, qtbot) -> None:
    window = sheet.app.window
    window.actions_["panelSheet"].trigger()
    assert not sheet.isVisible()
    window.actions_["sheetPage"].trigger()
    assert sheet.page
    assert sheet.isVisible()
    assert window.actions_["panelSheet"].isChecked()


def test_nothing_is_done_in_an_image_that_is_not_on_the_screen(page, qtbot) -> None:
    window, session = page.app.window, page.app.window.controller.session
    history = len(session.history())
    window.actions_["placeHere"].trigger()
    said = window.findChild(QLabel, "notice")
    assert said.isVisible()
    assert said.parent() is page
    assert "not on the screen" in said.text()
    unseen = next(name for name in order(page) if name not in window.seen.shown and name != "noise.png")
    window.controller.show_image(unseen)
    window.actions_["accept"].trigger()  # its outlines were never seen
    assert session.review(unseen) is not ReviewState.ACCEPTED
    assert len(session.history()) == history


@pytest.mark.parametrize("how", ["key", "wheel", "plus", "escape", "undo", "image"])
def test_what_comes_in_the_middle_of_a_drag_on_the_page(page, qtbot, how: str) -> None:
    controller = page.app.window.controller
    first = order(page)[0]
    controller.session.confirm_placement(first, "Apex")
    before = placed(page, first)
    hand, at = Hand(page.viewport()), page.tile_rect(0).center()
    hand.press(at)
    hand.move(at + QPoint(14, 6))
    side = page.side
    if how == "key":
        qtbot.keyClick(page, Qt.Key.Key_F8)
    elif how == "wheel":
        wheel(page, 120, CONTROL)
        assert page.side == side  # what is dragged in stays where it is
        assert controller.held is not None
        qtbot.keyClick(page, Qt.Key.Key_Escape)
    elif how == "plus":
        qtbot.keyClick(page, Qt.Key.Key_Plus)
    elif how == "escape":
        qtbot.keyClick(page, Qt.Key.Key_Escape)
        assert page.page
    elif how == "undo":
        controller.session.undo()  # the command would let go of the marker, and no more
    else:
        controller.show_image(order(page)[3])
    assert controller.held is None
    hand.release(at + QPoint(14, 6))
    state = PlacementState.PREDICTED if how == "undo" else PlacementState.CONFIRMED
    assert placed(page, first)[1] == state
    assert placed(page, first)[0] == pytest.approx(before[0], abs=0.01)
    assert controller.mode is Mode.LANDMARK
