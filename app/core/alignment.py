"""How a shape of the template is turned and scaled in an image: a similarity that single bad points do not move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.frame import Points

ROUNDS = (1,) * 6 + (2,) * 8
"""By which power of its distance a point weighs less, round by round: first on the way, then with what lies far off
left out."""
_CLOSE = 0.03
"""Distances below this share of the shape's size weigh the same: shapes differ by as much."""


def are_mirrored(source: Points, targets: Points) -> npt.NDArray[np.bool_]:
    """Which images show a shape's mirror image: [N], False where fewer than three points are known.

    Parameters
    ----------
    source : array [K, 2]
        The shape's points.
    targets : array [N, K, 2]
        Their places in N images; NaN where unknown.
    """
    known = np.asarray(np.isfinite(targets).all(axis=-1))
    count = np.maximum(known.sum(axis=1), 1)[:, None, None]
    there = np.where(known[..., None], targets, 0)
    here = np.where(known[..., None], source, 0)
    there, here = (np.where(known[..., None], a - a.sum(axis=1, keepdims=True) / count, 0) for a in (there, here))
    # Of the linear map that fits best only the sign of the determinant is asked, which is that of the covariance.
    covariance = np.einsum("nki,nkj->nij", there, here)
    return np.asarray((np.linalg.det(covariance) < 0) & (known.sum(axis=1) >= 3))


def turns_and_scales(source: Points, targets: Points) -> npt.NDArray[np.float64]:
    """The linear parts of the similarities that take a shape to its places in many images.

    Points weigh less the further off they are (iteratively reweighted least squares), so that a quarter of them may lie
    anywhere: an outline that leaks into a neighbour, a corner that was not found.

    Parameters
    ----------
    source : array [K, 2]
        The shape's points.
    targets : array [N, K, 2]
        Their places in N images, in square pixels; NaN where unknown.

    Returns
    -------
    array [N, 2, 2]
        Matrices that take a step of the source to one of the target: a rotation times a scale, never a reflection. NaN
        where fewer than three points are known or all are in one place.

    Notes
    -----
    Points are complex numbers here, and a similarity is one too: no matrix product, whose threads wait for each other.
    """
    known = np.isfinite(targets).all(axis=-1)
    there = np.where(known, targets[..., 0] + 1j * targets[..., 1], 0)
    here = np.broadcast_to(source[:, 0] + 1j * source[:, 1], there.shape)
    weight = known.astype(float)
    turn, size = np.zeros(len(there), complex), float(np.abs(here[0] - here[0].mean()).mean()) if len(there) else 0.0
    for power in ROUNDS:
        total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        a = here - (weight * here).sum(axis=1, keepdims=True) / total
        b = there - (weight * there).sum(axis=1, keepdims=True) / total
        turn = (weight * a.conj() * b).sum(axis=1) / np.maximum((weight * abs(a) ** 2).sum(axis=1), 1e-12)
        residual = np.where(known, abs(b - turn[:, None] * a), np.inf)
        close = _CLOSE * size * abs(turn)[:, None] + 1e-9
        weight = np.where(known, (np.maximum(residual, close) / close) ** -power, 0)
    turn = np.where((known.sum(axis=1) >= 3) & (abs(turn) > 1e-9), turn, complex(np.nan, np.nan))
    return np.stack([np.stack([turn.real, -turn.imag], -1), np.stack([turn.imag, turn.real], -1)], axis=-2)
