"""nnU-Net's raw data set, read back by nibabel (nnU-Net's own integrity check: `make test-formats`)."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pytest
from hypothesis import given, settings

from app.core.frame import Frame, Provenance, Spacing
from app.formats.nnunet import Codes, NnUNet
from app.formats.output_folder import OutputFolder
from app.formats.project_view import RefusedError
from app.formats.source import GONE, flat_names
from app.training.annotations import label_maps
from tests.unit.formats.views import NAMES, TEMPLATE, any_masks, drawn, project, rejected, view

FRAME = Frame(18, 26, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))
CASE = "nnunet/Dataset900_test"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    grey = np.arange(18 * 26, dtype=np.uint16).reshape(18, 26) * 100
    cv2.imwrite(str(tmp_path / "film.png"), grey)
    return tmp_path / "film.png"


def written(image, tmp_path: Path):
    output = OutputFolder(tmp_path / "out")
    part = NnUNet(project(), output)
    part.add(image)
    part.keep()
    assert set(output.written) <= set(NnUNet.files(project()))
    return json.loads((tmp_path / "out" / CASE / "dataset.json").read_text()), part


def plane(path: Path) -> np.ndarray:
    return np.asarray(nibabel.load(path).dataobj)[..., 0].T


def test_overlaps_become_regions_that_give_each_mask_back(film, tmp_path):
    masks = {"lung": drawn(1, FRAME), "heart": drawn(2, FRAME)}
    told, part = written(view(masks, FRAME, path=film), tmp_path)
    assert told["labels"] == {"background": 0, "lung": [1, 3], "heart": [2, 3]}
    assert told["regions_class_order"] == [1, 2]  # the lung is the larger one
    assert (told["numTraining"], told["file_ending"]) == (1, ".nii.gz")
    assert told["denseseg_review"] == {"cases": {"sub__a": "sub/a.png"}, "overlaps": {"3": ["lung", "heart"]}}
    folder = tmp_path / "out" / CASE
    labels = plane(folder / "labelsTr" / "sub__a.nii.gz")
    for name, mask in masks.items():
        np.testing.assert_array_equal(np.isin(labels, told["labels"][name]), mask)
    np.testing.assert_array_equal(plane(folder / "imagesTr" / "sub__a_0000.nii.gz"), cv2.imread(str(film), -1))
    affines = [nibabel.load(path).affine for path in folder.rglob("*.nii.gz")]
    np.testing.assert_array_equal(affines[0], affines[1])
    assert "1 combination of structures" in part.notes()[0]


def test_without_overlaps_there_are_plain_labels(film, tmp_path):
    lung = drawn(1, FRAME)
    told, part = written(view({"lung": lung, "heart": drawn(2, FRAME) & ~lung}, FRAME, path=film), tmp_path)
    assert told["labels"] == {"background": 0, "lung": 1, "heart": 2}
    assert "regions_class_order" not in told
    assert part.notes() == ()


def test_what_is_not_known_is_never_background(film, tmp_path):
    masks = {"lung": drawn(1, FRAME), "heart": drawn(2, FRAME)}
    part = NnUNet(project(), OutputFolder(tmp_path / "out"))
    with pytest.raises(RefusedError, match="heart"):
        part.add(view(masks, FRAME, path=film, structures=rejected("heart")))
    with pytest.raises(RefusedError, match="Nothing is known of heart"):
        part.add(view({"lung": drawn(1, FRAME)}, FRAME, path=film))
    with pytest.raises(RefusedError, match=GONE):
        part.add(view(masks, FRAME))
    with pytest.raises(RefusedError, match=GONE):  # another file lies there
        part.add(view({"lung": drawn(1), "heart": None}, path=film))


def test_this_program_learns_from_it(film, tmp_path):
    masks = {"lung": np.zeros((18, 26), bool), "heart": np.zeros((18, 26), bool)}
    masks["lung"][3:12, 4:20] = masks["heart"][8:16, 15:23] = True
    written(view(masks, FRAME, path=film), tmp_path)
    (image,) = label_maps.read(tmp_path / "out" / CASE).images
    assert {name: len(pieces) for name, pieces in image.pieces.items()} == {"lung": 1, "heart": 1}
    assert image.pieces["heart"][0].min(axis=0).tolist() == [14.5, 7.5]


@settings(deadline=None, max_examples=60)
@given(any_masks())
def test_any_masks_come_back_from_their_numbers(made):
    _, masks = made
    codes = Codes(TEMPLATE)
    labels, told = codes.labels_of(masks), codes.to_json()["labels"]
    for name, mask in masks.items():
        np.testing.assert_array_equal(np.isin(labels, told[name]), mask)
    assert sorted(codes.numbers.values()) == list(range(1, len(codes.numbers) + 1))
    assert set(told) == {"background", *NAMES}


def test_names_are_flat_plain_and_differ_on_every_disk():
    stems = {"a/b.png": "a/b", "a__b.png": "a__b", "ä b.png": "ä b", "A/B.png": "A/B", ".x.png": ".x"}
    assert list(flat_names(stems).values()) == ["a__b", "a__b_2", "__b", "A__B_3", "x"]
