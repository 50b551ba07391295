"""Networks that take an image and give some arrays, run by OpenVINO or by torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from app.core.test_time_augmentation import Float32
from app.engine.openvino import compiled
from app.io.bundle import WEIGHTS, Bundle, read_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

Outputs = Callable[[Float32], tuple[npt.NDArray[np.float32], ...]]
"""Input [1, 1, H, W] to what the network gives of it, each without the first axis."""


def openvino_outputs(folder: Path, threads: int, count: int = 2) -> Outputs:
    """The network of a bundle's folder in OpenVINO; its first `count` outputs."""
    weights = None if (folder / "network.bin").is_file() else folder / WEIGHTS
    request = compiled(folder / "network.xml", threads, weights).create_infer_request()

    def outputs(image: Float32) -> tuple[Float32, ...]:
        request.infer({0: image})
        return tuple(np.array(request.get_output_tensor(i).data, np.float32)[0] for i in range(count))

    return outputs


def torch_outputs(
    net: nn.Module, served: Callable[[nn.Module, Tensor], tuple[Tensor, ...]], bundle: Bundle, threads: int
) -> Outputs:
    """The same in torch, the reference; about three times slower.

    Parameters
    ----------
    net : nn.Module
        With any weights: those of the bundle are read.
    served : callable
        From the network and images to what OpenVINO would give.
    """
    import torch

    torch.set_num_threads(threads)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in read_weights(bundle).items()})
    net.eval()

    def outputs(image: Float32) -> tuple[Float32, ...]:
        with torch.inference_mode():
            found = served(net, torch.from_numpy(np.ascontiguousarray(image)))
        return tuple(each[0].numpy() for each in found)

    return outputs


def as_tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """A network's configuration as JSON gives it, with tuples in place of lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
