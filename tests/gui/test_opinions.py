"""What others drew comes in by the menu, is shown beside ours, compared, and taken over with undo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.gui.image.opinions import COLOURS
from app.gui.opinions.comparison import OpinionsWindow
from app.gui.opinions.import_dialog import ImportDialog
from app.project.changes import OpinionsChanged

IMAGES = ("rendered_1.dcm", "rendered_3.png", "rendered_4.png")


def dialog_of(app) -> ImportDialog:
    app.window.actions_["importAnnotations"].trigger()
    (dialog,) = app.window.findChildren(ImportDialog)
    return dialog


def listed(dialog: ImportDialog) -> list[tuple[str, str]]:
    table = dialog.preview
    return [(table.item(row, 0).text(), table.item(row, 1).text()) for row in range(table.rowCount())]


def cells(table, column: int) -> list[str]:
    return [table.item(row, column).text() for row in range(table.rowCount())]


@pytest.fixture
def session(app):
    found = app.window.controller.session
    found.define_landmark("hilum", "right_lung", (0.25, 0.125))
    return found


@pytest.fixture
def theirs(tmp_path: Path, session) -> Path:
    """A table and a mask by another reader: 40 px to the right of ours, 24 px below; the heart moved by 9 columns."""
    xy = session.placements("hilum").xy
    rows = [f"{name},hilum,{x + 40:.3f},{y + 24:.3f}" for name, (x, y) in zip(IMAGES[:2], xy[:2], strict=True)]
    folder = tmp_path / "theirs"
    (folder / "masks" / "rendered_3").mkdir(parents=True)
    text = "\n".join(["image,landmark,x_px,y_px", *rows, f"{IMAGES[0]},carina,3,4", "nobody.png,hilum,1,2", ""])
    (folder / "points.csv").write_text(text)
    heart = np.roll(session.mask(IMAGES[1], "heart"), 9, axis=1)
    cv2.imwrite(str(folder / "masks" / "rendered_3" / "heart.png"), heart.astype(np.uint8) * 255)
    return folder


@pytest.fixture
def compared(app, qtbot, session, theirs) -> OpinionsWindow:
    """Bea's opinion came in by the dialog, and the window that compares it is open."""
    dialog = dialog_of(app)
    dialog.read([theirs])
    qtbot.waitUntil(lambda: dialog.plan is not None and dialog.summary.text().startswith("Read "))
    dialog.reader.setText("Bea")
    qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(app.window.findChildren(OpinionsWindow)))
    assert session.opinions == ("Bea",)
    (window,) = app.window.findChildren(OpinionsWindow)
    qtbot.waitUntil(lambda: window.single.rowCount() == 3)
    return window


def test_the_preview_says_what_matches_and_nothing_is_done_before_import(app, qtbot, session, theirs, monkeypatch):
    lines = len(session.history())
    dialog = dialog_of(app)
    assert not dialog.button.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(theirs))
    qtbot.mouseClick(dialog.folder, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.summary.text().startswith("Read "))
    assert listed(dialog) == [
        ("nobody.png", "“nobody.png”: the project has no such image."),
        ("carina", "Landmark “carina”: the project has none of this name (in rendered_1.dcm)."),
        ("rendered_1.dcm", "1 placement from points.csv"),
        ("rendered_3.png", "1 placement and 1 mask from points.csv, rendered_3/heart.png"),
    ] or listed(dialog)[3][1].startswith("1 placement and 1 mask from rendered_3/heart.png")
    assert "2 placements and 1 masks match, in 2 images" in dialog.summary.text()
    assert not dialog.button.isEnabled()  # whose it is was not said
    dialog.reject()
    assert len(session.history()) == lines


def test_an_opinion_is_drawn_beside_ours_and_named(app, qtbot, session, compared):
    window, view = app.window, app.window.image_view
    item = window.opinions.items[view]
    window.controller.show_image(IMAGES[1])
    qtbot.waitUntil(lambda: bool(item.drawn) and len(item.drawn[0].outlines) == 1)
    (one,) = item.drawn
    ours = session.placements("hilum").xy[1]
    assert (one.name, one.colour) == ("Bea", COLOURS[0])
    assert np.allclose(one.marks[0].xy, ours + np.array([40.5, 24.5]), atol=0.01)
    assert np.allclose(one.marks[0].ours, ours + 0.5, atol=0.01)
    compared.hide()
    at = view.viewport_of(*(ours + np.array([40, 24])).tolist()).toPoint()

    def colours() -> set[str]:
        picture = view.viewport().grab().toImage()
        near = [(at.x() + dx, at.y() + dy) for dx in range(-9, 10) for dy in range(-9, 10)]
        return {QColor(picture.pixel(*place)).name() for place in near}

    def close(name: str) -> bool:
        wanted, found = (np.array(QColor(each).getRgb()) for each in (COLOURS[0], name))
        return np.abs(wanted - found).max() < 40

    assert any(map(close, colours()))
    window.actions_["hideOpinions"].trigger()
    assert item.drawn == ()
    assert not any(map(close, colours()))
    window.actions_["hideOpinions"].trigger()
    assert len(item.drawn) == 1
    window.controller.show_image(IMAGES[2])
    qtbot.waitUntil(lambda: view.image == IMAGES[2] and item.drawn == ())  # nothing is said of that one


def test_it_is_compared_worst_first_and_a_row_leads_to_its_image(app, qtbot, session, compared):
    assert cells(compared.overall, 0) == ["heart", "hilum"]
    assert cells(compared.overall, 1) == ["1", "2"]
    heart, moved = session.mask(IMAGES[1], "heart"), session.opinion_mask("Bea", IMAGES[1], "heart")
    dice = 2 * (heart & moved).sum() / (heart.sum() + moved.sum())
    assert cells(compared.overall, 2)[0] == f"{dice:.3f}"
    frames = [session.image(name).frame for name in IMAGES[:2]]
    if all(frame.spacing for frame in frames):
        far = [np.hypot(40 * f.spacing.column_mm, 24 * f.spacing.row_mm) for f in frames]
        assert cells(compared.overall, 2)[1] == f"{np.mean(far):.2f} mm"
    else:
        far = [np.hypot(40, 24)] * 2
        assert cells(compared.overall, 2)[1] == f"{np.hypot(40, 24):.2f} px"
        assert cells(compared.overall, 5)[1] == "x +40.0 (+40.0 to +40.0), y +24.0 (+24.0 to +24.0) px"
    compared.overall.selectRow(1)
    assert [pair.name for pair in compared.pairs] == ["hilum", "hilum"]
    place = compared.pairs.index(next(pair for pair in compared.pairs if pair.image == IMAGES[1]))
    compared.single.selectRow(place)
    compared.single.itemDoubleClicked.emit(compared.single.item(place, 0))
    assert app.window.controller.image == IMAGES[1]
    assert app.window.controller.landmark == "hilum"


def test_one_is_taken_over_and_then_all_and_undo_takes_them_back(app, qtbot, session, compared, monkeypatch):
    before = session.placements("hilum").xy.copy()
    heart = session.mask(IMAGES[1], "heart").copy()
    compared.overall.selectRow(1)
    place = [pair.image for pair in compared.pairs].index(IMAGES[0])
    compared.single.selectRow(place)
    qtbot.mouseClick(compared.one, Qt.MouseButton.LeftButton)
    after = session.placements("hilum").xy
    assert np.allclose(after[0], before[0] + (40, 24), atol=0.01)
    assert np.allclose(after[1], before[1])
    app.window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: np.allclose(session.placements("hilum").xy[0], before[0]))
    session.move_placement(IMAGES[0], "hilum", (before[0] + (3, 5)).tolist())
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()) or 0)  # Cancel
    qtbot.mouseClick(compared.all, Qt.MouseButton.LeftButton)
    assert asked == ["1 correction of yours is there already and stayed. Replace by what Bea says?"]
    after = session.placements("hilum").xy
    assert np.allclose(after[0], before[0] + (3, 5))
    assert np.allclose(after[1], before[1] + (40, 24), atol=0.01)
    np.testing.assert_array_equal(session.mask(IMAGES[1], "heart"), np.roll(heart, 9, axis=1))
    qtbot.waitUntil(lambda: cells(compared.overall, 2)[:1] == ["1.000"] or compared.overall.rowCount() == 1)
    session.undo()
    np.testing.assert_array_equal(session.mask(IMAGES[1], "heart"), heart)


def test_as_corrections_what_readers_corrected_stays_unless_it_is_ticked(app, qtbot, session, theirs):
    before = session.placements("hilum").xy.copy()
    session.move_placement(IMAGES[0], "hilum", (before[0] + (3, 5)).tolist())
    dialog = dialog_of(app)
    dialog.read([theirs / "points.csv"])
    qtbot.waitUntil(lambda: dialog.summary.text().startswith("Read "))
    dialog.as_corrections.setChecked(True)
    assert ("rendered_1.dcm", "stays as a reader corrected it: hilum") in listed(dialog)
    assert "1 corrections of yours stay" in dialog.summary.text()
    dialog.over.setChecked(True)
    assert ("rendered_1.dcm", "1 placement from points.csv") in listed(dialog)
    dialog.over.setChecked(False)
    with qtbot.waitSignal(app.window.controller.changed):
        qtbot.mouseClick(dialog.button, Qt.MouseButton.LeftButton)
    after = session.placements("hilum").xy
    assert np.allclose(after[0], before[0] + (3, 5))
    assert np.allclose(after[1], before[1] + (40, 24), atol=0.01)
    assert session.history()[-1].label == "Import 1 placement in rendered_3 from points.csv as corrections"
    qtbot.waitUntil(lambda: not app.window.opinions.importing.running)


def test_a_deleted_opinion_is_gone_from_the_image_and_the_window(app, qtbot, session, compared, monkeypatch):
    window = app.window
    window.controller.show_image(IMAGES[0])
    item = window.opinions.items[window.image_view]
    qtbot.waitUntil(lambda: len(item.drawn) == 1)
    told = []
    window.controller.changed.connect(told.append)
    window.controller.do(session.delete_opinion, "Bea")
    assert isinstance(told[0], OpinionsChanged)
    assert item.drawn == ()
    qtbot.waitUntil(lambda: compared.single.rowCount() == 0)
    assert compared.remark.text().startswith("There is no opinion of others")
    assert not compared.all.isEnabled()
