"""Projects of older formats: opened for writing they are brought up to date, for reading they only look so."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from app.core.landmark import ReviewState
from app.project.session import Session
from app.store.project_file import Project
from app.store.schema import FORMAT
from tests.unit.store.fakes import chest, make

STEPS_BACK = {
    7: "DROP TABLE frozen_facts;",
    6: "ALTER TABLE facts DROP COLUMN aspect;",
    5: "DROP TABLE deleted_landmarks; DROP TABLE left_as_is; DROP TABLE corrected_files;",
    4: "ALTER TABLE facts DROP COLUMN patient;",
    3: "DROP TABLE readings;",
    2: "DROP TABLE landmark_order;",
    1: "DROP TABLE structure_reviews; DELETE FROM meta WHERE key = 'id';",
}
"""What takes a project back to each format, from the one after it."""


def made_by_format(number: int, path: Path, predicted: bool = False) -> Path:
    """A project as an earlier version of the program wrote it."""
    with make(path, chest(), predicted) as session:
        session.set_absent("im0.png", "heart_00")
    db = apsw.Connection(str(path))
    script = "".join(step for reached, step in STEPS_BACK.items() if reached >= number)
    for _ in db.execute(f"{script} PRAGMA user_version={number}"):
        pass
    db.close()
    return path


def version(path: Path) -> int:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    (found,) = next(iter(db.execute("PRAGMA user_version")))
    db.close()
    return int(found)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_an_old_project_is_brought_up_to_date(tmp_path: Path, number: int):
    path = made_by_format(number, tmp_path / "p.dsr")
    with Session.open(path, model=chest()) as session:
        kept = session.id
        assert len(kept) == 16
        session.set_orientation("im2.png", inverted=True)
        session.set_review("im0.png", "rejected", "mask leaks", structure="heart")
    assert version(path) == FORMAT
    with Session.open(path, model=chest()) as session:
        assert session.id == kept
        assert [said.state for said in session.image("im0.png").structures] == [ReviewState.REJECTED]
        assert session.undo().label == "Set heart in im0 to rejected"
        assert session.undo().label == "Read im2 inverted"
        assert session.undo().label == "Set “heart_00” absent in im0"


@pytest.mark.parametrize("number", [1, 5])
def test_reading_an_old_project_changes_nothing_in_it(tmp_path: Path, number: int):
    path = made_by_format(number, tmp_path / "p.dsr")
    before = path.read_bytes()
    with Session.open(path, read_only=True, model=chest()) as session:
        assert session.images == ("im0.png", "im1.png", "im2.png")
        assert session.image("im0.png").structures == ()
        assert bool(session.id) == (number > 1)
        with pytest.raises(ValueError, match="reading only"):
            session.set_review("im0.png", "rejected", structure="heart")
    assert path.read_bytes() == before
    assert version(path) == number


@pytest.mark.parametrize("read_only", [False, True])
def test_facts_of_an_old_project_have_an_empty_patient(tmp_path: Path, read_only: bool):
    path = made_by_format(4, tmp_path / "p.dsr", predicted=True)
    with Session.open(path, model=chest(), read_only=read_only) as session:
        assert session.image("im0.png").facts.patient == ""
        assert session.image("im0.png").status == "predicted"


@pytest.mark.parametrize("read_only", [False, True])
def test_the_file_of_what_was_said_before_is_known_after_migration(tmp_path: Path, read_only: bool):
    """An image with a placement alone, one with a review alone; of the third nothing was said."""
    path = made_by_format(5, tmp_path / "p.dsr", predicted=True)
    db = apsw.Connection(str(path))
    db.execute("INSERT INTO reviews VALUES ('im1.png', 'rejected', '', 'Ann', 't')")
    db.close()
    project = Project.open(path, read_only)
    assert sorted(project.rows("corrected_files")) == [("im0.png", f"{0:064x}"), ("im1.png", f"{1:064x}")]
    project.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_accepted_images_of_an_old_project_keep_the_facts_of_their_file(tmp_path: Path, read_only: bool):
    path = tmp_path / "p.dsr"
    with make(path, chest()) as session:
        session.set_review("im1.png", "accepted")
        size = session.image("im1.png").path.stat().st_size
    db = apsw.Connection(str(path))
    for _ in db.execute(f"{STEPS_BACK[7]} PRAGMA user_version=7"):
        pass
    db.close()
    project = Project.open(path, read_only)
    assert project.rows("frozen_facts") == [("im1.png", f"{1:064x}", size, 300, 320, None, None, None, 1.0)]
    project.close()
