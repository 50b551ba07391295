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
from app.io.image import as_pixels, decode_image, read_image
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
    assert image.pixels.shape == (48, 40)
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
def test_nifti_keeps_storage_order_and_spacing(packed):
    file = nibabel.Nifti1Image(ramp(top=3000, dtype=np.int16).T[..., None], np.diag([-0.2, -0.3, 1, 1]))
    file.header.set_xyzt_units("mm")
    data = gzip.compress(file.to_bytes()) if packed else file.to_bytes()
    image = decode_image(data, "x.nii.gz" if packed else "x.nii")
    np.testing.assert_array_equal(image.pixels, ramp(top=3000, dtype=np.int16))
    assert image.pixels.dtype == np.int16
    assert (image.spacing.row_mm, image.spacing.column_mm) == pytest.approx((0.3, 0.2))


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
    assert image.spacing.column_mm == pytest.approx(0.2)


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
    monkeypatch.setattr("app.io.image.LARGEST_PIXELS", 1000)
    file = io.BytesIO()
    tifffile.imwrite(file, ramp())
    for name, data in (("x.tif", file.getvalue()), ("x.png", encode(ramp(), ".png"))):
        with pytest.raises(ImageError, match=r"too large|damaged"):
            decode_image(data, name)


def test_a_missing_file_is_a_read_error(tmp_path):
    with pytest.raises(ReadError, match="cannot be opened"):
        read_image(tmp_path / "none.png")


def test_pixel_types():
    for dtype in ("u1", "<u2", ">u2", "<i2", "i4", "u4", "i8", "f2", "f4", "f8", "i1", "?"):
        values = as_pixels(np.array([[0, 1], [1, 1]], dtype))
        assert values.dtype in (np.uint8, np.uint16, np.int16, np.float32)
        assert values.dtype.isnative
    assert as_pixels(np.array([[1 << 20, 0]])).dtype == np.float32
    np.testing.assert_array_equal(as_pixels(np.array([[np.nan, 2, 3, np.inf]])), [[2, 2, 3, 3]])
