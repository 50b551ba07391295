"""Two to four images side by side: one is worked in, all others are looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.gui.application import App
from app.gui.image.turn import Turn
from app.gui.state.view_state import Mode
from app.project.session import Session
from tests.gui.conftest import SAMPLES, Hand, drag, hover, in_image, name_landmark, on_template, shown_fully

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


def decoded(view) -> bool:
    return view.isVisible() and view.grey.picture is not None and not view.grey.picture.coarse


@pytest.fixture
def both(app, qtbot):
    """The image and its neighbour, both with their pictures."""
    images = app.window.images
    app.window.actions_["compareNext"].trigger()
    qtbot.waitUntil(lambda: len(images.views) == 2 and all(map(decoded, images.views)))
    qtbot.waitUntil(lambda: images.views[1].width() > 100)
    return images.views


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of six predicted images."""
    folder = tmp_path_factory.mktemp("six")
    shutil.copytree(SAMPLES, folder / "films", ignore=shutil.ignore_patterns("*.md", "*.json"))
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([folder / "films"])
        session.remove_images(session.images[6:])
        session.predict()
    return folder


@pytest.fixture
def many(start, six: Path, tmp_path: Path, qtbot) -> App:
    """The program with six images, the first of them shown."""
    shutil.copytree(six, tmp_path / "six")
    running = start("--project", tmp_path / "six" / "project.dsr")
    qtbot.waitUntil(lambda: shown_fully(running), timeout=20_000)
    return running


def shown(app: App) -> list[str]:
    return [view.image for view in app.window.images.views]


def beside(app: App, qtbot, *numbers: int) -> tuple[str, ...]:
    """Show images beside the first; returns the names of all images of the project."""
    window = app.window
    names = window.controller.session.images
    window.images.show_beside([names[number] for number in numbers])
    qtbot.waitUntil(lambda: all(map(decoded, window.images.views)), timeout=20_000)
    return names


def double_click(view, at: QPoint) -> None:
    """All four events of it."""
    hand = Hand(view.viewport())
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
        hand.press(at, kind=kind)
        hand.release(at)


def wheel(view, steps: int, keys=Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(view.viewport().rect().center())
    everywhere, turned = QPointF(view.viewport().mapToGlobal(at)), QPoint(0, 120 * steps)
    nothing, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, everywhere, QPoint(), turned, nothing, keys, phase, False)
    QApplication.sendEvent(view.viewport(), event)


# --- any image beside any other


def test_selected_images_stand_side_by_side_in_halves_columns_and_two_by_two(many, qtbot) -> None:
    window = many.window
    names, pane = window.controller.session.images, window.images
    rows = window.worklist.list
    for count, number in enumerate((3, 1, 5), start=2):
        at = rows.visualRect(window.worklist.model.index_of(names[number])).center()
        qtbot.mouseClick(rows.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, at)
        assert window.controller.image == names[number]  # what is clicked is shown, as ever
        QTest.keyClick(window.image_view, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
        assert len(pane.views) == count
    qtbot.waitUntil(lambda: all(map(decoded, pane.views)), timeout=20_000)
    assert set(shown(many)) == {names[number] for number in (0, 1, 3, 5)}
    boxes = [view.geometry() for view in pane.views]
    assert len({box.width() // 8 for box in boxes}) == 1
    assert len({(box.x(), box.y()) for box in boxes}) == 4
    assert {box.y() for box in boxes} == {boxes[0].y(), boxes[2].y()}
    QTest.keyClick(window.image_view, Qt.Key.Key_Escape)
    boxes = [view.geometry() for view in pane.views]
    assert len({box.y() for box in boxes}) == 1
    assert len({box.x() for box in boxes}) == 3
    assert all(view.height() > 0.95 * pane.height() for view in pane.views)


def test_a_right_click_on_a_row_offers_it_beside_and_leaves_the_image_alone(many, qtbot) -> None:
    window, names = many.window, many.window.controller.session.images
    rows = window.worklist.list
    at = rows.visualRect(window.worklist.model.index_of(names[2])).center()
    qtbot.mousePress(rows.viewport(), RIGHT, pos=at)
    qtbot.mouseRelease(rows.viewport(), RIGHT, pos=at)
    rows.customContextMenuRequested.emit(at)
    assert window.controller.image == names[0]
    menu = window.findChild(QMenu, "contextMenu")
    (offer,) = [action for action in menu.actions() if action.text() == "Show beside"]
    assert menu.actions()[0].text() == names[2]  # whose menu it is
    offer.trigger()
    menu.close()
    assert shown(many) == [names[0], names[2]]
    assert window.controller.image == names[0]


def test_more_than_four_are_told_and_left_out(many, qtbot) -> None:
    window, names = many.window, many.window.controller.session.images
    window.images.show_beside(names)
    assert shown(many) == list(names[:4])
    assert "2 more images have no room" in window.notices.label.text()
    window.images.show_beside(names[4:5])
    assert "one more image has no room" in window.notices.label.text()
    window.images.show_beside(names[:4])  # they are all there
    assert shown(many) == list(names[:4])


def test_a_pane_is_closed_by_its_button_and_the_one_before_becomes_active(many, qtbot) -> None:
    window, pane = many.window, many.window.images
    names = beside(many, qtbot, 1, 2)
    corners = window.side_by_side.corners.corners
    second = pane.views[1]
    qtbot.mouseClick(second.viewport(), LEFT, pos=QPoint(60, 200))
    assert pane.active is second
    button = corners[second].close_button
    assert "Close this pane" in button.toolTip()
    qtbot.mouseClick(button, LEFT)
    assert shown(many) == [names[0], names[2]]
    assert (pane.active, window.controller.image) == (pane.views[0], names[0])
    assert window.image_view.hasFocus()
    qtbot.mouseClick(corners[pane.views[1]].close_button, LEFT)
    assert shown(many) == [names[0]]
    assert not corners[pane.views[0]].close_button.isVisible()  # the last one stays
    assert not QTest.keyClick(window.image_view, Qt.Key.Key_Escape)
    assert shown(many) == [names[0]]


# --- the active one


def test_a_click_makes_a_pane_the_active_one_and_its_image_the_chosen_one(many, qtbot) -> None:
    window, pane = many.window, many.window.images
    names = beside(many, qtbot, 3, 4)
    first, second, third = pane.views
    second.set_zoom(1.5)
    seen = third.zoom, third.native_of(QPointF(20, 20)).tolist()
    qtbot.mouseClick(third.viewport(), LEFT, pos=QPoint(60, 200))
    assert (pane.active, window.controller.image) == (third, names[4])
    assert window.worklist.list.currentIndex() == window.worklist.model.index_of(names[4])
    assert shown(many) == [names[0], names[3], names[4]]
    assert (third.zoom, third.native_of(QPointF(20, 20)).tolist()) == seen  # it is seen as before
    assert [view.editable for view in pane.views] == [False, False, True]
    assert [view.objectName() == "imageView" for view in pane.views] == [False, False, True]
    QTest.keyClick(third, Qt.Key.Key_PageDown)
    assert shown(many) == [names[0], names[3], names[5]]
    QTest.keyClick(third, Qt.Key.Key_F6)
    assert pane.active is first
    assert first.hasFocus()
    session = window.controller.session
    session.set_review(names[0], "rejected")
    window.controller.show_image(names[1])
    window.actions_["undo"].trigger()
    assert shown(many)[0] == names[0]  # where it happened


def test_what_is_undone_is_shown_in_the_pane_that_has_its_image(many, qtbot) -> None:
    window, pane = many.window, many.window.images
    names = beside(many, qtbot, 3)
    window.controller.session.set_review(names[3], "rejected")
    window.actions_["undo"].trigger()
    assert shown(many) == [names[0], names[3]]
    assert pane.active is pane.views[1]


def test_the_press_that_makes_a_pane_active_edits_nothing_the_next_one_does(both, app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.set_mode(Mode.LANDMARK)
    steps, (first, second) = len(session.history()), both
    at = second.viewport_of(*session.place_in(second.image, "heart", (0.3, 0.2))).toPoint()
    level = second.window_level
    drag(qtbot, second.viewport(), at, at + QPoint(30, 10))
    assert len(session.history()) == steps
    assert window.images.active is second
    assert second.window_level != level  # as in Navigate mode, and the drag went on while it became active
    drag(qtbot, second.viewport(), at, at + QPoint(30, 10))
    assert len(session.history()) == steps + 1
    assert np.hypot(*(session.placements("Apex").xy - session.preview_places("heart", (0.3, 0.2)).xy).T).argmax() == 1
    away = first.viewport().rect().center()
    double_click(first, away)
    assert window.images.active is first
    assert not first.editor.isVisible()


def test_a_drag_in_one_pane_is_untouched_by_the_others(both, app, qtbot) -> None:
    window, (first, second) = app.window, both
    session = window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.set_mode(Mode.LANDMARK)
    hand, start = Hand(first.viewport()), in_image(app, session.placements("Apex").xy[0])
    hand.press(start)
    hand.move(start + QPoint(30, 10))
    other = Hand(second.viewport())
    other.held = LEFT  # it is one mouse
    other.move(second.viewport().rect().center())
    other.press(QPoint(50, 50), RIGHT)
    other.release(QPoint(50, 50), RIGHT)
    wheel(second, -1, Qt.KeyboardModifier.ControlModifier)
    assert window.images.active is first
    assert window.controller.held is not None
    hand.release(start + QPoint(30, 10))
    placed = first.viewport_of(*session.placements("Apex").xy[0])
    assert (placed - QPointF(start)).toPoint() != QPoint()
    assert session.placements("Apex").states[0] == "corrected"


@pytest.mark.parametrize("how", ["escape", "focus", "removed", "closed", "button"])
def test_whatever_ends_a_drag_ends_it_in_a_pane_too(both, app, qtbot, how: str) -> None:
    """Nothing is stored: Escape, lost focus, its image or its pane taken away; a second button does nothing at all."""
    window, (_, second) = app.window, both
    session = window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    qtbot.mouseClick(second.viewport(), LEFT, pos=QPoint(60, 200))
    window.controller.set_mode(Mode.LANDMARK)
    start = second.viewport_of(*session.placements("Apex").xy[1]).toPoint()
    hand, steps = Hand(second.viewport()), len(session.history())
    hand.press(start)
    hand.move(start + QPoint(30, 10))
    assert window.controller.held.image == second.image
    if how == "escape":
        QTest.keyClick(second, Qt.Key.Key_Escape)
    elif how == "focus":
        window.worklist.filter.setFocus()
    elif how == "removed":
        session.remove_images(second.image)
        steps += 1
    elif how == "closed":
        window.images.close_view(second)
    else:
        hand.press(start + QPoint(30, 10), RIGHT)
        hand.release(start + QPoint(30, 10), RIGHT)
        assert window.controller.held is not None
        QTest.keyClick(second, Qt.Key.Key_Escape)
    assert window.controller.held is None
    assert len(session.history()) == steps
    assert len(window.images.views) == (1 if how == "closed" else 2)  # Escape ended the drag, not the pane
    hand.release(start + QPoint(30, 10))
    assert len(session.history()) == steps


def test_nothing_is_edited_in_a_pane_whose_image_is_locked(both, app, qtbot) -> None:
    window, (_, second) = app.window, both
    session = window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    session.set_review(second.image, "accepted", shown={second.image: session.prediction_id(second.image)})
    qtbot.mouseClick(second.viewport(), LEFT, pos=QPoint(60, 200))
    window.controller.set_mode(Mode.LANDMARK)
    steps, start = len(session.history()), second.viewport_of(*session.placements("Apex").xy[1]).toPoint()
    drag(qtbot, second.viewport(), start, start + QPoint(30, 10))
    assert len(session.history()) == steps
    assert "accepted and locked" in window.notices.label.text()
    assert window.notices.label.parent() is second


def test_the_wheel_goes_through_the_images_of_the_pane_under_it(many, qtbot) -> None:
    window = many.window
    names = beside(many, qtbot, 3)
    wheel(window.images.views[1], -1)
    assert shown(many) == [names[0], names[4]]
    assert window.controller.image == names[4]


# --- what follows what


def test_the_spot_on_the_template_shows_in_both(app, both) -> None:
    window, session = app.window, app.window.controller.session
    hover(window.template_view.viewport(), on_template(app, "heart", (0.2, 0.1)))
    for view in both:
        place = session.place_in(view.image, "heart", window.controller.spot.uv)
        spot = view.markers.spot
        assert (spot.x() - 0.5, spot.y() - 0.5) == pytest.approx(tuple(place))
    assert both[0].image != both[1].image


def test_the_spot_in_one_image_shows_in_all_others_and_on_the_template(many, qtbot) -> None:
    session, window = many.window.controller.session, many.window
    beside(many, qtbot, 1, 2, 3)
    first, second, third, fourth = window.images.views
    place = session.place_in(second.image, "heart", (0.2, 0.1))
    hover(second.viewport(), second.viewport_of(*place).toPoint())
    qtbot.waitUntil(lambda: first.markers.spot is not None)
    assert second.markers.spot is None
    for view in (first, third, fourth):
        expected = session.place_in(view.image, "heart", (0.2, 0.1))
        at = view.native_of(view.from_plane(*view.markers.spot.toTuple()))
        assert at == pytest.approx(expected, abs=8)  # a pixel of the screen is some of the image
    assert window.controller.spot.structure == "heart"
    assert window.controller.spot.uv == pytest.approx((0.2, 0.1), abs=0.03)
    QApplication.sendEvent(second, QEvent(QEvent.Type.Leave))
    assert [view.markers.spot for view in window.images.views] == [None] * 4


def test_the_neighbour_follows_the_worklist_and_ends(app, both, qtbot) -> None:
    window, names = app.window, app.window.controller.session.images
    _, second = both
    assert (window.controller.image, second.image) == names[:2]
    window.actions_["nextImage"].trigger()
    assert second.image == names[2]
    wheel(second, -1)  # the wheel over the neighbour goes on with both
    assert window.controller.image == names[2]
    assert second.image == ""
    assert "no next image" in second.nothing
    window.controller.show_image(names[2])
    window.actions_["comparePrevious"].trigger()
    assert second.image == names[1]
    window.worklist.filter.setText("dcm")
    assert second.image != names[1]
    window.worklist.filter.clear()
    assert second.image == names[1]
    window.controller.session.remove_images(names[1])
    assert second.image == names[0]
    window.actions_["comparePrevious"].trigger()
    assert not second.isVisible()
    assert window.actions_["compareNone"].isChecked()


def test_a_neighbour_that_is_clicked_stays_and_so_does_the_other(app, both, qtbot) -> None:
    window, names = app.window, app.window.controller.session.images
    qtbot.mouseClick(both[1].viewport(), LEFT, pos=QPoint(60, 200))
    assert shown(app) == [names[0], names[1]]
    assert window.actions_["compareKept"].isChecked()
    QTest.keyClick(both[1], Qt.Key.Key_PageDown)
    assert shown(app) == [names[0], names[2]]


def test_a_removed_image_comes_back_into_its_pane_and_a_renamed_one_stays(many, qtbot) -> None:
    window, session = many.window, many.window.controller.session
    names = beside(many, qtbot, 3, 4)
    session.remove_images(names[3])
    assert shown(many) == [names[0], "", names[4]]
    assert "was removed" in window.images.views[1].nothing
    qtbot.mouseClick(window.images.views[1].viewport(), LEFT, pos=QPoint(60, 200))
    assert window.controller.image == names[0]  # there is nothing to work in
    session.undo()
    assert shown(many) == [names[0], names[3], names[4]]
    session.rename_image(names[4], "other.png")
    assert shown(many) == [names[0], names[3], "other.png"]
    session.undo()
    assert shown(many) == [names[0], names[3], names[4]]


def test_another_project_and_none_leave_one_pane(many, samples, qtbot) -> None:
    window = many.window
    beside(many, qtbot, 1, 2, 3)
    qtbot.mouseClick(window.images.views[2].viewport(), LEFT, pos=QPoint(60, 200))
    window.actions_["closeProject"].trigger()
    assert shown(many) == [""]
    window.projects.add([str(samples)])
    qtbot.waitUntil(lambda: shown_fully(many), timeout=20_000)
    assert shown(many) == [window.controller.image]
    assert window.controller.image == window.controller.session.images[0]


def test_inverting_magnifier_and_cross_hair_are_for_both(app, both) -> None:
    window = app.window
    middles = [view.viewport().rect().center() for view in both]
    before = [view.grab().toImage().pixelColor(at).red() for view, at in zip(both, middles, strict=True)]
    for name, switched in (
        ("invert", lambda view: view.invert and view.grey.invert),
        ("magnifier", lambda view: view.lens is not None),
        ("crosshair", lambda view: view.crosshair),
    ):
        for on in (True, False):
            window.actions_[name].trigger()
            assert [switched(view) for view in both] == [on, on], name
    window.controller.set_look(structures=False, uv=False)
    window.actions_["invert"].trigger()
    for view, at, grey in zip(both, middles, before, strict=True):
        assert view.grab().toImage().pixelColor(at).red() == pytest.approx(255 - grey, abs=2)


def test_each_is_seen_in_its_own_way(app, both, qtbot) -> None:
    first, second = both
    second.setFocus()
    QTest.keyClick(second, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert (first.turn, second.turn) == (Turn(), Turn(1))


@pytest.mark.parametrize("verb", ["invert", "magnifier", "crosshair"])
def test_another_view_begins_as_the_active_one_is_looked_at(app, verb: str) -> None:
    images, actions = app.window.images, app.window.actions_

    def looks(view) -> tuple[bool, bool, bool]:
        return view.invert, view.lens is not None, view.crosshair

    actions[verb].trigger()
    actions["compareNext"].trigger()
    wanted = tuple(name == verb for name in ("invert", "magnifier", "crosshair"))
    assert [looks(view) for view in images.views] == [wanted, wanted]
    actions["compareNone"].trigger()
    actions[verb].trigger()  # off, while the other is hidden
    actions["comparePrevious"].trigger()
    assert [looks(view) for view in images.views] == [(False, False, False)] * 2
