"""Files of other programs, written by hand or by other libraries; bad ones are told with their names."""

from __future__ import annotations

import base64
import json

import cv2
import highdicom
import numpy as np
import pydicom
import pytest
from pycocotools import mask as rle
from pydicom.sr.codedict import codes
from skimage.draw import polygon2mask

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import Landmark, PlacementState
from app.core.masks import MaskState
from app.formats.csv_table import Row
from app.formats.dicom_reading import read_seg, read_sr
from app.formats.dicom_seg import segmentation_of
from app.formats.dicom_sr import report_of
from app.formats.readers import read_paths
from app.formats.reading import Known
from tests.unit.formats.test_dicom import HEIGHT, WIDTH, drawn, film, predicted, project, view

__all__ = ["film"]
FRAME = Frame(20, 30, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))
KNOWN = Known(("right_lung", "heart"), ("hilum", "apex", "tip"))


def read(path, format=""):
    found = read_paths([path], KNOWN, format)
    assert not found.failed
    return found.annotations


def native(point, frame=FRAME):
    return None if point.place is None else frame.to_native(point.place, point.axes).tolist()


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def test_slicer_lists_in_ras_and_lps_of_both_kinds(tmp_path):
    # Column 8, row 6 of pixels of .25 mm and .5 mm: 2 mm to the left, 3 mm to the back.
    fcsv = "# Markups fiducial file version = 4.11\n# CoordinateSystem = {}\n# columns = id,x,y,z,ow,ox,oy,oz,vis,sel"
    fcsv += ",lock,label,desc\n1,{},0,0,0,0,1,1,1,0,hilum,\n"
    for number, (system, place) in enumerate([("RAS", "-2,-3"), ("LPS", "2,3"), ("0", "-2,-3"), ("1", "2,3")]):
        path = written(tmp_path / f"{number}" / "im0.fcsv", fcsv.format(system, place))
        (one,) = read(path)
        assert one.image.name.endswith("im0")
        assert [(p.landmark, native(p)) for p in one.points] == [("hilum", [8.0, 6.0])]
    points = [
        {"label": "hilum", "position": [-2, -3, 0], "positionStatus": "defined"},
        {"label": "apex", "positionStatus": "missing"},
        {"label": "tip", "positionStatus": "undefined", "position": [0, 0, 0]},
    ]
    markups = [{"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": points}, {"type": "Line"}]
    (one,) = read(written(tmp_path / "im0.mrk.json", {"@schema": "x/markups-schema-v1", "markups": markups}))
    assert [(p.landmark, native(p)) for p in one.points] == [("hilum", [8.0, 6.0]), ("apex", None)]
    assert one.left_out == ["A Line of Slicer’s"]


def test_coco_of_others_with_polygons_compressed_runs_and_keypoints(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[3:9, 4:20] = mask[8:15, 4:7] = 1
    packed = rle.encode(np.asfortranarray(mask))
    corners = [[10.0, 4.0, 25.5, 6.0, 14.0, 17.5]]
    data = {
        "images": [{"id": 4, "file_name": "ward/im0.png", "height": 20, "width": 30}],
        "categories": [{"id": 7, "name": "heart"}, {"id": 9, "name": "right_lung", "keypoints": ["hilum", "apex"]}],
        "annotations": [
            {"image_id": 4, "category_id": 7, "segmentation": {"size": [20, 30], "counts": packed["counts"].decode()}},
            {"image_id": 4, "category_id": 9, "segmentation": corners, "keypoints": [8, 6.5, 2, 0, 0, 0]},
        ],
    }
    (one,) = read(written(tmp_path / "any.json", data))
    assert one.image.size == (20, 30)
    lung, heart = sorted(one.masks, key=lambda row: -len(row.outlines))
    np.testing.assert_array_equal(heart.native(FRAME), mask > 0)
    xy = np.reshape(corners[0], (-1, 2)) - 0.5
    np.testing.assert_array_equal(lung.native(FRAME), polygon2mask((20, 30), xy[:, ::-1]))
    assert [(p.landmark, native(p), p.state) for p in one.points] == [("hilum", [8.0, 6.5], None)]


def test_labelme_of_others_with_a_mask_a_circle_and_a_line(tmp_path):
    part = np.zeros((4, 6), np.uint8)
    part[1:, 2:] = 1
    encoded = base64.b64encode(cv2.imencode(".png", part)[1].tobytes()).decode()
    shapes = [
        {"label": "heart", "shape_type": "mask", "points": [[7, 5], [12, 8]], "mask": encoded},
        {"label": "right_lung", "shape_type": "circle", "points": [[10.5, 8.5], [13.5, 12.5]]},
        {"label": "rib", "shape_type": "linestrip", "points": [[1, 2], [3, 4]]},
        {"label": "hilum", "shape_type": "point", "points": [[8.5, 7.0]]},
    ]
    data = {
        "version": "5.4.1",
        "shapes": shapes,
        "imagePath": "..\\films\\im0.png",
        "imageHeight": 20,
        "imageWidth": 30,
    }
    (one,) = read(written(tmp_path / "json" / "x.json", data))
    assert one.image.name == str(tmp_path / "films" / "im0.png")
    lung, heart = sorted(one.masks, key=lambda row: -len(row.outlines))
    expected = np.zeros((20, 30), bool)
    expected[6:9, 9:13] = True
    np.testing.assert_array_equal(heart.native(FRAME), expected)
    ys, xs = np.mgrid[:20, :30]
    far = np.hypot(xs - 10, ys - 8)
    circle = lung.native(FRAME)
    assert circle[far < 4.9].all()
    assert not circle[far > 5.02].any()
    assert [native(p) for p in one.points] == [[8.0, 6.5]]
    assert one.left_out == ["The linestrip “rib”"]


def test_cvat_with_masks_points_and_skeletons(tmp_path):
    image = (
        '<image id="0" name="a/im0.png" width="30" height="20">'
        '<mask label="heart" rle="1, 2, 3" left="4" top="5" width="3" height="2"/>'
        '<box label="right_lung" xtl="2.0" ytl="3.0" xbr="6.0" ybr="9.0"/>'
        '<points label="hilum" points="8.50,7.00"/><polyline label="rib" points="1,2;3,4"/>'
        '<skeleton label="marks"><points label="apex" outside="0" points="3.5,4.5"/>'
        '<points label="tip" outside="1" points="0,0"/></skeleton></image>'
    )
    (one,) = read(written(tmp_path / "annotations.xml", f"<annotations><version>1.1</version>{image}</annotations>"))
    masks = {row.structure: row.native(FRAME) for row in one.masks}
    assert np.argwhere(masks["heart"]).tolist() == [[5, 5], [5, 6]]
    rows, columns = np.nonzero(masks["right_lung"])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 8, 2, 5)
    assert [(p.landmark, native(p)) for p in one.points] == [("hilum", [8.0, 6.5]), ("apex", [3.0, 4.0]), ("tip", None)]
    assert one.left_out == ["The polyline “rib”"]


def test_tps_counts_upward_and_its_points_are_the_landmarks_in_their_order(tmp_path):
    text = "LP=3\n8.5 13.5\n-1 -1\n3.5 19.5\nIMAGE=films\\im0.jpg\nID=0\nSCALE=0.1\n"
    (one,) = read(written(tmp_path / "a.tps", text))
    assert [(p.landmark, native(p)) for p in one.points] == [("hilum", [8.0, 6.0]), ("tip", [3.0, 0.0])]
    found = read_paths([written(tmp_path / "b.tps", text.replace("LP=3\n8.5 13.5\n", "LP=2\n"))], KNOWN)
    assert "b.tps has 2 points in an image" in found.failed[0][1]


def test_yolo_names_its_classes_by_data_yaml(tmp_path):
    written(tmp_path / "data.yaml", "path: .\nnames:\n  0: right_lung\n  1: heart\nnc: 2\n")
    label = "1 0.2 0.25 0.6 0.25 0.6 0.75\n0 0.5 0.5 0.1 0.1\n"
    (one,) = read(written(tmp_path / "labels" / "train" / "im0.txt", label))
    (heart,) = one.masks
    corners = np.array([(6, 5), (18, 5), (18, 15)]) - 0.5
    np.testing.assert_array_equal(heart.native(FRAME), polygon2mask((20, 30), corners[:, ::-1]))
    assert one.left_out == ["A box of “right_lung”"]
    written(tmp_path / "data.yaml", "names: ['right_lung', \"heart\"]  # two\n")
    assert read(tmp_path / "labels")[0].masks[0].structure == "heart"


@pytest.mark.parametrize(
    "names",
    [
        "names:\n  1: right_lung\n  0: heart\n",
        "names: {1: right_lung, 0: 'heart'}  # turned\n",
        "names:\n  # two\n  7: spleen\n\n  0: heart # the first\n  '1': \"right_lung\"\nnc: 2\n",
        "names:\n- heart\n- right_lung\n",
    ],
)
def test_yolo_classes_go_by_their_numbers(tmp_path, names):
    written(tmp_path / "data.yaml", names)
    label = "0 .2 .25 .6 .25 .6 .75\n1 .1 .1 .5 .1 .5 .5\n"
    (one,) = read(written(tmp_path / "labels" / "im0.txt", label))
    assert [(row.structure, row.outlines[0][0].tolist()) for row in one.masks] == [
        ("heart", [0.2, 0.25]),
        ("right_lung", [0.1, 0.1]),
    ]
    found = read_paths([written(tmp_path / "labels" / "im1.txt", "5 .2 .25 .6 .25 .6 .75\n")], KNOWN)
    assert "im1.txt, line 1, is no label, or of a class that has no name." in found.failed[0][1]


def test_a_blank_line_of_classes_txt_has_a_number_too(tmp_path):
    written(tmp_path / "classes.txt", "right_lung\n\nheart\n")
    (one,) = read(written(tmp_path / "labels" / "im0.txt", "2 .2 .25 .6 .25 .6 .75\n"))
    assert [row.structure for row in one.masks] == ["heart"]


def test_poses_of_yolo_are_no_outlines(tmp_path):
    written(tmp_path / "data.yaml", "kpt_shape: [2, 3]\nnames:\n  0: heart\n")
    (one,) = read(written(tmp_path / "labels" / "im0.txt", "0 .5 .5 .4 .4 .1 .1 2 .2 .3 2\n"))
    assert not one.masks
    assert one.left_out == ["A box of “heart” with keypoints"]


def test_pixels_that_nnunet_ignores_are_left_out_and_told(tmp_path):
    labels = np.zeros((20, 30), np.uint8)
    labels[3:9, 4:20], labels[12, 5:9] = 1, 2
    written(tmp_path / "dataset.json", {"labels": {"background": 0, "heart": 1, "right_lung": 3, "ignore": 2}})
    cv2.imwrite(str(tmp_path / "im0.png"), labels)
    cv2.imwrite(str(tmp_path / "im1.png"), np.where(labels == 2, 0, labels))
    ignoring, whole = read(tmp_path)
    assert [row.structure for row in ignoring.masks] == ["heart"]  # the lung may lie where nothing is said
    np.testing.assert_array_equal(ignoring.masks[0].native(FRAME), labels == 1)
    assert ignoring.left_out == ["The pixels of the label “ignore”"]
    assert [(row.structure, row.absent) for row in whole.masks] == [("heart", False), ("right_lung", True)]
    assert not whole.left_out


def test_masks_by_structure_and_by_image(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[2:7, 3:18] = 255
    for path in ("heart/im0.png", "im1/heart.png", "im1/right_lung.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / path), mask if "heart" in path else 0 * mask)
    found = {(one.image.name.rsplit("/")[-1], one.masks[0].structure): one.masks[0] for one in read(tmp_path)}
    np.testing.assert_array_equal(found["im0", "heart"].native(FRAME), mask > 0)
    np.testing.assert_array_equal(found["im1", "heart"].native(FRAME), mask > 0)
    assert found["im1", "right_lung"].absent


# --- DICOM


def saved(data, path):
    data.save_as(path)
    return path


def test_our_segmentation_comes_back_with_its_overlaps_and_says_who_drew_it(film):
    masks = {"left_clavicle": drawn(1), "heart": drawn(2)}
    image = view(film, masks, prediction=predicted("heart"))
    (one,) = read_seg(saved(segmentation_of(image, project()), film.with_name("s.dcm")), KNOWN)
    assert one.image.uid == pydicom.dcmread(film).SOPInstanceUID
    found = {row.structure: row for row in one.masks}
    assert found["heart"].state is MaskState.CORRECTED
    assert [*found["left_clavicle"].also] == ["Left clavicle", "Left Clavicle"]
    for name, mask in masks.items():
        np.testing.assert_array_equal(found[name].native(Frame(HEIGHT, WIDTH)), mask)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segmentations_of_others_are_read_by_their_labels(film, kind):
    source = pydicom.dcmread(film)
    labels = np.random.default_rng(5).integers(0, 3, (1, HEIGHT, WIDTH), np.uint8)
    described = [
        highdicom.seg.SegmentDescription(
            *(number, label, codes.SCT.Organ, codes.SCT.Lung, "MANUAL"),
        )
        for number, label in enumerate(["Right lung", "spleen"], 1)
    ]
    pixels = labels if kind != "FRACTIONAL" else np.stack([labels == 1, labels == 2], -1) * np.float32(0.8)
    made = highdicom.seg.Segmentation(
        [source], pixels, kind, described, "1.2.3", 1, "1.2.4", 1, "Maker", "Model", "1", "2", omit_empty_frames=False
    )
    (one,) = read_seg(saved(made, film.with_name("o.dcm")), KNOWN)
    found = {row.structure: row.native(Frame(HEIGHT, WIDTH)) for row in one.masks}
    np.testing.assert_array_equal(found["Right lung"], labels[0] == 1)
    np.testing.assert_array_equal(found["spleen"], labels[0] == 2)


def test_our_report_comes_back_to_half_a_pixel(film):
    rows = [
        Row("film.dcm", "right_lung", "Hilum", "corrected", (2.25, 7.5), 1.0, Frame(HEIGHT, WIDTH)),
        Row("film.dcm", "heart", "Tip", "predicted", (11.0, 3.125), 1.0, Frame(HEIGHT, WIDTH)),
    ]
    marks = [Landmark("Hilum", "right_lung", 0.2, 0.1), Landmark("Tip", "heart", 0.2, 0.1)]
    path = saved(report_of(view(film, rows=rows), project(marks)), film.with_name("r.dcm"))
    (one,) = read_sr(path, KNOWN)
    assert one.image.uid == pydicom.dcmread(film).SOPInstanceUID
    assert [(p.landmark, native(p), p.state) for p in one.points] == [
        ("Hilum", [2.25, 7.5], PlacementState.CORRECTED),
        ("Tip", [11.0, 3.125], PlacementState.PREDICTED),
    ]


def test_dicom_files_in_a_folder_are_told_apart_and_images_are_no_annotations(film):
    image = view(film, {"heart": drawn(2)})
    saved(segmentation_of(image, project()), film.with_name("s.dcm"))
    found = read_paths([film.parent], KNOWN)
    assert (dict(found.formats), found.ignored, found.failed) == ({"dicom-seg": 1}, 1, [])
    damaged = film.with_name("t.dcm")
    data = pydicom.dcmread(film.with_name("s.dcm"))
    del data.SegmentSequence
    saved(data, damaged)
    (told,) = read_paths([damaged], KNOWN).failed
    assert "t.dcm is no whole DICOM segmentation" in told[1]


# --- bad files


@pytest.mark.parametrize(
    ("name", "text", "format", "sentence"),
    [
        ("a.csv", "image,landmark,x_px,y_px\nim0,hilum,3,x\n", "", "a.csv: the place of hilum, row 2, is no pair"),
        ("a.csv", "image,landmark,x_px,y_px\nim0,hilum,3,inf\n", "", "is no pair of numbers"),
        ("a.csv", "image,landmark,x_px,y_px\n,hilum,3,4\n", "", "a.csv, row 2: the image or the landmark has no name"),
        ("a.json", '{"shapes": [3], "imagePath": "a.png"}', "", "a.json holds a shape that is none"),
        ("a.json", '{"shapes": {', "labelme", "a.json is no JSON file"),
        ("a.json", '{"images": [], "categories": [], "annotations": [{}]}', "", "a.json is no whole COCO file"),
        ("a.mrk.json", '{"markups": [{}]}', "", "a.mrk.json is no whole list of Slicer’s points: 'type'"),
        ("a.tps", "LP=3\n1 2\n3 4\n5 x\nIMAGE=a.png\n", "", "a.tps: the place of a point is no pair"),
        ("a.xml", "<annotations><image name='a'/></annotations>", "", "a.xml: an image has no width or height"),
        ("a.txt", "hello", "", "holds no annotations that are known. It may hold: Table of placements"),
        ("a.txt", "0 .1 .2 .3 .4 .5 .6", "yolo", "a.txt has no classes.txt"),
        ("a.seg.nrrd", "NRRD0004\ntype: uint8\nSegment0_ID:=x\n\nabc", "", "a.seg.nrrd"),
        ("a.dcm", "hello", "dicom-seg", "a.dcm is no DICOM file, or damaged"),
    ],
)
def test_a_bad_file_is_told_with_its_name(tmp_path, name, text, format, sentence):
    found = read_paths([written(tmp_path / name, text)], KNOWN, format)
    assert not found.annotations
    ((_, told),) = found.failed
    assert sentence in told
