"""What every predictor does, and the choice of what runs its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from app.core.frame import Frame
from app.core.prediction import Prediction
from app.io.bundle import Bundle

Predictor = Callable[[Mapping[str, npt.NDArray[Any]], Frame], Prediction]
"""The decoder's arrays (``input`` [1, 1, H, W], ``fine`` where it was asked for) and the image's frame, with the
orientation that they show, to the prediction."""


def wants_torch(bundle: Bundle, backend: str) -> bool:
    """Whether torch runs the network: where it is asked for, or the bundle has no network for OpenVINO.

    Parameters
    ----------
    bundle : Bundle
    backend : str
        ``auto``, ``openvino`` or ``torch``.
    """
    return backend == "torch" or (backend == "auto" and "network.xml" not in bundle.files)
