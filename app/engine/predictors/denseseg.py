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
from app.engine.predictors.networks import as_tuples, openvino_outputs, torch_outputs
from app.engine.predictors.predictor import Predictor, wants_torch
from app.io.bundle import Bundle


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
    outputs = openvino_outputs(folder, threads)  # bundles of earlier versions have a third, which nothing needs

    def infer(image: Float32) -> tuple[Float32, Float32]:
        masks, uv = outputs(image)
        return masks, uv

    return infer


def torch_network(bundle: Bundle, threads: int) -> Infer:
    """The same in torch, the reference; about three times slower."""
    from models.network import DenseSegNet, NetworkConfig, served

    outputs = torch_outputs(DenseSegNet(NetworkConfig(**as_tuples(bundle.network))), served, bundle, threads)

    def infer(image: Float32) -> tuple[Float32, Float32]:
        masks, uv = outputs(image)
        return masks, uv

    return infer
