from pathlib import Path

import numpy as np
import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from app.core.acquisition import Acquisition
from app.core.frame import Provenance
from app.io.errors import ImageError
from app.io.image import read_image
from tests.unit.pictures import dicom, ramp, write_dicom

DATA = Path("/work/shared/data/dicom")
PIXELS = ramp(top=4095, dtype=np.uint16)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.dcm"


def test_monochrome2_is_read_as_stored(path):
    image = read_image(write_dicom(path, PIXELS))
    np.testing.assert_array_equal(image.pixels, PIXELS)
    assert image.pixels.dtype == np.uint16
    assert image.facts["modality"] == "DX"
    assert "Secret" not in str(image.facts)


@pytest.mark.parametrize(
    ("header", "day"),
    [
        ({"StudyDate": "20210309"}, "2021-03-09"),
        ({"StudyDate": "2021.03.09"}, "2021-03-09"),
        ({"StudyDate": "20210309", "SeriesDate": "20210310"}, "2021-03-09"),
        ({"StudyDate": "20210230", "AcquisitionDate": "20210228"}, "2021-02-28"),
        ({"StudyDate": "", "SeriesDate": "20191231"}, "2019-12-31"),
        ({"StudyDate": "2021"}, None),
        ({}, None),
    ],
)
def test_the_day_of_the_study_is_read_where_it_is_one(path, header, day):
    dataset = dicom(PIXELS)
    for keyword, value in header.items():
        dataset.add(DataElement(keyword, "DA", value, validation_mode=IGNORE))
    dataset.save_as(path, enforce_file_format=True)
    assert read_image(path).facts.get("study_date") == day


def test_monochrome1_is_inverted_within_the_stored_depth(path):
    values = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": "1000", "WindowWidth": "400"}
    image = read_image(write_dicom(path, PIXELS, **values))
    np.testing.assert_array_equal(image.pixels, 4095 - PIXELS)
    assert image.windows == (("Window 1", 3095.0, 400.0),)


def test_signed_pixels(path):
    pixels = PIXELS.astype(np.int16) - 2048
    np.testing.assert_array_equal(read_image(write_dicom(path, pixels)).pixels, pixels)
    inverted = read_image(write_dicom(path, pixels, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(inverted.pixels, -1 - pixels)


def test_rescale_slope_and_intercept(path):
    image = read_image(write_dicom(path, PIXELS, RescaleSlope="2", RescaleIntercept="-1000"))
    np.testing.assert_array_equal(image.pixels, PIXELS.astype(int) * 2 - 1000)
    assert image.pixels.dtype == np.int16
    image = read_image(write_dicom(path, PIXELS, RescaleSlope="0.5", RescaleIntercept="0"))
    assert image.pixels.dtype == np.float32
    np.testing.assert_allclose(image.pixels, PIXELS / 2)


def test_modality_lut(path):
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table["LUTDescriptor"].VR = "US"
    table.LUTData = (np.arange(4096, dtype=np.uint16) * 3).tobytes()
    table["LUTData"].VR = "OW"
    image = read_image(write_dicom(path, PIXELS, ModalityLUTSequence=[table]))
    np.testing.assert_array_equal(image.pixels, PIXELS * 3)


def test_window_presets_have_names(path):
    values = {"WindowCenter": ["100", "200"], "WindowWidth": ["10", "20"]}
    image = read_image(write_dicom(path, PIXELS, WindowCenterWidthExplanation=["BONE", "SOFT"], **values))
    assert image.windows == (("BONE", 100.0, 10.0), ("SOFT", 200.0, 20.0))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_compressed_pixels(path, syntax):
    dataset = dicom(PIXELS)
    dataset.compress(syntax)
    dataset.save_as(path, enforce_file_format=True)
    np.testing.assert_array_equal(read_image(path).pixels, PIXELS)


def test_overlays_in_unused_bits_are_masked(path):
    image = read_image(write_dicom(path, PIXELS | np.uint16(0x8000)))
    np.testing.assert_array_equal(image.pixels, PIXELS)


def test_first_frame_of_several(path):
    frames = np.stack([PIXELS, PIXELS[::-1]])
    image = read_image(write_dicom(path, frames, NumberOfFrames="2", Rows=48, Columns=40))
    np.testing.assert_array_equal(image.pixels, PIXELS)
    assert "2 frames" in image.remark


def test_colour(path):
    colour = np.stack([ramp(), ramp()[::-1], ramp()[:, ::-1]], axis=-1)
    values = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB", "BitsAllocated": 8}
    image = read_image(write_dicom(path, colour, 8, **values))
    np.testing.assert_allclose(image.pixels, colour @ [0.299, 0.587, 0.114], atol=0.51)  # ITU-R BT.601
    assert "Colour" in image.remark
    dataset = dicom(colour, 8, **(values | {"PlanarConfiguration": 1}))
    dataset.PixelData = np.moveaxis(colour, -1, 0).tobytes()
    dataset.save_as(path, enforce_file_format=True)
    np.testing.assert_array_equal(read_image(path).pixels, image.pixels)


def test_a_file_without_preamble(path):
    dataset = dicom(PIXELS)
    del dataset.file_meta
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert path.read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(read_image(path).pixels, PIXELS)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, Acquisition("DX")),
        ({"PatientOrientation": ["L", "F"], "ViewPosition": "PA"}, Acquisition("DX", "", "PA", "", "L", "F")),
        ({"PatientOrientation": ["R", "HA"], "Laterality": "R"}, Acquisition("DX", "", "", "R", "R", "HA")),
        ({"BodyPartExamined": "CHEST", "ImageLaterality": "L", "Laterality": "R"}, Acquisition("DX", "CHEST", "", "L")),
        ({"Modality": "CR", "PatientOrientation": "L"}, Acquisition("CR")),
        ({"PatientOrientation": ["L", "Q"]}, Acquisition("DX")),
        ({"PatientOrientation": ["X", "F"]}, Acquisition("DX")),
        ({"PatientOrientation": ["", ""]}, Acquisition("DX")),
    ],
)
def test_the_header_says_how_it_was_taken_and_where_rows_and_columns_run(path, values, wanted):
    assert read_image(write_dicom(path, PIXELS, **values)).acquisition == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, None),
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [0.2, 0.3]}, (0.2, 0.3, Provenance.AT_DETECTOR)),
        ({"ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3, Provenance.AT_DETECTOR)),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3, Provenance.AT_DETECTOR)),
        ({"PixelSpacing": [0.1, 0.2], "ImagerPixelSpacing": [0.2, 0.3]}, (0.1, 0.2, Provenance.CALIBRATED)),
        ({"PixelSpacing": [0.1, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.1, 0.2, Provenance.CALIBRATED)),
        ({"PixelSpacing": [0.7, 0.8], "Modality": "CT"}, (0.7, 0.8, Provenance.CALIBRATED)),  # there is no detector
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3, Provenance.AT_DETECTOR)),
    ],
)
def test_spacing_and_its_provenance(path, values, wanted):
    spacing = read_image(write_dicom(path, PIXELS, **values)).spacing
    found = None if spacing is None else (spacing.row_mm, spacing.column_mm, spacing.provenance)
    assert found == wanted


def test_files_without_a_picture_are_refused(path):
    for modality, says in (
        *(("SEG", "segmentation"), ("SR", "structured report"), ("PR", "presentation state"), ("KO", "key object")),
        *(
            ("RTSTRUCT", "contours"),
            ("RTPLAN", "plan"),
            ("RTDOSE", "dose"),
            ("REG", "registration"),
            ("DOC", "document"),
        ),
        *(("ECG", "electrocardiogram"), ("AU", "sound")),
    ):
        with pytest.raises(ImageError, match=says):
            read_image(write_dicom(path, PIXELS, Modality=modality))
    dataset = dicom(PIXELS)
    del dataset.PixelData
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(ImageError, match="without pixels"):
        read_image(path)


def test_damaged_pixels_are_refused(path):
    dataset = dicom(PIXELS)
    dataset.compress(JPEGLSLossless)
    dataset.save_as(path, enforce_file_format=True)
    data = path.read_bytes()
    path.write_bytes(data[:-2000] if len(data) > 4000 else data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"x\.dcm"):
        read_image(path)


class Panic(BaseException):
    """What decoders written in Rust raise."""


def test_a_panic_in_a_decoder_is_an_error_of_the_file(path, monkeypatch):
    def panic(*_, **__):
        raise Panic("index out of bounds")

    monkeypatch.setattr("app.io.dicom.pixel_array", panic)
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(write_dicom(path, PIXELS))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not on this machine")
@pytest.mark.parametrize("name", ["RG1_J2KI.dcm", "RG3_J2KR.dcm", "dx_image.dcm", "mlut_18.dcm", "vlut_04.dcm"])
def test_real_files(name):
    image = read_image(DATA / name)
    assert min(image.pixels.shape) > 100
    assert image.pixels.max() > image.pixels.min()


def test_a_patient_is_told_by_a_hash_alone(tmp_path: Path):
    pixels = np.zeros((64, 64), np.uint16)
    told = [
        read_image(write_dicom(tmp_path / f"{i}.dcm", pixels, PatientID=number)).facts.get("patient", "")
        for i, number in enumerate(("4711", "4711", "0815", ""))
    ]
    assert told[0] == told[1] != told[2]
    assert told[3] == ""
    assert "4711" not in told[0]


def test_a_picture_may_have_more_than_32767_rows(path):
    tall = ramp(33_000, 17)
    np.testing.assert_array_equal(read_image(write_dicom(path, tall, 8)).pixels, tall)
