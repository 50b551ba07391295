"""Measurements in the window: the list beside the landmarks, the dialog, and the table over all images."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from skimage.draw import polygon2mask

from app.core.outliers import robust_z
from app.gui.measurements.all_images import AllImages
from app.gui.measurements.measurement_dialog import MeasurementDialog
from app.gui.measurements.measurement_table import MeasurementTable
from app.gui.state.view_state import Held
from app.io.image import read_image


@pytest.fixture
def listed(app, qtbot):
    """The window with its measurements in view."""
    button = app.window.right_column.tabs.buttons.button(1)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: texts(app) != [])
    return app


def table(app) -> MeasurementTable:
    return app.window.findChild(MeasurementTable, "measurementTable")


def texts(app) -> list[list[str]]:
    model = table(app).model()
    return [[model.index(row, column).data() for column in range(3)] for row in range(model.rowCount())]


def dialog(app) -> MeasurementDialog:
    return app.window.findChild(MeasurementDialog)


def test_the_shown_image_s_measurements_are_listed_and_follow_it(listed, qtbot) -> None:
    window, session = listed.window, listed.window.controller.session
    for image in session.images[:2]:
        window.controller.show_image(image)
        heart, lungs = (session.mask(image, name) for name in ("heart", "right_lung"))
        columns = np.nonzero((lungs | session.mask(image, "left_lung")).any(axis=0))[0]
        ratio = (np.ptp(np.nonzero(heart.any(axis=0))[0]) + 1) / (np.ptp(columns) + 1)
        qtbot.waitUntil(lambda ratio=ratio: texts(listed)[0][:2] == ["ctr", f"{ratio:.3f}"])
        (ctr,) = [one for one in session.measurements_in(image) if one.entry.name == "ctr"]
        assert texts(listed)[0][2] == f"± {ctr.expected_error:.3f}"
        assert 0.002 < ctr.expected_error < 0.05
    session.delete_measurement("ctr")
    qtbot.waitUntil(lambda: texts(listed)[0][0] == "right_lung_area")
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: texts(listed)[0][0] == "ctr")


def test_while_a_marker_is_dragged_what_depends_on_it_follows_and_comes_back_when_that_is_taken_back(listed, qtbot):
    window, session = listed.window, listed.window.controller.session
    image, before = window.controller.image, texts(listed)
    window.controller.hold(Held(image, "right_clavicle_22", (5.0, 5.0)))
    (moved,) = session.preview_measurements(image, "right_clavicle_22", (5.0, 5.0))
    assert texts(listed)[4][1] == f"{moved.value:.1f}°" != before[4][1]
    assert texts(listed)[:4] == before[:4]
    window.controller.hold(None)
    assert texts(listed) == before


def test_a_measurement_is_defined_in_the_dialog_where_names_are_completed_and_mistakes_marked(listed, qtbot) -> None:
    window, session = listed.window, listed.window.controller.session
    window.actions_["newMeasurement"].trigger()
    asked = dialog(listed)
    qtbot.keyClicks(asked.name, "reach")
    qtbot.keyClicks(asked.formula, "width(hea")
    asked.formula.complete("heart")
    assert asked.formula.text() == "width(heart"
    assert "There should be" in asked.remark.text()
    asked.keep()
    assert "reach" not in [entry.name for entry in session.measurements]
    qtbot.keyClicks(asked.formula, ") / width(spleen)")
    asked.keep()
    assert "There is no structure “spleen”" in asked.remark.text()
    assert asked.formula.selectedText().startswith("spleen")
    asked.formula.setText("width(heart) / height(heart)")
    asked.keep()
    assert session.measurements[-1].name == "reach"
    qtbot.waitUntil(lambda: texts(listed)[-1][0] == "reach")
    assert session.undo_label == "Define the measurement “reach”"


def test_a_double_click_changes_a_measurement_and_escape_leaves_it(listed, qtbot) -> None:
    session, view = listed.window.controller.session, table(listed)
    before = session.measurements
    at = view.visualRect(view.model().index(3, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    asked = dialog(listed)
    assert (asked.name.text(), asked.formula.text()) == ("lung_area_ratio", "area(right_lung) / area(left_lung)")
    QTest.keyClick(asked, Qt.Key.Key_Escape)
    assert session.measurements == before


def test_the_model_s_measurements_are_offered_where_a_project_lacks_them(listed, qtbot) -> None:
    session, section = listed.window.controller.session, listed.window.right_column.measurements
    assert not section.offered.isVisible()
    for name in ("ctr", "lung_area_ratio"):
        session.delete_measurement(name)
    assert section.offered.isVisible()
    qtbot.mouseClick(section.offered, Qt.MouseButton.LeftButton)
    assert {entry.name for entry in session.measurements} >= {"ctr", "lung_area_ratio"}
    assert not section.offered.isVisible()


def test_all_images_are_sorted_filtered_copied_and_opened_from_their_table(listed, qtbot) -> None:
    window, session = listed.window, listed.window.controller.session
    window.actions_["allMeasurements"].trigger()
    every = window.findChild(AllImages)
    qtbot.waitUntil(lambda: every.sorted.rowCount() == 3)
    session.set_mask_absent(session.images[0], "heart")
    qtbot.waitUntil(lambda: every.sorted.index(0, 1).data() == "–")
    values = session.measurement("ctr").values
    for order, expected in (
        (Qt.SortOrder.AscendingOrder, np.sort(values)),
        (Qt.SortOrder.DescendingOrder, -np.sort(-values)),
    ):
        every.table.sortByColumn(1, order)
        shown = [every.sorted.index(row, 1).data() for row in range(3)]
        assert shown == [*(f"{value:.3f}" for value in expected[:2]), "–"]
    last = every.sorted.index(1, 1)
    image = every.sorted.index(1, 0).data()
    one = next(one for one in session.measurements_in(image) if one.entry.name == "ctr")
    told = last.data(Qt.ItemDataRole.ToolTipRole).splitlines()
    assert one.expected_error > 0
    assert told[0] == f"{one.value:.3f} ± {one.expected_error:.3f}"
    assert told[1].startswith("ctr = ")
    every.copy_text()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["Image", "ctr"]
    assert len(lines) == 4
    every.filter.setText(session.images[1][:10])
    assert every.sorted.rowCount() == 1
    at = every.table.visualRect(every.sorted.index(0, 0)).center()
    qtbot.mouseClick(every.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(every.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.controller.image == session.images[1]


def test_what_lies_far_from_the_others_is_told_by_a_robust_z() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 100.0, np.nan])
    found = robust_z(values)
    np.testing.assert_allclose(found[:6], (values[:6] - 3.5) / (1.4826 * 1.5))
    assert np.isnan(found[6])
    np.testing.assert_array_equal(robust_z(np.array([2.0, 2.0, 2.0, np.nan])), [0, 0, 0, np.nan])
    assert np.isnan(robust_z(np.array([1.0, 2.0]))).all()


def test_grey_values_come_by_themselves_once_a_measurement_asks_for_them(listed, qtbot) -> None:
    window, session = listed.window, listed.window.controller.session
    session.define_region("zone", "right_lung", ((-0.4, -0.3), (0.3, -0.2), (0.2, 0.4)))
    session.define_measurement("lit", "mean(zone)")
    table = window.right_column.measurements.table
    row = [entry.name for entry in session.measurements].index("lit")
    qtbot.waitUntil(lambda: not np.isnan(session.measurement("lit").values).any())
    qtbot.waitUntil(lambda: table.measurements.rows[row].value > 0)
    image = window.controller.image
    pixels = read_image(session.image(image).path).pixels
    expected = pixels[polygon2mask(pixels.shape, session.region(image, "zone")[:, ::-1])].mean()
    np.testing.assert_allclose(table.measurements.rows[row].value, expected, rtol=2e-3)


def test_a_click_in_the_image_or_on_the_template_writes_a_name_into_the_formula(listed, qtbot) -> None:
    window, session = listed.window, listed.window.controller.session
    view, template, image = window.image_view, window.template_view, window.controller.image
    session.define_landmark("my hilum", "right_lung", (0.3, 0.1))
    window.actions_["newMeasurement"].trigger()
    asked = dialog(listed)
    assert not asked.isModal()
    rows, columns = np.nonzero(session.mask(image, "heart") & ~session.mask(image, "left_lung"))
    inside = view.viewport_of(float(columns[len(rows) // 2]), float(rows[len(rows) // 2])).toPoint()
    assert session.structures_at(image, tuple(view.native_of(QPointF(inside)).tolist()))[0] == "heart"
    qtbot.keyClicks(asked.formula, "width(")
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=inside)
    assert asked.formula.text() == "width(heart"
    asked.formula.setText("distance(right_lung_00")
    qtbot.waitUntil(lambda: view.marker_at(view.viewport_of(*view.drawn_at("my hilum"))) == "my hilum")
    marker = view.viewport_of(*view.drawn_at("my hilum")).toPoint()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=marker)
    assert asked.formula.text() == 'distance(right_lung_00, "my hilum"'
    asked.formula.setText("area(")
    lung = session.template.structure("left_lung")
    x, y = lung.from_chart((0.1, -0.2)).tolist()
    before = session.landmarks
    qtbot.mouseClick(template.viewport(), Qt.MouseButton.LeftButton, pos=template.from_plane(x, y).toPoint())
    assert asked.formula.text() == "area(left_lung"
    assert session.landmarks == before  # it names none meanwhile
    qtbot.keyClick(asked, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: view.tool is None and not template.takes_clicks)
