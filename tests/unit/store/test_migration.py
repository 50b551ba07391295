"""Projects of older formats: opened for writing they are brought up to date, for reading they only look so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from app.core.landmark import ReviewState
from app.project.session import Session
from app.store.errors import ProjectError
from app.store.project_file import Project
from app.store.schema import FORMAT
from app.store.tables import NAMING_IMAGES
from tests.unit.store.fakes import chest
from tests.unit.store.old_formats import states, version, written_then

FACTS = """INSERT INTO facts SELECT path, '', '', 300, 320, NULL, NULL, NULL, '', printf('%064x', position - 1),
    777, 5, '', 1 FROM images"""


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 8])
def test_an_old_project_is_brought_up_to_date(tmp_path: Path, number: int):
    path = written_then(tmp_path / "p.dsr", number=number)
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
        assert session.undo().label == "Orientation of im2: inverted"
        assert session.undo().label == "Set “heart_00” absent in im0"


@pytest.mark.parametrize("number", [1, 5, 8])
def test_reading_an_old_project_changes_nothing_in_it(tmp_path: Path, number: int):
    path = written_then(tmp_path / "p.dsr", number=number)
    before = path.read_bytes()
    with Session.open(path, read_only=True, model=chest()) as session:
        assert session.images == ("im0.png", "im1.png", "im2.png")
        assert session.image("im0.png").structures == ()
        assert bool(session.id) == (number > 1)
        assert session.next_undo.images == ("im0.png",)
        with pytest.raises(ValueError, match="reading only"):
            session.set_review("im0.png", "rejected", structure="heart")
    assert path.read_bytes() == before
    assert version(path) == number


@pytest.mark.parametrize("read_only", [False, True])
def test_facts_of_an_old_project_have_an_empty_patient(tmp_path: Path, read_only: bool):
    path = written_then(tmp_path / "p.dsr", number=4, more=FACTS)
    with Session.open(path, model=chest(), read_only=read_only) as session:
        facts = session.image("im1.png").facts
        assert (facts.patient, facts.height, facts.width, facts.sha256) == ("", 300, 320, f"{1:064x}")


@pytest.mark.parametrize("read_only", [False, True])
def test_facts_of_an_old_project_have_no_study_date(tmp_path: Path, read_only: bool):
    path = written_then(tmp_path / "p.dsr", number=8, more=FACTS)
    with Session.open(path, model=chest(), read_only=read_only) as session:
        facts = session.image("im1.png").facts
        assert (facts.study_date, facts.height, facts.width) == ("", 300, 320)


@pytest.mark.parametrize("read_only", [False, True])
def test_the_file_of_what_was_said_before_is_known_after_migration(tmp_path: Path, read_only: bool):
    """An image with a placement alone, one with a review alone; of the third nothing was said."""
    said = "INSERT INTO reviews VALUES ('im1.png', 'rejected', '', 'Ann', 't')"
    project = Project.open(written_then(tmp_path / "p.dsr", number=5, more=f"{FACTS}; {said}"), read_only)
    assert sorted(project.rows("corrected_files")) == [(1, f"{0:064x}"), (2, f"{1:064x}")]
    project.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_accepted_images_of_an_old_project_keep_the_facts_of_their_file(tmp_path: Path, read_only: bool):
    frozen = "INSERT INTO frozen VALUES ('im1.png', 'b', '', 'p', NULL, NULL)"
    project = Project.open(written_then(tmp_path / "p.dsr", number=7, more=f"{FACTS}; {frozen}"), read_only)
    assert project.rows("frozen_facts") == [(2, f"{1:064x}", 777, 300, 320, None, None, None, 1.0)]
    project.close()


# --- format 8: the changes as SQLite's changesets

STATES = states()


def test_a_history_of_format_8_is_undone_and_done_again_as_that_program_did_it(tmp_path: Path):
    path = written_then(tmp_path / "p.dsr", "format_8_history")
    for part in (STATES[:4], STATES[3:22], STATES[21:]):  # reopened between, once within what is undone
        with Session.open(path, model=chest()) as session:
            for place, state in enumerate(part):
                if place:
                    assert (session.undo if state["after"] == "undo" else session.redo)() is not None
                assert (session.undo_label, session.redo_label) == (state["undo"], state["redo"])
                assert tables(path) == state["tables"]
    assert version(path) == FORMAT


def test_a_history_of_format_8_is_told_to_those_who_only_read(tmp_path: Path):
    path = written_then(tmp_path / "p.dsr", "format_8_history")
    with Session.open(path, model=chest(), read_only=True) as session:
        told, undo, redo = session.history(), session.next_undo, session.next_redo
    assert (undo.label, set(undo.images)) == ("Delete “hilus”", {"im0.png", "im1.png"})
    assert (redo.label, redo.images) == ("Set im2 to in progress", ("im2.png",))
    with Session.open(path, model=chest()) as session:
        assert (session.history(), session.next_undo, session.next_redo) == (told, undo, redo)


def test_what_was_done_is_kept_in_plain_words(tmp_path: Path):
    """Whole rows, by the names of their columns, also of a change that kept only some of them in format 8."""
    path = written_then(tmp_path / "p.dsr", "format_8_history")
    Project.open(path, read_only=False).close()
    one = {"image": 1, "row_mm": 0.5, "column_mm": 0.25, "reader": "Ann"}
    assert record(path, "Set the pixel size of im0") == [["spacings", one, {**one, "column_mm": 0.125}]]
    (placement,) = [found for found in record(path, "Set “heart_00” absent in im1") if found[0] == "placements"]
    held = {"image": 2, "opinion": "", "landmark": 95, "state": "absent", "x": None, "y": None, "reader": "Ann"}
    assert placement[1] is None
    assert placement[2] == {**held, "at": placement[2]["at"]}


def test_a_damaged_change_of_format_8_stops_nothing_but_its_undo(tmp_path: Path):
    broken = "UPDATE changes SET changeset = x'00ff' WHERE label = 'Delete “hilus”'"
    path = written_then(tmp_path / "p.dsr", "format_8_history", more=broken)
    with Session.open(path, model=chest()) as session:
        before = tables(path)
        with pytest.raises(ProjectError, match=r"p\.dsr is damaged"):
            session.undo()
        assert tables(path) == before
        session.set_absent("im0.png", "heart_01")
        assert session.undo().label == "Set “heart_01” absent in im0"
        assert tables(path) == before


def record(path: Path, label: str) -> list[Any]:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = next(iter(db.execute("SELECT rows FROM changes WHERE label = ? ORDER BY id", (label,))))
    db.close()
    return json.loads(found[0])


def tables(path: Path) -> dict[str, list[list[Any]]]:
    """What an open project's file holds now, in the columns of format 8 and without where files lie."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = {name: [list(row) for row in db.execute(f"SELECT * FROM {name}")] for name in STATES[0]["tables"]}
    db.close()
    names = {row[0]: row[1] for row in found["images"]}
    found["images"] = [[name, position, "", relative] for _, name, position, _, _, relative in found["images"]]
    found["landmarks"] = [row for row in found["landmarks"] if row[0] < 3 or row[0] > 166]
    for table in found.keys() & set(NAMING_IMAGES):
        found[table] = [[names[row[0]], *row[1:]] for row in found[table]]
    for table in ("placements", "reviews", "structure_reviews"):
        assert {row.pop(1) for row in found[table]} <= {""}
    return {table: sorted(rows, key=lambda row: row[:2]) for table, rows in found.items()}
