"""CVAT, Label Studio and YOLO's landmarks, read back as their documents say (and by them: `make test-formats`)."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from app.core.landmark import Landmark
from app.formats.csv_table import Row
from app.formats.cvat import Cvat, image_of
from app.formats.labelstudio import LabelStudio, brush_of, config_of, task_of
from app.formats.output_folder import OutputFolder
from app.formats.project_view import RefusedError
from app.formats.yolo_pose import YoloPose, pose_of
from tests.unit.formats.views import NAMES, SPACED, any_masks, drawn, project, rejected, view

MARKS = [Landmark(name, "lung", 0.1, 0.2) for name in ('top "A" & <b>', "tip", "base", "edge")]
ONE = Row("sub/a.png", "lung", MARKS[0].name, "corrected", (4.25, 7.125), None, None)
ROWS = (
    ONE,
    replace(ONE, landmark="tip", state="absent", xy=None),
    replace(ONE, landmark="base", state="predicted", mask="rejected"),
    replace(ONE, landmark="edge", state="predicted", xy=(-3.5, 2.0)),
    replace(ONE, landmark="contour_00", xy=(1.0, 1.0)),  # not the project's own
)
PROJECT = project(landmarks=MARKS)


def cvat_masks(element: ElementTree.Element, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """As CVAT's manual says: lengths of runs within the box, the first one of background."""
    found = {}
    for mask in element.findall("mask"):
        left, top, width, height = (int(mask.get(key)) for key in ("left", "top", "width", "height"))
        whole, flat, value = np.zeros(shape, bool), [], False
        for count in mask.get("rle").split(","):
            flat += [value] * int(count)
            value = not value
        whole[top : top + height, left : left + width] = np.reshape(flat, (height, width))
        found[mask.get("label")] = whole
    return found


def test_cvat_holds_masks_as_runs_and_points_from_the_corner(tmp_path: Path):
    output = OutputFolder(tmp_path)
    part = Cvat(PROJECT, output)
    part.add(view({"lung": drawn(1), "heart": None}, rows=ROWS))
    part.add(view({"lung": drawn(3), "heart": drawn(4)}, structures=rejected("lung")))
    part.keep()
    root = ElementTree.parse(tmp_path / "cvat" / "annotations.xml").getroot()
    assert root.findtext("version") == "1.1"
    first, second = root.findall("image")
    assert dict(first.items()) == {"id": "0", "name": "sub/a.png", "width": "13", "height": "9"}
    assert list(cvat_masks(first, (9, 13))) == ["lung"]
    np.testing.assert_array_equal(cvat_masks(first, (9, 13))["lung"], drawn(1))
    points = {each.get("label"): (each.get("points"), each.get("occluded")) for each in first.findall("points")}
    assert points == {MARKS[0].name: ("4.750,7.625", "0"), "edge": ("-3.000,2.500", "1")}
    assert [each.findtext("attribute") for each in first.findall("points")] == ["corrected", "predicted"]
    assert [each.get("source") for each in first.findall("points")] == ["manual", "auto"]
    assert list(cvat_masks(second, (9, 13))) == ["heart"]
    labels = json.loads((tmp_path / "cvat" / "labels.json").read_text())
    named = [label.findtext("name") for label in root.iter("label")]
    assert named == [label["name"] for label in labels] == [*NAMES, *(mark.name for mark in MARKS)]
    assert [label["type"] for label in labels] == ["mask"] * 2 + ["points"] * 4
    assert set(Cvat.files(PROJECT)) == {"cvat/annotations.xml", "cvat/labels.json"}
    assert output.written == ("cvat/labels.json",)  # the other one is noted by who keeps it


def unpacked(packed: list[int]) -> np.ndarray:
    """The values that @thi.ng/rle-pack packed, read bit by bit as its readme lays them out."""
    bits = "".join(f"{byte:08b}" for byte in packed)
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(bits[at - count : at], 2)

    count, width = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < count:
        repeated, length = take(1), take(sizes[take(2)]) + 1
        values += [take(width)] * length if repeated else [take(width) for _ in range(length)]
    return np.array(values, np.uint8)


def brushed(result: dict) -> np.ndarray:
    shape = result["original_height"], result["original_width"], 4
    return unpacked(result["value"]["rle"]).reshape(shape)[..., 3] > 0


def test_label_studio_gets_predictions_or_annotations_with_brushes_and_points(tmp_path: Path):
    output = OutputFolder(tmp_path)
    part = LabelStudio(PROJECT, output)
    part.add(view({"lung": drawn(1), "heart": drawn(2)}, rows=ROWS))
    part.add(view({"lung": drawn(3), "heart": drawn(4)}, structures=rejected("lung"), review="accepted"))
    part.keep()
    first, second = json.loads((tmp_path / "labelstudio" / "tasks.json").read_text())
    (prediction,), (annotation,) = first["predictions"], second["annotations"]
    assert first["data"]["image"] == "/data/local-files/?d=sub/a.png"
    masks = {r["value"]["brushlabels"][0]: r for r in prediction["result"] if r["type"] == "brushlabels"}
    for seed, name in enumerate(NAMES, 1):
        np.testing.assert_array_equal(brushed(masks[name]), drawn(seed))
    points = [r["value"] for r in prediction["result"] if r["type"] == "keypointlabels"]
    assert [p["keypointlabels"] for p in points] == [[MARKS[0].name], ["edge"]]
    assert (points[0]["x"], points[0]["y"]) == pytest.approx((100 * 4.75 / 13, 100 * 7.625 / 9), abs=1e-6)
    assert [r["value"]["brushlabels"] for r in annotation["result"]] == [["heart"]]
    config = ElementTree.parse(tmp_path / "labelstudio" / "config.xml").getroot()
    names = {tag: [each.get("value") for each in config.find(tag)] for tag in ("BrushLabels", "KeyPointLabels")}
    assert names == {"BrushLabels": NAMES, "KeyPointLabels": [mark.name for mark in MARKS]}
    assert {r["from_name"] for r in prediction["result"]} == {each.get("name") for each in config[1:]}


def test_long_runs_are_parted():
    mask = np.zeros((300, 450), bool)
    mask[100:299, 3:] = True
    mask[0, 0] = True
    np.testing.assert_array_equal(unpacked(brush_of(mask)).reshape(300, 450, 4)[..., 1] == 255, mask)


@settings(deadline=None, max_examples=60)
@given(any_masks())
def test_any_masks_come_back_bit_by_bit(made):
    frame, masks = made
    image, shape = (
        view(masks, frame, rows=(replace(ONE, xy=(0.1234, frame.height - 0.6)),)),
        (frame.height, frame.width),
    )
    element = ElementTree.fromstring(image_of(image, PROJECT, 0))
    for name, mask in masks.items():
        np.testing.assert_array_equal(cvat_masks(element, shape).get(name, np.zeros(shape, bool)), mask)
        np.testing.assert_array_equal(unpacked(brush_of(mask)).reshape(*shape, 4)[..., 0] > 0, mask)
    (point,) = element.findall("points")
    corner = [0.6234, frame.height - 0.1]
    assert [float(number) for number in point.get("points").split(",")] == pytest.approx(corner, abs=0.001)
    (result,) = (r for r in task_of(image, PROJECT, 1)["predictions"][0]["result"] if r["type"] == "keypointlabels")
    found = np.array([result["value"]["x"] * frame.width, result["value"]["y"] * frame.height]) / 100
    assert found == pytest.approx(corner, abs=0.001)
    shares = np.array(pose_of(image, PROJECT).split(), float)[5:7] * (frame.width, frame.height)
    assert shares == pytest.approx(corner, abs=0.001)


def test_yolo_has_one_object_per_image_with_every_landmark(tmp_path: Path):
    lung = np.zeros((9, 13), bool)
    lung[2:6, 3:11] = True
    output = OutputFolder(tmp_path)
    part = YoloPose(PROJECT, output)
    part.add(view({"lung": lung, "heart": None}, SPACED, rows=ROWS))
    part.keep()
    (line,) = (tmp_path / "yolo-pose" / "labels" / "sub" / "a.txt").read_text().splitlines()
    numbers = np.array(line.split(), float)
    x, y, width, height = numbers[1:5] * (13, 9, 13, 9)
    box = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    assert (numbers[0], *box) == pytest.approx((0, 3, 2, 11, 7.625), abs=1e-5)  # columns 3..10, rows 2..5, the top
    points = numbers[5:].reshape(-1, 3)
    assert points[0] == pytest.approx([4.75 / 13, 7.625 / 9, 2], abs=1e-6)
    assert not points[1:].any()  # absent, in a rejected structure, outside the picture
    told = (tmp_path / "yolo-pose" / "data.yaml").read_text().splitlines()
    assert "kpt_shape: [4, 3]" in told
    assert "flip_idx" not in "".join(told)
    assert [json.loads(name.strip("- ")) for name in told if name.startswith("    - ")] == [m.name for m in MARKS]
    assert set(output.written) == {"yolo-pose/labels/sub/a.txt", "yolo-pose/data.yaml"} == set(YoloPose.files(PROJECT))


def test_an_image_without_a_place_is_no_background():
    with pytest.raises(RefusedError, match="No landmark has a place"):
        pose_of(view({"lung": drawn(1)}, rows=ROWS[1:3]), PROJECT)


def test_a_label_studio_interface_escapes_names():
    assert ElementTree.fromstring(config_of(PROJECT)).find("KeyPointLabels")[0].get("value") == 'top "A" & <b>'
