from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from app.core.frame import Frame
from app.core.landmark import ReviewState
from app.core.masks import ImageMasks, ReaderMask
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView
from app.formats.registry import Yolo
from app.formats.yolo import labels_of
from app.store.row_types import StructureReview
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
NAMES = [structure.name for structure in TEMPLATE.structures]
FRAME = Frame(40, 50)


def view(heart, lung, *reviews: StructureReview) -> ImageView:
    masks = ImageMasks(TEMPLATE, FRAME, None, {"heart": ReaderMask(heart), "lung": ReaderMask(lung)})
    return ImageView("sub/a.png", "sub/a", "accepted", masks, (), structures=reviews)


def with_a_hole_and_a_piece() -> np.ndarray:
    mask = np.zeros((40, 50), bool)
    mask[4:30, 11:47] = True
    mask[9:15, 20:31] = False
    mask[20:24, 14:17] = False
    mask[35, 3:9] = True
    return mask


def test_corners_are_shares_of_the_size_from_the_corner_of_the_first_pixel():
    lung = np.zeros((40, 50), bool)
    lung[6:10, 20:30] = True
    (line,) = labels_of(view(None, lung)).splitlines()
    number, *shares = line.split()
    assert int(number) == NAMES.index("lung")
    corners = np.reshape(np.array(shares, float), (-1, 2))
    wanted = {(0.41, 0.1625), (0.41, 0.2375), (0.59, 0.1625), (0.59, 0.2375)}  # 20.5 and 29.5 of 50, 6.5 and 9.5 of 40
    assert {tuple(corner) for corner in corners.tolist()} == wanted


def test_drawn_as_yolo_draws_them_the_masks_are_what_they_were():
    wanted = {NAMES.index("heart"): with_a_hole_and_a_piece(), NAMES.index("lung"): with_a_hole_and_a_piece().T[:40]}
    wanted[NAMES.index("lung")] = np.pad(wanted[NAMES.index("lung")], ((0, 0), (0, 10)))
    found = {number: np.zeros((40, 50), np.uint8) for number in wanted}
    for line in labels_of(view(*(wanted[NAMES.index(name)] for name in ("heart", "lung")))).splitlines():
        number, *shares = line.split()
        corners = np.reshape(np.array(shares, float), (-1, 2)) * (50, 40)
        cv2.fillPoly(found[int(number)], [corners.astype(np.int32)], 1)  # as ultralytics' polygon2mask
    for number, mask in wanted.items():
        np.testing.assert_array_equal(found[number], mask)


def test_rejected_masks_are_left_out_and_the_classes_are_told(tmp_path: Path):
    rejected = StructureReview("sub/a.png", "heart", ReviewState.REJECTED, "", "Ann", "2026-11-27T12:00:00Z")
    output = OutputFolder(tmp_path)
    part = Yolo(SimpleNamespace(template=TEMPLATE), output)  # type: ignore[arg-type]
    part.add(view(np.ones((40, 50), bool), None, rejected))
    part.keep()
    assert (tmp_path / "yolo" / "labels" / "sub" / "a.txt").read_text() == ""
    assert (tmp_path / "yolo" / "classes.txt").read_text().splitlines() == NAMES
    assert set(output.written) == {"yolo/labels/sub/a.txt", "yolo/classes.txt"}
