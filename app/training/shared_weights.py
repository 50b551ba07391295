"""One file of weights for torch and for OpenVINO: ``network.xml`` finds its constants in ``weights.safetensors``.

Both hold the same float16 numbers, and a bundle of which half stands there twice is twice as large as it needs to be.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from app.io.bundle import SMALL_CONSTANTS, WEIGHTS

_CONSTANT = re.compile(r'offset="(\d+)" size="(\d+)"')


def share_weights(folder: Path) -> None:
    """Let ``network.xml`` read ``weights.safetensors``, and remove ``network.bin``.

    What of OpenVINO's constants is no weight (axes and shapes, some hundred bytes) is kept beside the weights, as
    `SMALL_CONSTANTS`. The safetensors format: 8 bytes with the length of a JSON header, the header, the data
    (https://huggingface.co/docs/safetensors).

    Parameters
    ----------
    folder : Path
        Holds ``network.xml``, ``network.bin`` and ``weights.safetensors``.
    """
    network, weights = folder / "network.xml", folder / WEIGHTS
    words, constants = network.read_text("utf-8"), (folder / "network.bin").read_bytes()
    tensors = load_file(weights)
    known = {tensor.tobytes() for tensor in tensors.values()}
    parts = [constants[int(at) : int(at) + int(size)] for at, size in _CONSTANT.findall(words)]
    small: dict[bytes, int] = {}
    held = b""
    for part in dict.fromkeys(parts):
        if part not in known:
            small[part] = len(held)
            held += part + bytes(-len(part) % 8)  # each begins where a number of 8 bytes may
    save_file(tensors | {SMALL_CONSTANTS: np.frombuffer(held, np.int64)}, weights)
    data = weights.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = {name: begin + one["data_offsets"][0] for name, one in json.loads(data[8:begin]).items()}
    places = {part: header[SMALL_CONSTANTS] + at for part, at in small.items()}
    places |= {tensor.tobytes(): header[name] for name, tensor in tensors.items()}
    found = iter(parts)

    def moved(constant: re.Match[str]) -> str:
        return f'offset="{places[next(found)]}" size="{constant[2]}"'

    network.write_text(_CONSTANT.sub(moved, words), encoding="utf-8")
    (folder / "network.bin").unlink()
