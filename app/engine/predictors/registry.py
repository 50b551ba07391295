"""Which predictor belongs to which kind of bundle."""

from __future__ import annotations

from collections.abc import Callable

from app.engine.predictors.denseseg import denseseg_predictor
from app.engine.predictors.predictor import Predictor
from app.io.bundle import Bundle

PREDICTORS: dict[str, Callable[[Bundle, int, str], Predictor]] = {"denseseg": denseseg_predictor}
"""Kind of a bundle → what makes its predictor, given the number of threads and ``auto``, ``openvino`` or ``torch``."""


def predictor_of(bundle: Bundle, threads: int, backend: str) -> Predictor:
    """The predictor of a bundle, ready for its first image."""
    return PREDICTORS[bundle.kind](bundle, threads, backend)
