"""What is too large or packed too tightly is refused before it is unpacked; what fits exactly is read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import zlib

import nibabel
import numcodecs
import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from pydicom.filereader import read_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.io.errors import ImageError
from app.io.files import TooLongError, inflate, read_regular
from app.io.image import decode_image
from tests.unit.pictures import dicom, ramp

GREY = ramp(49, 40)
MANY = bytes(1 << 24)
"""Far more than any of the headers below tells, and less than a test should wait for."""


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds nothing."""
    parts = b"\x89PNG\r\n\x1a\n"
    for tag, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ):
        parts += struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))
    return parts


def nifti_header(width: int, height: int) -> bytes:
    header = nibabel.Nifti1Header()
    header.set_data_dtype("u1")
    header.set_data_shape((width, height))
    header["magic"], header["vox_offset"] = b"n+1", 352
    return header.binaryblock + bytes(4)


def nrrd(encoding: str, body: bytes, sizes: str = "40 49") -> bytes:
    return f"NRRD0004\ntype: uint8\ndimension: 2\nsizes: {sizes}\nencoding: {encoding}\n\n".encode() + body


def mha(body: bytes, size: str = "40 49") -> bytes:
    head = f"ObjectType = Image\nNDims = 2\nCompressedData = True\nDimSize = {size}\nElementType = MET_UCHAR\n"
    return head.encode() + b"ElementDataFile = LOCAL\n" + body


def deflated(change) -> bytes:
    """A DICOM file whose packed data set is what `change` makes of the right one."""
    dataset = dicom(GREY, 8)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    data = file.getvalue()
    stream = io.BytesIO(data[132:])
    read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    at = 132 + stream.tell()
    packer = zlib.compressobj(wbits=-15)
    return data[:at] + packer.compress(change(zlib.decompress(data[at:], -15))) + packer.flush()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.nii.gz", gzip.compress(nifti_header(40, 49) + GREY.tobytes())),
        ("x.nii.gz", gzip.compress(nifti_header(40, 49)) + gzip.compress(GREY.tobytes())),  # two members
        ("x.nrrd", nrrd("gzip", gzip.compress(GREY.tobytes()))),
        ("x.nrrd", nrrd("bzip2", bz2.compress(GREY.tobytes()))),
        ("x.mha", mha(zlib.compress(GREY.tobytes()))),
        ("x.dcm", deflated(bytes)),
    ],
)
def test_packed_pictures_are_read(name, data):
    np.testing.assert_array_equal(decode_image(data, name).pixels, GREY)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.nrrd", nrrd("gzip", gzip.compress(MANY))),
        ("x.nrrd", nrrd("bzip2", bz2.compress(MANY))),
        ("x.mha", mha(zlib.compress(MANY))),
    ],
)
def test_streams_that_hold_more_than_their_header_tells_are_refused(name, data):
    with pytest.raises(ImageError, match="hold more than"):
        decode_image(data, name)


def test_a_deflated_dicom_file_stops_at_its_limit(monkeypatch):
    monkeypatch.setattr("app.io.dicom.LARGEST_UNPACKED", 1 << 20)
    assert decode_image(deflated(bytes), "x.dcm").pixels.shape == GREY.shape
    with pytest.raises(ImageError, match="unpacks to more than a radiograph holds"):
        decode_image(deflated(lambda data: data + MANY), "x.dcm")
    with pytest.raises(ImageError, match="damaged"):
        decode_image(deflated(bytes)[:-40], "x.dcm")


def with_long_version(data: bytes) -> bytes:
    """A DICOM file with 6 kB in (0002,0001), which stands before the transfer syntax (PS3.10 7.1)."""
    at = data.index(struct.pack("<HH2s", 2, 1, b"OB"))
    old = struct.unpack_from("<I", data, at + 8)[0]
    return data[: at + 8] + struct.pack("<I", 6000) + bytes(6000) + data[at + 12 + old :]


@pytest.mark.parametrize(
    "changed", [lambda data: data[132:], with_long_version, lambda data: with_long_version(data)[132:]]
)
def test_the_limit_holds_wherever_the_transfer_syntax_stands(monkeypatch, changed):
    monkeypatch.setattr("app.io.dicom.LARGEST_UNPACKED", 1 << 20)
    np.testing.assert_array_equal(decode_image(changed(deflated(bytes)), "x.dcm").pixels, GREY)
    with pytest.raises(ImageError, match="unpacks to more than a radiograph holds"):
        decode_image(changed(deflated(lambda data: data + MANY)), "x.dcm")
    with pytest.raises(ImageError, match="cannot be unpacked"):
        decode_image(changed(deflated(bytes))[:-40], "x.dcm")


def tiff_of_one_strip(packed: bytes, compression: int, pixels: np.ndarray = GREY) -> bytes:
    """A TIFF 6.0 of 8 bits with one strip that holds `packed`, written by hand."""
    height, width = pixels.shape
    tags = (256, 3, width), (257, 3, height), (258, 3, 8), (259, 3, compression), (262, 3, 1)
    tags = *tags, (273, 4, 8), (277, 3, 1), (278, 3, height), (279, 4, len(packed))
    strip = packed + b"\0" * (len(packed) % 2)
    table = b"".join(struct.pack("<HHII", number, kind, 1, value) for number, kind, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(strip)) + strip + struct.pack("<H", len(tags)) + table + bytes(4)


def zstd(data: bytes) -> bytes:
    return bytes(numcodecs.Zstd(19).encode(data))


@pytest.mark.parametrize(
    ("compression", "pack"),
    [(8, zlib.compress), (50013, zlib.compress), (34925, lzma.compress), (50000, zstd)],
)
def test_a_strip_stops_at_the_size_of_its_page(compression, pack):
    if compression != 50013:  # a scheme of tifffile's own
        right = tiff_of_one_strip(pack(GREY.tobytes()), compression)
        np.testing.assert_array_equal(decode_image(right, "x.tif").pixels, GREY)
    bomb = tiff_of_one_strip(pack(GREY.tobytes() + MANY), compression)
    if compression == 50000 and sys.version_info < (3, 14):  # libtiff unpacks it, and stops by itself
        np.testing.assert_array_equal(decode_image(bomb, "x.tif").pixels, GREY)
    else:
        with pytest.raises(ImageError, match="unpack to more than its header tells"):
            decode_image(bomb, "x.tif")


def test_a_second_stream_in_a_strip_counts_too():
    bomb = tiff_of_one_strip(lzma.compress(GREY.tobytes()) + lzma.compress(MANY), 34925)
    with pytest.raises(ImageError, match="unpack to more than its header tells"):
        decode_image(bomb, "x.tif")
    with pytest.raises(ImageError, match="damaged"):
        decode_image(tiff_of_one_strip(b"no lzma at all", 34925), "x.tif")


def test_of_a_packed_nifti_no_more_than_the_picture_is_unpacked(monkeypatch):
    monkeypatch.setattr("app.io.volume.LARGEST_BYTES", 1 << 20)
    image = decode_image(gzip.compress(nifti_header(40, 49) + GREY.tobytes() + MANY), "x.nii.gz")
    np.testing.assert_array_equal(image.pixels, GREY)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.png", png_header(20_000, 20_001)),
        ("x.nii.gz", gzip.compress(nifti_header(20_000, 20_001))),
        ("x.nrrd", nrrd("gzip", gzip.compress(b""), "20000 20001")),
        ("x.mha", mha(zlib.compress(b""), "20000 20001")),
    ],
    ids=["png", "nii.gz", "nrrd", "mha"],  # gzip writes the time: ids made of the data differ between processes
)
def test_more_than_400_million_pixels_are_refused_by_the_header_alone(name, data):
    with pytest.raises(ImageError, match=r"2000. x 2000. pixels, too large"):
        decode_image(data, name)


def test_volumes_of_more_numbers_than_a_radiograph_can_have_are_refused():
    for name, data in (
        ("x.nrrd", nrrd("gzip", b"", "10000 10000 11").replace(b"dimension: 2", b"dimension: 3")),
        ("x.mha", mha(b"", "10000 10000 11")),
    ):
        with pytest.raises(ImageError, match="1,100,000,000 numbers, too many"):
            decode_image(data, name)


@pytest.mark.parametrize(("size", "good"), [((16, 17), True), ((17, 16), True), ((15, 40), False), ((40, 15), False)])
def test_sixteen_pixels_are_the_least_side(size, good):
    file = io.BytesIO()
    Pillow.fromarray(ramp(*size)).save(file, "PNG")
    if good:
        assert decode_image(file.getvalue(), "x.png").pixels.shape == size
    else:
        with pytest.raises(ImageError, match=f"only {size[1]} x {size[0]} pixels"):
            decode_image(file.getvalue(), "x.png")


def test_a_file_or_stream_may_be_as_long_as_its_limit_and_no_longer(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"12345")
    path.chmod(0o400)  # orientation needs no leave to write
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(TooLongError, match="larger than 4 bytes"):
        read_regular(path, 4)
    packed = zlib.compress(b"12345")
    assert inflate(packed, 5, "zlib") == b"12345"
    with pytest.raises(TooLongError):
        inflate(packed, 4, "zlib")
