"""Arrays as compressed bytes with a checksum: Blosc, and SHA-256 over what lies in the file.

Masks and uv-maps are read one image at a time: zstd. Inverse charts are read for all images when a project opens: LZ4
is 7 % larger there and four times as fast.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

_LENGTH = struct.Struct("<I")


@cache
def _codec(name: str) -> Any:
    from numcodecs.blosc import BITSHUFFLE, Blosc  # importing it takes 150 ms, which the window's start can do without

    return Blosc(cname=name, clevel=1, shuffle=BITSHUFFLE)


def make_ready() -> None:
    """Import what packing needs, on whichever thread has the time for it."""
    _codec("lz4")
    _codec("zstd")


class DamagedBlob(Exception):
    """Stored bytes are not what was written."""


def checksum(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def pack(arrays: Mapping[str, npt.NDArray[Any]], quick: bool = False) -> bytes:
    """Compress named arrays into one piece of bytes: length of the header, header (JSON), one Blosc chunk per array.

    `quick` is for what is read for all images at once.
    """
    codec = _codec("lz4" if quick else "zstd")
    head, parts = [], []
    for name, array in arrays.items():
        plain = np.ascontiguousarray(array)
        data = bytes(codec.encode(plain)) if plain.size else b""
        head.append([name, plain.dtype.str, plain.shape, len(data)])
        parts.append(data)
    header = json.dumps(head).encode()
    return b"".join([_LENGTH.pack(len(header)), header, *parts])


def pack_mask(mask: npt.NDArray[np.bool_]) -> bytes:
    """Compress a mask [H, W], one bit per pixel; `unpack_mask` reads what its blob holds."""
    return pack({"bits": np.packbits(mask, axis=1), "size": np.array(mask.shape, np.int32)})


def unpack_mask(arrays: Arrays) -> npt.NDArray[np.bool_]:
    """A mask [H, W] from its blob's arrays, read-only."""
    height, width = arrays["size"].tolist()
    mask = np.unpackbits(arrays["bits"], axis=1, count=width).view(np.bool_).reshape(height, width)
    mask.flags.writeable = False
    return mask


def unpack(data: bytes, expected: str) -> Arrays:
    """Read what `pack` wrote.

    Parameters
    ----------
    data : bytes
    expected : str
        Their SHA-256.

    Raises
    ------
    DamagedBlob
        If the checksum differs.
    """
    if checksum(data) != expected:
        raise DamagedBlob("A stored array is damaged: its checksum does not match.")
    start = _LENGTH.size
    (length,) = _LENGTH.unpack_from(data)
    head = json.loads(data[start : start + length])
    start += length
    arrays: Arrays = {}
    for name, kind, shape, size in head:
        if size:
            raw = _codec("zstd").decode(data[start : start + size])
            arrays[name] = np.frombuffer(raw, dtype=np.dtype(kind)).reshape(shape)
        else:
            arrays[name] = np.zeros(shape, np.dtype(kind))
        start += size
    return arrays
