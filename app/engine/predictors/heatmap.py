"""Bundles of the kind ``heatmap``: a heatmap per contour point, and masks by a second head."""

from __future__ import annotations

from app.core.from_points import FoundPoints
from app.core.heatmap import peaks
from app.core.test_time_augmentation import Float32
from app.engine.predictors.contour_points import PointKind
from app.engine.predictors.networks import Outputs, as_tuples, openvino_outputs, torch_outputs
from app.engine.predictors.predictor import wants_torch
from app.io.bundle import Bundle


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


HEATMAP = PointKind(heatmap_network, found_in, hold=True)
