"""Bundles of the kind ``heatmap``: a heatmap per contour point, and masks by a second head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.from_points import FoundPoints, prediction_from_points, prepare
from app.core.heatmap import peaks
from app.core.prediction import Prediction
from app.core.test_time_augmentation import Float32
from app.engine.predictors.networks import Outputs, as_tuples, openvino_outputs, torch_outputs
from app.engine.predictors.predictor import Predictor, wants_torch
from app.io.bundle import Bundle


def heatmap_predictor(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    outputs = heatmap_network(bundle, threads, backend)
    outputs(np.zeros((1, 1, *bundle.network_size), np.float32))  # the first run allocates
    prepare(bundle.template)

    def predict(arrays: Mapping[str, npt.NDArray[Any]], frame: Frame) -> Prediction:
        found, masks = found_in(outputs, arrays["input"], bundle)
        if not arrays["input"].any():  # one grey value: whatever the network makes of it is made up
            masks = np.zeros_like(masks)
        return prediction_from_points(found, masks, frame, bundle.template, bundle.errors, bundle.sha256)

    return predict


def heatmap_network(bundle: Bundle, threads: int, backend: str) -> Outputs:
    """A bundle's network: masks [C, H, W] (probabilities) and heatmaps [K, H/2, W/2] (logits)."""
    if not wants_torch(bundle, backend):
        return openvino_outputs(bundle.folder, threads)
    from models.heatmap import HeatmapConfig, HeatmapNet, served

    return torch_outputs(HeatmapNet(HeatmapConfig(**as_tuples(bundle.network))), served, bundle, threads)


def found_in(outputs: Outputs, image: Float32, bundle: Bundle) -> tuple[FoundPoints, Float32]:
    """Contour points and masks [C, H, W] (probabilities) of an image [1, 1, H, W]."""
    masks, heat = outputs(image)
    return FoundPoints(*peaks(heat, bundle.argmax, float(bundle.network["sigma"]))), masks
