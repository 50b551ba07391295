"""Reviews, history and Parquet; and what belongs to a rejected structure is marked in every table."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from app.formats.from_session import view_of
from app.formats.write import write
from app.project.session import Session


@pytest.fixture
def session(session: Session) -> Session:
    session.define_landmark("=hilum", "right_lung", (0.1, 0.2))
    session.move_placement("im1.png", "=hilum", (5, 6.25))
    session.define_region("zone", "heart", [(-0.5, -0.4), (0.5, -0.4), (0.1, 0.6)])
    session.define_region("other", "left_lung", [(-0.5, -0.4), (0.5, -0.4), (0.1, 0.6)])
    session.define_measurement("wide", "width(heart)")
    session.define_measurement("lung", "width(left_lung)")
    session.set_review("im1.png", "rejected", "mask leaks", structure="heart")
    session.set_review("im1.png", "accepted", "the rest, is good")
    return session


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rejected_is_a_last_column_and_all_before_it_is_as_it_was(session: Session, tmp_path: Path):
    assert write(view_of(session), tmp_path, ["measurements", "regions"]).complete
    text = (tmp_path / "measurements.csv").read_text("utf-8")
    assert text.splitlines()[0] == "image,measurement,value,unit,spacing,state,rejected"
    marked = [(row["image"], row["measurement"]) for row in table(tmp_path / "measurements.csv") if row["rejected"]]
    assert marked == [("im1.png", name) for name in ("ctr", "wide")]
    values = {(row["image"], row["measurement"]): row["value"] for row in table(tmp_path / "measurements.csv")}
    assert float(values["im1.png", "wide"]) == pytest.approx(session.measurement("wide").values[1], abs=1e-4)
    found = table(tmp_path / "regions.csv")
    assert list(found[0])[-2:] == ["outline", "rejected"]
    assert [(row["image"], row["region"]) for row in found if row["rejected"] == "yes"] == [("im1.png", "zone")]


def test_reviews_are_a_row_for_the_image_and_one_for_each_structure(session: Session, tmp_path: Path):
    assert write(view_of(session, "selected", ["im1.png", "im2.png"]), tmp_path, ["reviews"]).complete
    found = table(tmp_path / "reviews.csv")
    said = [(row["image"], row["structure"], row["review"], row["note"], row["reader"]) for row in found]
    assert said == [
        ("im1.png", "", "accepted", "the rest, is good", "Ann"),
        ("im1.png", "heart", "rejected", "mask leaks", "Ann"),
        ("im2.png", "", "unread", "", ""),
    ]
    assert found[0]["time_utc"] == session.image("im1.png").reviewed_at


def test_the_history_is_a_row_for_each_action(session: Session, tmp_path: Path):
    session.undo()
    assert write(view_of(session), tmp_path, ["history"]).complete
    found = table(tmp_path / "history.csv")
    entries = session.history()
    assert [row["action"] for row in found] == [entry.label for entry in entries]
    assert [row["number"] for row in found] == [str(number) for number in range(1, len(entries) + 1)]
    moved = next(row for row in found if row["action"].startswith("Move"))
    assert (moved["images"], moved["image"], moved["landmarks"], moved["landmark"]) == ("1", "im1.png", "1", "'=hilum")
    assert [row["undone"] for row in found][-2:] == ["yes", ""]
    added = found[0]
    assert (added["images"], added["image"]) == ("3", "")
    assert {row["reader"] for row in found} == {"Ann"}


def test_parquet_has_the_same_tables_with_types(session: Session, tmp_path: Path):
    report = write(view_of(session), tmp_path, ["parquet", "csv", "measurements", "regions", "reviews", "history"])
    assert report.complete
    names = {"placements": "landmarks", "measurements": "measurements", "regions": "regions"}
    names |= {"reviews": "reviews", "history": "history"}
    assert {f"parquet/{name}.parquet" for name in names} <= set((tmp_path / "report.json").read_text().split('"'))
    for name, other in names.items():
        data = (tmp_path / "parquet" / f"{name}.parquet").read_bytes()
        found = pyarrow.parquet.read_table(io.BytesIO(data))
        rows = table(tmp_path / f"{other}.csv")
        assert found.column_names == list(rows[0])
        for row, values in zip(rows, found.to_pylist(), strict=True):
            for column, cell in row.items():
                assert same(cell, values[column]), (name, column, cell, values[column])


def same(cell: str, value: object) -> bool:
    """Whether a cell of the CSV file means the same as a value of the Parquet file."""
    if value is None:
        return cell == ""
    if isinstance(value, bool):
        return {"yes": True, "no": False, "": False}[cell] is value
    if isinstance(value, datetime):
        return datetime.fromisoformat(cell) == value
    if isinstance(value, int | float):
        return bool(np.isclose(float(cell), value, atol=1e-9))
    return cell.removeprefix("'") == value  # what a spreadsheet would run is marked there alone


def test_types_are_those_that_one_computes_with(session: Session, tmp_path: Path):
    write(view_of(session), tmp_path, ["parquet"])
    schema = pyarrow.parquet.read_schema(tmp_path / "parquet" / "placements.parquet")
    kinds = {name: str(schema.field(name).type) for name in ("image", "x_px", "shown", "off_outline", "time_utc")}
    assert kinds == {
        "image": "string",
        "x_px": "double",
        "shown": "bool",
        "off_outline": "bool",
        "time_utc": "timestamp[ms, tz=UTC]",
    }


def test_parquet_of_no_image_is_empty_and_one_that_breaks_off_leaves_nothing(session: Session, tmp_path: Path):
    session.set_review("im1.png", "in_progress")
    write(view_of(session, "accepted"), tmp_path / "none", ["parquet"])
    assert pyarrow.parquet.read_table(tmp_path / "none" / "parquet" / "placements.parquet").num_rows == 0
    report = write(view_of(session), tmp_path / "out", ["parquet"], cancelled=lambda: True)
    assert report.cancelled
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["report.json"]
