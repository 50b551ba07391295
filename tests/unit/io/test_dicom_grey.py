"""Grey values of DICOM files against the standard's formulas, written out with numpy (PS3.3 C.7.5, C.7.6.3, C.11)."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, JPEGExtended12Bit

from app.core.frame import Provenance
from app.io.errors import ImageError
from app.io.image import read_image
from tests.unit.pictures import dicom, jpeg_of_12_bits, ramp, write_dicom

P12 = ramp(top=4095, dtype=np.uint16)
SIGNED = P12.astype(np.int16) - 2048


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.dcm"


def lut(first: int, data, bits: int = 12, kind: str = "US", count: int | None = None) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", kind, [(len(data) if count is None else count) % 65536, first, bits])
    item.add_new("LUTData", "OW", np.asarray(data).astype("<u2").tobytes())
    return item


def sequence(**values) -> list[Dataset]:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return [item]


@pytest.mark.parametrize("shift", [0, 2, 4])
def test_the_bits_that_high_bit_names_are_read(path, shift):
    junk = np.uint16((1 << shift) - 1)  # below the lowest bit that counts
    read = read_image(write_dicom(path, (P12 << shift) | junk, HighBit=11 + shift))
    np.testing.assert_array_equal(read.pixels, P12)


def test_signed_samples_of_12_bits_have_their_sign_in_bit_11(path):
    stored = (SIGNED.astype(np.int32) & 0x0FFF).astype(np.uint16)
    read = read_image(write_dicom(path, stored, PixelRepresentation=1))
    np.testing.assert_array_equal(read.pixels, SIGNED)


@pytest.mark.parametrize("values", [{"HighBit": 16}, {"HighBit": 5}, {"BitsStored": 17}])
def test_bits_that_contradict_each_other_are_refused(path, values):
    with pytest.raises(ImageError, match="contradicts itself"):
        read_image(write_dicom(path, P12, **values))


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize(("value", "limit"), [(65535, None), (65000, 65535), (0, None)])
def test_padding_is_as_dark_as_the_darkest_of_the_rest(path, photometric, value, limit):
    inside = np.zeros(P12.shape, bool)
    inside[5:40, 7:30] = True
    stored = np.where(inside, P12 + 100, value).astype(np.uint16)
    values = {"PixelPaddingValue": value, **({} if limit is None else {"PixelPaddingRangeLimit": limit})}
    if limit is not None:
        stored[0, 0] = 65300
    read = read_image(write_dicom(path, stored, 16, PhotometricInterpretation=photometric, **values)).pixels.astype(int)
    wanted = stored.astype(int) if photometric == "MONOCHROME2" else 65535 - stored.astype(int)
    np.testing.assert_array_equal(read[inside], wanted[inside])
    assert set(read[~inside].tolist()) == {wanted[inside].min()}


def test_padding_of_a_signed_picture(path):
    stored = SIGNED.copy()
    stored[:4] = -32768
    values = read_image(write_dicom(path, stored, 16, PixelPaddingValue=-32768)).pixels
    assert set(values[:4].ravel().tolist()) == {SIGNED[4:].min()}
    np.testing.assert_array_equal(values[4:], SIGNED[4:])


@pytest.mark.parametrize(("kind", "first"), [("US", 65536 - 2048), ("SS", -2048)])
def test_the_first_value_of_a_modality_lut_has_the_sign_of_the_samples(path, kind, first):
    table = (np.arange(4096) * 7) % 5003
    read = read_image(write_dicom(path, SIGNED, 16, ModalityLUTSequence=[lut(first, table, 16, kind)]))
    np.testing.assert_array_equal(read.pixels, table[SIGNED.astype(int) + 2048])


def test_a_look_up_table_goes_on_with_its_ends(path):
    table = np.arange(1000) + 50
    read = read_image(write_dicom(path, P12, ModalityLUTSequence=[lut(600, table)]))
    np.testing.assert_array_equal(read.pixels, np.clip(P12.astype(int) - 600, 0, 999) + 50)


@pytest.mark.parametrize("table", [4095 - np.arange(4096), np.round(np.sqrt(np.arange(4096) / 4095) * 4095)])
def test_a_voi_lut_is_applied_where_there_is_no_window(path, table):
    image = read_image(write_dicom(path, P12, VOILUTSequence=[lut(0, table)]))
    np.testing.assert_array_equal(image.pixels, table[P12])
    assert image.windows[0][1:] == ((table[P12].min() + table[P12].max()) / 2, np.ptp(table[P12]))


def test_a_voi_lut_that_is_wider_than_the_picture_does_not_darken_it(path):
    image = read_image(write_dicom(path, P12, VOILUTSequence=[lut(0, np.arange(65536), 16)]))
    np.testing.assert_array_equal(image.pixels, P12)
    assert image.windows[0][1:] == (4095 / 2, 4095)


def test_a_look_up_table_with_too_few_entries_is_refused(path):
    with pytest.raises(ImageError, match="look-up table"):
        read_image(write_dicom(path, P12, VOILUTSequence=[lut(0, np.arange(100), count=4096)]))


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted", "told"),
    [
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME2", "INVERSE", True, True),
        ("MONOCHROME1", "IDENTITY", True, True),
    ],
)
def test_polarity_is_turned_once(path, photometric, shape, inverted, told):
    values = {"PhotometricInterpretation": photometric, "PresentationLUTShape": shape}
    image = read_image(write_dicom(path, P12, **values))
    np.testing.assert_array_equal(image.pixels, 4095 - P12 if inverted else P12)
    assert ("contradicts itself" in image.remark) == told


def test_rescaling_spacing_and_windows_come_from_functional_groups(path):
    shared = sequence(
        PixelMeasuresSequence=sequence(PixelSpacing=[0.3, 0.2]),
        PixelValueTransformationSequence=sequence(RescaleSlope="3", RescaleIntercept="-10"),
    )
    frame = sequence(FrameVOILUTSequence=sequence(WindowCenter="500", WindowWidth="90"))
    groups = {"SharedFunctionalGroupsSequence": shared, "PerFrameFunctionalGroupsSequence": frame}
    image = read_image(write_dicom(path, P12, NumberOfFrames="1", **groups))
    np.testing.assert_array_equal(image.pixels, P12.astype(int) * 3 - 10)
    assert (image.spacing.row_mm, image.spacing.column_mm) == (0.3, 0.2)
    assert image.aspect == pytest.approx(1.5)
    assert image.windows == (("Window 1", 500.0, 90.0),)


def test_numbers_with_a_decimal_comma_are_read(path):
    write_dicom(path, P12, PixelSpacing=["0.34", "0.23"], RescaleSlope="2.5", RescaleIntercept="0.5")
    data = path.read_bytes()
    for point, comma in ((b"0.34\\0.23", b"0,34\\0,23"), (b"2.5 ", b"2,5 "), (b"0.5 ", b"0,5 ")):
        assert data.count(point) == 1
        data = data.replace(point, comma)
    path.write_bytes(data)
    image = read_image(path)
    assert (image.spacing.row_mm, image.spacing.column_mm) == (0.34, 0.23)
    np.testing.assert_allclose(image.pixels, P12 * 2.5 + 0.5)


NEEDED = (
    *("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated"),
    *("BitsStored", "HighBit", "PixelRepresentation"),
)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_field_with_only_one_sensible_value_may_be_missing_and_is_told(path, missing):
    dataset = dicom(P12, 16)
    dataset["PixelData"].VR = "OW"
    delattr(dataset, missing)
    dataset.save_as(path, enforce_file_format=True)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, P12)
    assert f"lacks {missing}" in image.remark


def test_a_file_that_does_not_say_its_size_is_refused(path):
    dataset = dicom(P12)
    del dataset.Rows
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(ImageError, match="rows and columns"):
        read_image(path)


def test_big_endian_files_and_their_tables(path):
    dataset = dicom(P12.astype(">u2"))
    dataset.PixelData = P12.astype(">u2").tobytes()
    dataset["PixelData"].VR = "OW"
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 16])
    item.add_new("LUTData", "OW", (np.arange(4096) * 5).astype(">u2").tobytes())
    dataset.ModalityLUTSequence = [item]
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(path, dataset, implicit_vr=False, little_endian=False, enforce_file_format=True)
    np.testing.assert_array_equal(read_image(path).pixels, P12.astype(int) * 5)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"NominalScannedPixelSpacing": [0.1, 0.3]}, (0.1, 0.3, Provenance.AT_DETECTOR)),
        ({"PixelSpacing": [0.1, 0.3], "NominalScannedPixelSpacing": [0.2, 0.6]}, (0.1, 0.3, Provenance.CALIBRATED)),
    ],
)
def test_the_spacing_of_a_scanned_film(path, values, wanted):
    spacing = read_image(write_dicom(path, P12, **values)).spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.provenance) == wanted


def test_magnification_is_told_and_not_applied(path):
    values = {"EstimatedRadiographicMagnificationFactor": "1.2"}
    image = read_image(write_dicom(path, P12, ImagerPixelSpacing=[0.2, 0.3], **values))
    assert (image.spacing.row_mm, image.spacing.column_mm) == (0.2, 0.3)
    assert "magnified 1.2 times" in image.remark
    both = {"ImagerPixelSpacing": [0.24, 0.36], "PixelSpacing": [0.2, 0.3], **values}
    assert read_image(write_dicom(path, P12, **both)).remark == ""


def test_the_shape_of_pixels_may_be_known_without_their_size(path):
    image = read_image(write_dicom(path, P12, PixelAspectRatio=["5", "2"]))
    assert image.spacing is None
    assert image.aspect == 2.5


def test_twelve_bit_jpeg_has_the_values_that_were_coded(path):
    blocks = ramp(6, 5, 4095, np.uint16)
    wanted = np.kron(blocks, np.ones((8, 8), np.uint16))
    dataset = dicom(wanted, 12)
    dataset.PixelData = pydicom.encaps.encapsulate([jpeg_of_12_bits(blocks)])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    dataset.save_as(path, enforce_file_format=True)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, wanted)
    assert image.remark == ""


def test_signed_samples_without_their_sign_extended_are_no_overlay(path):
    stored = (SIGNED.astype(np.int32) & 0x0FFF).astype(np.uint16)
    assert read_image(write_dicom(path, stored, PixelRepresentation=1)).remark == ""
    assert read_image(write_dicom(path, SIGNED)).remark == ""
    image = read_image(write_dicom(path, stored | 0x5000, PixelRepresentation=1))
    np.testing.assert_array_equal(image.pixels, SIGNED)
    assert "Bits above the 12 stored ones are ignored" in image.remark


def test_the_frame_s_own_rescaling_comes_before_that_of_all_frames(path):
    shared, frame = (
        sequence(PixelValueTransformationSequence=sequence(RescaleSlope=slope, RescaleIntercept="0"))
        for slope in ("3", "2")
    )
    groups = {"SharedFunctionalGroupsSequence": shared, "PerFrameFunctionalGroupsSequence": frame}
    image = read_image(write_dicom(path, P12, NumberOfFrames="1", RescaleSlope="5", **groups))
    np.testing.assert_array_equal(image.pixels, P12.astype(int) * 2)


def test_the_first_value_of_a_table_may_be_above_32767(path):
    words = P12 + np.uint16(40_000)
    table = (np.arange(4096) * 7) % 5003
    read = read_image(write_dicom(path, words, 16, ModalityLUTSequence=[lut(40_000, table, 16)]))
    np.testing.assert_array_equal(read.pixels, table[P12])


def test_a_table_of_0_entries_has_65536(path):
    words = (P12.astype(int) * 16 + 15).astype(np.uint16)  # up to 65,535, the last entry
    table = lut(0, 65535 - np.arange(65536), 16)
    assert table.LUTDescriptor[0] == 0
    read = read_image(write_dicom(path, words, 16, ModalityLUTSequence=[table]))
    np.testing.assert_array_equal(read.pixels, 65535 - words.astype(int))


def test_a_table_of_one_byte_an_entry(path):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 8])
    item.add_new("LUTData", "OW", bytes((np.arange(256) * 7 % 251).astype(np.uint8)))
    read = read_image(write_dicom(path, ramp(), 8, ModalityLUTSequence=[item]))
    np.testing.assert_array_equal(read.pixels, ramp().astype(int) * 7 % 251)


def test_a_descending_look_up_table_is_told_and_gives_a_window_around_its_values(path):
    table = 3000 - np.arange(2001)  # between 1000 and 3000
    image = read_image(write_dicom(path, np.clip(P12, 0, 2000), VOILUTSequence=[lut(0, table)]))
    assert "descending" in image.remark
    assert image.windows == (("VOI LUT", 2000.0, 2000.0),)
    rising = read_image(write_dicom(path, P12, VOILUTSequence=[lut(0, np.arange(4096))]))
    assert rising.remark == ""


def test_of_a_window_and_a_look_up_table_the_window_counts(path):
    window = {"WindowCenter": "500", "WindowWidth": "90"}
    image = read_image(write_dicom(path, P12, VOILUTSequence=[lut(0, 4095 - np.arange(4096))], **window))
    np.testing.assert_array_equal(image.pixels, P12)
    assert image.windows == (("Window 1", 500.0, 90.0),)
    assert "not applied" in image.remark


def test_windows_without_width_are_none_and_sigmoid_ones_are_told(path):
    windows = {"WindowCenter": ["500", "600"], "WindowWidth": ["0", "90"]}
    image = read_image(write_dicom(path, P12, VOILUTFunction="SIGMOID", **windows))
    assert image.windows == (("Window 2 (sigmoid, shown straight)", 600.0, 90.0),)
    straight = read_image(write_dicom(path, P12, VOILUTFunction="LINEAR", **windows))
    assert straight.windows == (("Window 2", 600.0, 90.0),)


def test_padding_alone_is_no_picture(path):
    with pytest.raises(ImageError, match="padding alone"):
        read_image(write_dicom(path, np.full_like(P12, 7), PixelPaddingValue=7))


def test_rescaling_by_a_negative_slope_turns_the_picture_and_monochrome1_turns_it_back(path):
    values = {"RescaleSlope": "-2", "RescaleIntercept": "100"}
    np.testing.assert_array_equal(read_image(write_dicom(path, P12, **values)).pixels, 100 - 2 * P12.astype(int))
    image = read_image(write_dicom(path, P12, PhotometricInterpretation="MONOCHROME1", **values))
    # Between -8090 and 100 now, so turned within these ends: -7990 - (100 - 2 x).
    np.testing.assert_array_equal(image.pixels, -7990 - (100 - 2 * P12.astype(int)))


def test_other_modalities_are_told(path):
    assert "A CT image, not a radiograph" in read_image(write_dicom(path, P12, Modality="CT")).remark
    assert read_image(write_dicom(path, P12, Modality="CR")).remark == ""
