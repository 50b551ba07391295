"""Fitting the shape prior: modes of the training contours, and the shrinkage of decoded contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.core.frame import Points
from app.core.shape_prior import ShapePrior, Similarity


def shape_modes(mean: Points, contours: Points, count: int = 24) -> np.ndarray:
    """Modes [M, K, 2] of contours [N, K, 2] aligned to `mean`, one standard deviation each, in the mean's unit."""
    deviation = np.stack([Similarity.between(c, mean)(c) - mean for c in contours]).reshape(len(contours), -1)
    _, singular, vt = np.linalg.svd(deviation - deviation.mean(axis=0), full_matrices=False)
    modes = vt[:count] * (singular[:count, None] / np.sqrt(len(contours) - 1))
    return np.asarray(modes.reshape(-1, *mean.shape))


def mode_shrinkage(modes: np.ndarray, noise_mm: float) -> np.ndarray:
    """Shrinkage [2K, 2K] from the modes alone: the posterior mean under Gaussian shapes and white decoding noise."""
    flat = modes.reshape(len(modes), -1)
    deviation = np.linalg.norm(flat, axis=1)
    basis = flat / deviation[:, None]
    keep = deviation**2 / (deviation**2 + noise_mm**2)
    return np.asarray(basis.T @ (keep[:, None] * basis))


def fitted_shrinkage(mean: Points, decoded: Points, truth: Points, ridge: float) -> np.ndarray:
    """Shrinkage [2K, 2K] by ridge regression from decoded to true deviations, aligned by the decoded contour's pose.

    Parameters
    ----------
    mean : array [K, 2]
        Mm of the template plane.
    decoded, truth : array [N, K, 2]
        Contours in any pixels (the same for both).
    ridge : float
        In mm²; a share of the decoded deviations' variance.
    """
    poses = [Similarity.between(d, mean) for d in decoded]
    x = np.stack([p(d) - mean for p, d in zip(poses, decoded, strict=True)]).reshape(len(decoded), -1)
    y = np.stack([p(t) - mean for p, t in zip(poses, truth, strict=True)]).reshape(len(decoded), -1)
    # Dual form: N is much smaller than 2K.
    gram = x @ x.T + ridge * len(x) * np.eye(len(x))
    return np.asarray((x.T @ np.linalg.solve(gram, y)).T)


def prior_of(mean: Points, contours: Points, noise_mm: float = 6.0, count: int = 24) -> ShapePrior:
    """The prior that knows the training contours alone, before a network has been fitted."""
    modes = shape_modes(mean, contours, count)
    return ShapePrior(mean, modes, mode_shrinkage(modes, noise_mm))


def prior_per_structure(
    mean: Points, contours: Points, sizes: Sequence[int], noise_mm: float, belief: float, count: int = 12
) -> ShapePrior:
    """A prior that regularises each structure by its own modes: it does not mind that others are absent.

    Parameters
    ----------
    mean : array [K, 2]
        Mm of the template plane.
    contours : array [N, K, 2]
        Whole training contours in any pixels.
    sizes : sequence of int
        Number of points per structure.
    noise_mm : float
        Deviation of decoded points from the truth.
    belief : float
        Share of the likeliest shape in the regularised one; the rest is what was decoded.
    """
    deviation = np.stack([Similarity.between(c, mean)(c) - mean for c in contours])
    shrinkage = np.eye(2 * len(mean)) * (1 - belief)
    start = 0
    for size in sizes:
        part = slice(start, start := start + size)
        flat = deviation[:, part].reshape(len(contours), -1)
        _, singular, vt = np.linalg.svd(flat, full_matrices=False)
        spread = singular[:count] / np.sqrt(max(len(contours) - 1, 1))
        keep = spread**2 / (spread**2 + noise_mm**2)
        block = vt[:count].T @ (keep[:, None] * vt[:count])
        shrinkage[2 * part.start : 2 * part.stop, 2 * part.start : 2 * part.stop] += belief * block
    return ShapePrior(mean, shape_modes(mean, contours), shrinkage)
