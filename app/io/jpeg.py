"""JPEG of more than 8 bits or without loss, which Pillow does not read: decoded by GDCM, which DICOM needs anyway."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

EXTENDED_12_BIT = "1.2.840.10008.1.2.4.51"
"""Transfer syntax of lossy JPEG of 8 or 12 bits; pydicom's own decoders read 8 alone."""
_LOSSLESS = "1.2.840.10008.1.2.4.57"
_APP0, _APP1, _EXIF, _ORIENTATION = 0xE0, 0xE1, b"Exif\0\0", 274
_ALONE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


class JpegFrame(NamedTuple):
    """The frame header of a JPEG (ISO 10918-1 B.2.2).

    Attributes
    ----------
    process : int
        0 baseline, 1 extended, 2 progressive, 3 lossless ...
    bits, height, width, samples : int
    """

    process: int
    bits: int
    height: int
    width: int
    samples: int


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """The frame header of a JPEG, None where there is none."""
    for marker, body in _segments(data):
        if marker in _FRAMES:
            return JpegFrame(marker - 0xC0, *struct.unpack_from(">BHHB", body)) if len(body) >= 6 else None
    return None


def jpeg_orientation(data: bytes) -> int:
    """The orientation tag of a JPEG's Exif segment (EXIF 2.3), 1 where there is none or it makes no sense."""
    from PIL import Image as Pillow

    for marker, body in _segments(data):
        if marker == _APP1 and body.startswith(_EXIF):
            exif = Pillow.Exif()
            try:
                exif.load(body)
                found = exif.get(_ORIENTATION, 1)
            except (OSError, SyntaxError, ValueError, TypeError, struct.error):  # a damaged segment says nothing
                return 1
            return found if isinstance(found, int) else 1
    return 1


def jpeg_density(data: bytes) -> tuple[int, int] | None:
    """Pixels per length across and down as the JFIF segment tells them, None where it does not."""
    for marker, body in _segments(data):
        if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            across, down = struct.unpack_from(">HH", body, 8)
            return across, down
    return None


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of the segments before the coded pixels (ISO 10918-1 B.1.1.4)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def needs_gdcm(syntax: str, bits: int) -> bool:
    """Whether pydicom's decoders refuse pixels of this transfer syntax though GDCM reads them."""
    return str(syntax) == EXTENDED_12_BIT and bits > 8


def decode_jpeg(data: bytes, name: str) -> npt.NDArray[Any]:
    """Decode a grey JPEG of up to 16 bits, lossy or not.

    Returns
    -------
    array [H, W], uint8 or uint16

    Raises
    ------
    ValueError
        If it is damaged, in colour, or of another kind.
    """
    import gdcm  # type: ignore[import-untyped]

    from app.io.pixels import check_size

    frame = jpeg_frame(data)
    if frame is None or frame.samples != 1 or frame.process not in (0, 1, 3) or not 2 <= frame.bits <= 16:
        raise ValueError("it is a JPEG of a kind that this program does not read")
    check_size(frame.height, frame.width, name)
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data + b"\0" * (len(data) % 2))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((frame.width, frame.height, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    syntax = _LOSSLESS if frame.process == 3 else EXTENDED_12_BIT
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    allocated = 8 if frame.bits <= 8 else 16
    stored = max(frame.bits, 8)  # GDCM ends the process where fewer bits are stored than are allocated in a byte
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, stored, stored - 1, 0))
    text = image.GetBuffer()  # bytes as text
    if text is None:
        raise ValueError("its pixels are damaged")
    buffer = text.encode("utf-8", "surrogateescape")
    kind = np.uint8 if allocated == 8 else np.uint16
    if len(buffer) != frame.height * frame.width * allocated // 8:
        raise ValueError("its pixels are incomplete")
    return np.frombuffer(buffer, kind).reshape(frame.height, frame.width)
