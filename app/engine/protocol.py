"""Messages between the program and its children: a length-prefixed JSON header, then raw numpy buffers. No pickle.

A message is `<IQ`: the header's length and the number of bytes that follow it; the header (UTF-8 JSON, with the key
``arrays``: [[name, dtype, shape], ...]); and the arrays' bytes in that order (C order, little endian).
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

_PREFIX = struct.Struct("<IQ")
LONGEST_HEADER = 1 << 20
LONGEST_BODY = 1 << 34
_KINDS = {np.dtype(kind) for kind in ("bool", "u1", "i1", "<u2", "<i2", "<f2", "<f4", "<f8", "<i4")}


class ProtocolError(Exception):
    """What came through the pipe is no message."""


@dataclass(frozen=True, eq=False)
class Message:
    """One message.

    Attributes
    ----------
    kind : str
        What it is: ``decode``, ``decoded``, ``failed`` ...
    fields : dict
        JSON values.
    arrays : dict of str to array
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def write(stream: BinaryIO, message: Message) -> None:
    """Write a message and flush; raises OSError where the other end is gone."""
    arrays = {name: _little(array) for name, array in message.arrays.items()}
    header = json.dumps(
        {
            "kind": message.kind,
            "fields": message.fields,
            "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()],
        }
    ).encode()
    stream.write(_PREFIX.pack(len(header), sum(array.nbytes for array in arrays.values())) + header)
    for array in arrays.values():
        if array.nbytes:
            stream.write(array.data.cast("B"))
    stream.flush()


def read(stream: BinaryIO) -> Message | None:
    """Wait for the next message; None at the end of the stream.

    Raises
    ------
    ProtocolError
        If something else comes, or the stream ends within a message.
    """
    prefix = stream.read(_PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < _PREFIX.size:
        raise ProtocolError("The stream ended within a message.")
    length, size = _PREFIX.unpack(prefix)
    if length > LONGEST_HEADER or size > LONGEST_BODY:
        raise ProtocolError("The stream carries something that is no message.")
    try:
        header = json.loads(_exactly(stream, length))
        layout = [(str(name), np.dtype(kind), tuple(map(int, shape))) for name, kind, shape in header["arrays"]]
        kind, fields = str(header["kind"]), dict(header["fields"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError(f"The header of a message is damaged ({error}).") from None
    if any(dtype not in _KINDS for _, dtype, _ in layout):
        raise ProtocolError("A message holds an array of a type that is not allowed.")
    arrays = {}
    for name, dtype, shape in layout:
        array = np.empty(shape, dtype)
        size -= array.nbytes
        if size < 0:
            break
        _fill(stream, array)
        arrays[name] = array
    if size != 0:
        raise ProtocolError("The arrays of a message are not as long as it says.")
    return Message(kind, fields, arrays)


def _little(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array = np.ascontiguousarray(array)
    big = array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big")
    return array.astype(array.dtype.newbyteorder("<")) if big else array


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise ProtocolError("The stream ended within a message.")
    return data


def _fill(stream: BinaryIO, array: npt.NDArray[Any]) -> None:
    """Read straight into an array: a 2048² image is not copied twice."""
    if not array.nbytes:
        return
    view = array.reshape(-1).data.cast("B")
    at = 0
    while at < len(view):
        count = stream.readinto(view[at:])  # type: ignore[attr-defined]
        if not count:
            raise ProtocolError("The stream ended within a message.")
        at += count
