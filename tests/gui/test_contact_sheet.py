"""The contact sheet under the reader's hands: its order, its tiles, and the images that are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtWidgets import QLabel, QPushButton

from app.core.landmark import PlacementState
from app.core.prediction import confidence
from app.gui.widgets.cached_pictures import text_size
from tests.gui.conftest import Hand, drag, in_image, on_template, shown_fully


def order(sheet) -> list[str]:
    return [tile.image for tile in sheet.tiles]


def placed(sheet, image: str):
    session = sheet.app.window.controller.session
    found, slot = session.placements("Apex"), session.images.index(image)
    return found.xy[slot], found.states[slot]


def test_a_click_on_a_half_visible_tile_shows_its_image_and_moves_nothing(sheet, qtbot) -> None:
    window = sheet.app.window
    sheet.horizontalScrollBar().setValue(70)
    row = sheet.tile_at(sheet.tile_rect(0).topLeft().toPointF() + QPoint(100, 60).toPointF())
    assert row == 0
    assert sheet.tile_rect(0).left() < 0
    at = sheet.tile_rect(0).center()
    before, history = sheet.horizontalScrollBar().value(), len(window.controller.session.history())
    assert sheet.viewport().rect().contains(at)
    hand = Hand(sheet.viewport())
    hand.press(at)
    hand.move(at + QPoint(2, 1))
    hand.release(at + QPoint(2, 1))
    assert window.controller.image == sheet.tiles[0].image
    assert sheet.horizontalScrollBar().value() == before
    assert len(window.controller.session.history()) == history
    sheet.setFocus()
    qtbot.keyClick(sheet, Qt.Key.Key_PageDown)
    qtbot.keyClick(sheet, Qt.Key.Key_PageUp)
    assert sheet.tile_rect(0).left() >= 0  # keys bring it into view


def test_tiles_keep_their_order_until_the_reader_asks(sheet, qtbot) -> None:
    window = sheet.app.window
    before = order(sheet)
    again = window.findChild(QPushButton, "sortAgain")
    assert not again.isVisible()
    centre = sheet.tile_rect(0).center()
    drag(qtbot, sheet.viewport(), centre, centre + QPoint(20, -10))
    assert order(sheet) == before
    drag(qtbot, sheet.viewport(), centre, centre + QPoint(14, 10))  # the same place is the same image
    assert [placed(sheet, name)[1] for name in before[:2]] == [PlacementState.CORRECTED, PlacementState.PREDICTED]
    assert order(sheet) == before
    assert again.isVisible()
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert order(sheet) == [*before[1:-1], before[0], before[-1]]  # placed by the reader: last but for the suspect
    assert not again.isVisible()


def test_the_least_confident_image_is_that_of_now_however_the_sheet_lies(sheet, qtbot) -> None:
    window, session = sheet.app.window, sheet.app.window.controller.session
    worst = order(sheet)[0]
    session.confirm_placement(worst, "Apex")
    sheet.sort_again()
    session.reset_placement(worst, "Apex")
    assert order(sheet)[-2] == worst  # behind all but the suspect one, and it stays there
    window.controller.show_image(order(sheet)[0])
    window.actions_["leastConfident"].trigger()
    assert window.controller.image == worst


def test_a_drop_goes_to_the_tile_where_the_drag_began(sheet, qtbot) -> None:
    window, controller = sheet.app.window, sheet.app.window.controller
    first, second = order(sheet)[:2]
    xy, _ = placed(sheet, first)
    other, _ = placed(sheet, second)
    at, goal = sheet.tile_rect(0).center(), sheet.tile_rect(1).center()
    per_pixel = controller.frame(first).diagonal * 0.17 / 116  # a crop of 17 % of the diagonal on 116 px
    drag(qtbot, sheet.viewport(), at, goal)
    assert placed(sheet, first)[0] == pytest.approx(xy + np.array([124, 0]) * per_pixel, abs=0.01)
    assert placed(sheet, second)[0] == pytest.approx(other)
    assert placed(sheet, second)[1] == PlacementState.PREDICTED
    assert window.image_view.drawn_at("Apex") == pytest.approx(placed(sheet, first)[0])


def test_a_drag_in_the_sheet_shows_in_the_image_and_the_other_way_round(sheet, qtbot) -> None:
    window = sheet.app.window
    first = order(sheet)[0]
    xy, _ = placed(sheet, first)
    hand = Hand(sheet.viewport())
    at = sheet.tile_rect(0).center()
    hand.press(at)
    qtbot.waitUntil(lambda: shown_fully(sheet.app))
    hand.move(at + QPoint(30, 12))
    per_pixel = window.controller.frame(first).diagonal * 0.17 / 116
    assert window.image_view.drawn_at("Apex") == pytest.approx(xy + np.array([30, 12]) * per_pixel, abs=0.01)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert window.image_view.drawn_at("Apex") == pytest.approx(xy)
    hand.release(at + QPoint(30, 12))
    view = Hand(window.image_view.viewport())
    spot = in_image(sheet.app, xy)
    view.press(spot)
    view.move(spot + QPoint(30, 12))
    native = np.array([30, 12]) / window.image_view.zoom
    off = sheet.drawn_at(first) - QRectF(sheet.tile_rect(0)).center()
    assert off.toTuple() == pytest.approx(native / per_pixel, abs=0.6)
    qtbot.keyClick(window.image_view, Qt.Key.Key_Escape)
    view.release(spot)
    assert placed(sheet, first)[1] == PlacementState.PREDICTED


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier])
def test_an_accepted_tile_is_stepped_over_and_says_why(sheet, qtbot, held) -> None:
    window, session = sheet.app.window, sheet.app.window.controller.session
    first, second, third = order(sheet)[:3]
    session.set_review(second, "accepted")
    window.controller.show_image(first)
    sheet.setFocus()
    history = len(session.history())
    qtbot.keyClick(sheet, Qt.Key.Key_Return, held)
    qtbot.keyClick(sheet, Qt.Key.Key_Return, held)
    assert window.controller.image == third
    assert len(session.history()) == history + 1
    said = window.findChild(QLabel, "notice")
    assert said.isVisible()
    assert said.parent() is sheet
    assert "accepted" in said.text()
    assert placed(sheet, second)[1] == PlacementState.PREDICTED


def figures(sheet) -> dict[str, str]:
    """The first word on each tile."""
    return {image: sheet.words_of(image)[0].split(" · ")[0] for image in order(sheet)}


@pytest.mark.parametrize("kept", [True, False], ids=["dropped", "escape"])
def test_the_figures_follow_a_landmark_that_is_dragged_on_the_template(sheet, qtbot, kept: bool) -> None:
    window, session = sheet.app.window, sheet.app.window.controller.session
    corrected, accepted = order(sheet)[1:3]
    session.move_placement(corrected, "Apex", (150.0, 160.5))
    session.set_review(accepted, "accepted")
    before = figures(sheet)
    view, there = window.template_view, on_template(sheet.app, "heart", (-0.45, -0.3))
    hand = Hand(view.viewport())
    hand.press(on_template(sheet.app, "heart", (0.3, 0.2)))
    hand.move(there - QPoint(20, 5))
    hand.move(there)
    errors = session.preview_places("heart", window.controller.moving.uv).expected_error
    sure = confidence(errors, session.diagonals)
    expected = {name: f"{figure:.2f}" for name, figure in zip(session.images, sure, strict=True)}
    expected |= {corrected: "corrected", accepted: before[accepted]}  # these stay as they are
    assert figures(sheet) == expected
    assert expected != before
    if kept:
        hand.release(there)
        assert figures(sheet) == expected
    else:
        qtbot.keyClick(view, Qt.Key.Key_Escape)
        assert figures(sheet) == before
        hand.release(there)


def test_the_words_on_a_tile_are_not_cut(sheet, qtbot) -> None:
    session = sheet.app.window.controller.session
    first = order(sheet)[0]
    session.move_placement(first, "Apex", (150.0, 160.5))
    session.set_review(first, "accepted")
    assert sheet.words_of(first) == ["corrected", "accepted"]
    session.set_review("noise.png", "accepted", although_suspect=True)
    lines = sheet.words_of("noise.png")
    assert " · ".join(lines).split(" · ")[1:] == ["accepted", "suspect"]
    for image in order(sheet):
        for line in sheet.words_of(image):
            assert text_size(line, small=True)[0] <= sheet.tile_rect(0).width() - 8


def test_suspect_images_come_last_until_the_reader_wants_them_among_the_others(sheet, qtbot) -> None:
    window, session = sheet.app.window, sheet.app.window.controller.session
    chip = window.findChild(QPushButton, "suspectsLast")
    assert chip.isVisible()
    assert chip.text() == "1 suspect image last"
    assert order(sheet)[-1] == "noise.png"
    sure = [tile.confidence for tile in sheet.tiles[:-1]]
    assert sure == sorted(sure)
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert chip.text() == "1 suspect image among the others"
    sure = [tile.confidence for tile in sheet.tiles]
    assert sure == sorted(sure)
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert order(sheet)[-1] == "noise.png"
    session.remove_images(["noise.png"])
    qtbot.waitUntil(lambda: not chip.isVisible())


def test_suspect_and_accepted_images_are_left_out_by_two_switches(sheet, qtbot) -> None:
    window, session = sheet.app.window, sheet.app.window.controller.session
    no_suspects = window.findChild(QPushButton, "withoutSuspects")
    no_accepted = window.findChild(QPushButton, "withoutAccepted")
    before = order(sheet)
    assert no_suspects.isVisible()
    assert not no_accepted.isVisible()
    session.set_review(before[1], "accepted")
    qtbot.mouseClick(no_suspects, Qt.MouseButton.LeftButton)
    assert order(sheet) == before[:-1]
    qtbot.mouseClick(no_accepted, Qt.MouseButton.LeftButton)
    assert order(sheet) == [before[0], *before[2:-1]]
    session.set_review(before[2], "accepted")
    assert order(sheet) == [before[0], *before[2:-1]]  # it does not vanish under the hand
    qtbot.mouseClick(window.findChild(QPushButton, "sortAgain"), Qt.MouseButton.LeftButton)
    assert order(sheet) == [before[0], *before[3:-1]]
    window.controller.show_image(before[1])  # has no tile
    sheet.setFocus()
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    assert window.controller.image == before[0]
    assert placed(sheet, before[0])[1] == PlacementState.PREDICTED
    session.undo()
    session.undo()
    qtbot.mouseClick(no_suspects, Qt.MouseButton.LeftButton)
    assert sorted(order(sheet)) == sorted(before)
