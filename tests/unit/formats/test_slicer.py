from dataclasses import replace

import pytest

from app.core.frame import Frame, Provenance, Spacing
from app.core.masks import ImageMasks
from app.formats.csv_table import Row
from app.formats.project_view import ImageView
from app.formats.slicer import markups_of
from tests.unit.core.shapes import two_structures

SPACED = Frame(70, 110, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))


def points(frame: Frame) -> tuple[dict, list[dict]]:
    row = Row("sub/a.png", "lung", "apex", "corrected", (20.0, 31.0), None, frame)
    rows = [
        row,
        replace(row, landmark="tip", state="absent", xy=None),
        replace(row, landmark="base", state="predicted", mask="rejected"),
        replace(row, landmark="base", state="confirmed", mask="rejected", keypoint="base (deleted)", xy=(-4.0, 7.0)),
    ]
    image = ImageView("sub/a.png", "sub/a", "accepted", ImageMasks(two_structures(), frame, None), tuple(rows))
    (markup,) = markups_of(image)["markups"]
    return markup, markup["controlPoints"]


def test_places_are_in_mm_from_the_middle_of_the_first_pixel_to_the_left_and_to_the_back():
    markup, found = points(SPACED)
    assert (markup["type"], markup["coordinateSystem"], markup["coordinateUnits"]) == ("Fiducial", "LPS", "mm")
    assert found[0]["position"] == pytest.approx([5.0, 15.5, 0.0])  # 20 columns of 0.25 mm, 31 rows of 0.5 mm
    assert found[3]["position"] == pytest.approx([-1.0, 3.5, 0.0])


def test_what_has_no_place_is_undefined_and_keeps_its_number():
    found = points(SPACED)[1]
    assert [(point["id"], point["label"], point["positionStatus"]) for point in found] == [
        ("1", "apex", "defined"),
        ("2", "tip", "undefined"),
        ("3", "base", "undefined"),
        ("4", "base (deleted)", "defined"),
    ]
    assert ["position" in point for point in found] == [True, False, False, True]


def test_without_a_spacing_places_are_in_pixels_and_called_so():
    markup, found = points(Frame(70, 110))
    assert found[0]["position"] == [20.0, 31.0, 0.0]
    assert tuple(markup["coordinateUnits"]) == ("{pixels}", "UCUM", "pixels")
