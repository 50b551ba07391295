"""Torch and OpenVINO read one file of weights, and give what they gave with a file each."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

from app.engine.openvino import compiled
from app.engine.predictors.denseseg import openvino_network
from app.io.bundle import SMALL_CONSTANTS
from app.training.bundle import convert
from app.training.shared_weights import share_weights
from models.network import DenseSegNet, NetworkConfig

SIZE = 32


def test_the_network_gives_the_same_numbers_with_shared_weights(tmp_path):
    torch.manual_seed(3)
    net = DenseSegNet(NetworkConfig(structures=3, height=SIZE, width=2 * SIZE, channels=(4, 8)))
    half = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    net.load_state_dict({name: value.float() for name, value in half.items()})
    save_file(half, tmp_path / "weights.safetensors")
    convert(net, tmp_path)
    constants = (tmp_path / "network.bin").stat().st_size
    image = np.random.default_rng(0).standard_normal((1, 1, SIZE, 2 * SIZE)).astype(np.float32)
    before = [np.array(value) for value in compiled(tmp_path / "network.xml", 1)(image).values()]
    share_weights(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.xml", "weights.safetensors"]
    masks, uv = openvino_network(tmp_path, 1)(image)
    np.testing.assert_array_equal(masks, before[0][0])
    np.testing.assert_array_equal(uv, before[1][0])
    assert masks.std() > 0
    held = load_file(tmp_path / "weights.safetensors")
    small = held.pop(SMALL_CONSTANTS)
    assert small.nbytes < 0.1 * constants  # no weight is among them
    assert held.keys() == half.keys()
    for name, value in half.items():
        np.testing.assert_array_equal(held[name], value.numpy())
