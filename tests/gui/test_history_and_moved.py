"""The history panel follows every change; images that moved are found from the menu."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import apsw
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog

from app.gui.history.history_panel import local_time
from app.gui.shell.recent_list import holds_words
from app.gui.shell.relocating import first_few, outcome
from app.gui.widgets import theme
from app.project.entries import MovedReport
from app.project.overview import FoundProject
from app.store.overview import Overview
from tests.gui.conftest import shown_fully


def rows(panel) -> list[tuple[str, str, bool]]:
    model = panel.model
    shown = []
    for row in range(model.rowCount()):
        reader, label = (model.index(row, column).data() for column in (1, 2))
        colour = model.index(row, 2).data(Qt.ItemDataRole.ForegroundRole)
        shown.append((reader, label, colour == QColor(theme.FAINT)))
    return shown


def test_the_history_follows_and_undoes(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    window.actions_["history"].trigger()
    panel = window.history_panel
    qtbot.waitUntil(lambda: len(rows(panel)) == 1)
    session.set_review(session.images[0], "rejected", "mask leaks", structure="heart")
    reject = "Set heart in rendered_1 to rejected"
    qtbot.waitUntil(lambda: rows(panel)[0] == ("Tester", reject, False))
    assert panel.remark.text().startswith("2 entries")
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: rows(panel)[:2] == [("Tester", f"Undo: {reject}", False), ("Tester", reject, True)])
    assert session.image(session.images[0]).structures == ()
    assert panel.redo.isEnabled()
    qtbot.mouseClick(panel.redo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not rows(panel)[2][2])
    assert not panel.redo.isEnabled()
    window.actions_["closeProject"].trigger()
    qtbot.waitUntil(lambda: rows(panel) == [])
    assert panel.remark.text() == "Nothing was done yet."


def elsewhere(predicted: Path, folder: Path) -> Path:
    """A copy of the project that knows nothing of the place it was copied from."""
    shutil.copytree(predicted, folder)
    db = apsw.Connection(str(folder / "project.dsr"))
    for table in ("images", "facts"):
        db.execute(f"UPDATE {table} SET path = replace(path, ?, ?)", (str(predicted), str(folder)))
    db.close()
    return folder / "project.dsr"


def test_moved_images_are_found_from_the_menu(start, predicted, tmp_path, qtbot, monkeypatch) -> None:
    project = elsewhere(predicted, tmp_path / "project")
    target = tmp_path / "archive"
    (tmp_path / "project" / "films").rename(target)
    app = start("--project", project)
    window, session = app.window, app.window.controller.session
    assert window.worklist.model.row(session.images[0]).words == "file is missing"
    qtbot.waitUntil(lambda: bool(window.messages.sentences()), timeout=20_000)  # its picture can't be shown
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(target))
    window.actions_["findMoved"].trigger()
    qtbot.waitUntil(lambda: not window.relocating.running, timeout=20_000)
    assert window.messages.sentences()[-1:] == [f"3 missing images were found in {target}."]
    assert [session.image(name).status for name in session.images] == ["predicted"] * 3
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    window.actions_["undo"].trigger()
    assert window.worklist.model.row(session.images[0]).words == "file is missing"


def test_what_a_search_says() -> None:
    assert outcome(MovedReport((), (), ()), Path("x")) == "No image is missing."
    said = outcome(MovedReport(("a",), ("b", "c", "d"), ("c",)), Path("x"))
    assert said.startswith("1 missing image was found in x. 2 are not there")
    assert "1 was never read" in said


def test_of_many_failures_the_first_are_told_and_the_others_counted() -> None:
    failed = [(f"f{i}", f"Folder {i}.") for i in range(23)]
    assert list(first_few(failed[:20])) == [f"Folder {i}." for i in range(20)]
    assert list(first_few(failed)) == [*(f"Folder {i}." for i in range(20)), "3 more could not be read either."]


def test_undo_and_redo_show_the_image_they_are_about(app) -> None:
    window, session = app.window, app.window.controller.session
    first, second, _ = session.images
    window.controller.show_image(first)
    window.actions_["accept"].trigger()
    assert window.controller.image == second
    window.actions_["undo"].trigger()
    assert window.controller.image == first
    window.controller.show_image(second)
    window.actions_["redo"].trigger()
    assert window.controller.image == first


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process can be set on POSIX alone")
@pytest.mark.parametrize(
    ("zone", "shown"),
    [("IST-5:30", "02 Jul 2026  04:00:05"), ("EST5EDT,M3.2.0,M11.1.0", "01 Jul 2026  18:30:05"), ("UTC0", "22:30:05")],
)
def test_times_are_those_of_the_readers_clock(monkeypatch: pytest.MonkeyPatch, zone: str, shown: str) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        assert local_time("2026-07-01T22:30:05.250+00:00").endswith(shown)
        holds = Overview(3, 1, "2026-07-01T22:30:05.250+00:00")
        words = holds_words(FoundProject(Path("p.dsr"), True, holds))
        assert words == f"3 images · 1 reviewed · {'02' if zone.startswith('IST') else '01'} Jul 2026"
    time.tzset()
