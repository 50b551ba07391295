"""After training: shape prior and error model, fitted on images the network has not seen, or on deformed ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from app.core.frame import Points
from app.core.inverse_chart import decode
from app.core.prediction import ErrorModel, disagreement_at
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.core.test_time_augmentation import AveragedOutput, Infer, Shift, look
from app.training.augment import Strength, make_batch
from app.training.dataset import Examples
from app.training.prior import fitted_shrinkage, shape_modes

_DEFORMED = Strength(rotation_degrees=5, shift=0.08, scale=0.08, aspect=0.04, elastic=0.03, intensity=0.6)
_MOVED = Strength(rotation_degrees=3, shift=0.04, scale=0.04, aspect=0.02, elastic=0.0, intensity=0.3)
SEEN_ROUNDS = (None, _DEFORMED, _DEFORMED)
"""Trials of images the network was trained on: as they are, and deformed, which makes them new again."""
UNSEEN_ROUNDS = (_MOVED,) * 4
"""Trials of images the network has not seen: they are new as they are; moving them a little makes more of them."""
BELIEF = 0.6
"""Share of the regression in a regularised contour; the rest is what was decoded (docs/decisions.md)."""


class Trials(NamedTuple):
    """Decoded contours of images, plain or deformed, beside the truth, in network pixels.

    Attributes
    ----------
    decoded, truth : array [N, K, 2]
    residual, disagreement : array [N, K]
    image : array [N], int
        Which of the examples it was.
    """

    decoded: Points
    truth: Points
    residual: Points
    disagreement: Points
    image: npt.NDArray[np.intp]


def collect(
    infer: Infer,
    size: int,
    template: Template,
    examples: Examples,
    shifts: Sequence[Shift],
    rounds: Sequence[Strength | None],
    seed: int = 1,
) -> Trials:
    """Decode every example once per round, deformed as strongly as it says, with a network of `size` pixels.

    Examples with an absent structure are left out; raises ValueError where nothing is left.
    """
    rng = np.random.default_rng(seed)
    found = []
    for strength in rounds:
        for start in range(0, len(examples), 8):
            index = np.arange(start, min(start + 8, len(examples)))
            batch = make_batch(examples, index, size, strength, rng)
            for number, image, landmarks in zip(index, batch.image, batch.landmarks, strict=True):
                trial = _trial(look(infer, image[None].numpy(), shifts), template)
                if trial is not None:
                    truth = (landmarks.numpy().astype(float) + 1) / 2 * size - 0.5
                    found.append((trial[0], truth, *trial[1:], number))
    if not found:
        raise ValueError("The network finds all structures in no image: give the training more minutes.")
    return Trials(*(np.stack(parts) for parts in zip(*found, strict=True)))


def _trial(looks: AveragedOutput, template: Template) -> tuple[Points, Points, Points] | None:
    """Decoded contour [K, 2], residual [K] and disagreement [K] in network pixels; None where a structure is absent."""
    count, height, width = looks.masks.shape
    inside = looks.masks.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4)) > 0.5
    xy, residual, apart = [], [], []
    for c, structure in enumerate(template.structures):
        found = decode(looks.uv[c], inside[c], structure, structure.outline_uv)
        if found is None:
            return None
        xy.append((found.xy + 0.5) * 2 - 0.5)
        residual.append(2 * found.residual)
        apart.append(2 * disagreement_at(looks.disagreement[c], found.pixels_per_mm, structure, found.xy))
    return np.concatenate(xy), np.concatenate(residual), np.concatenate(apart)


def fit_prior(template: Template, contours_mm: Points, trials: Trials, ridge_mm2: float) -> ShapePrior:
    """Modes of the training contours, and the shrinkage learnt from the trials.

    The regression knows how the network errs on images that it was trained on, where it errs less: so it is not
    believed wholly (`BELIEF`).
    """
    mean = np.concatenate([s.outline for s in template.structures])
    regression = fitted_shrinkage(mean, trials.decoded, trials.truth, ridge_mm2)
    shrinkage = BELIEF * regression + (1 - BELIEF) * np.eye(len(regression))
    return ShapePrior(mean, shape_modes(mean, contours_mm), shrinkage)


def joined(trials: Sequence[Trials]) -> Trials:
    """All trials one after the other."""
    return Trials(*(np.concatenate(parts) for parts in zip(*trials, strict=True)))


def fit_errors(regularised: Points, trials: Trials) -> ErrorModel:
    """Non-negative least squares of contours' errors over where they lie and what the decoding saw, network pixels."""
    error = np.linalg.norm(regularised - trials.truth, axis=-1)
    moved = np.linalg.norm(regularised - trials.decoded, axis=-1)
    typical = error.mean(axis=0)
    columns = [np.broadcast_to(typical, error.shape), trials.residual, moved, trials.disagreement]
    weights = nnls(np.stack([column.ravel() for column in columns], axis=1), error.ravel())[0]
    return ErrorModel(typical, *(float(weight) for weight in weights))
