import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from app.core.frame import Frame
from app.core.landmark import Landmark
from app.core.masks import ImageMasks
from app.core.native_mask import native_mask
from app.formats.coco import CocoFile
from app.formats.csv_table import rows_of
from app.formats.project_view import ImageView
from tests.unit.core.shapes import two_structures
from tests.unit.core.test_propagate import prediction

TEMPLATE = two_structures()
MARKS = [Landmark("apex", "heart", 0.2, 0.5), Landmark("hilum", "lung", 0, 0), Landmark("base", "lung", 0, 0.8)]


def write_coco(views, path):
    coco = CocoFile(path, TEMPLATE, MARKS)
    for one in views:
        coco.add(one)
    coco.keep()


def view(name, seed, present=(True, True)):
    found = prediction(seed, present)
    found.masks[:, 1:3, 1:4] = 255
    frame = Frame(120, 100, 4, 4)
    masks = ImageMasks(TEMPLATE, frame, found)
    return ImageView(name, name, "unread", masks, tuple(rows_of(name, found, frame, TEMPLATE, MARKS)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # inside pycocotools' decode
def test_pycocotools_reads_back_what_was_written(tmp_path, capsys):
    views = [
        view("a", 0),
        view("b", 1, present=(True, False)),
        ImageView("c", "c", "unread", ImageMasks(TEMPLATE, None, None), ()),
    ]
    write_coco(views, tmp_path / "coco.json")
    coco = COCO(str(tmp_path / "coco.json"))
    capsys.readouterr()
    assert [coco.imgs[i]["file_name"] for i in sorted(coco.imgs)] == ["a", "b"]
    assert len(coco.anns) == 3
    for annotation in coco.anns.values():
        source = views[annotation["image_id"] - 1]
        name = coco.cats[annotation["category_id"]]["name"]
        mask = native_mask(source.masks.prediction.masks[TEMPLATE.index(name)], source.frame)
        np.testing.assert_array_equal(coco.annToMask(annotation), mask)
        assert annotation["area"] == mask.sum()
        rows = [row for row in source.rows if row.structure == name]
        points = np.array(annotation["keypoints"]).reshape(-1, 3)
        np.testing.assert_allclose(points[:, :2], [row.xy for row in rows], atol=1e-3)
        size = np.array([source.frame.width, source.frame.height])
        inside = [((np.array(row.xy) >= -0.5) & (np.array(row.xy) <= size - 0.5)).all() for row in rows]
        assert points[:, 2].tolist() == [2 if there else 1 for there in inside]


def test_an_absent_structure_has_no_annotation(tmp_path):
    write_coco([view("b", 1, present=(True, False))], tmp_path / "coco.json")
    data = json.loads((tmp_path / "coco.json").read_text())
    assert [annotation["category_id"] for annotation in data["annotations"]] == [1]


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"."):
        write_coco([view("a", 0)], tmp_path / "file" / "coco.json")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
