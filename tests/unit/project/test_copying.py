"""A copy is saved on a thread, whole or not at all, and the project at hand stays open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.io.bundle import Bundle
from app.jobs import Failed, Finished, Job, Progress, Result
from app.project.session import Session
from app.store.copying import Told, write_copy
from app.store.errors import ProjectError, Trouble, project_error
from app.store.project_file import Project
from tests.unit.store.fakes import snapshot

NOTES = 200
"""So many long notes make a project of some megabytes: many steps."""


@pytest.fixture
def large(session: Session) -> Session:
    for number in range(NOTES):
        session.set_review("im1.png", "rejected", f"{number} " * 5000)
    session.undo()
    return session


def at_the_first_step(job: Job, act: Callable[[], object]) -> list[object]:
    """All events of a job; `act` is done at the first one, on the thread that copies: copying waits for it."""
    heard: list[object] = []

    def hear(event: object) -> None:
        if not any(isinstance(one, Progress) for one in heard) and isinstance(event, Progress):
            heard.append(event)
            act()
        else:
            heard.append(event)

    job.listen(hear)
    assert job.wait(60)
    return heard


def test_a_copy_holds_everything_and_what_is_open_stays_open(large: Session, bundle: Bundle, tmp_path: Path) -> None:
    before, lines, path, number = snapshot(large), large.history(), large.path, large.id
    *told, result, end = list(large.start_save_copy(tmp_path / "copies.dsr"))
    assert (result, end) == (Result("", tmp_path / "copies.dsr"), Finished(cancelled=False))
    assert [event.done for event in told] == sorted({event.done for event in told})
    size = sum((tmp_path / f"copies.dsr{ending}").stat().st_size for ending in ("", ".predictions"))
    assert told[-1].done == size // 1_000_000 > 1
    assert (large.path, large.id, large.trouble) == (path, number, None)
    large.set_absent("im0.png", "heart_01")
    with Session.open(tmp_path / "copies.dsr", model=bundle) as copy:
        assert snapshot(copy) == before
        assert copy.history() == lines
        assert copy.id not in ("", number)
        assert copy.status("im2.png") == "predicted"
        assert copy.prediction("im2.png").bundle_sha256 == large.prediction("im2.png").bundle_sha256
        assert copy.redo().label == lines[-1].label.removeprefix("Undo: ")
    assert large.history()[:-1] == lines
    assert [file.name for file in tmp_path.iterdir() if ".part" in file.name] == []


def test_a_copy_of_a_project_for_reading_is_one_for_writing(large: Session, bundle: Bundle, tmp_path: Path) -> None:
    large.close()
    with Session.open(large.path, read_only=True, model=bundle) as reader:
        assert Result("", tmp_path / "mine.dsr") in list(reader.start_save_copy(tmp_path / "mine.dsr"))
        assert reader.read_only
    with Session.open(tmp_path / "mine.dsr", model=bundle) as mine:
        mine.set_absent("im0.png", "heart_01")
        assert mine.image("im1.png").path == large.path.parent / "images" / "im1.png"


def test_cancelling_leaves_nothing(large: Session, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    job = large.start_save_copy(tmp_path / "there" / "copy.dsr")
    *_, end = at_the_first_step(job, job.cancel)
    assert end == Finished(cancelled=True)
    assert list((tmp_path / "there").iterdir()) == []
    large.set_absent("im0.png", "heart_01")


def test_a_project_that_is_closed_meanwhile_is_copied_as_it_was(large: Session, bundle: Bundle, tmp_path: Path) -> None:
    before = snapshot(large)
    job = large.start_save_copy(tmp_path / "copy.dsr")
    large.close()
    assert Result("", tmp_path / "copy.dsr") in list(job)
    with Session.open(tmp_path / "copy.dsr", model=bundle) as copy:
        assert snapshot(copy) == before


@pytest.mark.parametrize("other", ["copy.dsr", "copy.dsr-wal", "copy.dsr-journal", "copy.dsr.predictions"])
def test_nothing_that_lies_there_is_written_over_or_taken_for_a_part_of_the_copy(
    large: Session, tmp_path: Path, other: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / other).write_text("mine")
    (failed, end) = list(large.start_save_copy(tmp_path / "there" / "copy.dsr"))
    assert end == Finished(cancelled=False)
    assert isinstance(failed, Failed)
    assert other in failed.message
    assert failed.message.endswith("Choose another name for the copy.")
    assert {file.name: file.read_text() for file in (tmp_path / "there").iterdir()} == {other: "mine"}


def test_a_file_that_comes_meanwhile_keeps_its_place(large: Session, tmp_path: Path) -> None:
    job, path = large.start_save_copy(tmp_path / "copy.dsr"), tmp_path / "copy.dsr"
    *_, failed, _ = at_the_first_step(job, lambda: path.write_text("mine"))
    assert failed == Failed("", f"There is a file {path} already. Choose another name for the copy.")
    assert path.read_text() == "mine"
    assert not path.with_name("copy.dsr.predictions").exists()


def test_a_folder_that_is_not_there_is_told(large: Session, tmp_path: Path) -> None:
    (failed, _) = list(large.start_save_copy(tmp_path / "none" / "copy.dsr"))
    assert failed.message.startswith(f"The copy copy.dsr can't be written in {tmp_path / 'none'}. Choose another")
    assert large.trouble is None


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX")
def test_no_space_left_is_told_and_nothing_is_left(large: Session, tmp_path: Path) -> None:
    """The kernel refuses to let a file grow beyond a limit, as a full disk would."""
    import resource
    import signal

    (tmp_path / "there").mkdir()
    before, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        *_, failed, _ = list(large.start_save_copy(tmp_path / "there" / "copy.dsr"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert failed.message.startswith(f"There is no space left in {tmp_path / 'there'} for the copy copy.dsr.")
    assert list((tmp_path / "there").iterdir()) == []
    assert large.trouble is None


def test_a_copy_of_a_file_that_is_gone_is_none(large: Session, tmp_path: Path) -> None:
    large.path.rename(tmp_path / "moved.dsr")
    (failed, _) = list(large.start_save_copy(tmp_path / "copy.dsr"))
    assert "copy.dsr" not in {file.name for file in tmp_path.iterdir()}
    assert isinstance(failed, Failed)


@pytest.mark.parametrize(
    ("trouble", "in_need", "copied"),
    [(Trouble.DAMAGED, False, True), (Trouble.FULL, False, False), (Trouble.FULL, True, True)],
)
def test_predictions_that_cannot_be_copied_keep_no_project_from_it_unless_room_can_be_made(
    session: Session, bundle: Bundle, tmp_path: Path, trouble: Trouble, in_need: bool, copied: bool
) -> None:
    """They can be made again; but who may free some space is asked for that first."""
    before, lines = [session.review(name) for name in session.images], session.history()
    session.close()
    (tmp_path / "there").mkdir()

    def refuse(file: Path, told: Told) -> None:
        file.write_bytes(b"half")
        raise project_error(trouble, session.path)

    whole, target = Project.open(session.path, read_only=True), tmp_path / "there" / "copy.dsr"
    try:
        if copied:
            write_copy(target, whole.copier(apart=False), refuse, in_need=in_need)
        else:
            with pytest.raises(ProjectError, match="no space left"):
                write_copy(target, whole.copier(apart=False), refuse, in_need=in_need)
    finally:
        whole.close()
    assert [file.name for file in target.parent.iterdir()] == (["copy.dsr"] if copied else [])
    if copied:
        with Session.open(target, model=bundle) as copy:
            assert ([copy.review(name) for name in copy.images], copy.history()) == (before, lines)
