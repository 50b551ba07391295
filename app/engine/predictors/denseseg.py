"""Bundles of the kind ``denseseg``: masks and uv-maps of a two-head U-Net, decoded to inverse charts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.prediction import Prediction, from_output, prepare
from app.core.test_time_augmentation import Float32, Infer, look
from app.engine.fine_masks import openvino_crops, redraw_from
from app.engine.openvino import compiled
from app.engine.predictors.predictor import Predictor, wants_torch
from app.io.bundle import WEIGHTS, Bundle, read_weights


def denseseg_predictor(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle; its network has run once, so that the first image does not wait for that."""
    torch_runs = wants_torch(bundle, backend)
    infer = torch_network(bundle, threads) if torch_runs else openvino_network(bundle.folder, threads)
    infer(np.zeros((1, 1, *bundle.network_size), np.float32))  # the first run allocates
    prepare(bundle.template)
    draw = openvino_crops(bundle, threads)

    def predict(arrays: Mapping[str, npt.NDArray[Any]], frame: Frame) -> Prediction:
        looks = look(infer, arrays["input"], bundle.shifts)
        if not arrays["input"].any():  # one grey value: whatever the network makes of it is made up
            looks = looks._replace(masks=np.zeros_like(looks.masks))
        redraw = None
        if bundle.fine is not None and draw is not None and "fine" in arrays:
            redraw = redraw_from(arrays["fine"], bundle.fine, bundle.template, draw, bundle.network_size)
        return from_output(looks, frame, bundle.template, bundle.prior, bundle.errors, bundle.sha256, redraw)

    return predict


def openvino_network(folder: Path, threads: int) -> Infer:
    """The network of a bundle's folder in OpenVINO."""
    weights = None if (folder / "network.bin").is_file() else folder / WEIGHTS
    request = compiled(folder / "network.xml", threads, weights).create_infer_request()

    def infer(image: Float32) -> tuple[Float32, Float32]:
        request.infer({0: image})
        masks, uv = (np.array(request.get_output_tensor(i).data, np.float32)[0] for i in range(2))
        return masks, uv  # bundles of earlier versions have a third output, which nothing needs

    return infer


def torch_network(bundle: Bundle, threads: int) -> Infer:
    """The same in torch, the reference; about three times slower."""
    import torch

    from models.network import DenseSegNet, NetworkConfig

    torch.set_num_threads(threads)
    shape = dict(bundle.network)
    net = DenseSegNet(NetworkConfig(**{**shape, "channels": tuple(shape["channels"])}))
    net.load_state_dict({name: torch.from_numpy(value) for name, value in read_weights(bundle).items()})
    net.eval()

    def infer(image: Float32) -> tuple[Float32, Float32]:
        with torch.inference_mode():
            raw = net(torch.from_numpy(np.ascontiguousarray(image)))
            return torch.sigmoid(raw.masks)[0].numpy(), raw.uv[0].numpy()

    return infer
