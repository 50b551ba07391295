"""Damaged files: each is told with its name, whatever is wrong with it, and the others are read all the same."""

from __future__ import annotations

import base64
import gzip
import json

import cv2
import numpy as np
import pytest

from app.core.frame import Frame
from app.formats.readers import READERS, read_paths
from app.formats.reading import Known, MaskParts, Reader
from app.formats.seg_nrrd import read_seg_nrrd
from app.project.matching import KnownImage, match

KNOWN = Known(("heart", "right_lung"), ("hilum", "apex"))
HUGE = {"height": 10**6, "width": 10**7}


def drawn():
    mask = np.zeros((29, 33), np.uint8)
    mask[3:9, 4:20] = 1
    mask[4, 5] = 0
    return mask


def segmentation(mask, directions="(1,0,0) (0,1,0) (0,0,1)", **more):
    """A ``.seg.nrrd`` of one segment, as Slicer writes it."""
    height, width = mask.shape
    lines = [
        "NRRD0004",
        "type: unsigned char",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {width} {height} 1",
        f"space directions: {directions}",
        "kinds: domain domain domain",
        "encoding: gzip",
        "space origin: (0,0,0)",
    ]
    fields = {"Segment0_ID": "heart", "Segment0_LabelValue": 1, "Segment0_Layer": 0} | more
    lines += [f"{key}:={value}" for key, value in fields.items()]
    return ("\n".join(lines) + "\n\n").encode() + gzip.compress(np.ascontiguousarray(mask).tobytes())


def coco(image=None, category=None, **annotation):
    picture = {"id": 1, "file_name": "a.png", "height": 9, "width": 5} | (image or {})
    annotations = [{"image_id": 1, "category_id": 1} | annotation] if annotation else []
    categories = [{"id": 1, "name": "heart"} | (category or {})]
    return json.dumps({"images": [picture], "annotations": annotations, "categories": categories})


def cvat(shape, width=9, height=9):
    return f'<annotations><image name="a" width="{width}" height="{height}">{shape}</image></annotations>'


def labelme(**more):
    mask = base64.b64encode(cv2.imencode(".png", np.ones((2, 2), np.uint8))[1].tobytes()).decode()
    shape = {"label": "heart", "shape_type": "mask", "points": [[0, 0], [1, 1]], "mask": mask}
    return json.dumps({"shapes": [shape], "imageHeight": 9, "imageWidth": 9, "imagePath": "a.png"} | more)


PIECE = '<mask label="heart" left="{}" top="0" width="1" height="1" rle="0,1"/>'


@pytest.mark.parametrize(
    ("name", "content", "format", "sentence"),
    [
        ("a.csv", "", "csv-wide", "a.csv is empty"),
        ("a.csv", "scorer,x\n", "", "a.csv ends within its 3 head lines"),
        ("a.csv", 'image,landmark,x_px,y_px\n"' + "a" * 200_000 + '",b,1,2\n', "", "“a.csv” is no table, or damaged"),
        ("a.csv", "image,a_x,a_y\n,1,2\n", "", "a.csv: a row names no image"),
        ("a.seg.nrrd", segmentation(drawn()).replace(b"dimension: 3", b"dimension: 7"), "", "“a.seg.nrrd” is damaged"),
        ("a.seg.nrrd", segmentation(drawn())[:-20], "", "a.seg.nrrd is damaged: its packed pixels end early"),
        ("a.seg.nrrd", segmentation(drawn(), Segment0_Layer=3), "", "a.seg.nrrd: a segment lies in the layer 3"),
        ("a.seg.nrrd", segmentation(drawn(), Segment0_LabelValue="one"), "", "Segment0_LabelValue is “one”"),
        ("a.seg.nrrd", segmentation(drawn(), Segmentation_ReferenceImageExtentOffset=5), "", "no whole number"),
        ("a.seg.nrrd", segmentation(drawn(), Segmentation_ReferenceImageExtentOffset="-5 0 0"), "", "beyond the image"),
        ("a.json", coco(HUGE), "", "“a.json” is 10000000 x 1000000 pixels, too large"),
        ("a.json", coco({}, segmentation={"size": [10**6, 10**7], "counts": [10**13]}), "", "too large"),
        ("a.json", coco({}, segmentation={"size": [9, 5], "counts": [2**62] * 4 + [45]}), "", "do not fit"),
        ("a.json", coco({"height": "abc"}), "", "a.json: the size of an image is no pair of whole numbers"),
        ("a.json", coco({"height": 2.5}), "", "a.json: the size of an image is no pair of whole numbers"),
        ("a.json", coco({}, {"keypoints": ["apex"]}, keypoints=["x", 2, 3]), "", "a.json: a keypoint of heart"),
        ("a.json", coco({}, segmentation=[[0, 0, 3e7, 0, 3e7, 10]]), "", "reaches further than any picture"),
        ("a.json", '{"images": 3, "annotations": [], "categories": []}', "", "a value in it is of the wrong kind"),
        ("a.xml", cvat("", 10**7, 10**6), "", "“a.xml” is 10000000 x 1000000 pixels, too large"),
        ("a.xml", cvat(PIECE.format("inf")), "", "a.xml: a mask of heart is not whole"),
        ("a.xml", cvat('<box label="heart" rotation="x"/>'), "", "a.xml: a box of heart is not whole"),
        ("a.json", labelme(imageHeight=10**7, imageWidth=10**7), "", "“a.json” is 10000000 x 10000000 pixels"),
    ],
)
def test_a_damaged_file_is_told_with_its_name_and_the_next_one_is_read(tmp_path, name, content, format, sentence):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    suffix = name.partition(".")[2]
    good = {"csv": "image,hilum_x,hilum_y\nim0,3,4\n", "json": coco(), "xml": cvat("")}
    (tmp_path / f"b.{suffix}").write_bytes(good[suffix].encode() if suffix in good else segmentation(drawn()))
    found = read_paths([tmp_path / name, tmp_path / f"b.{suffix}"], KNOWN, format)
    ((file, told),) = found.failed
    assert sentence in told
    assert name in told
    assert file == str(tmp_path / name)
    assert len(found.annotations) == 1


@pytest.mark.parametrize("error", [RuntimeError("x"), MemoryError(), ValueError("it is\nodd"), KeyError(3)])
def test_whatever_a_reader_raises_ends_that_file_alone(tmp_path, monkeypatch, error):
    def read(file, known):
        if file.name == "a.x":
            raise error
        return []

    monkeypatch.setitem(READERS, "csv", Reader("X", lambda file, head: file.suffix == ".x", read))
    for name in ("a.x", "b.x"):
        (tmp_path / name).write_text(name)
    found = read_paths([tmp_path], KNOWN)
    assert found.formats["csv"] == 1
    assert [told.startswith("“a.x” ") and told.endswith(".") for _, told in found.failed] == [True]


def test_pieces_of_several_sizes_are_told():
    parts = MaskParts()
    parts.add_bitmap("heart", np.ones((9, 5), bool))
    with pytest.raises(ValueError, match="heart in one image have several sizes: 5 x 9 and 5 x 8 pixels"):
        parts.add_bitmap("heart", np.ones((8, 5), bool))


# --- cut to where the segments are


def whole(path, size=(29, 33)):
    """The mask on an image of the project, or why it does not match."""
    image = KnownImage("a.png", frame=Frame(*size))
    found = match(read_seg_nrrd(path), [image], [], {"heart": "Heart"})
    if not found.images:
        return found.unmatched[0].sentence
    return found.images[0].masks["heart"].native(image.frame)


TURNED = [("(1,0,0) (0,1,0) (0,0,1)", []), ("(-1,0,0) (0,1,0) (0,0,1)", [1]), ("(-1,0,0) (0,-2,0) (0,0,1)", [0, 1])]


@pytest.mark.parametrize(("directions", "axes"), TURNED)
@pytest.mark.parametrize("told", [True, False], ids=["with the size of the image", "without"])
def test_a_segmentation_that_slicer_cut_lies_where_it_was_drawn(tmp_path, directions, axes, told):
    path, mask = tmp_path / "a.seg.nrrd", drawn()
    stored = np.flip(mask, axes)
    rows, columns = np.flatnonzero(stored.any(axis=1)), np.flatnonzero(stored.any(axis=0))
    part = stored[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    more = {"Segmentation_ReferenceImageExtentOffset": f"{columns[0]} {rows[0]} 0"}
    if told:
        geometry = f"Reference image geometry|{'1;' * 16}0;32;0;28;0;0;|How it is made&Smoothing factor|0.5|x"
        more["Segmentation_ConversionParameters"] = f"Decimation factor|0.0|y&{geometry}"
    path.write_bytes(segmentation(part, directions, **more))
    np.testing.assert_array_equal(whole(path), mask > 0)
    if told:
        assert "it is a part of an image of 33 x 29 pixels, this one has 40 x 31" in whole(path, (31, 40))
    assert isinstance(whole(path, (7, 12)), str)


def test_a_segmentation_cut_at_the_right_and_below_alone_needs_the_size_of_the_image(tmp_path):
    mask = drawn()
    path = tmp_path / "a.seg.nrrd"
    path.write_bytes(segmentation(mask[:9, :20]))
    assert "it has 20 x 9 pixels, the image 33 x 29" in whole(path)
    geometry = f"Reference image geometry|{'1;' * 16}0;32;0;28;0;0;|How it is made"
    path.write_bytes(segmentation(mask[:9, :20], Segmentation_ConversionParameters=geometry))
    np.testing.assert_array_equal(whole(path), mask > 0)


def test_an_empty_rim_beyond_the_image_is_cut_off(tmp_path):
    mask = drawn()
    path = tmp_path / "a.seg.nrrd"
    path.write_bytes(segmentation(np.pad(mask, ((3, 0), (2, 0))), Segmentation_ReferenceImageExtentOffset="-2 -3 0"))
    np.testing.assert_array_equal(whole(path), mask > 0)
