"""The project file is deleted, moved or replaced while it is open: nothing is said to be kept that is not."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.project.session import Session
from app.store.changes import Action, Writer
from app.store.errors import ProjectError, Trouble
from tests.unit.store.fakes import snapshot

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files can't be moved there")
LABEL = "Set “heart_0{}” absent in im0"


def absent(session: Session, number: int) -> None:
    session.set_absent("im0.png", f"heart_0{number}")


def folder_deleted(path: Path) -> None:
    shutil.rmtree(path.parent)


def folder_made_anew(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.touch()


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def file_deleted(path: Path) -> None:
    path.unlink()


def file_moved(path: Path) -> None:
    path.rename(path.with_name("moved.dsr"))


def file_replaced(path: Path) -> None:
    """As sync clients do: a whole older version takes the place."""
    shutil.copy(path, path.with_name("partial"))
    path.with_name("partial").replace(path)


def log_deleted(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def index_replaced(path: Path) -> None:
    path.with_name(path.name + "-shm").unlink()
    path.with_name(path.name + "-shm").touch()


def everything_deleted_but_the_lock(path: Path) -> None:
    for ending in ("", "-wal", "-shm", ".predictions"):
        path.with_name(path.name + ending).unlink()


ACCIDENTS = (
    *(folder_deleted, folder_made_anew, folder_moved, file_deleted, file_moved, file_replaced),
    *(log_deleted, index_replaced, everything_deleted_but_the_lock),
)


@pytest.fixture
def project(session: Session, tmp_path: Path, bundle: Bundle):
    """A project in a folder of its own, with two actions in it, and as it was before them; reopened."""
    folder = tmp_path / "synced"
    folder.mkdir()
    session.save_copy(folder / "p.dsr")
    session.close()
    shutil.copy(folder / "p.dsr", folder / "older")
    with Session.open(folder / "p.dsr", model=bundle) as session:
        absent(session, 1)
    with Session.open(folder / "p.dsr", model=bundle, reader="Ann") as session:
        absent(session, 2)
        yield session


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.__name__)
def test_the_next_action_is_refused_and_a_copy_holds_everything(
    project: Session, bundle: Bundle, tmp_path: Path, accident: Callable[[Path], None]
):
    told: list[ProjectError | None] = []
    project.refused.connect(told.append)
    accident(project.path)
    before = snapshot(project)
    for act in (lambda: absent(project, 3), project.undo, lambda: project.set_review("im1.png", "rejected")):
        with pytest.raises(ProjectError, match=r"moved, deleted or replaced .* save a copy with everything") as error:
            act()
        assert error.value.trouble is Trouble.GONE
        assert project.trouble is error.value
    assert told[0].trouble is Trouble.GONE
    assert snapshot(project) == before
    assert project.undo_label == LABEL.format(2)

    lines = project.history()
    project.save_copy(tmp_path / "saved.dsr")
    assert project.trouble is told[-1] is None
    assert project.path == tmp_path / "saved.dsr"
    assert snapshot(project) == before
    absent(project, 3)
    project.close()
    with Session.open(tmp_path / "saved.dsr", model=bundle) as again:
        assert again.history()[:-1] == lines
        assert [again.undo().label for _ in range(3)] == [LABEL.format(i) for i in (3, 2, 1)]
        assert again.redo().label == LABEL.format(1)
        assert again.status("im1.png") == "predicted"


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.__name__)
def test_a_file_that_goes_between_the_check_and_the_commit_is_told(
    project: Session, bundle: Bundle, tmp_path: Path, accident: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
):
    """The accident comes with the very COMMIT: SQLite is asked to call back just before it."""
    changes: list[object] = []
    project.changed.connect(changes.append)
    connection = project._project._db
    connection.set_commit_hook(lambda: bool(accident(project.path)))
    with pytest.raises(ProjectError) as error:
        absent(project, 3)
    connection.set_commit_hook(None)
    assert error.value.trouble is Trouble.GONE
    # What was committed into a file that is gone is shown, and a copy holds just what is shown.
    shown = snapshot(project)
    assert len(changes) == 1
    assert project.undo_label == LABEL.format(3)
    project.save_copy(tmp_path / "saved.dsr")
    project.close()
    with Session.open(tmp_path / "saved.dsr", model=bundle) as again:
        assert snapshot(again) == shown
        assert again.undo_label == LABEL.format(3)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.__name__)
def test_a_file_that_goes_amid_an_action_is_told_and_the_action_is_not_done(
    project: Session, accident: Callable[[Path], None]
):
    def edit(writer: Writer) -> None:
        accident(project.path)
        writer.put("images", None, "late", 99, "file", "/late", "")

    before = project.history()
    with pytest.raises(ProjectError) as error:
        project._project.act("Ann", Action("images", "Add late", edit))
    assert error.value.trouble is Trouble.GONE
    assert project.history() == before


def test_a_file_that_is_rubbish_now_is_told_as_written_over(project: Session):
    project.path.write_bytes(b"rubbish" * 5000)
    with pytest.raises(ProjectError, match="it was written over") as error:
        absent(project, 3)
    assert error.value.trouble is Trouble.GONE
    assert project.undo_label == LABEL.format(2)


def test_a_file_put_back_is_gone_on_with(project: Session, bundle: Bundle):
    path, aside = project.path, project.path.parent.with_name("aside")
    path.parent.rename(aside)
    with pytest.raises(ProjectError):
        absent(project, 3)
    with pytest.raises(ProjectError):
        project.check_kept()
    aside.rename(path.parent)
    project.check_kept()
    absent(project, 3)
    assert project.trouble is None
    project.close()
    with Session.open(path, model=bundle) as again:
        assert [again.undo().label for _ in range(3)] == [LABEL.format(i) for i in (3, 2, 1)]


def test_another_file_put_in_its_place_is_not_taken_for_it(project: Session):
    path = project.path
    path.rename(path.with_name("aside"))
    shutil.copy(path.with_name("older"), path)
    before = path.read_bytes()
    with pytest.raises(ProjectError):
        absent(project, 3)
    project.close()
    assert path.read_bytes() == before


def test_a_file_that_is_written_over_is_told(project: Session, bundle: Bundle):
    """As `cp` does: the same file, other bytes. The pages in the log are ours still, those in the file are not."""
    path = project.path
    for i in range(20):
        project.set_review("im1.png", "rejected", f"{i}" * 3000)
    project.close()
    with Session.open(path, model=bundle) as again:
        path.write_bytes(path.with_name("older").read_bytes())
        with pytest.raises(ProjectError, match="it was written over") as error:
            absent(again, 3)
        assert error.value.trouble is Trouble.GONE
        with pytest.raises(ProjectError):  # no copy would be whole, and none is called so
            again.save_copy(path.with_name("copy.dsr"))
        assert not path.with_name("copy.dsr").exists()
        assert again.path == path


def test_a_file_that_is_only_touched_is_the_same(project: Session):
    os.utime(project.path, (1, 1))
    absent(project, 3)
    assert project.trouble is None
    assert project.undo_label == LABEL.format(3)


def test_a_copy_never_takes_the_place_of_a_file(project: Session, tmp_path: Path):
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link", "synced/p.dsr"):
        with pytest.raises(ProjectError, match="There is a file"):
            project.save_copy(tmp_path / name)
    with pytest.raises(ProjectError, match=r"copy\.dsr can't be written in"):
        project.save_copy(tmp_path / "none" / "copy.dsr")
    assert (tmp_path / "there").read_text() == "mine"
    absent(project, 3)
    assert project.path == tmp_path / "synced" / "p.dsr"


def test_closing_a_moved_project_leaves_it_whole(project: Session, bundle: Bundle):
    path = project.path
    path.rename(path.with_name("moved.dsr"))
    project.close()
    with Session.open(path.with_name("moved.dsr"), model=bundle) as again:
        assert again.undo_label == LABEL.format(2)


def test_a_project_for_reading_becomes_one_for_writing_by_saving_a_copy(
    project: Session, bundle: Bundle, tmp_path: Path
):
    with Session.open(project.path, read_only=True, model=bundle) as reader:
        reader.save_copy(tmp_path / "mine.dsr")
        assert not reader.read_only
        absent(reader, 3)
    absent(project, 4)
    assert project.undo_label == LABEL.format(4)


def test_a_copy_that_lacks_an_action_is_no_copy(project: Session, tmp_path: Path):
    """Another program took a row out of the open file: what SQLite copies is sound, but not what was kept."""
    with contextlib.closing(sqlite3.connect(project.path, isolation_level=None)) as other:
        other.execute("DELETE FROM changes WHERE id = (SELECT max(id) FROM changes)")
    with pytest.raises(ProjectError, match="it was written over while it was open") as told:
        project.save_copy(tmp_path / "saved.dsr")
    assert told.value.trouble is Trouble.DAMAGED
    assert not list(tmp_path.glob("saved*"))
    assert project.path == tmp_path / "synced" / "p.dsr"


def test_a_copy_in_another_folder_finds_the_images_of_the_original(project: Session, bundle: Bundle, tmp_path: Path):
    """Beside the copy lie other pictures under the same relative names; copies of copies and moved trees too."""
    project.close()
    for where in ("a", "b", "b/c"):
        (tmp_path / "tree" / where / "images").mkdir(parents=True)
        for name in ("im0.png", "im1.png"):
            (tmp_path / "tree" / where / "images" / name).write_bytes(f"{where} {name}".encode())
    for name in ("im0.png", "im1.png"):
        shutil.copy(tmp_path / "images" / name, tmp_path / "tree" / "a" / "images")
    with Session.create(tmp_path / "tree" / "a" / "p.dsr", bundle) as first:
        first.add_images(tmp_path / "tree" / "a" / "images")
        for copy in ("b/p.dsr", "b/c/p.dsr"):
            first.save_copy(tmp_path / "tree" / copy)
            assert {first.image(name).path.parent for name in first.images} == {tmp_path / "tree" / "a" / "images"}
        shutil.copy(tmp_path / "images" / "im2.png", tmp_path / "tree" / "b" / "c")
        first.add_images(tmp_path / "tree" / "b" / "c" / "im2.png")
    (tmp_path / "tree").rename(tmp_path / "moved")
    with Session.open(tmp_path / "moved" / "b" / "c" / "p.dsr", model=bundle) as again:
        paths = [again.image(name).path.resolve().relative_to(tmp_path / "moved") for name in again.images]
        assert paths == [Path("a/images/im0.png"), Path("a/images/im1.png"), Path("b/c/im2.png")]
        assert again.undo().label == "Add im2"
        assert again.undo().label == "Add 2 images"
        assert again.redo().label == "Add 2 images"
        assert again.image("im1.png").path == tmp_path / "moved" / "a" / "images" / "im1.png"


def looked_at_by_a_job(session: Session) -> bool:
    """Whether there was something to look at; raises what it found."""
    job = session.start_check_kept()
    for event in job or ():
        session.take_kept(event)
    return job is not None


def test_a_file_that_is_only_touched_is_looked_at_once(project: Session):
    assert not looked_at_by_a_job(project)
    os.utime(project.path, (1, 1))
    job = project.start_check_kept()
    absent(project, 3)  # meanwhile
    for event in job:
        project.take_kept(event)
    assert project.trouble is None
    os.utime(project.path, (2, 2))
    assert looked_at_by_a_job(project)
    assert not looked_at_by_a_job(project)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.__name__)
def test_a_look_by_a_job_finds_what_an_action_would(project: Session, accident: Callable[[Path], None]):
    accident(project.path)
    with pytest.raises(ProjectError) as error:
        looked_at_by_a_job(project)
    assert error.value.trouble is Trouble.GONE
    assert project.trouble is error.value


def test_a_look_by_a_job_finds_a_file_that_was_written_over(project: Session):
    project.path.write_bytes(b"rubbish" * 5000)
    with pytest.raises(ProjectError, match="it was written over"):
        looked_at_by_a_job(project)
    assert project.trouble.trouble is Trouble.GONE
