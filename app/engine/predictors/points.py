"""Bundles of the kind ``points``: all contour points by regression, and masks by filling their polygons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.from_points import FoundPoints, filled, prediction_from_points, prepare
from app.core.prediction import Prediction
from app.core.test_time_augmentation import Float32
from app.engine.predictors.networks import Outputs, as_tuples, openvino_outputs, torch_outputs
from app.engine.predictors.predictor import Predictor, wants_torch
from app.io.bundle import Bundle


def points_predictor(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    outputs = points_network(bundle, threads, backend)
    outputs(np.zeros((1, 1, *bundle.network_size), np.float32))  # the first run allocates
    prepare(bundle.template)

    def predict(arrays: Mapping[str, npt.NDArray[Any]], frame: Frame) -> Prediction:
        found, masks = found_in(outputs, arrays["input"], bundle)
        if not arrays["input"].any():  # one grey value: whatever the network makes of it is made up
            masks = np.zeros_like(masks)
        return prediction_from_points(found, masks, frame, bundle.template, bundle.errors, bundle.sha256, hold=False)

    return predict


def points_network(bundle: Bundle, threads: int, backend: str) -> Outputs:
    """A bundle's network: contour points [K, 2] in network pixels, and how far each is expected to be off, [K]."""
    if not wants_torch(bundle, backend):
        return openvino_outputs(bundle.folder, threads)
    from models.points import PointsConfig, PointsNet, served

    config = as_tuples({name: value for name, value in bundle.network.items() if name != "structures"})
    return torch_outputs(PointsNet(PointsConfig(**config)), served, bundle, threads)


def found_in(outputs: Outputs, image: Float32, bundle: Bundle) -> tuple[FoundPoints, Float32]:
    """Contour points and masks [C, H, W] (shares of each pixel) of an image [1, 1, H, W]."""
    xy, spread = outputs(image)
    found = FoundPoints(xy.astype(float), spread.astype(float))
    return found, filled(found.xy, bundle.template, bundle.network_size)
