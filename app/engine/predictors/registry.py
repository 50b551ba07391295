"""Which predictor belongs to which kind of bundle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.core.from_points import FoundPoints
from app.core.test_time_augmentation import Float32
from app.engine.predictors.contour_points import contour_predictor
from app.engine.predictors.denseseg import denseseg_predictor
from app.engine.predictors.heatmap import HEATMAP
from app.engine.predictors.points import POINTS
from app.engine.predictors.predictor import Predictor
from app.io import bundle as kinds
from app.io.bundle import Bundle

POINT_KINDS = {kinds.HEATMAP: HEATMAP, kinds.POINTS: POINTS}
"""The kinds without uv-maps."""
PREDICTORS: dict[str, Callable[[Bundle, int, str], Predictor]] = {
    "denseseg": denseseg_predictor,
    **{name: partial(contour_predictor, kind) for name, kind in POINT_KINDS.items()},
}
"""Kind of a bundle → what makes its predictor, given the number of threads and ``auto``, ``openvino`` or ``torch``."""


def points_of(bundle: Bundle, threads: int, backend: str) -> Callable[[Float32], FoundPoints]:
    """What finds contour points in an image [1, 1, H, W], of a bundle of a kind without uv-maps."""
    kind = POINT_KINDS[bundle.kind]
    outputs = kind.network(bundle, threads, backend)
    return lambda image: kind.found_in(outputs, image, bundle)[0]


def predictor_of(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    return PREDICTORS[bundle.kind](bundle, threads, backend)
