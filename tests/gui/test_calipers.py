"""A measurement that is chosen in its list is drawn in the image, where it is measured."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.gui.image.caliper_note import CaliperNote
from app.gui.measurements.measurement_table import MeasurementTable
from app.gui.state.view_state import Held


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
