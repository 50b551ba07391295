"""After training: shape prior and error model, fitted on images the network has not seen, or on deformed ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from app.core.frame import Points
from app.core.inverse_chart import decode
from app.core.prediction import ErrorModel, disagreement_at
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.core.test_time_augmentation import AveragedOutput, Float32, Infer, Shift, look
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


class Decoded(NamedTuple):
    """All contour points of one picture, in network pixels; NaN where a structure is absent.

    Attributes
    ----------
    xy : array [K, 2]
    residual, disagreement : array [K]
        What `app.core.prediction.ErrorModel` weighs.
    """

    xy: Points
    residual: npt.NDArray[np.float64]
    disagreement: npt.NDArray[np.float64]


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
    size: int | tuple[int, int],
    template: Template,
    examples: Examples,
    shifts: Sequence[Shift],
    rounds: Sequence[Strength | None],
    seed: int = 1,
    whole: bool = True,
) -> Trials:
    """`collect_from` of a network that gives masks and uv-maps, at a look per shift."""

    def decoded(image: Float32) -> Decoded:
        return _decoded(look(infer, image, shifts), template)

    return collect_from(decoded, size, examples, rounds, seed, whole)


def collect_from(
    decoded: Callable[[Float32], Decoded],
    size: int | tuple[int, int],
    examples: Examples,
    rounds: Sequence[Strength | None],
    seed: int = 1,
    whole: bool = True,
) -> Trials:
    """Decode every example once per round, deformed as strongly as it says, with a network of `size` pixels.

    Examples with an absent structure are left out; with `whole` False they stay, and what is absent or was not drawn
    is NaN. Raises ValueError where nothing is left.
    """
    size = (size, size) if isinstance(size, int) else size
    rng = np.random.default_rng(seed)
    found = []
    for strength in rounds:
        for start in range(0, len(examples), 8):
            index = np.arange(start, min(start + 8, len(examples)))
            batch = make_batch(examples, index, size, strength, rng)
            for number, image, landmarks in zip(index.tolist(), batch.image, batch.landmarks, strict=True):
                trial = decoded(image[None].numpy())
                if whole and np.isnan(trial.xy).any():
                    continue
                truth = (landmarks.numpy().astype(float) + 1) / 2 * size[::-1] - 0.5
                if not whole:
                    truth[~examples.seen[number].numpy()] = np.nan
                found.append((trial.xy, truth, trial.residual, trial.disagreement, number))
    if not found or not np.isfinite(found[0][0]).any():
        raise ValueError("The network finds all structures in no image: give the training more minutes.")
    return Trials(*(np.stack(parts) for parts in zip(*found, strict=True)))


def _decoded(looks: AveragedOutput, template: Template) -> Decoded:
    number, height, width = looks.masks.shape
    inside = looks.masks.reshape(number, height // 2, 2, width // 2, 2).mean(axis=(2, 4)) > 0.5
    xy: list[Points] = []
    residual: list[Points] = []
    apart: list[Points] = []
    for c, structure in enumerate(template.structures):
        found = decode(looks.uv[c], inside[c], structure, structure.outline_uv)
        if found is None:
            count = len(structure.outline)
            for values in (xy, residual, apart):
                values.append(np.full((count, 2) if values is xy else count, np.nan))
            continue
        xy.append((found.xy + 0.5) * 2 - 0.5)
        residual.append(2 * found.residual)
        apart.append(2 * disagreement_at(looks.disagreement[c], found.pixels_per_mm, structure, found.xy))
    return Decoded(np.concatenate(xy), np.concatenate(residual), np.concatenate(apart))


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
    """Non-negative least squares of contours' errors over where they lie and what the decoding saw, network pixels.

    What is NaN does not count.
    """
    error = np.linalg.norm(regularised - trials.truth, axis=-1)
    moved = np.linalg.norm(regularised - trials.decoded, axis=-1)
    known = np.isfinite(error)
    sums, counts = np.where(known, error, 0).sum(axis=0), known.sum(axis=0)
    typical = np.where(counts > 0, sums / np.maximum(counts, 1), error[known].mean())
    columns = [np.broadcast_to(typical, error.shape), trials.residual, moved, trials.disagreement]
    weights = nnls(np.stack([column[known] for column in columns], axis=1), error[known])[0]
    return ErrorModel(typical, *(float(weight) for weight in weights))
