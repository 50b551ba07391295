"""DICOM segmentations and reports, read back without the library that wrote them, and checked by dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from app.core.frame import Frame
from app.core.landmark import Landmark, ReviewState
from app.core.masks import ImageMasks, ReaderMask
from app.core.prediction import GRID, Prediction
from app.formats.csv_table import About, MaskSource, Row
from app.formats.dicom_common import file_of
from app.formats.dicom_gsps import presentation_of
from app.formats.dicom_seg import segmentation_of
from app.formats.dicom_sr import report_of
from app.formats.measurement_table import MeasurementRow
from app.formats.project_view import ImageView, ProjectView, RefusedError
from app.io.bundle import read_bundle
from app.store.row_types import StructureReview

SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "samples" / "rendered_1.dcm"
TEMPLATE = read_bundle("chest").template
NAMES = [structure.name for structure in TEMPLATE.structures]
HEIGHT, WIDTH = 9, 13


@pytest.fixture
def film(tmp_path) -> Path:
    """A DICOM radiograph of 9 x 13 pixels, no two of which are alike."""
    data = pydicom.dcmread(SAMPLE)
    data.decompress()
    data.Rows, data.Columns = HEIGHT, WIDTH
    data.PixelData = np.arange(HEIGHT * WIDTH, dtype=np.uint16).tobytes()
    data.save_as(tmp_path / "film.dcm")
    return tmp_path / "film.dcm"


def project(own=()) -> ProjectView:
    marks = tuple(own)
    return ProjectView("p.dsr", "chest", "ab" * 32, TEMPLATE, marks, marks, ("film.dcm",), {"film.dcm": "film"}, None)


def predicted(*present: str) -> Prediction:
    """A prediction of nothing but which structures are there."""
    count = len(NAMES)
    return Prediction(
        bundle_sha256="ab" * 32,
        masks=np.zeros((count, 8, 8), np.uint8),
        uv=np.zeros((count, 2, 4, 4), np.float16),
        charts=np.zeros((count, GRID, GRID, 2), np.float32),
        expected_error=np.zeros((count, GRID, GRID), np.float32),
        present=np.array([name in present for name in NAMES]),
    )


def view(film: Path, masks=None, rows=(), prediction=None, **more) -> ImageView:
    drawn = {name: ReaderMask(mask) for name, mask in (masks or {}).items()}
    whole = ImageMasks(TEMPLATE, Frame(HEIGHT, WIDTH, 8, 8), prediction, drawn)
    about = About("accepted", "", "Ada Lovelace^x", "")
    return ImageView("film.dcm", "film", "accepted", whole, tuple(rows), about=about, path=film, **more)


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.4


def written(make, image: ImageView, whole: ProjectView | None = None) -> Dataset:
    data = file_of(make, image, whole or project())
    path = image.path.with_name("written.dcm")
    path.write_bytes(data)
    return pydicom.dcmread(path)


def masks_in(data: Dataset) -> dict[str, np.ndarray]:
    """The masks of a segmentation by their tracking ids: bits unpacked by numpy alone."""
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), bitorder="little")
    frames = bits[: data.NumberOfFrames * HEIGHT * WIDTH].reshape(data.NumberOfFrames, HEIGHT, WIDTH)
    named = {segment.SegmentNumber: segment.TrackingID for segment in data.SegmentSequence}
    found = {}
    for frame, group in zip(frames, data.PerFrameFunctionalGroupsSequence, strict=True):
        own = group if "SegmentIdentificationSequence" in group else data.SharedFunctionalGroupsSequence[0]
        found[named[own.SegmentIdentificationSequence[0].ReferencedSegmentNumber]] = frame > 0
    return found


def test_masks_come_back_pixel_by_pixel_with_their_overlaps(film):
    masks = {name: drawn(seed) for seed, name in enumerate(NAMES)}
    assert (masks["heart"] & masks["left_lung"]).any()
    found = masks_in(written(segmentation_of, view(film, masks)))
    assert list(found) == NAMES
    for name, mask in masks.items():
        np.testing.assert_array_equal(found[name], mask, err_msg=name)


def test_a_segment_says_what_it_is_on_which_side_and_who_drew_it(film):
    masks = {"left_clavicle": drawn(1), "heart": drawn(2), "right_lung": None}
    data = written(segmentation_of, view(film, masks, prediction=predicted("heart")))
    heart, clavicle = data.SegmentSequence
    assert (heart.SegmentLabel, heart.SegmentAlgorithmType) == ("Heart", "SEMIAUTOMATIC")
    assert (clavicle.SegmentLabel, clavicle.SegmentAlgorithmType) == ("Left clavicle", "MANUAL")
    (kind,) = clavicle.SegmentedPropertyTypeCodeSequence
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("51299004", "SCT")
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "7771000"  # left
    assert "SegmentedPropertyTypeModifierCodeSequence" not in heart.SegmentedPropertyTypeCodeSequence[0]
    (algorithm,) = heart.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("DenseSeg, chest", "ab" * 8)
    assert "SegmentationAlgorithmIdentificationSequence" not in clavicle


def test_what_a_reader_rejected_has_no_segment(film):
    masks = {"heart": drawn(2), "left_lung": drawn(3)}
    said = (StructureReview("film.dcm", "heart", ReviewState.REJECTED, "", "", ""),)
    assert list(masks_in(written(segmentation_of, view(film, masks, structures=said)))) == ["left_lung"]
    with pytest.raises(RefusedError, match="No structure has a mask"):
        file_of(segmentation_of, view(film, {"heart": drawn(2)}, structures=said), project())


def test_it_points_at_the_image_and_stays_in_its_study(film):
    source, data = pydicom.dcmread(film), written(segmentation_of, view(film, {"heart": drawn(2)}))
    (series,) = data.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert (data.StudyInstanceUID, data.PatientID) == (source.StudyInstanceUID, source.PatientID)
    assert data.SeriesInstanceUID != source.SeriesInstanceUID
    again = written(segmentation_of, view(film, {"heart": drawn(2)}))
    assert again.SOPInstanceUID != data.SOPInstanceUID  # another object
    assert again.SegmentSequence[0].TrackingUID == data.SegmentSequence[0].TrackingUID  # of the same thing


HILUM = Landmark("Hilum", "right_lung", 0.2, 0.1)
CARINA = Landmark("Carina", "field", 0.0, 0.1)
CONTOUR = Landmark("heart_00", "heart", 0.0, 0.0, hidden=True)


def row(mark: Landmark, xy, state="corrected", mask=MaskSource.PREDICTED, **more) -> Row:
    frame = Frame(HEIGHT, WIDTH, 8, 8)
    return Row("film.dcm", mark.structure, mark.name, state, xy, None, frame, mask=mask.value, **more)


def groups(data: Dataset) -> list[Dataset]:
    (measurements,) = (item for item in data.ContentSequence if code(item) == "126010")
    return list(measurements.ContentSequence)


def code(item: Dataset) -> str:
    return item.ConceptNameCodeSequence[0].CodeValue


def items(group: Dataset, value_type: str) -> list[Dataset]:
    return [item for item in group.ContentSequence if item.ValueType == value_type]


def test_a_landmark_is_a_point_that_counts_from_the_corner_of_the_first_pixel(film):
    source = pydicom.dcmread(film)
    rows = [row(HILUM, (2.25, 7.5)), row(CARINA, (11.0, 0.0), "predicted")]
    hilum, carina = groups(written(report_of, view(film, rows=rows), project([HILUM, CARINA])))
    for group, xy, name in ((hilum, (2.75, 8.0), "Hilum"), (carina, (11.5, 0.5), "Carina")):
        (point,) = items(group, "SCOORD")
        assert point.GraphicType == "POINT"
        np.testing.assert_allclose(point.GraphicData, xy, atol=1e-4)
        (image,) = point.ContentSequence
        assert image.RelationshipType == "SELECTED FROM"
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert [item.TextValue for item in items(group, "TEXT")] == [name]
    sites = [item for item in items(hilum, "CODE") if code(item) == "363698007"]
    assert [(site.ConceptCodeSequence[0].CodeValue) for site in sites] == ["39607008"]
    assert sites[0].ContentSequence[0].ConceptCodeSequence[0].CodeValue == "24028007"  # right
    assert not [item for item in items(carina, "CODE") if code(item) == "363698007"]
    states = [[c.ConceptCodeSequence[0].CodeValue for c in items(g, "CODE")][-1] for g in (hilum, carina)]
    assert states == ["CORRECTED", "PREDICTED"]


def test_what_has_no_place_in_the_picture_and_points_of_the_model_s_contours_are_left_out(film):
    rows = [
        row(HILUM, (2.0, 3.0)),
        row(Landmark("absent", "heart", 0, 0), None, "absent"),
        row(Landmark("outside", "heart", 0, 0), (-4.0, 3.0)),
        row(Landmark("rejected", "heart", 0, 0), (4.0, 3.0), "predicted", MaskSource.REJECTED),
        row(CONTOUR, (5.0, 3.0), models_own=True),
        row(Landmark("heart_01", "heart", 0, 0), (5.0, 3.0), models_own=True, deleted=True),
        row(Landmark("later", "heart", 0, 0), (5.0, 3.0), new=True),
    ]
    own = [HILUM, CONTOUR, *(Landmark(name, "heart", 0, 0) for name in ("absent", "outside", "rejected", "later"))]
    found = groups(written(report_of, view(film, rows=rows), project(own)))
    assert [items(group, "TEXT")[0].TextValue for group in found] == ["Hilum"]
    with pytest.raises(RefusedError, match="no landmark"):
        file_of(report_of, view(film, rows=rows[1:]), project(own))


@pytest.mark.parametrize(
    ("unit", "ucum"), [("mm", "mm"), ("mm2", "mm2"), ("deg", "deg"), ("ratio", "1"), ("px", "{pixels}")]
)
def test_a_measurement_has_its_value_in_a_ucum_unit(film, unit, ucum):
    measured = (
        MeasurementRow("film.dcm", "unknown", float("nan"), unit, "", "predicted"),
        MeasurementRow("film.dcm", "of what was rejected", 3.0, unit, "", "predicted", rejected=True),
        MeasurementRow("film.dcm", "ctr", 0.4375, unit, "", "predicted"),
    )
    (group,) = groups(written(report_of, view(film, measured=measured)))
    (number,) = items(group, "NUM")
    (value,) = number.MeasuredValueSequence
    assert float(value.NumericValue) == 0.4375
    assert value.MeasurementUnitsCodeSequence[0].CodeValue == ucum
    assert number.ConceptNameCodeSequence[0].CodeMeaning == "ctr"
    (alone,) = groups(written(report_of, view(film, measured=measured[2:])))
    assert code(items(alone, "NUM")[0]) == code(number)  # the same code, wherever it stands in the list


@pytest.mark.parametrize("encoding", ["ISO_IR 100", "", "ISO_IR 192"])
@pytest.mark.parametrize("make", [segmentation_of, report_of, presentation_of])
def test_names_in_any_alphabet_and_with_any_sign_stay_what_they_are(film, make, encoding):
    data = pydicom.dcmread(film)
    data.SpecificCharacterSet, data.PatientName = encoding or None, "Muster" if not encoding else "Müller^Jörg"
    data.save_as(film)
    name, patient = "右肺门 \\ Хилус", str(data.PatientName)
    mark = Landmark(name, "right_lung", 0.0, 0.0)
    measured = (MeasurementRow("film.dcm", "PA\\AP", 0.5, "ratio", "", "predicted"),)
    image = replace(
        view(film, {"heart": drawn(2)}, [row(mark, (2.0, 3.0))], measured=measured),
        about=About("accepted", "", "王小东 \\ B", ""),
    )
    found = written(make, image, project([mark]))
    assert (found.SpecificCharacterSet, str(found.PatientName)) == ("ISO_IR 192", patient)
    text = str(found)
    assert "王小东   B" in text
    assert make is segmentation_of or "右肺门   Хилус" in text
    assert make is not report_of or "PA AP" in text
    assert_valid(film.with_name("written.dcm"))


def test_nothing_of_a_rejected_image_is_written(film):
    image = replace(view(film, {"heart": drawn(2)}, [row(HILUM, (2.0, 3.0))]), review="rejected")
    for make in (segmentation_of, report_of, presentation_of):
        with pytest.raises(RefusedError, match="rejected"):
            file_of(make, image, project([HILUM]))


@pytest.mark.parametrize(
    ("review", "flags"), [("accepted", ("COMPLETE", "FINAL")), ("unread", ("PARTIAL", "PRELIMINARY"))]
)
def test_the_report_of_an_accepted_image_is_final_and_never_called_verified(film, review, flags):
    image = replace(view(film, rows=[row(HILUM, (2.0, 3.0))]), review=review)
    data = written(report_of, image, project([HILUM]))
    assert (data.CompletionFlag, data.PreliminaryFlag, data.VerificationFlag) == (*flags, "UNVERIFIED")
    names = [item.PersonName for item in data.ContentSequence if item.ValueType == "PNAME"]
    assert [str(name) for name in names] == ["Ada Lovelace x^"]


def test_outlines_and_landmarks_are_drawn_from_the_corner_of_the_first_pixel(film):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:5, 6:11] = True
    mask[8, 1] = True  # one pixel has no line
    image = view(film, {"heart": mask, "left_lung": None}, [row(HILUM, (2.25, 7.5))])
    data = written(presentation_of, image, project([HILUM]))
    outline, marks = data.GraphicAnnotationSequence
    (line,) = outline.GraphicObjectSequence
    assert (line.GraphicType, line.GraphicAnnotationUnits) == ("POLYLINE", "PIXEL")
    corners = np.reshape(line.GraphicData, (-1, 2))
    assert corners[0].tolist() == corners[-1].tolist()  # closed
    assert {tuple(corner) for corner in corners.tolist()} == {(6.5, 2.5), (10.5, 2.5), (10.5, 4.5), (6.5, 4.5)}
    (point,) = marks.GraphicObjectSequence
    np.testing.assert_allclose(point.GraphicData, (2.75, 8.0), atol=1e-4)
    (name,) = marks.TextObjectSequence
    assert name.UnformattedTextValue == "Hilum"
    assert [layer.GraphicLayer for layer in data.GraphicLayerSequence] == ["S3_HEART", "LANDMARKS"]
    assert data.GraphicLayerSequence[0].GraphicLayerDescription == "Heart"
    references = data.ReferencedSeriesSequence[0].ReferencedImageSequence
    assert [one.ReferencedSOPInstanceUID for one in references] == [pydicom.dcmread(film).SOPInstanceUID]


ALL = [segmentation_of, report_of, presentation_of]


@pytest.mark.parametrize("make", ALL)
def test_what_is_no_single_dicom_image_is_refused_with_a_sentence(film, make, tmp_path):
    masks, rows = {"heart": drawn(2)}, [row(HILUM, (2.0, 3.0))]
    picture = tmp_path / "film.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n no more")
    cases = [(picture, "no DICOM image"), (None, "not there")]
    for change, said in (
        ({"NumberOfFrames": 3}, "several frames"),
        ({"StudyInstanceUID": ""}, "StudyInstanceUID"),
        ({"SOPInstanceUID": ""}, "no DICOM"),
    ):
        data = pydicom.dcmread(film)
        for keyword, value in change.items():
            setattr(data, keyword, value)
        path = tmp_path / f"{len(cases)}.dcm"
        data.save_as(path)
        cases.append((path, said))
    for path, said in cases:
        with pytest.raises(RefusedError, match=said):
            file_of(make, view(path, masks, rows), project([HILUM]))


@pytest.mark.parametrize("make", ALL)
def test_headers_as_they_are_met_are_written_validly(film, make, tmp_path, recwarn):
    data = pydicom.dcmread(film)
    del data.PatientOrientation, data.AccessionNumber, data.StudyID
    data.PatientSex, data.PatientName = "?", "Unbekannt"
    path = tmp_path / "odd.dcm"
    data.save_as(path)
    image = view(path, {"heart": drawn(2)}, [row(HILUM, (2.0, 3.0))])
    found = written(make, image, project([HILUM]))
    assert (found.PatientSex, str(found.PatientName)) == ("", "Unbekannt")
    assert not [warning for warning in recwarn if "Unbekannt" in str(warning.message)]  # no name on standard error
    assert_valid(image.path.with_name("written.dcm"))


def assert_valid(path: Path) -> None:
    """No error by dciodvfy (package dicom3tools), where that is installed."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (package dicom3tools)")
    said = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    assert not [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("make", ALL)
def test_dciodvfy_finds_no_error(film, make):
    masks = {name: drawn(seed) for seed, name in enumerate(NAMES)}
    measured = (MeasurementRow("film.dcm", "ctr", 0.4375, "ratio", "", "predicted"),)
    image = view(film, masks, [row(HILUM, (2.0, 3.0)), row(CARINA, (4.0, 5.0))], measured=measured)
    written(make, image, project([HILUM, CARINA]))
    assert_valid(film.with_name("written.dcm"))
