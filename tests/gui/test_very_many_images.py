"""What is done to very many images is done little by little, with progress and cancel, and is still one undo step."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.gui.commands import dialogs, edit
from app.gui.shell import adding
from app.gui.state import read_ahead, stepped
from app.project import state
from app.project.changes import PredictionChanged, ReviewsChanged

FILES = 9


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window goes on with such work one piece a turn, from three images on."""
    monkeypatch.setattr(adding, "AT_ONCE", 2)
    monkeypatch.setattr(edit, "AT_ONCE", 2)
    monkeypatch.setattr(edit, "MANY_IMAGES", 2)
    monkeypatch.setattr(stepped, "STEP_SECONDS", 0.0)
    monkeypatch.setattr(dialogs, "ask_step", lambda parent, step: True)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Files that can be added; none can be read."""
    folder = tmp_path / "films"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_images_are_added_and_undone_and_done_again(start, films, tmp_path, qtbot) -> None:
    window = start("--project", tmp_path / "p.dsr").window
    window.projects.add([films])
    qtbot.waitUntil(lambda: not window.adding.running)
    session = window.controller.session
    assert len(session.images) == FILES
    assert window.controller.image == "0.png"
    assert session.undo_label == f"Add {FILES} images"
    window.actions_["undo"].trigger()
    assert window.job_panel.cancel.isVisible()
    assert len(session.images) == FILES  # not yet
    window.actions_["undo"].trigger()
    assert window.notices.label.text().startswith("That is being undone")
    qtbot.waitUntil(lambda: not window.undoing.running)
    assert session.images == ()
    assert window.notices.label.text() == f"Undone: Add {FILES} images, in {FILES} images."
    window.actions_["redo"].trigger()
    qtbot.waitUntil(lambda: not window.undoing.running)
    assert len(session.images) == FILES


def test_cancelled_undo_changes_nothing(start, films, tmp_path, qtbot) -> None:
    window = start("--project", tmp_path / "p.dsr").window
    window.projects.add([films])
    qtbot.waitUntil(lambda: not window.adding.running)
    window.predicting.cancel()
    window.actions_["undo"].trigger()
    window.undoing.cancel()
    qtbot.waitUntil(lambda: not window.undoing.running)
    assert len(window.controller.session.images) == FILES
    assert window.controller.session.undo_label == f"Add {FILES} images"


def test_a_project_that_is_closed_meanwhile_is_as_it_was(start, films, tmp_path, qtbot) -> None:
    window = start("--project", tmp_path / "p.dsr").window
    window.projects.add([films])
    qtbot.waitUntil(lambda: not window.adding.running)
    window.actions_["undo"].trigger()
    window.actions_["closeProject"].trigger()
    assert not window.undoing.running or window.controller.session is None
    assert window.projects.open(tmp_path / "p.dsr")
    assert len(window.controller.session.images) == FILES


def test_images_that_are_added_go_into_no_other_project(start, films, tmp_path, qtbot) -> None:
    window = start("--project", tmp_path / "p.dsr").window
    window.projects.add([films])
    qtbot.waitUntil(lambda: window.adding.running is False or "Adding" in window.job_panel.label.text())
    window.projects.create(tmp_path / "q.dsr")
    qtbot.waitUntil(lambda: not window.adding.running)
    assert window.controller.session.images == ()


def test_least_certain_points_are_found_again_beside_the_window(app, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(read_ahead, "MANY", 2)
    monkeypatch.setattr(read_ahead, "BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(state, "AT_ONCE", 2)
    monkeypatch.setattr(state, "FEW", 0)
    session, told = app.window.controller.session, []
    before = [session.least_certain(name) for name in session.images]
    session.changed.connect(lambda change: told.append(type(change)))
    session.set_review(session.images, "accepted")
    assert [session.least_certain(name) for name in session.images] == [None] * 3  # landmark by landmark, one a turn
    qtbot.waitUntil(lambda: session.least_certain(session.images[2]) is not None)
    after = [session.least_certain(name) for name in session.images]
    assert [one.landmark for one in after] == [one.landmark for one in before]
    assert told == [ReviewsChanged, PredictionChanged]
