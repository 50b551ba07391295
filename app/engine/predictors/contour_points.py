"""What bundles without uv-maps do alike: contour points and masks that their network finds become a prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.from_points import FoundPoints, prediction_from_points, prepare
from app.core.prediction import Prediction
from app.core.test_time_augmentation import Float32
from app.engine.predictors.networks import Outputs
from app.engine.predictors.predictor import Predictor
from app.io.bundle import Bundle


class PointKind(NamedTuple):
    """In what the kinds differ.

    Attributes
    ----------
    network : callable
        The network of a bundle, given the number of threads and ``auto``, ``openvino`` or ``torch``.
    found_in : callable
        From the network, an image [1, 1, H, W] and the bundle: contour points [K, 2] in network pixels, and masks
        [C, H, W] in 0 to 1.
    hold : bool
        Whether contour points hold the outline of the mask, as `prediction_from_points` takes it.
    """

    network: Callable[[Bundle, int, str], Outputs]
    found_in: Callable[[Outputs, Float32, Bundle], tuple[FoundPoints, Float32]]
    hold: bool


def contour_predictor(kind: PointKind, bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    outputs = kind.network(bundle, threads, backend)
    outputs(np.zeros((1, 1, *bundle.network_size), np.float32))  # the first run allocates
    prepare(bundle.template)

    def predict(arrays: Mapping[str, npt.NDArray[Any]], frame: Frame) -> Prediction:
        found, masks = kind.found_in(outputs, arrays["input"], bundle)
        if not arrays["input"].any():  # one grey value: whatever the network makes of it is made up
            masks = np.zeros_like(masks)
        return prediction_from_points(found, masks, frame, bundle.template, bundle.errors, bundle.sha256, kind.hold)

    return predict
