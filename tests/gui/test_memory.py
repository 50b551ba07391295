"""What is remembered of projects: the recent ones, and how each was looked at; it can be cleared and switched off."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.gui.state.view_state import MaskStyle
from app.gui.widgets.settings import settings
from app.gui.worklist.worklist_model import Order


def visible_recent(window) -> list[str]:
    actions = [window.actions_[f"recent{n}"] for n in range(1, 9)]
    return [action.toolTip() for action in actions if action.isVisible()]


def test_a_project_is_shown_as_it_was_left(app, start, qtbot, tmp_path) -> None:
    window, session = app.window, app.window.controller.session
    path = session.path
    window.controller.show_image("rendered_4.png")
    window.controller.choose_structure("heart")
    window.actions_["fills"].trigger()
    for verb in ("uvColours", "labels", "cornerTexts", "linePatterns"):
        window.actions_[verb].trigger()
    window.toolbar.opacity.setValue(70)
    window.structures.toggle("left_lung")
    window.worklist.set_order(Order.CONFIDENCE)
    look = window.controller.look
    window.projects.create(tmp_path / "other.dsr")
    assert window.controller.look.hidden == frozenset()
    assert window.worklist.model.order is Order.ADDED
    window.close()
    kept = Path(settings().fileName()).read_text("utf-8")
    assert "rendered_4" not in kept  # names of images may name patients
    assert "lastProject" not in kept
    window = start("--project", path).window
    assert window.controller.image == "rendered_4.png"
    assert window.controller.structure == "heart"
    assert window.controller.look == look
    assert (look.masks, look.uv, look.opacity, look.hidden) == (MaskStyle.FILL, False, 0.7, frozenset({"left_lung"}))
    assert (look.labels, look.texts, look.patterns) == (False, False, True)
    assert window.toolbar.opacity.value() == 70
    assert window.worklist.model.order is Order.CONFIDENCE
    assert window.actions_["fills"].isChecked()
    assert window.actions_["worstFirst"].isChecked()


def test_where_the_reader_was_is_kept_while_the_program_runs(app, qtbot) -> None:
    """A program that is killed can keep nothing at the end."""
    window, number = app.window, app.window.controller.session.id
    before = settings().value(f"windows/{number}")
    window.controller.show_image("rendered_4.png")
    qtbot.waitUntil(lambda: settings().value(f"windows/{number}") != before, timeout=5_000)


def test_recent_projects_open_from_the_menu(start, qtbot, tmp_path) -> None:
    window = start("--project", tmp_path / "one.dsr").window
    window.projects.create(tmp_path / "two.dsr")
    assert visible_recent(window) == [str(tmp_path / "two.dsr"), str(tmp_path / "one.dsr")]
    window.actions_["recent2"].trigger()
    assert window.controller.session.path == tmp_path / "one.dsr"
    assert visible_recent(window)[0] == str(tmp_path / "one.dsr")
    window.actions_["recent1"].trigger()  # the open one: it stays open for writing
    assert not window.controller.session.read_only
    assert window.messages.sentences() == []
    window.close()
    again = start().window
    assert again.controller.session.path == tmp_path / "one.dsr"


def test_a_copy_and_its_original_are_two_projects_in_the_list(start, qtbot, tmp_path, monkeypatch) -> None:
    window = start("--project", tmp_path / "one.dsr").window
    number = window.controller.session.id
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "copy"), ""))
    window.actions_["saveCopy"].trigger()
    qtbot.waitUntil(window.copy_bar.isVisible)
    assert visible_recent(window) == [str(tmp_path / "one.dsr")]
    window.copy_bar.open.click()
    assert visible_recent(window) == [str(tmp_path / "copy.dsr"), str(tmp_path / "one.dsr")]
    assert window.controller.session.id != number
    window.actions_["recent2"].trigger()
    assert window.controller.session.path == tmp_path / "one.dsr"
    assert window.controller.session.id == number


def test_a_project_that_is_gone_stays_in_the_list_until_it_is_taken_off(start, qtbot, tmp_path) -> None:
    window = start("--project", tmp_path / "one.dsr").window
    window.projects.create(tmp_path / "two.dsr")
    (tmp_path / "one.dsr").unlink()
    window.actions_["recent2"].trigger()
    assert "no project file" in window.messages.sentences()[-1]
    assert len(visible_recent(window)) == 2  # it may be on a disk that is not there today
    window.projects.forget(tmp_path / "one.dsr")
    assert visible_recent(window) == [str(tmp_path / "two.dsr")]
    assert window.controller.session.path == tmp_path / "two.dsr"


def test_a_project_that_moved_is_listed_once(start, qtbot, tmp_path) -> None:
    window = start("--project", tmp_path / "one.dsr").window
    window.actions_["closeProject"].trigger()
    (tmp_path / "one.dsr").rename(tmp_path / "moved.dsr")
    window.projects.open(tmp_path / "moved.dsr")
    assert visible_recent(window) == [str(tmp_path / "moved.dsr")]


def test_remembering_can_be_cleared_and_switched_off(start, qtbot, tmp_path) -> None:
    window = start("--project", tmp_path / "one.dsr").window
    window.actions_["clearRecent"].trigger()
    assert visible_recent(window) == []
    assert window.actions_["rememberProjects"].isChecked()
    window.actions_["rememberProjects"].trigger()
    window.projects.create(tmp_path / "two.dsr")
    assert visible_recent(window) == []
    window.close()
    assert str(tmp_path / "two") not in Path(settings().fileName()).read_text("utf-8")
    again = start().window
    assert again.controller.session is None
    assert not again.actions_["rememberProjects"].isChecked()


def test_nonsense_in_the_settings_harms_nothing(app, start, qtbot) -> None:
    session, path = app.window.controller.session, app.window.controller.session.path
    number = session.id
    app.window.close()
    for text in ("{", "[]", '{"image": 3, "hidden": [1], "chips": [], "opacity": "x", "masks": 7}'):
        settings().setValue(f"windows/{number}", text)
        settings().setValue("recent", text)
        window = start("--project", path).window
        assert window.controller.image == session.images[0]
        window.close()
