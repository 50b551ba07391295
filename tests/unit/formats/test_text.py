"""Names that a spreadsheet would run, that break a line or that are no text are defused in every file."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.main import say
from app.core.frame import Frame, Provenance, Spacing
from app.core.orientation import Orientation
from app.core.text import one_line, well_formed
from app.formats.csv_table import COLUMNS, About, Row, cell, write_table
from app.io.atomic import json_text

PRESENT = "image,structure,landmark,x_px,y_px,x_mm,y_mm,confidence,expected_error_px,expected_error_mm,state"
ANY = st.text(st.characters(categories=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|x", "'+cmd|x"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-5", "-5"),
        ("-0.25", "-0.25"),
        ("+1e-3", "+1e-3"),
        ("a=b", "a=b"),
        ("a\r\nb", "a\\r\\nb"),
        ("Müller, “x”", "Müller, “x”"),
        ("a\udcff.png", "a\\xff.png"),
    ],
)
def test_a_cell_is_never_a_formula(text: str, wanted: str):
    assert cell(text) == wanted


@given(ANY)
def test_any_text_is_one_harmless_cell_of_one_line(text: str):
    found = cell(text)
    assert len(found.encode("utf-8").decode("utf-8").splitlines()) <= 1
    if found[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        float(found.replace(",", "."))
    assert list(csv.reader(io.StringIO(",".join(["a", f'"{found.replace(chr(34), chr(34) * 2)}"'])))) == [["a", found]]


@given(ANY)
def test_any_text_can_be_written_as_json(text: str):
    data = json_text({"name": text}).encode("utf-8")
    assert json.loads(data) == {"name": well_formed(text)}


def test_the_terminal_gets_one_line(capfd):
    say("a\udcff\r\n\x1b[31mb.png: it is empty.")
    assert capfd.readouterr().err == "a\\xff\\r\\n\\x1b[31mb.png: it is empty.\n"
    assert one_line("plain") == "plain"


def test_a_row_tells_spacing_by_row_and_column_and_how_the_image_is_read(tmp_path):
    frame = Frame(120, 100, 4, 4, Spacing(0.2, 0.3, Provenance.AT_DETECTOR), Orientation(3, True, True))
    about = About("accepted", "@no chest", "=Ann", "2026-11-26T10:00:00.000+00:00")
    rows = [
        Row(
            "=a.png", "lung", "-b", "corrected", (-10.5, 4.25), 0.0, frame, about, "Bo", "2026-11-25T09:00:00.000+00:00"
        ),
        Row("c.png", "lung", "d", "absent", None, None, None, about),
    ]
    write_table(rows, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text("utf-8")
    assert text.startswith(PRESENT + ",")
    assert text.count("\n") == 3
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["image"], first["landmark"], first["suspect"]) == ("'=a.png", "'-b", "'@no chest")
    assert (first["x_px"], first["y_px"], first["x_mm"], first["y_mm"]) == ("-10.500", "4.250", "-3.150", "0.850")
    assert (first["spacing_row_mm"], first["spacing_column_mm"]) == ("0.2", "0.3")
    assert first["spacing_provenance"] == "at detector"
    assert first["orientation"] == "turned_270 mirrored inverted"
    assert (first["reader"], first["time_utc"]) == ("Bo", "2026-11-25T09:00:00.000+00:00")
    assert (second["reader"], second["time_utc"]) == ("'=Ann", "2026-11-26T10:00:00.000+00:00")
    assert (second["spacing_row_mm"], second["orientation"], second["review"]) == ("", "", "accepted")
    assert len(first) == len(COLUMNS)
