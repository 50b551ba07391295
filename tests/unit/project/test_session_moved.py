"""Images that moved are found again by what is in them; one undo step."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import apsw
import cv2
import numpy as np
import pytest

from app.io.bundle import Bundle
from app.jobs import Finished, Progress
from app.project.session import Session
from app.store.errors import ProjectError
from tests.unit.store.faults import failing, faulty_disk
from tests.unit.tiny_bundle import tiny, tiny_folder  # noqa: F401


@pytest.fixture
def session(tmp_path: Path, tiny: Bundle):  # noqa: F811
    folder = tmp_path / "films"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        cv2.imwrite(str(folder / f"im{i}.png"), rng.integers(0, 255, (60, 70), np.uint8))
    with Session.create(tmp_path / "p.dsr", tiny, reader="Ann") as session:
        session.add_images([folder])
        session.predict()
        yield session


def states(session: Session) -> list[str]:
    return [session.image(name).status for name in session.images]


def test_a_moved_folder_and_a_renamed_file_are_found(session: Session, tmp_path: Path, tiny: Bundle):  # noqa: F811
    session.set_review("im2.png", "accepted")
    session.move_placement("im0.png", "heart_00", (3, 4))
    before = session.prediction("im1.png").charts
    target = tmp_path / "archive" / "2024" / "deep"
    target.mkdir(parents=True)
    for path in (tmp_path / "films").iterdir():
        path.rename(target / path.name)
    (target / "im1.png").rename(target / "renamed.png")
    (target / "im3.png").write_bytes(b"x" * (target / "im0.png").stat().st_size)  # the same size, another content
    session.check_files()
    assert states(session) == ["missing"] * 3
    assert "Find moved images" in session.image("im0.png").message
    report = session.find_moved(tmp_path / "archive")
    assert sorted(report.found) == ["im0.png", "im1.png", "im2.png"]
    assert report.missing == ()
    assert states(session) == ["predicted"] * 3
    assert session.images == ("im0.png", "im1.png", "im2.png")
    assert session.image("im1.png").path == target / "renamed.png"
    assert session.placements("heart_00").xy[0] == pytest.approx([3, 4])
    np.testing.assert_array_equal(session.prediction("im1.png").charts, before)
    session.close()
    with Session.open(session.path, model=tiny) as again:
        assert states(again) == ["predicted"] * 3
        assert again.image("im1.png").path == target / "renamed.png"
        assert again.undo().label == "Find 3 images in another place"
        assert states(again) == ["missing"] * 3
        again.redo()
        assert states(again) == ["predicted"] * 3


def test_what_is_not_there_stays_missing(session: Session, tmp_path: Path):
    folder = tmp_path / "films"
    cv2.imwrite(str(folder / "unread.png"), np.zeros((60, 70), np.uint8))
    session.add_images([folder])
    (tmp_path / "new").mkdir()
    (folder / "im0.png").rename(tmp_path / "new" / "im0.png")
    (folder / "im1.png").unlink()
    (folder / "unread.png").rename(tmp_path / "new" / "unread.png")
    report = session.find_moved(tmp_path / "new")
    assert report.found == ("im0.png",)
    assert report.missing == ("im1.png", "unread.png")
    assert report.never_read == ("unread.png",)
    count = len(session.history())
    assert session.find_moved(tmp_path / "new").found == ()
    assert len(session.history()) == count
    with pytest.raises(ValueError, match="no folder"):
        session.find_moved(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_the_report_names_folders_that_were_not_looked_into(session: Session, tmp_path: Path):
    (tmp_path / "films").rename(tmp_path / "deep")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "link").symlink_to(tmp_path / "deep")
    report = session.find_moved(tmp_path / "new")
    assert report.found == ()
    ((path, sentence),) = report.failed
    assert path == str(tmp_path / "new" / "link")
    assert "was not followed" in sentence


def test_equal_files_go_to_images_one_by_one(session: Session, tmp_path: Path):
    folder = tmp_path / "films"
    shutil.copy(folder / "im0.png", folder / "twin.png")
    session.add_images([folder])
    session.predict()
    folder.rename(tmp_path / "moved")
    session.find_moved(tmp_path)
    paths = {name: session.image(name).path.name for name in session.images}
    assert paths == {name: name for name in session.images}
    shutil.copy(tmp_path / "moved" / "im0.png", tmp_path / "copy.png")
    (tmp_path / "moved" / "im1.png").unlink()
    session.find_moved(tmp_path)  # nothing may be taken from an image that is where it was
    assert session.image("im0.png").path == tmp_path / "moved" / "im0.png"


def test_of_equal_files_each_image_gets_the_one_of_its_name(session: Session, tmp_path: Path):
    """The twin comes last in the project and first in the folder."""
    folder = tmp_path / "films"
    shutil.copy(folder / "im0.png", folder / "a.png")
    session.add_images([folder])
    session.predict()
    assert session.images == ("im0.png", "im1.png", "im2.png", "a.png")
    folder.rename(tmp_path / "moved")
    session.find_moved(tmp_path)
    assert {name: session.image(name).path.name for name in session.images} == {name: name for name in session.images}


def test_a_copy_with_another_time_is_the_file_that_was_predicted(session: Session, tmp_path: Path):
    """Copied, not moved: the time of change is that of copying, the content is the same."""
    shutil.copytree(tmp_path / "films", tmp_path / "copies")
    for path in (tmp_path / "copies").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    shutil.rmtree(tmp_path / "films")
    session.find_moved(tmp_path / "copies")
    assert states(session) == ["predicted"] * 3
    assert session.due() == ()


def test_the_search_is_a_job(session: Session, tmp_path: Path):
    (tmp_path / "films").rename(tmp_path / "moved")
    session.check_files()
    events = list(session.start_find_moved(tmp_path))
    assert [event.done for event in events if isinstance(event, Progress)] == [1, 2, 3]
    job = session.start_find_moved(tmp_path)
    job.cancel()
    assert list(job)[-1] in (Finished(True), Finished(False))


def test_what_the_reader_did_during_a_search_counts(session: Session, tmp_path: Path):
    films, new = tmp_path / "films", tmp_path / "new"
    new.mkdir()
    for name in session.images:
        (films / name).rename(new / name)
    session.check_files()
    found = {name: new / name for name in session.images}  # what a search would have found
    (new / "im0.png").rename(films / "im0.png")
    session.check_files()
    session.add_images([new / "im1.png"])
    report = session.take_moved(found)
    assert report.found == ("im2.png",)
    assert report.missing == ("im1.png",)
    assert session.image("im0.png").path == films / "im0.png"


def test_a_move_that_cannot_be_kept_leaves_memory_as_the_file_is(session: Session, tmp_path: Path, tiny: Bundle):  # noqa: F811
    films, new = tmp_path / "films", tmp_path / "new"
    session.close()
    with faulty_disk() as faults, Session.open(tmp_path / "p.dsr", model=tiny) as again:
        films.rename(new)
        again.check_files()
        faults.fail = failing(apsw.FullError, "write", "p.dsr-wal")
        with pytest.raises(ProjectError, match="no space"):
            again.find_moved(new)
        faults.fail = lambda *_: None
        assert states(again) == ["missing"] * 3
        again.remove_images(again.images)
        again.add_images(new)  # known at that place, if the move had been kept
        assert again.image("im1.png").facts is None
        assert states(again) == ["waiting"] * 3
        for _ in range(2):
            again.undo()
        assert states(again) == ["missing"] * 3
        assert again.find_moved(new).found == again.images
        assert states(again) == ["predicted"] * 3
