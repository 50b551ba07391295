"""“Save a copy” leaves the project at hand open, says where the copy is and offers to open it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from tests.gui.conftest import settled


@pytest.fixture
def save(monkeypatch: pytest.MonkeyPatch):
    """Choose “Save a copy” and a file in the dialog."""

    def choose(window, path: Path) -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
        window.actions_["saveCopy"].trigger()

    return choose


def test_what_is_open_stays_open_and_the_copy_is_offered(app, save, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    second = session.images[1]
    window.controller.show_image(second)
    focus = window.focusWidget()
    save(window, tmp_path / "mine")
    qtbot.waitUntil(window.copy_bar.isVisible)
    assert window.controller.session is session
    assert window.controller.image == second
    assert window.focusWidget() is focus
    assert window.copy_bar.words.text().startswith(f"The copy mine.dsr lies in {tmp_path}.")
    assert window.messages.sentences()[-1] == f"A copy was saved: mine.dsr in {tmp_path}."
    window.copy_bar.open.click()
    assert window.controller.session.path == tmp_path / "mine.dsr"
    assert not window.copy_bar.isVisible()
    assert window.controller.session.images == session.images
    qtbot.waitUntil(lambda: settled(app))


def test_cancelling_says_so_and_leaves_nothing(app, save, tmp_path, qtbot) -> None:
    window = app.window
    (tmp_path / "there").mkdir()
    save(window, tmp_path / "there" / "mine")
    assert window.job_panel.cancel.isVisible()
    save(window, tmp_path / "there" / "second")
    assert window.messages.sentences()[-1].startswith("A copy is being saved already.")
    window.copying.cancel()
    qtbot.waitUntil(lambda: not window.copying.running)
    done = window.copy_bar.isVisible()  # it may have been quicker than the reader
    assert done or window.job_panel.label.text() == "No copy was saved: cancelled"
    names = {file.name for file in (tmp_path / "there").iterdir()}
    assert names == ({"mine.dsr", "mine.dsr.predictions"} if done else set())


def test_why_no_copy_was_saved_is_told(app, save, tmp_path, qtbot) -> None:
    window = app.window
    (tmp_path / "mine.dsr").write_text("something else")
    save(window, tmp_path / "mine")
    qtbot.waitUntil(lambda: not window.copying.running)
    assert window.notices.label.text().endswith("Choose another name for the copy.")
    assert not window.copy_bar.isVisible()


def test_where_nothing_more_can_be_kept_the_copy_is_gone_on_with(app, save, tmp_path, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.path.rename(tmp_path / "elsewhere.dsr")
    window.controller.do(session.set_absent, session.images[0], "heart_00")
    assert session.trouble is not None
    window.findChild(object, "goneDialog").close()
    save(window, tmp_path / "mine")
    assert session.path == tmp_path / "mine.dsr"
    assert "mine.dsr is the open project now" in window.notices.label.text()
    assert window.controller.do(session.set_absent, session.images[0], "heart_00")
