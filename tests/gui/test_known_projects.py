"""A folder that is given again leads to the project that holds its reviews; recent projects stand on the first page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QMessageBox

from app.gui.shell.recent_list import cross_rect
from app.gui.widgets.settings import data_folder
from app.project.session import Session
from tests.gui.conftest import SAMPLES


def answer(window, words: str) -> list[str]:
    """Press a button of the next question (Escape: ""); the list then holds what was asked."""
    asked: list[str] = []

    def press() -> None:
        box = window.findChild(QMessageBox)
        if box is None or not box.isVisible():
            QTimer.singleShot(5, window, press)
            return
        asked.append(box.text())
        if words:
            next(button for button in box.buttons() if button.text().replace("&", "") == words).click()
        else:
            box.reject()

    QTimer.singleShot(0, window, press)
    return asked


def made(path: Path, *folders: Path, reviewed: int = 0) -> Path:
    """A project of the images of some folders, the first ones rejected."""
    with Session.create(path, reader="Ann") as session:
        session.add_images(list(folders))
        if reviewed:
            session.set_review(list(session.images[:reviewed]), "rejected")
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with one image more."""
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(SAMPLES / "rendered_5.png", folder)
    return folder


def test_the_same_folder_again_opens_its_project_and_adds_what_is_new(start, samples: Path, qtbot) -> None:
    window = start(samples).window
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 3)
    path = window.controller.session.path
    window.controller.session.set_review("rendered_3.png", "rejected", "mine")
    window.close()
    shutil.copy(SAMPLES / "rendered_5.png", samples)
    again = start(samples).window
    session = again.controller.session
    assert session.path == path
    assert list(data_folder().glob("*.dsr")) == [path]
    assert session.image("rendered_3.png").note == "mine"
    qtbot.waitUntil(lambda: len(session.images) == 4)
    told = f"These images belong to the project “{path.stem}”, which is open now."
    assert told in again.messages.sentences()


def test_the_same_folder_with_nothing_new_is_told_in_one_sentence(start, samples: Path, qtbot) -> None:
    path = made(samples.parent / "mine.dsr", samples)
    window = start(samples).window
    qtbot.waitUntil(lambda: not window.adding.running)
    belong = f"These images belong to the project “{path.stem}”, which is open now."
    assert window.messages.sentences() == [belong]
    window.projects.add([samples])  # by hand, to the open one: there it is news
    qtbot.waitUntil(lambda: len(window.messages.sentences()) == 2)
    assert window.messages.sentences()[1] == "No new image was found: 3 are in the project already."


def test_a_project_beside_the_folder_is_found_without_the_list_of_recent_ones(start, samples: Path, qtbot) -> None:
    path = made(samples.parent / "mine.dsr", samples)
    window = start(samples).window
    assert window.controller.session.path == path
    assert not list(data_folder().glob("*.dsr"))


def test_of_two_projects_the_reader_is_asked_which(start, samples: Path, qtbot) -> None:
    made(samples.parent / "first.dsr", samples, reviewed=1)
    second = made(samples.parent / "second.dsr", samples, reviewed=2)
    window = start().window
    asked = answer(window, "Open “second”")
    window.projects.add([samples])
    assert window.controller.session.path == second
    assert asked[0].startswith("“films” is in 2 projects already:\n")
    assert "“first”: 3 images, 1 reviewed, last changed" in asked[0]
    assert "“second”: 3 images, 2 reviewed, last changed" in asked[0]


@pytest.mark.parametrize(("words", "made_one"), [("", False), ("Make a new project", True)])
def test_the_question_can_be_left_and_a_new_project_is_still_possible(
    start, samples: Path, other: Path, qtbot, words: str, made_one: bool
) -> None:
    mixed = made(samples.parent / "mixed.dsr", samples, other)  # not of this folder alone
    window = start().window
    asked = answer(window, words)
    window.projects.add([samples])
    assert "“mixed”: 4 images, 3 of them from here, 0 reviewed" in asked[0]
    assert (window.controller.session is not None) is made_one
    assert not made_one or window.controller.session.path != mixed


def test_images_of_another_project_are_not_added_to_the_open_one_unasked(app, tmp_path: Path, other: Path) -> None:
    window, session = app.window, app.window.controller.session
    before = session.images
    theirs = made(tmp_path / "theirs.dsr", other)
    answer(window, "")
    window.projects.add([other])
    assert session.images == before
    answer(window, f"Add to “{session.path.stem}”")
    window.projects.add([other])
    assert session.images == (*before, "rendered_5.png")
    window.projects.add([other])  # they are in the open project now: nothing to ask
    session.undo()
    answer(window, "Open “theirs”")
    window.projects.add([other])
    assert window.controller.session.path == theirs


def test_a_new_project_that_is_empty_takes_what_it_is_given(start, samples: Path, tmp_path: Path, qtbot) -> None:
    made(samples.parent / "mine.dsr", samples)
    window = start().window
    window.projects.create(tmp_path / "new.dsr")
    window.projects.add([samples])
    qtbot.waitUntil(lambda: len(window.controller.session.images) == 3)
    assert window.controller.session.path == tmp_path / "new.dsr"


def two_recent(start, samples: Path, other: Path):
    """The program without a project, which knows of two; the one of `other` was open last."""
    first = made(samples.parent / "first.dsr", samples, reviewed=2)
    last = made(samples.parent / "last.dsr", other)
    window = start("--project", first).window
    window.projects.open(last)
    window.projects.close()
    return window, first, last


def test_the_first_page_says_what_recent_projects_hold_and_enter_opens_one(start, samples, other, qtbot) -> None:
    window, first, last = two_recent(start, samples, other)
    recent = window.welcome.recent
    assert recent.isVisible()
    assert window.focusWidget() is recent
    qtbot.waitUntil(lambda: recent.words_of(first) != "" and recent.words_of(last) != "")
    assert recent.words_of(first).startswith("3 images · 2 reviewed · ")
    assert recent.words_of(last).startswith("1 image · 0 reviewed · ")
    qtbot.keyClick(recent, Qt.Key.Key_Down)
    qtbot.keyClick(recent, Qt.Key.Key_Return)
    assert window.controller.session.path == first
    window.projects.close()
    assert recent.item(0).text() == "first"
    row = recent.visualItemRect(recent.item(1))
    qtbot.mouseClick(recent.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    assert window.controller.session.path == last


def test_a_project_that_is_gone_is_dim_and_can_be_taken_off(start, samples, other, qtbot) -> None:
    window, first, last = two_recent(start, samples, other)
    recent = window.welcome.recent
    first.unlink()
    recent.look()
    qtbot.waitUntil(lambda: recent.words_of(first) == "not there any more")
    row = recent.visualItemRect(recent.item(1))
    qtbot.mouseClick(recent.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    assert window.controller.session is None
    assert recent.count() == 2  # it may be on a disk that is not there today
    row = recent.visualItemRect(recent.item(1))
    cross = cross_rect(row).center()
    qtbot.mouseClick(recent.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(cross.x(), cross.y()))
    assert window.projects.recent.paths() == [last]
    qtbot.keyClick(recent, Qt.Key.Key_Delete)
    assert window.projects.recent.paths() == []
    assert not recent.isVisible()
    assert last.exists()
