"""Which predictor belongs to which kind of bundle."""

from __future__ import annotations

from collections.abc import Callable

from app.core.from_points import FoundPoints
from app.core.test_time_augmentation import Float32
from app.engine.predictors import heatmap, points
from app.engine.predictors.denseseg import denseseg_predictor
from app.engine.predictors.predictor import Predictor
from app.io.bundle import HEATMAP, POINTS, Bundle

PREDICTORS: dict[str, Callable[[Bundle, int, str], Predictor]] = {
    "denseseg": denseseg_predictor,
    "heatmap": heatmap.heatmap_predictor,
    "points": points.points_predictor,
}
"""Kind of a bundle → what makes its predictor, given the number of threads and ``auto``, ``openvino`` or ``torch``."""


def points_of(bundle: Bundle, threads: int, backend: str) -> Callable[[Float32], FoundPoints]:
    """What finds contour points in an image [1, 1, H, W], of a bundle of a kind without uv-maps."""
    network, found_in = {
        HEATMAP: (heatmap.heatmap_network, heatmap.found_in),
        POINTS: (points.points_network, points.found_in),
    }[bundle.kind]
    outputs = network(bundle, threads, backend)
    return lambda image: found_in(outputs, image, bundle)[0]


def predictor_of(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    return PREDICTORS[bundle.kind](bundle, threads, backend)
