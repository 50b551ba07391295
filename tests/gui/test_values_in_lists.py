"""Values of measurements as a filter of the worklist, and as points that open their image."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDialogButtonBox

from app.gui.measurements.all_images import AllImages
from app.gui.widgets import theme
from app.gui.worklist.value_filter import SOON_MS, Condition, ConditionDialog, condition_of
from tests.gui.conftest import hover


@pytest.fixture
def values(app) -> np.ndarray:
    """The cardiothoracic ratios of the three images."""
    found = app.window.controller.session.measurement("ctr").values
    assert len(set(found.tolist())) == 3
    return found


def between(values: np.ndarray) -> float:
    """A limit that two of three values are above."""
    low, middle, _ = sorted(values.tolist())
    return round((low + middle) / 2, 4)


def test_a_condition_that_is_typed_becomes_a_chip_beside_the_text_and_a_click_takes_it_away(app, values, qtbot):
    window, session, limit = app.window, app.window.controller.session, between(values)
    worklist = window.worklist
    assert not worklist.value.isVisible()
    worklist.edit_filter()
    qtbot.keyClicks(worklist.filter, f"CTR > {limit}")
    qtbot.keyClick(worklist.filter, Qt.Key.Key_Return)
    above = [name for name, value in zip(session.images, values, strict=True) if value > limit]
    qtbot.waitUntil(lambda: worklist.model.shown == above)
    assert worklist.value.isVisible()
    assert worklist.value.text() == f"ctr > {limit:g}  ✕"
    assert worklist.filter.text() == ""
    assert window.controller.image in above
    worklist.filter.setText(above[1][:10])
    assert worklist.model.shown == [name for name in above if name.startswith(above[1][:10])]
    worklist.filter.clear()
    heart = session.mask(above[0], "heart").copy()
    heart[:, : heart.shape[1] // 2] = False
    session.set_mask(above[0], "heart", heart)  # it is narrow now, and stays while one works on it
    qtbot.wait(2 * SOON_MS)  # nothing tells that the list is not looked up anew
    assert worklist.model.shown == above
    qtbot.mouseClick(worklist.value, Qt.MouseButton.LeftButton)
    assert worklist.model.shown == list(session.images)
    assert not worklist.value.isVisible()


def test_only_values_in_the_unit_of_most_images_fulfil_a_condition(app, qtbot):
    session, worklist = app.window.controller.session, app.window.worklist
    known = {name: session.image(name).frame.spacing is not None for name in session.images}
    assert sorted(known.values()) == [False, False, True]  # one image alone is measured in mm
    session.define_measurement("w", "width(heart)")
    found = session.measurement("w").values
    assert (found > 1).all()
    worklist.edit_filter()
    qtbot.keyClicks(worklist.filter, "w > 1")
    qtbot.keyClick(worklist.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: worklist.model.shown == [name for name, in_mm in known.items() if not in_mm])


def test_a_condition_is_chosen_in_a_dialog_by_keys_and_what_is_no_number_is_told(app, values, qtbot) -> None:
    window, session, limit = app.window, app.window.controller.session, between(values)
    window.activateWindow()
    QTest.keyClick(
        window.windowHandle(), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    dialog = window.findChild(QDialog, "conditionDialog")
    assert isinstance(dialog, ConditionDialog)
    assert [dialog.measurement.itemText(i) for i in range(dialog.measurement.count())] == [
        one.name for one in session.measurements
    ]
    dialog.side.setCurrentText("<")
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    qtbot.keyClicks(dialog.limit, "half")
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "Type a number" in dialog.remark.text()
    dialog.limit.setText(str(limit).replace(".", ","))
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    below = [name for name, value in zip(session.images, values, strict=True) if value < limit]
    qtbot.waitUntil(lambda: window.worklist.model.shown == below)
    session.delete_measurement("ctr")
    qtbot.waitUntil(lambda: window.worklist.model.shown == list(session.images))
    assert not window.worklist.value.isVisible()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ctr > 0.5", Condition(3, True, 0.5)),
        ("Lung width<-12,5 mm", Condition(7, False, -12.5)),
        ("  CTR>=.5", Condition(3, True, 0.5)),
        ("ctr", None),
        ("other > 3", None),
        ("> 3", None),
    ],
)
def test_what_is_read_as_a_condition(text: str, expected: Condition | None) -> None:
    assert condition_of(text, [(3, "ctr"), (7, "lung width")]) == expected


def test_a_point_of_the_scatter_opens_its_image_and_the_axes_say_what_they_are(app, values, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.actions_["allMeasurements"].trigger()
    every = window.findChild(AllImages)
    qtbot.waitUntil(lambda: every.plots is not None)
    every.resize(900, 700)
    plots, areas = every.plots, session.measurement("lung_area_ratio").values
    assert len(plots.points.data) == 2  # the third one's area is in mm²
    plots.against.setCurrentText("lung_area_ratio")
    x, y = plots.points.getData()
    np.testing.assert_allclose(sorted(zip(x, y, strict=True)), sorted(zip(values, areas, strict=True)))
    assert plots.scatter.getAxis("bottom").labelText == "ctr"
    assert plots.scatter.getAxis("left").labelText == "lung_area_ratio"
    qtbot.waitUntil(lambda: plots.scatter.width() > 200)
    for place in (2, 1):

        def clicked(place: int = place) -> bool:  # the axes are laid out in a moment
            view = plots.scatter.getViewBox()
            at = plots.scatter.mapFromScene(view.mapViewToScene(QPointF(values[place], areas[place])))
            hover(plots.scatter.viewport(), at)
            qtbot.mouseClick(plots.scatter.viewport(), Qt.MouseButton.LeftButton, pos=at)
            return window.controller.image == session.images[place]

        qtbot.waitUntil(clicked)
        marked = np.ravel(plots.chosen.getData()).tolist()
        assert marked == [values[place], areas[place]]
        assert plots.chosen.opts["size"] > plots.points.opts["size"]
    every.close()


def test_what_is_plotted_stays_after_a_correction_and_follows_the_theme(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.actions_["allMeasurements"].trigger()
    every = window.findChild(AllImages)
    qtbot.waitUntil(lambda: every.plots is not None)
    names = [one.name for one in session.measurements]
    place = names.index("left_lung_area")
    every.table.setCurrentIndex(every.sorted.index(1, place + 1))
    qtbot.waitUntil(lambda: every.plots.histogram.getAxis("bottom").labelText.startswith("left_lung_area"))
    image, before = session.images[0], every.model.found[names.index("ctr")].values.copy()
    session.set_mask(image, "heart", session.mask(image, "heart") & (np.arange(session.image(image).frame.width) > 500))
    qtbot.waitUntil(lambda: not np.array_equal(every.model.found[names.index("ctr")].values, before))
    qtbot.wait(200)
    assert every.table.currentIndex().column() == place + 1
    assert every.plots.histogram.getAxis("bottom").labelText.startswith("left_lung_area")
    window.actions_["themeLight"].trigger()
    assert every.plots.scatter.backgroundBrush().color().name() == theme.PANEL
    window.actions_["themeDark"].trigger()
    assert every.plots.scatter.backgroundBrush().color().name() == theme.PANEL
    every.close()
