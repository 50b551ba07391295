"""What one project writes, another one reads: masks bit by bit, points within a hundredth of a pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.frame import Frame
from app.formats.from_session import known_of, view_of
from app.formats.label_map import nifti_bytes
from app.formats.labelme import labelme_of, read_labelme
from app.formats.readers import READERS, SAME, read_paths
from app.formats.reading import Known
from app.formats.seg_nrrd import read_seg_nrrd, segmentation_of
from app.formats.write import write
from app.formats.yolo import classes_of, labels_of, read_yolo
from app.io.bundle import Bundle
from app.project.session import Session
from tests.unit.formats.views import NAMES, TEMPLATE, any_masks, view
from tests.unit.project.test_opinions import blob
from tests.unit.store.fakes import hand_in, make

OWN = ("tps", "csv-wide", "deeplabcut", "cvat")
"""Those that hold the project's own landmarks alone."""
POINTS = ("csv", "coco", "labelme", "mrk-json", *OWN)
MASKS = ("cvat", "nnunet", "coco", "labelme", "yolo", "masks", "seg-nrrd", "nifti", "nrrd")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, bundle: Bundle):
    """Another project of the same images, with corrections of every kind, and its export in all formats."""
    folder = tmp_path_factory.mktemp("theirs")
    with make(folder / "theirs.dsr", bundle) as session:
        session.define_landmark("hilum", "heart", (0.125, 0.25))
        session.define_landmark("apex", "left_clavicle", (0.0, -0.75), group="mine")
        session.set_spacing("im1.png", 0.5, 0.25)
        session.move_placement("im0.png", "hilum", (70.123, 80.256))
        session.confirm_placement("im1.png", "hilum")
        session.set_absent("im1.png", "apex")
        session.set_mask("im0.png", "heart", blob())
        session.set_mask("im2.png", "heart", blob(200, 33))
        session.set_mask_absent("im2.png", "left_lung")
        formats = dict.fromkeys((*POINTS, *MASKS))
        assert write(view_of(session), folder / "out", formats).complete
        yield session


@pytest.fixture
def ours(session: Session) -> Session:
    """A project of the same images whose network saw them otherwise."""
    for seed, name in enumerate(session.images, 30):
        hand_in(session, name, seed)
    session.define_landmark("hilum", "heart", (0.125, 0.25))
    session.define_landmark("apex", "left_clavicle", (0.0, -0.75), group="mine")
    session.set_spacing("im1.png", 0.5, 0.25)
    return session


def folder_of(session: Session, format: str) -> Path:
    names = {"csv": "landmarks.csv", "coco": "coco.json", "tps": "landmarks.tps", "csv-wide": "landmarks_wide.csv"}
    return session.path.parent / "out" / (names | {"deeplabcut": "deeplabcut.csv"}).get(format, format)


@pytest.mark.parametrize("format", dict.fromkeys((*POINTS, *MASKS)))
@pytest.mark.parametrize("told", [True, False], ids=["named", "by content"])
def test_an_export_comes_in_as_an_opinion_and_says_the_same(theirs: Session, ours: Session, format: str, told: bool):
    found = read_paths([folder_of(theirs, format)], known_of(ours), format if told else "")
    assert not found.failed
    assert [*found.formats] == [SAME.get(format, format)]
    ours.import_annotations(found.annotations, "Cem")
    points = masks = 0
    for image in theirs.images:
        said = {one.landmark: one for one in ours.opinion_placements("Cem", image)}
        for placement in theirs.placements_in(image) if format in POINTS else ():
            name, mark = placement.landmark.name, said.get(placement.landmark.name)
            if format in OWN and placement.landmark.hidden:
                continue
            if np.isnan(placement.xy).any():
                assert mark is None or np.isnan(mark.xy).all()
                assert mark is not None or format != "csv"
                continue
            assert np.hypot(*(mark.xy - placement.xy)) < 0.01, (image, name)
            points += 1
            if format in ("csv", "coco", "labelme", "mrk-json"):
                assert mark.state is placement.state
        if format not in MASKS:
            continue
        for structure in (one.name for one in theirs.template.structures):
            mine, other = theirs.mask(image, structure), ours.opinion_mask("Cem", image, structure)
            if mine is None:
                assert other is None
            else:
                np.testing.assert_array_equal(other, mine, err_msg=f"{image} {structure}")
                masks += 1
    assert points >= (4 if format in OWN else 300) or format not in POINTS
    assert masks == (12 if format in MASKS else 0)  # of 15 three are absent: one predicted in im0 and im1, one in im2


@pytest.mark.parametrize("format", ["csv", "coco", "labelme", "mrk-json", "masks", "seg-nrrd", "nifti", "yolo"])
def test_an_export_that_comes_home_changes_nothing(theirs: Session, format: str):
    lines = len(theirs.history())
    found = read_paths([folder_of(theirs, format)], known_of(theirs), format)
    matching = theirs.match_annotations(found.annotations)
    assert not matching.unmatched
    report = theirs.import_annotations(matching)
    assert report.change is None
    assert (report.placements, report.masks, report.plan.corrections_kept) == (0, 0, 0)
    assert report.same >= 12
    assert len(theirs.history()) == lines


@settings(max_examples=40, deadline=None)
@given(any_masks())
def test_masks_of_any_size_come_back_bit_by_bit(tmp_path_factory, drawn):
    frame, masks = drawn
    folder, image = tmp_path_factory.mktemp("x"), view(masks, frame)
    (folder / "classes.txt").write_text(classes_of(TEMPLATE))
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text(labels_of(image))
    (folder / "a.json").write_text(json.dumps(labelme_of(image)))
    (folder / "a.seg.nrrd").write_bytes(segmentation_of(image))
    read = [
        read_yolo(folder / "labels" / "a.txt"),
        read_labelme(folder / "a.json"),
        read_seg_nrrd(folder / "a.seg.nrrd"),
    ]
    for (one,) in read:
        assert Path(one.image.name).name in ("a", "a.png")
        found = {row.structure: row.native(frame) for row in one.masks}
        for name, mask in masks.items():
            if mask.any():
                np.testing.assert_array_equal(found[name], mask)
            else:
                assert found.get(name) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_label_maps_with_regions_that_overlap_come_back(tmp_path_factory, seed):
    """As nnU-Net writes them: a number for each combination, structures as lists of numbers."""
    folder = tmp_path_factory.mktemp("n")
    labels = np.random.default_rng(seed).integers(0, 4, (18, 23), np.uint8)
    regions = {"background": 0, NAMES[0]: [1, 3], NAMES[1]: [2, 3]}
    (folder / "dataset.json").write_text(json.dumps({"labels": regions}))
    (folder / "a.nii.gz").write_bytes(nifti_bytes(labels, Frame(18, 23)))
    found = read_paths([folder], Known(tuple(NAMES)))
    (one,) = found.annotations
    assert found.ignored == 1
    for row in one.masks:
        expected = np.isin(labels, regions[row.structure])
        np.testing.assert_array_equal(row.native(Frame(18, 23)), expected if expected.any() else None)


def test_every_reader_is_tried_by_a_file_of_its_own():
    tried = {SAME.get(name, name) for name in (*POINTS, *MASKS)}
    assert {*READERS} == tried | {"fcsv", "dicom-seg", "dicom-sr"}
