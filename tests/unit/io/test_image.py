import gzip
import io

import imageio.v3 as imageio
import nibabel
import nrrd
import numpy as np
import pytest
import tifffile

from app.core.frame import Provenance
from app.io.errors import ImageError, ReadError
from app.io.image import decode_image, read_image
from app.io.pixels import as_pixels
from tests.unit.pictures import ramp, write_png


def encode(pixels, kind, **options):
    return imageio.imwrite("<bytes>", pixels, extension=kind, **options)


def test_png_of_8_and_16_bits_is_read_as_stored(tmp_path):
    for pixels in (ramp(), ramp(top=60000, dtype=np.uint16)):
        image = read_image(write_png(tmp_path / "x.png", pixels))
        assert image.pixels.dtype == pixels.dtype
        np.testing.assert_array_equal(image.pixels, pixels)
        assert image.spacing is None
        assert image.remark == ""


def test_colour_becomes_grey_with_a_remark():
    colour = np.stack([ramp(), ramp()[::-1], np.zeros_like(ramp())], axis=-1)
    image = decode_image(encode(colour, ".png"), "photo.png")
    np.testing.assert_allclose(image.pixels, 0.299 * colour[..., 0] + 0.587 * colour[..., 1], atol=0.51)
    assert "Colour" in image.remark
    grey = decode_image(encode(np.repeat(ramp()[..., None], 3, axis=2), ".png"), "grey.png")
    np.testing.assert_array_equal(grey.pixels, ramp())
    assert grey.remark == ""


def test_alpha_and_one_bit_pictures():
    rgba = np.dstack([ramp(), ramp(), ramp(), np.full_like(ramp(), 9)])
    np.testing.assert_array_equal(decode_image(encode(rgba, ".png"), "a.png").pixels, ramp())
    bits = ramp() > 128
    np.testing.assert_array_equal(decode_image(encode(bits, ".png"), "b.png").pixels, bits * 255)


def test_jpeg_with_a_wrong_or_no_suffix():
    data = encode(ramp(), ".jpeg", quality=95)
    for name in ("x.jpg", "x.png", "x"):
        assert np.abs(decode_image(data, name).pixels.astype(int) - ramp()).mean() < 3


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"bigtiff": True}, {"byteorder": ">"}])
def test_tiff(options):
    pixels = ramp(top=4000, dtype=np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    image = decode_image(file.getvalue(), "x.tif")
    assert image.pixels.dtype == np.uint16
    assert image.pixels.dtype.isnative
    np.testing.assert_array_equal(image.pixels, pixels)


def test_tiff_white_is_zero_and_pages():
    file = io.BytesIO()
    tifffile.imwrite(file, 255 - ramp(), photometric="miniswhite")
    np.testing.assert_array_equal(decode_image(file.getvalue(), "x.tif").pixels, ramp())
    file = io.BytesIO()
    tifffile.imwrite(file, np.stack([ramp(), ramp()[::-1]]), photometric="minisblack")
    image = decode_image(file.getvalue(), "x.tif")
    np.testing.assert_array_equal(image.pixels, ramp())
    assert "2 pages" in image.remark


def test_tiff_compressed_by_a_scheme_that_pillow_knows():
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(ramp()).save(file, "TIFF", compression="tiff_lzw")
    np.testing.assert_array_equal(decode_image(file.getvalue(), "x.tiff").pixels, ramp())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize(("unit", "mm"), [("mm", 1), ("micron", 0.001), ("meter", 1000)])
def test_nifti_keeps_storage_order_and_spacing(packed, kind, unit, mm):
    file = kind(ramp(top=3000, dtype=np.int16).T[..., None], np.diag([-0.2, -0.3, 1, 1]))
    file.header.set_xyzt_units(unit)
    data = gzip.compress(file.to_bytes()) if packed else file.to_bytes()
    image = decode_image(data, "x.nii.gz" if packed else "x.nii")
    np.testing.assert_array_equal(image.pixels, ramp(top=3000, dtype=np.int16))
    assert image.pixels.dtype == np.int16
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.3 * mm, 0.2 * mm))
    assert image.aspect == pytest.approx(1.5)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_nifti_is_scaled_and_its_first_plane_is_read(kind):
    planes = np.stack([ramp(top=3000, dtype=np.int16).T, ramp(top=3000, dtype=np.int16).T[::-1]], axis=-1)
    header = kind.header_class(endianness=">")
    header.set_data_shape(planes.shape)
    header.set_data_dtype(">i2")
    header["vox_offset"], header["scl_slope"], header["scl_inter"] = 544, 0.5, -7
    header["magic"] = b"n+1" if kind is nibabel.Nifti1Image else b"n+2"
    body = planes.astype(">i2").tobytes(order="F")
    image = decode_image(header.binaryblock.ljust(544, b"\0") + body, "x.nii")
    np.testing.assert_allclose(image.pixels, ramp(top=3000, dtype=np.int16) * 0.5 - 7)
    assert "First of 2 planes" in image.remark


def test_nrrd_of_colours_and_of_several_planes(tmp_path):
    colour = np.dstack([ramp(), ramp()[::-1], ramp()[:, ::-1]])
    header = {"kinds": ["RGB-color", "domain", "domain"], "spacings": [np.nan, 0.2, 0.3]}
    nrrd.write(str(tmp_path / "c.nrrd"), colour.transpose(2, 1, 0), header, index_order="F")
    image = read_image(tmp_path / "c.nrrd")
    np.testing.assert_allclose(image.pixels, colour @ [0.299, 0.587, 0.114], atol=0.51)
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.3, 0.2))
    nrrd.write(str(tmp_path / "v.nrrd"), np.stack([ramp().T, ramp().T[::-1]], -1), {}, index_order="F")
    image = read_image(tmp_path / "v.nrrd")
    np.testing.assert_array_equal(image.pixels, ramp())
    assert "First of 2 planes" in image.remark


def test_nrrd_keeps_storage_order_and_spacing(tmp_path):
    header = {"space dimension": 2, "space directions": [[0.2, 0], [0, 0.3]]}
    nrrd.write(str(tmp_path / "x.nrrd"), ramp().T, header, index_order="F")
    image = read_image(tmp_path / "x.nrrd")
    np.testing.assert_array_equal(image.pixels, ramp())
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.3, 0.2))
    assert image.spacing.provenance is Provenance.AT_DETECTOR


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_mha(packed, order):
    import zlib

    pixels = ramp(top=3000, dtype=np.int16)
    body = pixels.astype(f"{order}i2").tobytes()
    header = (
        "ObjectType = Image\nNDims = 2\nBinaryData = True\n"
        f"BinaryDataByteOrderMSB = {order == '>'}\nCompressedData = {packed}\n"
        "ElementSpacing = 0.2 0.3\nDimSize = 40 48\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    )
    image = decode_image(header.encode() + (zlib.compress(body) if packed else body), "x.mha")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.3, 0.2))
    assert image.aspect == pytest.approx(1.5)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_the_header_of_a_nifti_pair_asks_for_one_file(kind):
    header = kind(ramp().T, np.eye(4)).header
    header["magic"] = {348: b"ni1", 540: b"ni2"}[header.sizeof_hdr]
    with pytest.raises(ImageError, match=r"save it as one file \(.nii"):
        decode_image(header.binaryblock, "x.nii")


def nrrd_of(sizes: str, body: bytes) -> bytes:
    return f"NRRD0004\ntype: uchar\ndimension: {len(sizes.split())}\nsizes: {sizes}\nencoding: raw\n\n".encode() + body


def mha_of(sizes: str, body: bytes) -> bytes:
    head = f"ObjectType = Image\nNDims = {len(sizes.split())}\nDimSize = {sizes}\nElementType = MET_UCHAR\n"
    return head.encode() + b"ElementDataFile = LOCAL\n" + body


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.nii", nibabel.Nifti1Image(np.arange(40, dtype=np.uint8), np.eye(4)).to_bytes()),
        ("x.nii", nibabel.Nifti2Image(np.arange(40, dtype=np.uint8), np.eye(4)).to_bytes()),
        ("x.nrrd", nrrd_of("40", bytes(40))),
        ("x.mha", mha_of("40", bytes(40))),
        ("x.mha", mha_of("40 0", b"")),
    ],
)
def test_a_line_of_numbers_is_no_picture(name, data):
    with pytest.raises(ImageError, match="holds a line of numbers and no picture"):
        decode_image(data, name)


def test_mha_of_colours_and_of_several_planes():
    colours = np.stack([ramp(), 255 - ramp(), ramp()[::-1]], axis=-1)
    wanted = np.rint(colours @ [0.299, 0.587, 0.114])
    header = "ObjectType = Image\nNDims = {}\nElementNumberOfChannels = {}\nDimSize = {}\nElementType = MET_UCHAR\n"
    header += "ElementDataFile = LOCAL\n"
    for head, body, pixels in (
        (header.format(2, 3, "40 48"), colours, wanted),
        (header.format(3, 3, "40 48 2"), np.stack([colours, colours[::-1]]), wanted),
        (header.format(3, 1, "40 48 2"), np.stack([ramp(), ramp()[::-1]]), ramp()),
    ):
        np.testing.assert_allclose(decode_image(head.encode() + body.tobytes(), "x.mha").pixels, pixels, atol=1)


MHA_TYPES = {"UCHAR": "u1", "CHAR": "i1", "USHORT": "u2", "SHORT": "i2", "UINT": "u4", "INT": "i4", "LONG": "i4"}
MHA_TYPES |= {"ULONG": "u4", "LONG_LONG": "i8", "ULONG_LONG": "u8", "FLOAT": "f4", "DOUBLE": "f8"}


@pytest.mark.parametrize("kind", MHA_TYPES)
def test_mha_of_every_type_behind_a_header_of_any_size(kind):
    whole = np.dtype(MHA_TYPES[kind])
    pixels = ramp(top=127 if whole.itemsize == 1 else 30_000, dtype=np.int64).astype(whole)
    pixels[0, 0] = 200 if whole == np.uint8 else 60_000 if whole == np.uint16 else -5 if whole.kind != "u" else 0
    body = pixels.tobytes()
    for skipped, size in ((b"", 0), (b"junk", -1)):
        header = f"ObjectType = Image\nNDims = 2\nHeaderSize = {size}\nDimSize = 40 48\nElementType = MET_{kind}\n"
        image = decode_image(header.encode() + b"ElementDataFile = LOCAL\n" + skipped + body, "x.mha")
        np.testing.assert_array_equal(image.pixels, pixels)


@pytest.mark.parametrize(("sizes", "known"), [("1 1", False), ("1 2", True), ("2 1", True), ("0 2", False)])
def test_sizes_of_one_mm_count_where_the_other_is_not_one(sizes, known):
    header = f"ObjectType = Image\nNDims = 2\nElementSpacing = {sizes}\nDimSize = 40 48\nElementType = MET_UCHAR\n"
    image = decode_image(header.encode() + b"ElementDataFile = LOCAL\n" + ramp().tobytes(), "x.mha")
    assert (image.spacing is not None) == known
    if known:
        across, down = map(float, sizes.split())
        assert (image.spacing.row_mm, image.spacing.column_mm) == (down, across)


def test_the_shape_of_pixels_counts_where_their_unit_is_unknown(tmp_path):
    nrrd.write(str(tmp_path / "x.nrrd"), ramp().T, {"spacings": [2, 3], "units": ["px", "px"]}, index_order="F")
    image = read_image(tmp_path / "x.nrrd")
    assert image.spacing is None
    assert image.aspect == pytest.approx(1.5)


def test_one_mm_is_what_these_formats_hold_when_nobody_knows():
    file = nibabel.Nifti1Image(ramp().T, np.eye(4))
    assert decode_image(file.to_bytes(), "x.nii").spacing is None


TRUNCATED = encode(ramp(200, 200), ".png")[:400]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.png", b"", "is empty"),
        ("text.png", b"this is no image, really\n" * 20, "not what its suffix"),
        ("text.dcm", b"this is no image, really\n" * 20, "not a DICOM file"),
        ("text.tif", b"this is no image, really\n" * 20, "not what its suffix"),
        ("text.nii", b"this is no image, really\n" * 20, "not what its suffix"),
        ("text.nrrd", b"this is no image, really\n" * 20, "not what its suffix"),
        ("text.mha", b"this is no image, really\n" * 20, "not what its suffix"),
        ("text.nii.gz", b"this is no image, really\n" * 20, "damaged"),
        ("cut.png", TRUNCATED, "damaged"),
        ("tiny.png", encode(np.zeros((1, 1), np.uint8), ".png"), "only 1 x 1"),
        ("header.mha", b"ObjectType = Image\nNDims = 2\n", "header"),
        ("zip.tif", b"II*\x00" + b"\xff" * 50, "damaged"),
    ],
)
def test_what_is_no_image_is_refused_with_a_sentence(name, data, says):
    with pytest.raises(ImageError, match=says) as caught:
        decode_image(data, name)
    sentence = str(caught.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 400


def test_bombs_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr("app.io.pixels.LARGEST_PIXELS", 1000)
    file = io.BytesIO()
    tifffile.imwrite(file, ramp())
    for name, data in (("x.tif", file.getvalue()), ("x.png", encode(ramp(), ".png"))):
        with pytest.raises(ImageError, match=r"too large|damaged"):
            decode_image(data, name)


def test_a_missing_file_is_a_read_error(tmp_path):
    with pytest.raises(ReadError, match="cannot be opened"):
        read_image(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([0, 7], ">u2"), np.uint16),
        (np.array([0, 7], "<i2"), np.int16),
        (np.array([0, 70_000], "i4"), np.float32),
        (np.array([0, 40_000], "i4"), np.uint16),
        (np.array([0, 7], "i8"), np.uint16),
        (np.array([-3, 7], "i8"), np.int16),
        (np.array([-3, 40_000], "i4"), np.float32),
        (np.array([-128, 127], "i1"), np.int16),
        (np.array([0.5, 7], ">f8"), np.float32),
        (np.array([0.5, 7], "f2"), np.float32),
        (np.array([0, 255], "u1"), np.uint8),
    ],
)
def test_pixels_have_the_smallest_type_that_holds_them(values, kind):
    found = as_pixels(values[None])
    assert found.dtype == kind
    assert found.dtype.isnative
    np.testing.assert_array_equal(found[0], values)


def test_what_is_no_number_becomes_the_least_or_the_greatest():
    np.testing.assert_array_equal(as_pixels(np.array([[np.nan, 2, 3, np.inf, -np.inf]])), [[2, 2, 3, 3, 2]])
    np.testing.assert_array_equal(as_pixels(np.array([[True, False]])), [[255, 0]])
