"""Bundles of the kind ``points``: all contour points by regression, and masks by filling their polygons."""

from __future__ import annotations

from app.core.from_points import FoundPoints, filled
from app.core.test_time_augmentation import Float32
from app.engine.predictors.contour_points import PointKind
from app.engine.predictors.networks import Outputs, as_tuples, openvino_outputs, torch_outputs
from app.engine.predictors.predictor import wants_torch
from app.io.bundle import Bundle


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


POINTS = PointKind(points_network, found_in, hold=False)
