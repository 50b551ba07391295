"""Regions and curves in the window: drawn by clicks, seen everywhere, listed, renamed, hidden, deleted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from app.core.region import grey_inside
from tests.gui.conftest import hover, in_image, on_template, shown_fully

LEFT = Qt.MouseButton.LeftButton
ZONE = ((-0.5, -0.25), (0.5, -0.375), (0.25, 0.5))


@pytest.fixture
def drawing(app, qtbot):
    """The program while a region is drawn, with the list in sight."""
    app.window.right_column.tabs.setCurrentIndex(2)
    app.window.actions_["newRegion"].trigger()
    assert app.window.region_bar.isVisible()
    qtbot.wait(1)  # the bar has moved the views
    return app


def click_template(app, qtbot, *corners) -> None:
    for uv in corners:
        qtbot.mouseClick(app.window.template_view.viewport(), LEFT, pos=on_template(app, "heart", uv))


def as_drawn(app, name: str) -> np.ndarray:
    (line,) = [line for line in app.window.image_view.regions.lines if line.name == name]
    return app.window.image_view.frame_of_image.from_corner(line.xy)


def test_a_region_drawn_on_the_template_is_in_every_image_and_in_the_list(drawing, qtbot) -> None:
    window, session = drawing.window, drawing.window.controller.session
    template = window.template_view
    click_template(drawing, qtbot, *ZONE[:2], (0.0, 0.0))
    (draft,) = window.image_view.regions.lines
    assert len(draft.corners) == 3
    qtbot.keyClick(template, Qt.Key.Key_Backspace)
    qtbot.keyClick(template, Qt.Key.Key_Return)  # two corners are no region
    assert session.regions == ()
    assert "3 corners" in window.messages.sentences()[-1]
    click_template(drawing, qtbot, ZONE[2])
    qtbot.keyClick(template, Qt.Key.Key_Return)
    (region,) = session.regions
    assert (region.name, region.structure, region.closed) == ("Region 1", "heart", True)
    np.testing.assert_allclose(region.uv, ZONE, atol=0.03)
    assert not window.region_bar.isVisible()
    assert window.controller.state.draft is None
    for image in session.images:
        window.controller.show_image(image)
        qtbot.waitUntil(lambda: shown_fully(drawing), timeout=20_000)
        there = session.region(image, "Region 1")
        if np.isfinite(there).all():
            np.testing.assert_allclose(as_drawn(drawing, "Region 1"), there)
            inside = there[:-1].mean(axis=0)
            hover(window.image_view.viewport(), in_image(drawing, inside))
            assert "Region 1" in window.image_view.viewport().toolTip()
            assert "area" in window.image_view.viewport().toolTip()
            picture = window.image_view.grey.picture
            grey = grey_inside(picture.stored, there)
            assert f"mean {grey.mean * picture.slope + picture.intercept:.0f}" in window.image_view.viewport().toolTip()
    listed = window.right_column.regions.table.regions
    qtbot.waitUntil(lambda: listed.rowCount() == 1)
    assert listed.index(0, 0).data() == "Region 1"
    assert listed.index(0, 1).data().endswith("²")
    window.actions_["undo"].trigger()
    assert session.regions == ()
    assert window.image_view.regions.lines == ()
    assert template.regions.lines == ()


def test_a_curve_drawn_in_an_image_runs_through_its_clicks_and_a_double_click_ends_it(drawing, qtbot) -> None:
    window, session, view = drawing.window, drawing.window.controller.session, drawing.window.image_view
    image = window.controller.image
    qtbot.mouseClick(window.region_bar.curve, LEFT)
    places = session.place_in(image, "right_lung", np.array([(-0.25, -0.5), (0.25, 0.0), (0.0, 0.5)]))
    at = [in_image(drawing, xy) for xy in places]
    clicked = [view.native_of(point) for point in at]
    for point in at:
        qtbot.mouseClick(view.viewport(), LEFT, pos=point)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=at[-1])
    qtbot.mouseRelease(view.viewport(), LEFT, pos=at[-1])  # Qt sends no release of its own here
    (curve,) = session.regions
    assert (curve.closed, curve.structure, len(curve.uv)) == (False, "right_lung", 3)
    found = session.region(image, curve.name)
    for xy in clicked:
        assert np.linalg.norm(found - xy, axis=1).min() < 0.05
    other = session.images[1]
    np.testing.assert_allclose(session.region(other, curve.name)[0], session.place_in(other, "right_lung", curve.uv[0]))
    assert view.tool is None


def test_escape_leaves_nothing_and_undo_takes_corners_back_first(drawing, qtbot) -> None:
    window, session, template = drawing.window, drawing.window.controller.session, drawing.window.template_view
    session.set_spacing(session.images[0], 0.5, 0.5)
    click_template(drawing, qtbot, *ZONE)
    qtbot.keyClick(template, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(window.controller.state.draft.corners) == 2
    assert session.undo_label.startswith("Set the pixel size")
    window.controller.show_image(session.images[1])
    assert len(window.controller.state.draft.corners) == 2
    qtbot.keyClick(window.image_view, Qt.Key.Key_Escape)
    assert (session.regions, window.controller.state.draft) == ((), None)
    assert not window.region_bar.isVisible()
    click_template(drawing, qtbot, ZONE[0])
    assert template.editor.isVisible()  # a click names a landmark again
    template.editor.hide()
    window.actions_["newRegion"].trigger()
    window.actions_["newFromClicks"].trigger()  # another tool has the clicks now
    assert window.controller.state.draft is None
    assert not template.takes_clicks
    window.multi_click.end()


def test_undo_and_escape_mean_the_drawing_wherever_the_focus_is(drawing, qtbot) -> None:
    window, controller = drawing.window, drawing.window.controller
    session, lines = controller.session, len(controller.session.history())
    click_template(drawing, qtbot, (-0.3, -0.3), (0.3, -0.3), (0.3, 0.3))
    window.worklist.list.setFocus()
    window.actions_["undo"].trigger()
    assert len(controller.state.draft.corners) == 2
    assert len(session.history()) == lines
    qtbot.keyClick(window.worklist.list, Qt.Key.Key_Escape)
    assert controller.state.draft is None
    assert not window.region_bar.isVisible()
    assert len(session.history()) == lines


def test_what_crosses_itself_is_refused_with_a_sentence_and_can_be_mended(drawing, qtbot) -> None:
    window, session = drawing.window, drawing.window.controller.session
    click_template(drawing, qtbot, (-0.5, 0.0), (0.5, 0.25), (0.5, 0.0), (-0.5, 0.25))
    qtbot.keyClick(window.template_view, Qt.Key.Key_Return)
    assert session.regions == ()
    assert "crosses itself" in window.messages.sentences()[-1]
    qtbot.keyClick(window.template_view, Qt.Key.Key_Backspace)
    qtbot.keyClick(window.template_view, Qt.Key.Key_Return)
    assert len(session.regions) == 1


def test_names_of_regions_and_landmarks_keep_clear_of_each_other(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.define_region("zone", "heart", ((-0.6, -0.5), (0.6, -0.5), (0.6, 0.5), (-0.6, 0.5)))
    session.define_landmark("in its middle", "heart", (0.0, 0.0))
    session.define_landmark("beside it", "heart", (-0.45, 0.05))
    for view in (window.image_view, window.template_view):
        view.viewport().repaint()
        on_screen = view.regions.deviceTransform(view.viewportTransform())
        names = view.regions.names(on_screen)
        if view is window.template_view:  # it is small: no name has room beside the marker
            assert names == []
            continue
        ((name, place),) = names
        assert name == "zone"
        for mark in view.markers.markers:
            assert not place.contains(on_screen.map(QPointF(*mark.xy)))
        boxes = list(view.markers.placed.values())
        assert boxes
        assert not any(place.intersects(box) for box in boxes)
        outline = on_screen.mapRect(view.regions.boundingRect())
        assert outline.contains(place)


def test_the_contact_sheet_draws_regions_where_its_tiles_show_them(app, qtbot) -> None:
    window, session, sheet = app.window, app.window.controller.session, app.window.contact_sheet
    session.define_landmark("hilum", "heart", (0.0, 0.0))
    window.controller.choose_landmark("hilum")
    qtbot.waitUntil(lambda: len(sheet.tiles) == 3 and sheet.isVisible())
    before = sheet.grab().toImage()
    session.define_region("zone", "heart", ((-0.3, -0.3), (0.3, -0.3), (0.3, 0.3), (-0.3, 0.3)), colour="#00ff00")
    after = sheet.grab().toImage()
    corner = sheet.shown_by(0).to_screen(session.place_in(sheet.tiles[0].image, "heart", (-0.3, -0.3)))
    at = QPoint(*np.rint(corner).astype(int).tolist())
    near = [after.pixelColor(at.x() + dx, at.y() + dy) for dx in range(-2, 3) for dy in range(-2, 3)]
    assert any(colour.green() > 200 > 100 > colour.red() for colour in near)
    session.update_region("zone", hidden=True)
    assert sheet.grab().toImage() == before


def test_regions_are_hidden_renamed_added_and_deleted_in_their_list(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    section = window.right_column.regions
    window.right_column.tabs.setCurrentIndex(2)
    qtbot.mouseClick(section.offered, LEFT)
    assert len(session.regions) == 6
    assert not section.offered.isVisible()
    table, listed = section.table, section.table.regions
    qtbot.waitUntil(lambda: listed.rowCount() == 6)
    eye = table.visualRect(listed.index(0, 2)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=eye)
    assert session.regions[0].hidden
    assert session.regions[0].name not in [line.name for line in window.image_view.regions.lines]
    name = table.visualRect(listed.index(1, 0)).center() - QPoint(20, 0)
    qtbot.mouseClick(table.viewport(), LEFT, pos=name)
    assert window.controller.state.region == session.regions[1].name
    assert [line.chosen for line in window.image_view.regions.lines] == [True, *[False] * 4]
    qtbot.mouseDClick(table.viewport(), LEFT, pos=name)
    editor = table.viewport().findChild(type(window.region_bar.name))
    editor.selectAll()
    qtbot.keyClicks(editor, "middle")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.regions[1].name == "middle")
    session.set_review(window.controller.image, "accepted")
    session.delete_region("middle")
    qtbot.waitUntil(lambda: listed.rows[1].deleted)  # this image was accepted with it
    window.actions_["undo"].trigger()
    assert [one.name for one in session.regions][1] == "middle"
