import csv

import numpy as np
import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import Landmark
from app.core.masks import ImageMasks
from app.formats.csv_table import COLUMNS, About, Row, number, rows_of, write_table
from app.formats.masks import write_masks
from app.io.atomic import write_text
from tests.unit.core.shapes import two_structures
from tests.unit.core.test_propagate import prediction

TEMPLATE = two_structures()
MARKS = [Landmark("apex, of it", "heart", 0.2, 0.5), Landmark("hilum", "lung", 0, 0)]
FRAME = Frame(120, 100, 4, 4, Spacing(0.2, 0.3, Provenance.CALIBRATED))


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_and_decimals(tmp_path):
    row = Row("a.png", "lung", "hilum", "predicted", (10.12345, -0.0001), 2.0, FRAME)
    write_table([row], tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes()
    assert text.startswith(",".join(COLUMNS).encode() + b"\n")
    (found,) = table(tmp_path / "t.csv")
    assert found["x_px"] == "10.123"
    assert found["y_px"] == "0.000"
    assert found["x_mm"] == "3.037"
    assert found["expected_error_px"] == "2.000"
    assert found["expected_error_mm"] == f"{2 * np.sqrt(0.06):.3f}"
    assert len(found["confidence"]) == 6
    assert 0 <= float(found["confidence"]) <= 1


def test_without_spacing_mm_are_empty_and_absent_rows_keep_their_place(tmp_path):
    found = prediction(0, (True, False))
    rows = rows_of("a.png", found, Frame(120, 100, 4, 4), TEMPLATE, MARKS)
    write_table(rows, tmp_path / "t.csv")
    heart, lung = table(tmp_path / "t.csv")
    assert (heart["landmark"], heart["structure"], heart["state"]) == ("apex, of it", "heart", "absent")
    assert [heart[column] for column in COLUMNS[3:10]] == [""] * 7
    assert lung["state"] == "predicted"
    assert lung["x_px"]
    assert lung["x_mm"] == lung["y_mm"] == lung["expected_error_mm"] == ""


def test_who_placed_a_landmark_counts_before_who_reviewed_the_image_with_a_name_or_without(tmp_path):
    about, head = (
        About("accepted", "", "Ann", "2026-01-02T10:00:00"),
        ("a.png", "lung", "hilum", "corrected", (1, 2), 0.0),
    )
    rows = [
        Row(*head, FRAME, about, "Bea", "2026-01-01T09:00:00"),
        Row(*head, FRAME, about, "", "2026-01-01T08:00:00"),  # nobody had said a name yet
        Row(*head, FRAME, about),
    ]
    write_table(rows, tmp_path / "t.csv")
    assert [(row["reader"], row["time_utc"]) for row in table(tmp_path / "t.csv")] == [
        ("Bea", "2026-01-01T09:00:00"),
        ("", "2026-01-01T08:00:00"),
        ("Ann", "2026-01-02T10:00:00"),
    ]


def test_numbers():
    assert number(float("nan")) == ""
    assert number(float("inf")) == ""
    assert number(-0.00001) == "0.000"
    assert number(1 / 3, 4) == "0.3333"


def test_masks_of_absent_structures_are_black_and_of_native_size(tmp_path):
    import cv2

    found = prediction(0, (True, False))
    found.masks[:, 1:3, 1:3] = 255
    paths = write_masks(ImageMasks(TEMPLATE, FRAME, found), tmp_path / "ä" / "a")
    assert [path.name for path in paths] == ["lung.png", "heart.png"]
    lung, heart = (cv2.imdecode(np.frombuffer(p.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED) for p in paths)
    assert lung.shape == heart.shape == (120, 100)
    assert set(np.unique(lung)) == {0, 255}
    assert not heart.any()


def test_a_file_is_replaced_whole_or_left_alone(tmp_path):
    write_text(tmp_path / "sub" / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "sub" / "a.txt", "\ud800")
    assert (tmp_path / "sub" / "a.txt").read_text() == "old"
    write_text(tmp_path / "sub" / "a.txt", "new")
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.txt"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"."):
        write_text(tmp_path / "folder", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "sub"]
