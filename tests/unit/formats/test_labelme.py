import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from app.core.frame import Frame
from app.core.landmark import ReviewState
from app.core.masks import ImageMasks, ReaderMask
from app.formats.csv_table import Row
from app.formats.labelme import labelme_of
from app.formats.polygons import polygons_of
from app.formats.project_view import ImageView
from app.store.row_types import StructureReview
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
FRAME = Frame(7, 11)


def drawn(shapes, label: str, height: int, width: int) -> np.ndarray:
    """What labelme's own `shape_to_mask` makes of polygons: Pillow's polygon with its outline, united."""
    mask = np.zeros((height, width), bool)
    for shape in shapes:
        if (shape["label"], shape["shape_type"]) == (label, "polygon"):
            assert len(shape["points"]) >= 3  # it refuses fewer
            picture = Image.new("L", (width, height))
            ImageDraw.Draw(picture).polygon([tuple(point) for point in shape["points"]], outline=1, fill=1)
            mask |= np.asarray(picture, bool)
    return mask


def view(heart=None, lung=None, rows=(), **more) -> ImageView:
    said = {"heart": ReaderMask(heart), "lung": ReaderMask(lung)}
    masks = ImageMasks(TEMPLATE, FRAME, None, said)
    return ImageView("sub/a.png", "sub/a", "accepted", masks, tuple(rows), **more)


@settings(max_examples=60)
@given(st.data())
def test_labelme_draws_every_mask_as_it_was_with_its_pieces_and_holes(data):
    height, width = data.draw(st.tuples(st.integers(1, 14), st.integers(1, 17)))
    bits = data.draw(st.lists(st.integers(0, 3), min_size=height * width, max_size=height * width))
    mask = np.reshape(bits, (height, width)) > 0  # three quarters are set, so that there are holes
    shapes = [
        {"label": "x", "shape_type": "polygon", "points": (polygon + 0.5).tolist()} for polygon in polygons_of(mask)
    ]
    np.testing.assert_array_equal(drawn(shapes, "x", height, width), mask)


def test_pixels_are_counted_from_the_corner_of_the_first_one():
    heart = np.zeros((7, 11), bool)
    heart[1:3, 6:10] = True  # a rectangle, and a single pixel elsewhere
    heart[5, 0] = True
    row = Row("sub/a.png", "lung", "apex", "corrected", (2.25, 4.0), None, FRAME)
    found = labelme_of(view(heart, None, [row]))
    polygons = [shape for shape in found["shapes"] if shape["shape_type"] == "polygon"]
    assert [(shape["label"], shape["group_id"], shape["flags"]) for shape in polygons] == [
        ("heart", TEMPLATE.index("heart") + 1, {"corrected": True})
    ] * 2
    corners = sorted(sorted(map(tuple, shape["points"])) for shape in polygons)
    assert corners == [[(0.5, 5.5)] * 3, [(6.5, 1.5), (6.5, 2.5), (9.5, 1.5), (9.5, 2.5)]]
    (point,) = [shape for shape in found["shapes"] if shape["shape_type"] == "point"]
    assert (point["label"], point["points"], point["group_id"]) == ("apex", [[2.75, 4.5]], TEMPLATE.index("lung") + 1)
    assert (found["imageHeight"], found["imageWidth"], found["imagePath"]) == (7, 11, "a.png")
    assert found["imageData"] is None
    assert found["flags"] == {"accepted": True}
    assert found["denseseg_review"]["masks"] == {"heart": "corrected", "lung": "absent"}


def test_what_a_reader_rejected_or_called_absent_is_left_out_and_what_a_reader_placed_stays():
    rejected = StructureReview("sub/a.png", "heart", ReviewState.REJECTED, "", "Ann", "2026-11-27T12:00:00Z")
    row = Row("a", "heart", "apex", "predicted", (2.0, 4.0), 1.0, FRAME, mask="rejected")
    rows = [
        row,
        replace(row, landmark="tip", state="corrected", xy=(12.0, 3.0)),
        replace(row, landmark="gone", state="confirmed", keypoint="gone (deleted)", deleted=True),
        replace(row, structure="lung", landmark="hilum", state="absent", xy=None, mask="absent"),
        replace(row, structure="field", landmark="C7", mask=""),
    ]
    found = labelme_of(view(np.ones((7, 11), bool), None, rows, structures=(rejected,)))
    assert [(shape["label"], shape["flags"], shape["group_id"]) for shape in found["shapes"]] == [
        ("tip", {"corrected": True, "outside_picture": True}, TEMPLATE.index("heart") + 1),
        ("gone (deleted)", {"confirmed": True, "deleted_since_accepted": True}, TEMPLATE.index("heart") + 1),
        ("C7", {"predicted": True}, None),
    ]


def test_one_file_per_image_takes_the_place_of_an_earlier_one(tmp_path: Path):
    from app.formats.output_folder import OutputFolder
    from app.formats.registry import LabelMe

    output = OutputFolder(tmp_path)
    part = LabelMe(None, output)  # type: ignore[arg-type]
    (tmp_path / "labelme" / "sub").mkdir(parents=True)
    (tmp_path / "labelme" / "sub" / "a.json").write_text("another's")
    part.add(view(np.ones((7, 11), bool)))
    assert json.loads((tmp_path / "labelme" / "sub" / "a.json").read_text("utf-8"))["version"] == "6.3.1"
    assert (tmp_path / "labelme" / "sub" / "a (kept 1).json").read_text() == "another's"
    assert output.written == ("labelme/sub/a.json",)
    with pytest.raises(OSError, match="leads out"):
        part.add(replace(view(), stem="../../b"))
