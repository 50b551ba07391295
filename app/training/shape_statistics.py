"""Statistics of shapes of which parts are missing: what was not visible is filled in, and how good the shapes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.shape_prior import Similarity

FloatArray = npt.NDArray[np.float64]
_MODES = 12
_ROUNDS = 12


@dataclass(frozen=True, eq=False)
class Filled:
    """Whole shapes.

    Attributes
    ----------
    points : array [N, K, 2]
        In the images' own pixels; seen points as they were.
    mean : array [K, 2]
        At the mean size of the images, centred, in pixels.
    """

    points: Points
    mean: Points


def fill(points: Points) -> Filled:
    """Fill in missing points (NaN) of shapes [N, K, 2] by a linear Gaussian model of all shapes.

    Every point must be seen in one image at least.
    """
    seen = np.isfinite(points[..., 0])
    base = int(np.argmax(seen.sum(axis=1)))
    mean = _first_mean(points, seen, base)
    poses = [Similarity.between(p[s], mean[s]) for p, s in zip(points, seen, strict=True)]
    laid = np.where(seen[..., None], np.stack([pose(p) for pose, p in zip(poses, points, strict=True)]), mean)
    for _ in range(_ROUNDS):
        mean = laid.mean(axis=0)
        told = _told(laid, seen, mean)
        laid = np.where(seen[..., None], laid, told)
        whole = np.where(seen[..., None], points, np.stack([p.inverse(x) for p, x in zip(poses, laid, strict=True)]))
        poses = [Similarity.between(shape, mean) for shape in whole]
        laid = np.stack([pose(shape) for pose, shape in zip(poses, whole, strict=True)])
    mean = laid.mean(axis=0)
    size = np.mean([np.linalg.norm(shape - shape.mean(axis=0)) for shape in whole])
    mean = mean - mean.mean(axis=0)
    upright = _turned_upright(mean, whole)
    return Filled(whole, upright * float(size / np.linalg.norm(mean)))


def _turned_upright(mean: Points, shapes: Points) -> Points:
    """The mean [K, 2] turned as the images lie on average."""
    complex_mean = mean[:, 0] + 1j * mean[:, 1]
    flat = shapes - shapes.mean(axis=1, keepdims=True)
    turns = (flat[..., 0] + 1j * flat[..., 1]) @ complex_mean.conj()
    turn = (turns / np.maximum(abs(turns), 1e-12)).sum()
    turned = complex_mean * turn / max(abs(turn), 1e-12)
    return np.stack([turned.real, turned.imag], axis=-1)


def _first_mean(points: Points, seen: npt.NDArray[np.bool_], base: int) -> Points:
    """A whole mean [K, 2] to begin with: images join one after the other, those with most points in common first."""
    mean = np.where(seen[base][:, None], points[base], np.nan)
    for _ in range(3):
        total, number = np.zeros_like(mean), np.zeros(len(mean))
        known = np.isfinite(mean[:, 0])
        for shape, there in sorted(zip(points, seen, strict=True), key=lambda pair: -int((pair[1] & known).sum())):
            both = there & known
            if both.sum() < 3:
                continue
            laid = Similarity.between(shape[both], mean[both])(np.nan_to_num(shape))
            total[there] += laid[there]
            number[there] += 1
        mean = np.where(number[:, None] > 0, total / np.maximum(number, 1)[:, None], mean)
    if not np.isfinite(mean).all():
        raise ValueError("Some structures never appear together with others: how they lie beside them is unknown.")
    return mean


def _told(laid: Points, seen: npt.NDArray[np.bool_], mean: Points) -> Points:
    """The likeliest whole shapes [N, K, 2], given what is seen of each."""
    count = len(laid)
    flat = (laid - mean).reshape(count, -1)
    _, singular, right = np.linalg.svd(flat, full_matrices=False)
    kept = max(min(_MODES, count // 4), 1)
    spread = singular[:kept] / np.sqrt(max(count - 1, 1))
    modes = right[:kept] * spread[:, None]
    noise = max(float((singular[kept:] ** 2).sum()) / max(count * flat.shape[1], 1), 1e-9)
    told = np.empty_like(flat)
    for n, there in enumerate(np.repeat(seen, 2, axis=1)):
        part = modes[:, there]
        weights = np.linalg.solve(part @ part.T + 4 * noise * np.eye(kept), part @ flat[n, there])
        told[n] = weights @ modes
    return np.asarray(told.reshape(laid.shape) + mean)


def quality(shapes: Points, seed: int = 0) -> dict[str, Any]:
    """Compactness, generalisation and specificity (Davies 2002) of whole shapes [N, K, 2], in their unit.

    Returns
    -------
    dict
        ``variance`` in all, ``compactness`` (share of the variance in the first modes), ``modes_for_95_percent``,
        ``generalisation`` (mean distance of a shape left out from the others' modes) and ``specificity`` (mean
        distance of random shapes from the nearest true one), each for the modes that hold 95 %.
    """
    mean = shapes.mean(axis=0)
    for _ in range(3):
        laid = np.stack([Similarity.between(shape, mean)(shape) for shape in shapes])
        mean = laid.mean(axis=0)
    flat = (laid - mean).reshape(len(laid), -1)
    _, singular, right = np.linalg.svd(flat, full_matrices=False)
    variance = singular**2 / max(len(shapes) - 1, 1)
    share = np.cumsum(variance) / max(float(variance.sum()), 1e-30)
    modes = min(int(np.searchsorted(share, 0.95)) + 1, len(singular))
    apart = []
    for n in range(min(len(flat), 60)):
        others = np.delete(flat, n, axis=0)
        middle = others.mean(axis=0)
        basis = np.linalg.svd(others - middle, full_matrices=False)[2][: min(modes, len(others) - 1)]
        rest = flat[n] - middle
        rest = rest - (rest @ basis.T) @ basis
        apart.append(np.linalg.norm(rest.reshape(-1, 2), axis=-1).mean())
    rng = np.random.default_rng(seed)
    random = rng.standard_normal((200, modes)) * np.sqrt(variance[:modes]) @ right[:modes]
    nearest = [np.linalg.norm((flat - one).reshape(len(flat), -1, 2), axis=-1).mean(axis=1).min() for one in random]
    return {
        "shapes": len(shapes),
        "variance": float(variance.sum()),
        "compactness": [round(float(value), 4) for value in share[:10]],
        "modes_for_95_percent": modes,
        "generalisation": float(np.mean(apart)),
        "specificity": float(np.mean(nearest)),
    }
