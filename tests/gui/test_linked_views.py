"""Images side by side are linked by the template; earlier studies, mirror image and prediction stand beside."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.core.template import FIELD
from app.gui.application import App
from app.gui.image.turn import Turn
from app.gui.state.view_state import Mode
from app.project.session import Session
from tests.gui.conftest import SAMPLES, drag, hover, name_landmark, shown_fully
from tests.gui.test_compare import LEFT, MIDDLE, RIGHT, decoded, double_click, shown, wheel

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def three(app, qtbot):
    """Three images side by side, the first of them active."""
    images = app.window.images
    images.show_beside(app.window.controller.session.images)
    qtbot.waitUntil(lambda: all(map(decoded, images.views)) and images.views[2].width() > 100, timeout=20_000)
    return images.views


def middle(view) -> np.ndarray:
    """What lies in the middle of a view, native pixels."""
    return view.native_of(QPointF(view.viewport().width() / 2, view.viewport().height() / 2))


def go_to(view, xy, zoom: float) -> None:
    """Zoom to a place as a reader does: with the wheel, then by dragging with the middle button."""
    while view.zoom < zoom:
        wheel(view, 1, CONTROL)
    for _ in range(3):
        centre = view.viewport().rect().center()
        by = centre - view.viewport_of(*xy).toPoint()
        reach = QPoint(max(-100, min(100, by.x())), max(-100, min(100, by.y())))
        if reach.manhattanLength() > 12:
            hand_to = centre + reach
            drag(None, view.viewport(), centre, hand_to, MIDDLE)


def test_the_place_in_the_middle_is_in_the_middle_of_all_and_equally_large(app, three) -> None:
    session, (first, second, third) = app.window.controller.session, three
    go_to(first, session.place_in(first.image, "right_lung", (0.1, 0.3)), 0.6)
    structure, uv, _ = session.template_point(first.image, tuple(middle(first)))
    assert structure == "right_lung"

    def lung(view) -> float:
        """How high it is on the screen: counted in the mask, not taken from a chart."""
        return float(np.ptp(np.flatnonzero(session.mask(view.image, "right_lung").any(axis=1)))) * view.zoom

    for view in (second, third):
        np.testing.assert_allclose(middle(view), session.place_in(view.image, structure, uv), atol=0.5)
        assert lung(view) == pytest.approx(lung(first), rel=0.06)
    assert second.zoom != pytest.approx(first.zoom, rel=0.002)  # the lungs are not equally large
    wheel(second, 3, CONTROL)  # the wheel over another pane leads as well
    assert lung(first) == pytest.approx(lung(second), rel=0.06)
    assert app.window.images.active is first


def test_outside_all_structures_the_field_links(app, three) -> None:
    session, (first, second, _) = app.window.controller.session, three
    between = session.place_in(first.image, FIELD, (0.0, -0.42))
    go_to(first, between, 0.6)
    structure, uv, _ = session.template_point(first.image, tuple(middle(first)))
    assert structure == FIELD
    np.testing.assert_allclose(middle(second), session.place_in(second.image, FIELD, uv), atol=0.5)


def test_without_the_link_each_is_moved_alone_and_with_it_all_come_together(app, three) -> None:
    window, (first, second, _) = app.window, three
    session = window.controller.session
    QTest.keyClick(first, Qt.Key.Key_K)
    assert not window.actions_["linkViews"].isChecked()
    before = second.zoom, middle(second).tolist()
    go_to(first, session.place_in(first.image, "heart", (0.2, 0.1)), 0.7)
    assert (second.zoom, middle(second).tolist()) == before
    corner = window.side_by_side.corners.corners[three[2]]
    assert corner.linked.isVisible()
    QTest.mouseClick(corner.linked, LEFT)
    structure, uv, _ = session.template_point(first.image, tuple(middle(first)))
    np.testing.assert_allclose(middle(second), session.place_in(second.image, structure, uv), atol=0.5)
    assert window.actions_["linkViews"].isChecked()
    QTest.keyClick(first, Qt.Key.Key_F)
    assert [view.fitted for view in three] == [True] * 3


def test_the_next_image_shows_the_same_place(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    names = session.images
    window.images.show_beside(names[1:2])
    first, second = window.images.views
    qtbot.waitUntil(lambda: all(map(decoded, (first, second))) and second.width() > 100, timeout=20_000)
    go_to(first, session.place_in(first.image, "heart", (0.2, 0.1)), 0.7)
    structure, uv, _ = session.template_point(first.image, tuple(middle(first)))
    before = second.zoom, middle(second).tolist()
    window.controller.show_image(names[2])
    qtbot.waitUntil(lambda: first.image == names[2] and decoded(first), timeout=20_000)
    np.testing.assert_allclose(middle(first), session.place_in(names[2], structure, uv), atol=0.5)
    assert (second.zoom, middle(second).tolist()) == before  # what one compares with does not move


def test_an_image_without_prediction_stays_as_it_is(app, three) -> None:
    session, (first, second, third) = app.window.controller.session, three
    session.set_orientation(second.image, 1)  # it waits for its prediction again
    before = second.zoom, middle(second).tolist()
    go_to(first, session.place_in(first.image, "heart", (0.2, 0.1)), 0.7)
    assert (second.zoom, middle(second).tolist()) == before
    assert third.zoom > 0.5


# --- left against right


def test_the_mirror_image_lies_like_the_other_side_and_its_cursor_too(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    QTest.keyClick(window.image_view, Qt.Key.Key_L, SHIFT)
    plain, mirrored = window.images.views
    qtbot.waitUntil(lambda: decoded(mirrored) and mirrored.width() > 100)
    assert (plain.image, mirrored.image) == (session.images[0],) * 2
    assert (plain.turn, mirrored.turn) == (Turn(), Turn(mirrored=True))
    corner = window.side_by_side.corners.corners[mirrored]
    assert corner.label.text() == "View mirrored"
    place = session.place_in(plain.image, "right_lung", (-0.1, -0.2))
    hover(plain.viewport(), plain.viewport_of(*place).toPoint())
    qtbot.waitUntil(lambda: mirrored.markers.spot is not None)
    _, uv, _ = session.template_point(plain.image, tuple(plain.native_of(plain.pointing.mouse)))
    expected = session.place_in(plain.image, "left_lung", (-uv[0], uv[1]))
    at = mirrored.viewport_of(*expected)
    spot = mirrored.from_plane(*mirrored.markers.spot.toTuple())
    assert (spot - at).manhattanLength() < 0.1
    here = plain.viewport_of(*place)  # both lungs hang about the same height, on the same side of their panes
    assert abs(spot.y() - here.y()) < 0.12 * plain.height()
    assert (spot.x() < mirrored.width() / 2) == (here.x() < plain.width() / 2)
    hover(mirrored.viewport(), at.toPoint())
    qtbot.waitUntil(lambda: plain.markers.spot is not None)
    assert window.controller.spot.structure == "left_lung"  # on the template it is where it is
    back = plain.from_plane(*plain.markers.spot.toTuple())
    assert (back - here).manhattanLength() < 6
    go_to(plain, place, 0.7)
    _, uv, _ = session.template_point(plain.image, tuple(middle(plain)), "right_lung")
    np.testing.assert_allclose(middle(mirrored), session.place_in(plain.image, "left_lung", (-uv[0], uv[1])), atol=0.5)


def test_both_ways_of_an_image_go_on_together_and_once_more_takes_the_second_away(app, qtbot) -> None:
    window, names = app.window, app.window.controller.session.images
    window.actions_["compareMirrored"].trigger()
    plain, mirrored = window.images.views
    QTest.keyClick(plain, Qt.Key.Key_PageDown)
    assert shown(app) == [names[1], names[1]]
    qtbot.mouseClick(mirrored.viewport(), LEFT, pos=QPoint(60, 200))
    QTest.keyClick(mirrored, Qt.Key.Key_PageDown)
    assert shown(app) == [names[2], names[2]]
    assert mirrored.turn.mirrored
    QTest.keyClick(mirrored, Qt.Key.Key_L, SHIFT)
    assert window.images.views == (plain,)
    assert not plain.turn.mirrored
    window.actions_["compareMirrored"].trigger()
    window.images.close_view(plain)
    (left,) = window.images.views
    assert not left.turn.mirrored  # a lone image is as it is read


# --- the prediction alone


def test_the_prediction_stands_beside_what_counts_now(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    name = session.images[0]
    was, moved = session.placements("Apex").xy[0].copy(), np.array([31.0, 12.0])
    session.move_placement(name, "Apex", tuple(was + moved))
    session.set_mask_absent(name, "left_lung")
    QTest.keyClick(window.image_view, Qt.Key.Key_P, SHIFT)
    now, before = window.images.views
    qtbot.waitUntil(lambda: decoded(before) and before.width() > 100)
    assert window.side_by_side.corners.corners[before].label.text() == "predicted"

    def marker(view):
        return next(one for one in view.markers.markers if one.name == "Apex")

    np.testing.assert_allclose(marker(now).xy, was + moved + 0.5, atol=0.01)
    np.testing.assert_allclose(marker(before).xy, was + 0.5, atol=0.01)
    assert (marker(now).state, marker(before).state) == ("corrected", "predicted")
    left_lung = session.template.index("left_lung")
    assert left_lung not in now.drawn.overlay.outlined
    assert left_lung in before.drawn.overlay.outlined
    qtbot.mouseClick(before.viewport(), LEFT, pos=QPoint(60, 200))
    assert window.images.active is before
    window.controller.set_mode(Mode.LANDMARK)
    steps, start = len(session.history()), before.viewport_of(*was).toPoint()
    drag(qtbot, before.viewport(), start, start + QPoint(30, 10))
    double_click(before, start + QPoint(60, -60))
    QTest.keyClick(before, Qt.Key.Key_Right)
    assert len(session.history()) == steps  # nothing is edited there, and that is said
    assert "prediction alone" in window.notices.label.text()
    assert shown(app) == [name, name]
    qtbot.mouseClick(now.viewport(), LEFT, pos=QPoint(60, 200))
    start = now.viewport_of(*(was + moved)).toPoint()
    drag(qtbot, now.viewport(), start, start + QPoint(-20, 5))
    assert len(session.history()) == steps + 1
    np.testing.assert_allclose(marker(before).xy, was + 0.5, atol=0.01)
    window.actions_["undo"].trigger()
    assert shown(app) == [name, name]
    np.testing.assert_allclose(marker(now).xy, was + moved + 0.5, atol=0.01)


# --- earlier studies


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three studies of one patient, one of another, and a picture without a header; predicted."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "films").mkdir()
    days = {"now": "20240501", "before": "20211231", "first": "20190203", "else": "20200101"}
    for i, (name, day) in enumerate(days.items()):
        data = pydicom.dcmread(SAMPLES / "rendered_1.dcm")
        data.PatientID, data.PatientName, data.StudyDate = "9" if name == "else" else "77", "Secret^Name", day
        data.StudyInstanceUID = data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.{i}"
        data.save_as(folder / "films" / f"{name}.dcm")
    shutil.copy(SAMPLES / "rendered_3.png", folder / "films" / "picture.png")
    with Session.create(folder / "project.dsr", reader="Tester") as session:
        session.add_images([folder / "films"])
        session.predict()
    return folder


@pytest.fixture
def patients(start, studied: Path, tmp_path: Path, qtbot) -> App:
    shutil.copytree(studied, tmp_path / "studies")
    running = start("--project", tmp_path / "studies" / "project.dsr")
    running.window.controller.show_image("now.dcm")
    qtbot.waitUntil(lambda: shown_fully(running), timeout=20_000)
    return running


def offers(app: App) -> list[str]:
    """The earlier studies that the menu of the image offers."""
    view = app.window.image_view
    QTest.mouseClick(view.viewport(), RIGHT, pos=QPoint(30, 300))
    menu = app.window.findChild(QMenu, "contextMenu")
    found = [action.text() for action in menu.actions() if "study of this patient" in action.text()]
    menu.close()
    menu.deleteLater()
    menu.setObjectName("")
    return found


def test_earlier_studies_of_the_patient_are_offered_and_open_beside(patients, qtbot, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    window = patients.window
    corner = window.side_by_side.corners.corners[window.image_view]
    assert corner.earlier.isVisible()
    assert corner.earlier.text() == "Earlier: 2021-12-31"
    assert offers(patients) == [
        "Earlier study of this patient, 2021-12-31",
        "Earlier study of this patient, 2019-02-03",
    ]
    QTest.keyClick(window.image_view, Qt.Key.Key_F9)
    assert corner.earlier.text() == "Earlier"  # others look on
    assert not any("20" in words for words in (*offers(patients), corner.earlier.toolTip()))
    QTest.keyClick(window.image_view, Qt.Key.Key_F9)
    qtbot.mouseClick(corner.earlier, LEFT)
    assert shown(patients) == ["now.dcm", "before.dcm"]
    assert window.side_by_side.corners.corners[window.images.views[1]].label.text() == "earlier, 2021-12-31"
    assert corner.earlier.text() == "Earlier: 2019-02-03"
    QTest.keyClick(window.image_view, Qt.Key.Key_D, CONTROL | SHIFT)
    assert shown(patients) == ["now.dcm", "before.dcm", "first.dcm"]
    QTest.keyClick(window.image_view, Qt.Key.Key_D, CONTROL | SHIFT)
    assert "All earlier studies" in window.notices.label.text()
    assert not [record for record in caplog.records if "Secret" in record.getMessage() or "77" in record.getMessage()]


def test_nothing_is_offered_where_there_is_nothing_earlier(patients) -> None:
    window = patients.window
    corner = window.side_by_side.corners.corners[window.image_view]
    for name in ("first.dcm", "else.dcm", "picture.png"):
        window.controller.show_image(name)
        assert not corner.earlier.isVisible()
        assert not corner.isVisible()
        assert offers(patients) == []
        window.actions_["compareEarlier"].trigger()
        assert "No earlier study" in window.notices.label.text()
    window.controller.show_image("before.dcm")
    assert corner.earlier.text() == "Earlier: 2019-02-03"
    window.controller.session.remove_images("first.dcm")
    assert not corner.earlier.isVisible()
    window.controller.session.undo()
    assert corner.earlier.isVisible()
