"""Adding images is a job: it can be cancelled, what is given meanwhile follows it, and it ends with its project."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.gui.shell import adding


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search ends in a later turn of the event loop."""
    monkeypatch.setattr(adding, "PATIENCE_SECONDS", 0.0)


def folder_of(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        cv2.imwrite(str(folder / name), np.full((300, 320), 90, np.uint8))
    return folder


def test_what_is_given_while_images_are_added_follows_in_its_own_undo_step(app, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    before = session.images
    window.projects.add([folder_of(tmp_path / "one", "b.png", "a.png")])
    window.projects.add([folder_of(tmp_path / "two", "c.png")])
    assert session.images == before
    assert window.job_panel.cancel.isVisible()
    qtbot.waitUntil(lambda: not window.adding.running)
    assert session.images == (*before, "a.png", "b.png", "c.png")
    assert window.controller.image == "c.png"
    assert session.undo_label == "Add c"
    session.undo()
    assert session.undo_label == "Add 2 images"


def test_cancelling_adds_nothing_and_forgets_what_waits(app, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    before = session.images
    window.projects.add([folder_of(tmp_path / "one", "a.png")])
    window.projects.add([folder_of(tmp_path / "two", "c.png")])
    window.job_panel.cancel.click()
    qtbot.waitUntil(lambda: not window.adding.running)
    assert window.job_panel.label.text() == "No image was added: cancelled"
    qtbot.wait(20)
    assert session.images == before


def test_images_are_not_added_to_another_project_than_the_one_they_were_given_to(app, tmp_path, qtbot) -> None:
    window = app.window
    shutil.copytree(window.controller.session.path.parent, tmp_path / "copy")
    window.projects.add([folder_of(tmp_path / "one", "a.png")])
    assert window.projects.open(tmp_path / "copy" / "project.dsr")
    qtbot.waitUntil(lambda: not window.adding.running)
    assert "a.png" not in window.controller.session.images


def test_images_given_to_the_next_project_come_although_the_last_one_was_still_being_searched(
    app, tmp_path, qtbot
) -> None:
    window = app.window
    shutil.copytree(window.controller.session.path.parent, tmp_path / "copy")
    window.projects.add([folder_of(tmp_path / "one", "a.png")])
    assert window.projects.open(tmp_path / "copy" / "project.dsr")
    before = window.controller.session.images
    window.projects.add([folder_of(tmp_path / "two", "c.png")])
    assert window.adding.running
    qtbot.waitUntil(lambda: not window.adding.running)
    assert window.controller.session.images == (*before, "c.png")


def test_a_project_for_reading_takes_no_images(start, predicted, tmp_path, qtbot) -> None:
    from app.project.session import Session

    shutil.copytree(predicted, tmp_path / "project")
    with Session.open(tmp_path / "project" / "project.dsr", reader="Somebody"):
        window = start("--project", tmp_path / "project" / "project.dsr").window
        window.projects.add([folder_of(tmp_path / "one", "a.png")])
        assert not window.adding.running
        assert "images cannot be added" in window.messages.sentences()[-1]
        window.close()


def test_one_count_goes_on_over_what_is_predicted_in_one_go(app, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    told: list[tuple[int, int]] = []
    window.predicting.progressed.connect(lambda done, total, left: told.append((done, total)))
    window.projects.add([folder_of(tmp_path / "one", "a.png", "b.png")])
    qtbot.waitUntil(lambda: window.predicting.running)
    window.projects.add([folder_of(tmp_path / "two", "c.png")])  # a job of its own, that follows
    qtbot.waitUntil(lambda: len(session.images) == 6 and not window.predicting.running, timeout=60_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert [total for _, total in told] == sorted(total for _, total in told)
    assert told[-1] == (3, 3)
    told.clear()
    window.predicting.predict(["c.png"])
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=60_000)
    assert told[-1] == (1, 1)  # what was asked for later counts from the beginning


def test_who_asks_for_a_second_opinion_has_not_reviewed(app) -> None:
    window, session = app.window, app.window.controller.session
    session.set_review(list(session.images[:2]), "rejected")
    assert window.status.reviewed.text() == "2 of 3 reviewed"
    session.set_review(list(session.images[1:]), "second_opinion")
    assert window.status.reviewed.text() == "1 of 3 reviewed"
    window.actions_["nextOpen"].trigger()
    assert window.messages.sentences()[-1] == (
        "Every image in the worklist has been reviewed, but 2 wait for a second opinion."
    )
