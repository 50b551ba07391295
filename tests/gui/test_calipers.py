"""A measurement that is chosen in its list is drawn in the image, where it is measured."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app.gui.image.caliper_note import CaliperNote
from app.gui.measurements.measurement_table import MeasurementTable
from app.gui.state.view_state import Held, Mode


def notes(app) -> list[CaliperNote]:
    return [note for note in app.window.image_view.annotations if isinstance(note, CaliperNote)]


def words(app) -> list[str]:
    return [one.words for note in notes(app) for one in note.calipers]


def test_the_chosen_measurement_is_drawn_with_its_values_follows_and_goes_with_its_list(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    qtbot.mouseClick(window.right_column.tabs.buttons.button(1), Qt.MouseButton.LeftButton)
    table = window.findChild(MeasurementTable, "measurementTable")
    qtbot.waitUntil(lambda: table.model().rowCount() > 0)
    assert notes(app) == []
    at = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: notes(app) != [])
    image = window.controller.image
    values = {one.entry.name: one.value for one in session.measurements_in(image)}
    heart = session.mask(image, "heart")
    columns = np.flatnonzero(heart.any(axis=0))
    assert words(app)[0].startswith(f"ctr {values['ctr']:.3f} · heart ")
    assert words(app)[1].startswith("thorax ")
    line = notes(app)[0].calipers[0].lines[0]
    np.testing.assert_array_equal(line[:, 0], [columns[0] - 0.5, columns[-1] + 0.5])
    before = window.image_view.grab().toImage()
    window.controller.show_image(session.images[1])
    qtbot.waitUntil(lambda: [note.image for note in notes(app)] == [session.images[1]])
    window.controller.show_image(image)
    qtbot.waitUntil(lambda: [note.image for note in notes(app)] == [image])
    qtbot.mouseClick(window.right_column.tabs.buttons.button(0), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: notes(app) == [])
    middle = window.image_view.viewport_of(*line.mean(axis=0)).toPoint() + window.image_view.viewport().pos()
    qtbot.waitUntil(lambda: window.image_view.grab().toImage().pixel(middle) != before.pixel(middle))


def test_all_of_them_are_drawn_by_a_key_and_follow_a_marker_that_is_dragged(app, qtbot) -> None:
    window = app.window
    window.activateWindow()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: len(words(app)) == 3)  # two for ctr, one for the angle; areas have no line
    tip = notes(app)[0].calipers[2].lines[0][1]
    window.controller.hold(Held(window.controller.image, "right_clavicle_22", (5.0, 5.0)))

    def follows() -> bool:
        lines = [line for one in notes(app)[0].calipers for line in one.lines]
        return any((line == (5.0, 5.0)).all(axis=1).any() for line in lines)

    qtbot.waitUntil(follows)
    window.controller.hold(None)
    qtbot.waitUntil(lambda: not follows())
    np.testing.assert_array_equal(notes(app)[0].calipers[2].lines[0][1], tip)
    window.actions_["showMeasurements"].trigger()
    assert notes(app) == []
    assert window.image_view.native_of(QPointF(1, 1)) is not None


def chosen_ctr(app, qtbot):
    """The cardiothoracic ratio's calipers in Landmark mode, with the left end of the heart's as the first grip."""
    window = app.window
    qtbot.mouseClick(window.right_column.tabs.buttons.button(1), Qt.MouseButton.LeftButton)
    table = window.findChild(MeasurementTable, "measurementTable")
    qtbot.waitUntil(lambda: table.model().rowCount() > 0)
    at = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    window.activateWindow()
    window.controller.set_mode(Mode.LANDMARK)
    qtbot.waitUntil(lambda: notes(app) != [] and len(list(notes(app)[0]._ends(window.image_view))) == 8)
    return table


def grips(app) -> dict[tuple[str, int, bool], QPointF]:
    found = notes(app)[0]._ends(app.window.image_view)
    return {(grip.caliper.shape, grip.end, grip.slides): place for grip, place in found}


def ctr(app) -> tuple[float, str]:
    window = app.window
    (one,) = [o for o in window.controller.session.measurements_in(window.controller.image) if o.entry.name == "ctr"]
    return one.value, str(one.state)


def drag(qtbot, view, start: QPointF, step: tuple[int, int]) -> None:
    port, at = view.viewport(), start.toPoint()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=at)
    for part in (1, 2, 3):
        qtbot.mouseMove(port, at + QPoint(step[0] * part // 3, step[1] * part // 3))


def test_an_end_of_a_caliper_is_dragged_and_the_ratio_is_corrected_undone_and_reset(app, qtbot) -> None:
    table, window = chosen_ctr(app, qtbot), app.window
    view, session, image = window.image_view, window.controller.session, window.controller.image
    before, state = ctr(app)
    assert state == "predicted"
    heart = notes(app)[0].calipers[0]
    place = grips(app)["heart", 1, True]
    drag(qtbot, view, place, (30, 12))
    moved = 30 / view.zoom
    qtbot.waitUntil(lambda: words(app)[0] != heart.words)  # it is drawn and told while it is dragged, nothing is stored
    assert ctr(app) == (before, "predicted")
    width = float(np.ptp(heart.places[:, 0]))
    expected = before * (width + moved) / width
    qtbot.waitUntil(lambda: abs(table.measurements.rows[0].value - expected) < 2e-3)
    port = view.viewport()
    qtbot.mousePress(port, Qt.MouseButton.RightButton, pos=place.toPoint())  # a second button does nothing
    qtbot.mouseRelease(port, Qt.MouseButton.RightButton, pos=place.toPoint())
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=place.toPoint() + QPoint(30, 12))
    value, state = ctr(app)
    assert (value, state) == (pytest.approx(expected, abs=2e-3), "corrected")
    qtbot.waitUntil(lambda: notes(app)[0].calipers[0].corrected)
    kept = notes(app)[0].calipers[0].places
    assert kept[1, 0] == pytest.approx(heart.places[1, 0] + moved, abs=0.01)
    np.testing.assert_allclose(kept[:, 1], heart.places[:, 1])  # by the line it only slides along
    assert session.history()[-1].label == f"Move an end of “heart” along x in {image.rsplit('.', 1)[0]}"
    window.actions_["undo"].trigger()
    assert ctr(app) == (before, "predicted")
    window.actions_["redo"].trigger()
    assert ctr(app) == (value, "corrected")
    qtbot.waitUntil(lambda: notes(app)[0].calipers[0].corrected)
    window.actions_["resetCalipers"].trigger()
    assert ctr(app) == (before, "predicted")


def test_by_the_border_an_end_goes_anywhere_and_escape_takes_the_drag_back(app, qtbot) -> None:
    chosen_ctr(app, qtbot)
    view, before = app.window.image_view, ctr(app)
    heart, place = notes(app)[0].calipers[0], grips(app)["heart", 0, False]
    drag(qtbot, view, place, (-24, 15))
    qtbot.waitUntil(lambda: words(app)[0] != heart.words)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint() + QPoint(-24, 15))
    qtbot.waitUntil(lambda: words(app)[0] == heart.words)
    assert ctr(app) == before
    drag(qtbot, view, place, (-24, 15))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint() + QPoint(-24, 15))
    qtbot.waitUntil(lambda: notes(app)[0].calipers[0].corrected)
    step = notes(app)[0].calipers[0].places[0] - heart.places[0]
    np.testing.assert_allclose(step, np.array([-24, 15]) / view.zoom, atol=0.01)


def test_in_an_accepted_image_and_in_navigate_mode_no_end_is_dragged(app, qtbot) -> None:
    chosen_ctr(app, qtbot)
    window, before = app.window, ctr(app)
    view, session = window.image_view, window.controller.session
    place = grips(app)["thorax", 1, False]
    assert session.set_review(window.controller.image, "accepted") is not None
    drag(qtbot, view, place, (-24, 15))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint() + QPoint(-24, 15))
    assert ctr(app) == before
    assert session.undo_label.endswith("accepted")
    session.undo()
    window.controller.set_mode(Mode.NAVIGATE)
    qtbot.waitUntil(lambda: not list(notes(app)[0]._ends(view)))
    drag(qtbot, view, place, (-24, 15))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint() + QPoint(-24, 15))
    assert ctr(app) == before
