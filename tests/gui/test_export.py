"""The export dialog: what, which images, where; progress and cancel in the job panel, the outcome in the messages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox

from app.formats.export_report import Report
from app.formats.write import NOT_PREDICTED
from app.gui.export.export_dialog import ExportDialog
from app.gui.export.exported_bar import ExportedBar
from app.gui.export.exporting import outcome
from tests.gui.conftest import name_landmark


def dialog_of(app, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ExportDialog:
    app.window.actions_["export"].trigger()
    dialog = app.window.findChild(ExportDialog, "exportDialog")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(folder))
    dialog._choose()
    return dialog


def finish(app, qtbot, dialog: ExportDialog) -> None:
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not app.window.exporting.running, timeout=30_000)


def test_export_writes_every_placement(app, qtbot, tmp_path, monkeypatch) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    out = tmp_path / "out"
    dialog = dialog_of(app, out, monkeypatch)
    assert dialog.chosen() == ["csv"]
    dialog.formats["coco"].setChecked(True)
    finish(app, qtbot, dialog)
    with (out / "landmarks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(session.images) * len(session.landmarks)
    mine = [row for row in rows if row["landmark"] == "Apex"]
    found = [[float(row["x_px"]), float(row["y_px"])] for row in mine]
    np.testing.assert_allclose(found, session.placements("Apex").xy, atol=1e-3)
    assert window.messages.sentences() == [f"Exported landmarks.csv, coco.json of 3 images to {out}."]
    assert window.job_panel.label.text() == "Ready"
    bar = window.findChild(ExportedBar)
    assert bar.isVisible()
    assert bar.words.text() == window.messages.sentences()[0]
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    qtbot.mouseClick(bar.open, Qt.MouseButton.LeftButton)
    assert opened == [str(out)]
    assert not bar.isVisible()
    again = dialog_of(app, out, monkeypatch)
    assert again.chosen() == ["csv", "coco"]
    again.reject()


def test_the_first_folder_lies_beside_the_images_where_the_reader_never_named_a_project(start, samples, qtbot) -> None:
    window = start(samples).window
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 3)
    window.actions_["export"].trigger()
    dialog = window.findChild(ExportDialog, "exportDialog")
    assert dialog.folder.text() == str(samples.parent / "films export")
    dialog.reject()
    window.controller.session.define_landmark("Apex", "heart", (0.3, 0.2))
    assert window.status.last.isVisible()
    window.actions_["closeProject"].trigger()
    assert not window.status.last.isVisible(), "nothing is kept any more"


def test_only_accepted_images(app, qtbot, tmp_path, monkeypatch) -> None:
    window, session = app.window, app.window.controller.session
    dialog = dialog_of(app, tmp_path, monkeypatch)
    assert not dialog.scopes["accepted"].isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: window.findChild(ExportDialog, "exportDialog") is None)
    session.set_review(session.images[1], "accepted")
    dialog = dialog_of(app, tmp_path / "out", monkeypatch)
    dialog.formats["masks"].setChecked(True)
    dialog.formats["csv"].setChecked(False)
    dialog.scopes["accepted"].click()
    finish(app, qtbot, dialog)
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [entry["name"] for entry in told["images"]] == [session.images[1]]
    assert len(list((tmp_path / "out" / "masks").rglob("*.png"))) == len(session.template.structures)


def test_nothing_chosen_can_not_be_exported(app, qtbot, tmp_path, monkeypatch) -> None:
    dialog = dialog_of(app, tmp_path, monkeypatch)
    dialog.formats["csv"].setChecked(False)
    assert not dialog.export.isEnabled()
    dialog.formats["landmarks"].setChecked(True)
    assert dialog.export.isEnabled()
    dialog.folder.clear()
    assert not dialog.export.isEnabled()
    dialog.reject()


def test_a_dialog_opened_while_another_export_runs_can_export_when_that_has_ended(
    app, qtbot, tmp_path, monkeypatch
) -> None:
    first = dialog_of(app, tmp_path / "out", monkeypatch)
    qtbot.mouseClick(first.export, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.window.findChild(ExportDialog, "exportDialog") is None)
    second = dialog_of(app, tmp_path / "other", monkeypatch)
    assert not second.export.isEnabled()
    assert second.remark.text()
    qtbot.waitUntil(lambda: not app.window.exporting.running, timeout=30_000)
    assert second.export.isEnabled()
    assert not second.remark.text()
    finish(app, qtbot, second)
    assert (tmp_path / "other" / "landmarks.csv").is_file()


def test_cancel_in_the_job_panel(app, qtbot, tmp_path, monkeypatch) -> None:
    window = app.window
    dialog = dialog_of(app, tmp_path / "out", monkeypatch)
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    assert window.job_panel.label.text() == "Exporting 3 images"
    qtbot.mouseClick(window.job_panel.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.exporting.running, timeout=10_000)
    assert window.job_panel.label.text() == "Export cancelled"
    assert not window.job_panel.cancel.isVisible()
    assert not (tmp_path / "out" / "landmarks.csv").exists()


def test_a_folder_that_can_not_be_written_is_told(app, qtbot, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    finish(app, qtbot, dialog_of(app, tmp_path / "file", monkeypatch))
    assert "Choose another folder" in app.window.messages.sentences()[-1]


def test_many_failures_are_one_sentence() -> None:
    report = Report(["a"], [(f"im{i}.png", NOT_PREDICTED) for i in range(9)], ["coco.json"])
    first, last = outcome(report, Path("out"))
    assert last == "Exported coco.json of 1 image to out. Not exported: 9 images (the messages say why)."
    assert (
        first == f"Not exported: im0.png, im1.png, im2.png and 6 more (all are in report.json there). {NOT_PREDICTED}"
    )


def test_a_cancelled_export_says_what_is_complete() -> None:
    report = Report(["a", "b"], [], ["masks"], [("coco.json", "no")], cancelled=True)
    assert list(outcome(report, Path("out"))) == ["The export to out was cancelled; complete: masks of 2 images."]
    assert list(outcome(Report(cancelled=True), Path("x"))) == ["The export to x was cancelled; nothing was written."]


def test_files_of_others_are_told_before_anything_is_written(app, qtbot, tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "<b>notes.txt").write_text("mine")
    dialog = dialog_of(app, out, monkeypatch)
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    question = dialog.findChild(QMessageBox, "exportQuestion")
    assert "1 file (<b>notes.txt)" in question.text()
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in question.findChildren(QLabel) if label.text())
    other, there = question.buttons()
    qtbot.mouseClick(other if other.text().startswith("Choose") else there, Qt.MouseButton.LeftButton)
    assert [path.name for path in out.iterdir()] == ["<b>notes.txt"]
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox, "exportQuestion") is None)
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    question = dialog.findChild(QMessageBox, "exportQuestion")
    (there,) = [button for button in question.buttons() if button.text() == "Export there"]
    qtbot.mouseClick(there, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(app.window.messages.sentences()), timeout=30_000)
    qtbot.waitUntil(lambda: not app.window.exporting.running, timeout=30_000)
    assert {path.name for path in out.iterdir()} == {"<b>notes.txt", "landmarks.csv", "report.json"}
    assert any("1 file (<b>notes.txt)" in sentence for sentence in app.window.messages.sentences())


def test_landmarks_defined_after_acceptance_can_be_left_out(app, qtbot, tmp_path, monkeypatch) -> None:
    session = app.window.controller.session
    app.window.controller.show_image(session.images[1])
    session.set_review(session.images[1], "accepted")
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    for leave_out, images in ((False, list(session.images)), (True, [session.images[0], session.images[2]])):
        dialog = dialog_of(app, tmp_path / f"out{leave_out}", monkeypatch)
        dialog.leave_out.setChecked(leave_out)
        finish(app, qtbot, dialog)
        with (tmp_path / f"out{leave_out}" / "landmarks.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["landmark"] == "Apex"]
        assert [row["image"] for row in rows] == images


def test_the_images_of_an_export_are_kept_and_nothing_takes_their_place_without_a_question(
    app, qtbot, tmp_path, monkeypatch
) -> None:
    session, out = app.window.controller.session, tmp_path / "out"
    session.set_review(session.images[1], "accepted")
    dialog = dialog_of(app, out, monkeypatch)
    assert dialog.scope == "all"
    dialog.scopes["accepted"].click()
    finish(app, qtbot, dialog)
    before = (out / "landmarks.csv").read_bytes()
    qtbot.waitUntil(lambda: app.window.findChild(ExportDialog, "exportDialog") is None)
    dialog = dialog_of(app, out, monkeypatch)
    assert dialog.scope == "accepted"
    dialog.scopes["all"].click()
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    question = dialog.findChild(QMessageBox, "exportQuestion")
    assert question.text() == (
        "The folder holds an export of the accepted images (1) of project.dsr. "
        "This export of all images (3) of project.dsr would take its place."
    )
    (other,) = [button for button in question.buttons() if button.text().startswith("Choose")]
    qtbot.mouseClick(other, Qt.MouseButton.LeftButton)
    assert (out / "landmarks.csv").read_bytes() == before
    dialog.reject()


def test_what_is_selected_or_filtered_can_be_exported(app, qtbot, tmp_path, monkeypatch) -> None:
    window, names = app.window, app.window.controller.session.images
    dialog = dialog_of(app, tmp_path / "out", monkeypatch)
    assert list(dialog.scopes) == ["all", "accepted", "image"]
    dialog.reject()
    qtbot.waitUntil(lambda: window.findChild(ExportDialog, "exportDialog") is None)
    window.worklist.filter.setText("png")
    dialog = dialog_of(app, tmp_path / "filtered", monkeypatch)
    dialog.scopes["filtered"].click()
    finish(app, qtbot, dialog)
    told = json.loads((tmp_path / "filtered" / "report.json").read_text("utf-8"))
    assert [entry["name"] for entry in told["images"]] == [name for name in names if name.endswith("png")]


def test_a_folder_below_the_home_or_beside_the_project(app, qtbot, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    beside = app.window.controller.session.path.parent
    for typed, folder in (("~/a", tmp_path / "home" / "a"), ("b/c", beside / "b" / "c")):
        dialog = dialog_of(app, Path(typed), monkeypatch)
        assert dialog.folder.text() == typed
        finish(app, qtbot, dialog)
        assert (folder / "landmarks.csv").is_file()
        qtbot.waitUntil(lambda: app.window.findChild(ExportDialog, "exportDialog") is None)


def test_before_anything_is_given_away_the_reader_is_asked_for_burned_in_names(
    app, qtbot, tmp_path, monkeypatch
) -> None:
    session, out = app.window.controller.session, tmp_path / "out"
    dialog = dialog_of(app, out, monkeypatch)
    assert not dialog.shift_dates.isEnabled()
    qtbot.mouseClick(
        dialog.without_persons, Qt.MouseButton.LeftButton, pos=QPoint(8, dialog.without_persons.height() // 2)
    )
    assert dialog.shift_dates.isEnabled()
    for words, written in (("Look first", False), ("Nothing is burned in: export", True)):
        qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
        question = dialog.findChild(QMessageBox, "exportQuestion")
        assert "burned into the pictures stays" in question.text()
        (button,) = [button for button in question.buttons() if button.text() == words]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not app.window.exporting.running, timeout=30_000)
        assert out.exists() == written
        if not written:
            qtbot.waitUntil(lambda: dialog.findChild(QMessageBox, "exportQuestion") is None)
    with (out / "landmarks.csv").open(newline="", encoding="utf-8") as file:
        images = {row["image"] for row in csv.DictReader(file)}
    assert len(images) == len(session.images)
    assert all(name.startswith("IMG-") for name in images)
    assert session.path.name not in (out / "report.json").read_text("utf-8")
    again = dialog_of(app, out, monkeypatch)
    assert again.without_persons.isChecked()
    again.reject()
