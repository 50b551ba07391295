"""What the tables of a project say, row by row, after every kind of change and on reopening."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.frame import Provenance
from app.core.landmark import Landmark, ReviewState
from app.core.orientation import Orientation
from app.io.bundle import Bundle
from app.project.changes import PlacementNudged
from app.project.session import Session
from app.project.undo_groups import same_group
from app.store.changes import Action, Entry, Writer, at_once
from app.store.charts import CODES, FROZEN, FrozenPlacements
from app.store.errors import ProjectError
from app.store.project_file import Project
from app.store.row_types import FactsRow, landmark_of, landmark_row
from app.store.rows import Rows, file_stamp

MARK = Landmark("hilum", "right_lung", 0.125, -0.25, "where it crosses", "mine", "#ff8000", hidden=True, locked=False)
ROWS = {
    "images": [(7, "b.png", 1, "file", "/films/b.png", "b.png"), (3, "a.png", 2, "file", "/films/a.png", "")],
    "landmarks": [landmark_row(1, MARK), landmark_row(2, Landmark("apex", "heart", 0.5, 0.75))],
    "landmark_order": [(1, 9)],
    "placements": [
        (3, "", 1, "corrected", 3.5, 4.25, "Ann", "t1"),
        (7, "", 1, "absent", None, None, "Bea", "t2"),
        (7, "Cleo", 1, "corrected", 8.5, 9.5, "Cleo", "t6"),
        (3, "Cleo", 2, "corrected", 8.5, 9.5, "Cleo", "t6"),
    ],
    "reviews": [(3, "", "rejected", "blurred", "Ann", "t3"), (3, "Cleo", "accepted", "", "Cleo", "t7")],
    "structure_reviews": [
        (3, "", "heart", "rejected", "leaks", "Ann", "t4"),
        (3, "", "aorta", "second_opinion", "", "Bea", "t5"),
        (3, "Cleo", "heart", "second_opinion", "", "Cleo", "t8"),
    ],
    "spacings": [(3, 0.5, 0.25, "Ann")],
    "readings": [(7, 3, 1, 0, "Ann")],
    "facts": [
        tuple(FactsRow("/films/a.png", "ok", "", 300, 400, 0.1, 0.2, "calibrated", "r", "ab", 7, 8, "p")),
        tuple(FactsRow("/films/b.png", "ok", "", 30, 40, 0.1, 0.2, "calibrated", "", "cd", 7, 8)),
    ],
}


@pytest.fixture
def project(tmp_path: Path):
    made = Project.create(tmp_path / "p", {"model": "chest"}, ROWS)
    yield made
    made.close()


def said(rows: Rows) -> dict[str, object]:
    names = ("images", "landmarks", "numbers", "by_landmark", "by_image", "reviews", "structure_reviews", "spacings")
    found = {name: getattr(rows, name) for name in (*names, "orientations", "frozen")}
    for name in ("by_landmark", "by_image", "structure_reviews"):  # what is empty says nothing
        found[name] = {key: inner for key, inner in found[name].items() if inner}
    found["order"] = [*rows.landmarks]
    found["paths"] = [(rows.key(name), rows.path(name), rows.image_row(name)) for name in rows.images]
    return found


def test_each_column_is_read_as_what_it_is(project: Project):
    rows = Rows(project)
    assert rows.images == ("b.png", "a.png")
    assert rows.landmarks[1] == MARK
    assert [*rows.landmarks] == [2, 1]
    assert rows.numbers == {"apex": 2, "hilum": 1}
    assert rows.position(1) == 9
    assert rows.position(2) == 2
    assert rows.by_image["a.png"][1].xy.tolist() == [3.5, 4.25]
    assert rows.by_landmark[1]["a.png"][:3] == ("a.png", 1, "corrected")
    assert (rows.by_image["a.png"][1].reader, rows.by_image["a.png"][1].at) == ("Ann", "t1")
    assert np.isnan(rows.by_image["b.png"][1].xy).all()
    assert {name: tuple(row) for name, row in rows.reviews.items()} == {
        "a.png": (ReviewState.REJECTED, "blurred", "Ann", "t3")
    }
    assert [(s.structure, s.state, s.note, s.reader, s.at) for s in rows.reviews_in("a.png")] == [
        ("aorta", ReviewState.SECOND_OPINION, "", "Bea", "t5"),
        ("heart", ReviewState.REJECTED, "leaks", "Ann", "t4"),
    ]
    assert rows.spacings == {"a.png": (0.5, 0.25)}
    assert rows.orientations == {"b.png": Orientation(3, True, False)}
    assert rows.orientation("a.png") == Orientation()


def test_the_readers_spacing_comes_before_the_files(project: Project):
    rows = Rows(project)
    assert (rows.spacing("a.png").row_mm, rows.spacing("a.png").column_mm) == (0.5, 0.25)
    assert rows.spacing("a.png").provenance is Provenance.GIVEN
    found = rows.spacing("b.png")
    assert (found.row_mm, found.column_mm, found.provenance) == (0.1, 0.2, Provenance.CALIBRATED)


def test_diagonals_are_those_of_pythagoras(project: Project):
    assert Rows(project).diagonals().tolist() == [math.sqrt(30**2 + 40**2), math.sqrt(300**2 + 400**2)]


def test_a_touched_image_is_in_progress_until_it_is_reviewed(project: Project):
    rows = Rows(project)
    assert rows.review("b.png")[:2] == (ReviewState.IN_PROGRESS, "")
    assert rows.review("a.png")[:2] == (ReviewState.REJECTED, "blurred")
    assert not rows.accepted("a.png")


def test_images_keep_the_order_of_adding(project: Project):
    rows = Rows(project)
    assert rows.next_position() == 3
    assert (rows.image_row("b.png").number, rows.image_row("a.png").number) == (7, 3)
    assert rows.key("a.png") == "/films/a.png"


def take_out(w: Writer) -> None:
    for table in ("placements", "readings"):
        w.drop(table, image="b.png")
    w.drop("images", name="b.png")


EDITS = {
    "an image moves": lambda w: w.put("images", 3, "a.png", 2, "file", "/other/a.png", "x"),
    "an image is renamed": lambda w: w.put("images", 3, "c.png", 2, "file", "/films/a.png", ""),
    "an image comes": lambda w: w.put("images", None, "c.png", 0, "file", "/films/c.png", ""),
    "an image goes": take_out,
    "a landmark is renamed": lambda w: w.put("landmarks", 1, "hilus", *landmark_row(1, MARK)[2:]),
    "a landmark is shown and locked": lambda w: w.put("landmarks", *landmark_row(1, MARK)[:8], 0, 1),
    "a landmark goes": lambda w: w.drop("landmarks", id=2),
    "an order changes": lambda w: w.put("landmark_order", 1, 0),
    "an order goes": lambda w: w.drop("landmark_order", landmark=1),
    "only x of a placement": lambda w: w.put("placements", "a.png", "", 1, "corrected", 99.0, 4.25, "Ann", "t1"),
    "only y of a placement": lambda w: w.put("placements", "a.png", "", 1, "corrected", 3.5, 99.0, "Ann", "t1"),
    "only the state of a placement": lambda w: w.put("placements", "a.png", "", 1, "confirmed", 3.5, 4.25, "Ann", "t1"),
    "a placement goes": lambda w: w.drop("placements", image="a.png", opinion="", landmark=1),
    "only the state of a review": lambda w: w.put("reviews", "a.png", "", "accepted", "blurred", "Ann", "t3"),
    "only the note of a review": lambda w: w.put("reviews", "a.png", "", "rejected", "sharp", "Ann", "t3"),
    "a review comes": lambda w: w.put("reviews", "b.png", "", "accepted", "fine", "Ann", "t9"),
    "a review goes": lambda w: w.drop("reviews", image="a.png"),
    "only a structure's note": lambda w: w.put("structure_reviews", "a.png", "", "heart", "rejected", "?", "Ann", "t4"),
    "a structure's review goes": lambda w: w.drop("structure_reviews", image="a.png", structure="aorta"),
    "only the row spacing": lambda w: w.put("spacings", "a.png", 0.75, 0.25, "Ann"),
    "only the column spacing": lambda w: w.put("spacings", "a.png", 0.5, 0.75, "Ann"),
    "a spacing comes": lambda w: w.put("spacings", "b.png", 0.3, 0.4, "Ann"),
    "a spacing goes": lambda w: w.drop("spacings", image="a.png"),
    "only the turns of a reading": lambda w: w.put("readings", "b.png", 1, 1, 0, "Ann"),
    "only the inversion of a reading": lambda w: w.put("readings", "b.png", 3, 1, 1, "Ann"),
    "a reading goes": lambda w: w.drop("readings", image="b.png"),
    "an image is frozen": lambda w: w.put("frozen", "a.png", "bundle", "odd", "p1", "c1", None),
}


@pytest.mark.parametrize("edit", EDITS)
def test_memory_follows_the_file(project: Project, tmp_path: Path, edit: str):
    """Applied row by row, undone and redone, memory says what reading the whole file again says."""
    followed = Rows(project)
    before = said(Rows(project))
    _, changes = project.act("Ann", Action("x", edit, EDITS[edit]))
    followed.apply(changes)
    after = said(Rows(project))
    assert said(followed) == after != before
    followed.apply(at_once(project.undo_in_pieces("Ann"))[1])
    assert said(followed) == said(Rows(project)) == before
    followed.apply(at_once(project.redo_in_pieces("Ann"))[1])
    assert said(followed) == said(Rows(project)) == after
    project.close()
    again = Project.open(tmp_path / "p", read_only=True)
    assert said(Rows(again)) == after
    again.close()


OPINIONS = {
    "a placement": lambda w: w.put("placements", "a.png", "Dan", 1, "absent", None, None, "Dan", "t9"),
    "a placement goes": lambda w: w.drop("placements", image="a.png", opinion="Cleo"),
    "a review": lambda w: w.put("reviews", "b.png", "Dan", "accepted", "", "Dan", "t9"),
    "a structure": lambda w: w.put("structure_reviews", "a.png", "Cleo", "heart", "rejected", "", "Cleo", "t9"),
}


@pytest.mark.parametrize("edit", OPINIONS)
def test_another_opinion_is_kept_beside_the_project_s_own(project: Project, edit: str):
    tables = ("placements", "reviews", "structure_reviews")
    followed, before = Rows(project), said(Rows(project))
    rows = [project.rows(table) for table in tables]
    _, changes = project.act("Dan", Action("x", edit, OPINIONS[edit]))
    followed.apply(changes)
    assert said(followed) == said(Rows(project)) == before
    assert [project.rows(table) for table in tables] != rows
    followed.apply(at_once(project.undo_in_pieces("Dan"))[1])
    assert said(followed) == said(Rows(project)) == before
    assert [sorted(project.rows(table)) for table in tables] == [sorted(found) for found in rows]


def test_a_landmark_survives_its_row():
    assert landmark_of(landmark_row(5, MARK)) == MARK
    assert landmark_row(5, MARK) == (
        *(5, "hilum", "right_lung", 0.125, -0.25, "where it crosses", "mine", "#ff8000", 1, 0),
    )


def test_a_stamp_is_size_and_time(tmp_path: Path):
    path = tmp_path / "f"
    assert file_stamp(path) is None
    path.write_bytes(b"12345")
    assert file_stamp(path) == (5, path.stat().st_mtime_ns)


def test_facts_are_kept_by_path_and_replaced_whole(project: Project):
    row = FactsRow("/films/a.png", "failed", "why", 1, 2, 0.5, 0.25, "given", "r2", "ef", 9, 10, "q")
    project.record_facts(row)
    rows = Rows(project)
    assert rows.facts_of("a.png") == row
    assert rows.facts_of("b.png") == FactsRow(*ROWS["facts"][1])
    assert project.entries() == []


# --- bursts


def entry(**fields: object) -> Entry:
    known = {
        "id": 1,
        "at": "2026-01-01T00:00:00.000+00:00",
        "reader": "Ann",
        "kind": PlacementNudged.code,
        "label": "Nudge “a” in b",
    }
    return Entry(**{**known, "images": ("b",), "landmarks": ("a",), **fields})


@pytest.mark.parametrize(
    ("later", "together"), [("00.600", True), ("00.601", False), ("00.000", True), ("30.000", False)]
)
def test_nudges_within_six_tenths_of_a_second_are_one_burst(later: str, together: bool):
    one, other = entry(), entry(at=f"2026-01-01T00:00:{float(later):06.3f}+00:00")
    assert same_group(one, other) is together
    assert same_group(other, one) is together


@pytest.mark.parametrize("field", [{"kind": "placements"}, {"label": "Nudge “a” in c"}, {"reader": "Bea"}])
def test_other_actions_are_no_part_of_a_burst(field: dict[str, str]):
    assert same_group(entry(), entry())
    assert not same_group(entry(), entry(**field))
    assert not same_group(entry(**field), entry())
    assert not same_group(entry(), None)
    assert not same_group(entry(kind="placements"), entry(kind="placements"))


# --- frozen placements


def frozen(*rows: tuple[int, str, float, float, float]) -> np.ndarray:
    return np.array([(number, CODES.index(state), x, y, error) for number, state, x, y, error in rows], FROZEN)


def test_frozen_placements_lie_over_what_is_predicted():
    table = FrozenPlacements()
    table.put(3, frozen((7, "corrected", 1.5, 2.5, 0), (9, "absent", np.nan, np.nan, np.nan)))
    table.put(0, frozen((9, "predicted", 5, 6, 0.25)))
    assert table.at(7, 3)[0] == CODES.index("corrected")
    assert table.at(7, 3)[1].tolist() == [1.5, 2.5]
    assert table.at(9, 0)[0] == CODES.index("predicted")
    assert table.at(9, 0)[2] == 0.25
    assert table.at(7, 0)[0] == table.at(8, 3)[0] == table.at(7, 99)[0] == 0
    slots = np.array([5, 3, 0, 1], np.intp)
    assert table.has(9, slots).tolist() == [False, True, True, False]
    assert table.has(7, slots).tolist() == [False, True, False, False]
    assert not table.has(8, slots).any()
    codes, xy, error = np.ones(4, np.uint8), np.full((4, 2), 100.0), np.full(4, 10.0)
    table.lay_over(9, slots, codes, xy, error)
    assert codes.tolist() == [1, CODES.index("absent"), CODES.index("predicted"), 1]
    assert xy[[0, 2, 3]].tolist() == [[100, 100], [5, 6], [100, 100]]
    assert np.isnan(xy[1]).all()
    assert error[[0, 2, 3]].tolist() == [10, 0.25, 10]
    table.put(3, None)
    assert not table.has(9, slots)[1]
    assert table.at(9, 0)[0] == CODES.index("predicted")
    table.put(0, frozen((7, "confirmed", 8, 9, 0)))
    assert table.at(9, 0)[0] == 0
    assert table.at(7, 0)[1].tolist() == [8, 9]


numbers_of_an_image = st.lists(st.integers(1, 6), unique=True, max_size=4)
steps = st.lists(st.dictionaries(st.integers(0, 5), st.none() | numbers_of_an_image, max_size=4), max_size=4)


@given(steps)
def test_many_images_are_frozen_and_thawed_at_once(steps: list[dict[int, list[int] | None]]):
    table, value = FrozenPlacements(), itertools.count(1)
    expected: dict[tuple[int, int], tuple[float, float, float]] = {}
    for step in steps:
        given_now = []
        for slot, numbers in step.items():
            rows = [(n, "corrected", next(value), next(value) / 2, next(value) / 4) for n in numbers or ()]
            given_now.append((slot, frozen(*rows) if numbers is not None else None, None))
            expected = {at: place for at, place in expected.items() if at[1] != slot}
            expected |= {(n, slot): (x, y, error) for n, _, x, y, error in rows}
        table.put_all(given_now)
        for at in itertools.product(range(1, 7), range(6)):
            code, xy, error = table.at(*at)
            assert code == (CODES.index("corrected") if at in expected else 0)
            assert at not in expected or (*xy.tolist(), error) == expected[at]


# --- what a project remembers of itself


def test_a_trail_that_was_broken_off_is_told(tmp_path: Path, bundle: Bundle, session: Session):
    session.set_absent("im0.png", "heart_00")
    session.close()
    db = apsw.Connection(str(session.path))
    db.execute("UPDATE changes SET images = 'no json'")
    db.close()
    with pytest.raises(ProjectError, match="damaged"):
        Session.open(session.path, model=bundle)
    assert not session.path.with_name("p.dsr.lock").exists()
