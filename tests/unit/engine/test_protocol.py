import io
import json
import struct

import numpy as np
import pytest

from app.engine.protocol import Message, ProtocolError, read, write


def packed(message):
    stream = io.BytesIO()
    write(stream, message)
    return stream.getvalue()


ARRAYS = {
    "masks": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "uv": np.linspace(0, 1, 6).astype(np.float16),
    "charts": np.zeros((0, 2), np.float32),
    "present": np.array([True, False]),
    "big": np.arange(3, dtype=">u2"),
    "sliced": np.arange(10, dtype=np.int16)[::2],
}


def test_what_is_written_is_read():
    data = packed(Message("predicted", {"name": "ärm.png", "n": 1}, ARRAYS)) + packed(Message("ready"))
    stream = io.BytesIO(data)
    first, second, end = read(stream), read(stream), read(stream)
    assert (first.kind, first.fields) == ("predicted", {"name": "ärm.png", "n": 1})
    assert list(first.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(first.arrays[name], array)
    assert second.kind == "ready"
    assert end is None


@pytest.mark.parametrize("at", [3, 20, 100, -1])
def test_a_cut_message_is_an_error(at):
    with pytest.raises(ProtocolError):
        read(io.BytesIO(packed(Message("predicted", {}, ARRAYS))[:at]))


def header(arrays, size):
    text = json.dumps({"kind": "x", "fields": {}, "arrays": arrays}).encode()
    return struct.pack("<IQ", len(text), size) + text + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        b"Traceback (most recent call last): something",
        header([["a", "|O", [1]]], 8),
        header([["a", "<f4", [4]]], 8),
        header([["a", "<f4", [1]]], 8),
        header("nonsense", 0),
        header([["a", "<q9", [1]]], 8),
    ],
)
def test_what_is_no_message_is_an_error(data):
    with pytest.raises(ProtocolError):
        read(io.BytesIO(data))
