"""Which format a file is of, by the first bytes of its content."""

from __future__ import annotations

import struct

HEAD = 560
"""So many bytes of a file tell its kind: a NIfTI-2 header has 540."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"\xff\xd8\xff", "picture"),  # JPEG
    (b"II*\x00", "tiff"),  # little and big endian, and BigTIFF
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"NRRD0", "nrrd"),
)
_NIFTI = (b"n+1", b"ni1", b"n+2", b"ni2")
_LONG_VR = frozenset("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # noqa: SIM905
"""Value representations with a length of 32 bits (PS3.5 7.1.2)."""
_VR = _LONG_VR | frozenset("AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())  # noqa: SIM905


def kind_of(head: bytes) -> str:
    """The kind of a file that begins with `head` (`HEAD` bytes, or all of it), empty if it is none of ours.

    Returns
    -------
    str
        ``dicom``, ``picture`` (PNG or JPEG), ``tiff``, ``nrrd``, ``mha``, ``nifti``, or empty.
    """
    if head[128:132] == b"DICM":
        return "dicom"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[344:347] in _NIFTI or head[4:7] in _NIFTI:
        return "nifti"
    start = head.lstrip()
    if start.startswith((b"ObjectType", b"NDims")) and b"=" in start[:32] and b"NDims" in head:
        return "mha"
    return "dicom" if _headless_dicom(head) else ""


def _headless_dicom(head: bytes) -> bool:
    """Whether a file begins with elements of group 0002 or 0008: DICOM without its preamble, or ACR-NEMA (PS3.10 7.1).

    Two elements must follow one another in ascending order, each with a value representation of the standard or, where
    that is implicit, a length that fits a header.
    """
    for order in "<>":
        at, last = 0, (0, 0)
        for step in range(2):
            tag, at = _element(head, at, order)
            if tag is None or tag <= last or tag[0] not in (2, 8) or (step == 0 and tag[1] > 0x20):
                break
            last = tag
        else:
            return True
    return False


def _element(head: bytes, at: int, order: str) -> tuple[tuple[int, int] | None, int]:
    """Tag of the element at an offset, and where the next one begins; None where there is no element."""
    if at + 12 > len(head):
        return None, at
    group, number = struct.unpack_from(f"{order}HH", head, at)
    letters = head[at + 4 : at + 6].decode("latin-1")
    if letters in _VR:
        if letters in _LONG_VR:
            (length,) = struct.unpack_from(f"{order}I", head, at + 8)
            return (group, number), at + 12 + length
        (length,) = struct.unpack_from(f"{order}H", head, at + 6)
        return (group, number), at + 8 + length
    (length,) = struct.unpack_from(f"{order}I", head, at + 4)
    return ((group, number), at + 8 + length) if length <= 256 and length % 2 == 0 else (None, at)
