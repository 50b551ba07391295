"""Secondary Captures, read back by pydicom alone and checked by dciodvfy and dcentvfy."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.main import run
from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import Landmark
from app.core.orientation import ORIENTATIONS, Orientation
from app.formats.csv_table import Row
from app.formats.deidentify import Deidentifier
from app.formats.dicom_capture import Stored, drawn_capture
from app.formats.dicom_common import file_of
from app.formats.dicom_files import DicomGsps, DicomSc, DicomSeg, DicomSr
from app.formats.drawn_picture import Shown, drawn_picture
from app.formats.output_folder import OutputFolder
from app.formats.project_view import ImageView, RefusedError
from app.io.image import read_image
from app.io.pixels import Image
from tests.unit.formats import views
from tests.unit.formats.test_dicom import HILUM, SAMPLE, TEMPLATE, assert_valid

HEIGHT, WIDTH = 17, 23
FRAME = Frame(HEIGHT, WIDTH, spacing=Spacing(0.5, 0.25, Provenance.GIVEN))
GREY = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 100).astype(np.uint16)
MASKS = {
    name: np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.4 for seed, name in enumerate(("heart", "left_lung"))
}
PROJECT = replace(views.project(TEMPLATE, [HILUM]), captures=True)

KINDS = (DicomSeg, DicomSr, DicomGsps, DicomSc)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "a.png"), GREY)
    return tmp_path / "a.png"


def view(path: Path | None, **more) -> ImageView:
    row = Row("sub/a.png", "right_lung", "Hilum", "corrected", (2.25, 7.5), None, None, mask="predicted")
    return views.view(MASKS, FRAME, TEMPLATE, rows=(row,), path=path, **more)


def test_an_image_that_is_no_dicom_becomes_one_that_all_objects_point_at(picture, tmp_path):
    output = OutputFolder(tmp_path / "out")
    for kind in KINDS:
        part = kind(PROJECT, output)
        part.add(view(picture))
        assert set(output.written) <= {name for each in KINDS for name in each.files(PROJECT)}
    assert output.written.count("dicom-source/sub/a.dcm") == 1
    files = {path.parts[-3]: pydicom.dcmread(path) for path in (tmp_path / "out").rglob("*.dcm")}
    source = files["dicom-source"]
    np.testing.assert_array_equal(source.pixel_array, GREY)
    assert [float(mm) for mm in source.PixelSpacing] == [0.5, 0.25]
    assert source.SOPClassUID.name == "Secondary Capture Image Storage"
    assert (source.PatientName, source.PatientID) == ("", "")
    assert len({data.StudyInstanceUID for data in files.values()}) == 1
    assert len({data.SeriesInstanceUID for data in files.values()}) == len(files) == 5
    found = masks_of(files["dicom-seg"])
    for name, mask in MASKS.items():
        np.testing.assert_array_equal(found[name], mask)
    others = [element for data in files.values() if data is not source for element in data.iterall()]
    pointed = [str(element.value) for element in others if element.keyword == "ReferencedSOPInstanceUID"]
    assert set(pointed) == {source.SOPInstanceUID}
    for path in (tmp_path / "out").rglob("*.dcm"):
        assert_valid(path)
    assert_consistent(sorted((tmp_path / "out").rglob("*.dcm")))


def assert_consistent(paths: list[Path]) -> None:
    """No error by dcentvfy, which compares files of one study."""
    if shutil.which("dcentvfy") is None:
        pytest.skip("dcentvfy is not installed (package dicom3tools)")
    said = subprocess.run(["dcentvfy", *map(str, paths)], capture_output=True, text=True, check=False)
    assert "Error" not in said.stdout + said.stderr


def masks_of(data: pydicom.Dataset) -> dict[str, np.ndarray]:
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")
    frames = bits[: data.NumberOfFrames * HEIGHT * WIDTH].reshape(data.NumberOfFrames, HEIGHT, WIDTH) > 0
    return {segment.TrackingID: frame for segment, frame in zip(data.SegmentSequence, frames, strict=True)}


def test_the_same_file_has_the_same_uids_and_another_one_has_others(picture, tmp_path):
    def uids(path: Path, folder: str) -> list[str]:
        DicomSeg(PROJECT, OutputFolder(tmp_path / folder)).add(view(path))
        data = pydicom.dcmread(tmp_path / folder / "dicom-source" / "sub" / "a.dcm")
        return [data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID]

    other = tmp_path / "b.png"
    cv2.imwrite(str(other), GREY + 1)
    first = uids(picture, "one")
    assert uids(picture, "two") == first
    assert not set(uids(other, "three")) & set(first)
    assert len(set(first)) == 3


def test_without_being_asked_it_is_refused_and_says_how_to_ask(picture, tmp_path):
    output = OutputFolder(tmp_path / "out")
    with pytest.raises(RefusedError, match="--capture"):
        DicomSeg(replace(PROJECT, captures=False), output).add(view(picture))
    for path, review, said in ((None, "accepted", "not there"), (picture, "rejected", "A reader rejected it")):
        with pytest.raises(RefusedError, match=said):
            DicomSeg(PROJECT, output).add(view(path, review=review))
    assert output.written == ()


def test_the_picture_of_a_dicom_image_stays_in_its_study_and_names_it(tmp_path):
    data, film = pydicom.dcmread(SAMPLE), tmp_path / "film.dcm"
    data.decompress()
    data.Rows, data.Columns, data.PixelData = HEIGHT, WIDTH, GREY.tobytes() + b"\0" * (GREY.nbytes % 2)
    data.save_as(film)
    image = view(film)
    data = file_of(drawn_capture, image, PROJECT)
    (tmp_path / "sc.dcm").write_bytes(data)
    found, source = pydicom.dcmread(tmp_path / "sc.dcm"), pydicom.dcmread(film)
    assert (found.StudyInstanceUID, found.PatientID) == (source.StudyInstanceUID, source.PatientID)
    assert found.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert found.SOPInstanceUID != source.SOPInstanceUID
    assert found.pixel_array.shape == (HEIGHT, WIDTH, 3)
    assert "not a medical device" in found.ImageComments
    assert_valid(tmp_path / "sc.dcm")
    output = OutputFolder(tmp_path / "out")
    DicomSeg(PROJECT, output).add(image)  # a DICOM image needs no capture
    assert output.written == ("dicom-seg/sub/a.dcm",)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda o: o.key or "as stored")
def test_lines_lie_where_the_turned_image_shows_the_mask(orientation: Orientation):
    frame = Frame(60, 90, orientation=orientation)
    mask = np.zeros((60, 90), bool)
    mask[8:31, 50:81] = True
    grey = np.where(mask, 200, 20).astype(np.uint8)
    image = views.view({"lung": mask}, frame)
    shown = Shown.whole(frame)
    plain = shown.grey(Image(grey, windows=(("all", 127.5, 255.0),)))
    expected = orientation.turned(mask)
    np.testing.assert_array_equal(plain > 127, expected != orientation.inverted)
    drawn = drawn_picture(image, views.project(), Image(grey), shown)
    coloured = np.ptp(drawn.astype(int), axis=2) > 60
    rows, columns = np.nonzero(expected)
    assert coloured[rows.min(), columns.min() : columns.max() + 1].all()
    assert coloured[rows.max(), columns.min() : columns.max() + 1].all()
    far = np.ones_like(coloured)
    far[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = False
    far[rows.min() + 2 : rows.max() - 1, columns.min() + 2 : columns.max() - 1] = True
    assert not coloured[far].any()


def test_a_landmark_is_a_ring_around_its_place_in_a_smaller_picture_too():
    mark = Landmark("Hilum", "lung", 0, 0, colour="#ff0000")
    frame = Frame(200, 400, aspect=2.0, orientation=Orientation(1, mirrored=True))
    image = views.view({}, frame, rows=(Row("a", "lung", "Hilum", "corrected", (300.0, 50.0), None, frame),))
    shown = Shown.fitted(frame, 200)
    assert (shown.height, shown.width) == (200, 200)
    drawn = drawn_picture(image, views.project(landmarks=[mark]), Image(np.full((200, 400), 9, np.uint8)), shown, False)
    rows, columns = np.nonzero(drawn[..., 0] > 100)
    # From the corner: column 300.5 of 400 is row 150.25 of 200; row 50.5 of 200, turned and mirrored, is column 50.5.
    assert (rows.mean(), columns.mean()) == pytest.approx((149.75, 50.0), abs=0.3)


@settings(deadline=None)
@given(st.sampled_from(["uint8", "uint16", "int16", "float32"]), st.integers(0, 2**32))
def test_grey_values_come_back_by_slope_and_intercept(kind, seed):
    rng = np.random.default_rng(seed)
    if kind == "float32":
        values = (rng.normal(size=(5, 7)) * 10 ** rng.uniform(-3, 6)).astype(kind)
    else:
        values = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, (5, 7)).astype(kind)
    stored = Stored.of(values)
    back = stored.values.astype(float) * stored.slope + stored.intercept
    step = np.ptp(values.astype(float)) / 65535 if kind == "float32" else 0
    assert np.abs(back - values).max() <= step * 0.51


def test_this_program_reads_its_captures(picture, tmp_path):
    DicomSeg(PROJECT, OutputFolder(tmp_path / "out")).add(view(picture))
    again = read_image(tmp_path / "out" / "dicom-source" / "sub" / "a.dcm")
    np.testing.assert_array_equal(again.pixels, GREY)
    assert (again.spacing.row_mm, again.spacing.column_mm) == (0.5, 0.25)


def test_the_command_line_asks_for_captures(session, tmp_path, capsys):
    path, out = session.path, tmp_path / "out"
    session.close()
    command = ["export", "--project", str(path), "--out", str(out), "--format", "dicom-seg"]
    assert run(command) == 1
    assert "--capture" in capsys.readouterr().err
    assert run([*command, "--capture"]) == 0
    assert {file.relative_to(out).as_posix() for file in out.rglob("*.dcm")} == {
        f"{folder}/im{number}.dcm" for folder in ("dicom-seg", "dicom-source") for number in range(3)
    }


def test_a_capture_that_is_given_away_has_uids_that_do_not_lead_back_to_the_file(picture, tmp_path):
    def uids(person: Deidentifier | None, folder: str) -> set[str]:
        DicomSeg(PROJECT, OutputFolder(tmp_path / folder)).add(replace(view(picture), person=person))
        data = [pydicom.dcmread(path) for path in (tmp_path / folder).rglob("*.dcm")]
        assert len({each.StudyInstanceUID for each in data}) == 1
        return {each.StudyInstanceUID for each in data}

    plain, given = uids(None, "plain"), uids(Deidentifier(b"secret"), "given")
    assert uids(Deidentifier(b"secret"), "again") == given
    assert len(plain | given | uids(Deidentifier(b"other"), "other")) == 3
