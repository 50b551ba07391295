"""What is known of the joint shape of all structures, used to regularise a decoded contour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.frame import Points


@dataclass(frozen=True, eq=False)
class Similarity:
    """``scale * points @ rotation + shift``: rotation, uniform scale and shift of the plane.

    Attributes
    ----------
    scale : float
    rotation : array [2, 2]
    shift : array [2]
    """

    scale: float
    rotation: Points
    shift: Points

    @classmethod
    def between(cls, source: Points, target: Points) -> Similarity:
        """Least-squares similarity from `source` to `target`, both [K, 2] (Umeyama 1991)."""
        a, b = source - source.mean(axis=0), target - target.mean(axis=0)
        u, singular, vt = np.linalg.svd(a.T @ b)
        sign = np.array([1.0, 1.0 if np.linalg.det(u @ vt) > 0 else -1.0])
        rotation = u @ np.diag(sign) @ vt
        scale = float((singular * sign).sum() / max(float((a**2).sum()), 1e-12))
        return cls(scale, rotation, target.mean(axis=0) - scale * source.mean(axis=0) @ rotation)

    def __call__(self, points: npt.ArrayLike) -> Points:
        """Map points [..., 2]."""
        return self.scale * np.asarray(points, float) @ self.rotation + self.shift

    def inverse(self, points: npt.ArrayLike) -> Points:
        """Map points [..., 2] back."""
        moved: Points = (np.asarray(points, float) - self.shift) @ self.rotation.T / self.scale
        return moved


@dataclass(frozen=True, eq=False)
class ShapePrior:
    """Linear shrinkage of a contour towards shapes that occur.

    Attributes
    ----------
    mean : array [K, 2], float64
        The template's contour points in mm of the template plane, structures one after the other.
    modes : array [M, K, 2], float64
        Shape modes of the training contours in mm, one standard deviation each, largest first.
    shrinkage : array [2K, 2K], float64
        Takes the decoded contour's deviation from the mean (aligned to it, mm) to the likeliest true deviation.
    """

    mean: Points
    modes: npt.NDArray[np.float64]
    shrinkage: npt.NDArray[np.float64]

    def regularise(self, contour: Points) -> Points:
        """The likeliest contour [K, 2] given the decoded one, in the same pixels; NaN rows (absent) stay NaN."""
        known: npt.NDArray[np.bool_] = np.isfinite(contour[:, 0])
        if np.count_nonzero(known) < 3:
            return contour
        pose = Similarity.between(contour[known], self.mean[known])
        deviation = np.where(known[:, None], pose(np.nan_to_num(contour)) - self.mean, 0.0)
        likely = (self.shrinkage @ deviation.reshape(-1)).reshape(-1, 2)
        return np.where(known[:, None], pose.inverse(self.mean + likely), np.nan)

    def regularise_all(self, contours: Points) -> Points:
        """`regularise` for each of many contours [N, K, 2]."""
        return np.stack([self.regularise(contour) for contour in contours])

    def surprise(self, contours: Points) -> npt.NDArray[np.float64]:
        """How far each contour point lies from where the others make it likely, for many images at once.

        Parameters
        ----------
        contours : array [N, K, 2]
            In pixels; NaN where absent.

        Returns
        -------
        array [N, K]
            In the same pixels: the distance by which `regularise` would move the point. NaN where it is absent.
        """
        known = np.isfinite(contours).all(axis=-1)
        points = np.where(known, contours[..., 0] + 1j * contours[..., 1], 0)
        mean = np.where(known, self.mean[:, 0] + 1j * self.mean[:, 1], 0)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        here, there = points.sum(axis=1, keepdims=True) / count, mean.sum(axis=1, keepdims=True) / count
        a, b = np.where(known, points - here, 0), np.where(known, mean - there, 0)
        turn = (a.conj() * b).sum(axis=1, keepdims=True) / np.maximum((abs(a) ** 2).sum(axis=1, keepdims=True), 1e-12)
        deviation = np.where(known, turn * a + there - (self.mean[:, 0] + 1j * self.mean[:, 1]), 0)
        flat = np.stack([deviation.real, deviation.imag], axis=-1).reshape(len(contours), -1)
        # Not by a matrix product: its threads wait for each other where cores are busy, for up to a second.
        likely = np.einsum("nj,ij->ni", flat, self.shrinkage).reshape(*deviation.shape, 2)
        moved = np.hypot(likely[..., 0] - deviation.real, likely[..., 1] - deviation.imag)
        return np.where(known, moved / np.maximum(abs(turn), 1e-12), np.nan)

    def sample(self, rng: np.random.Generator, spread: float = 1.0) -> Points:
        """A random shape [K, 2] in mm of the template plane: the mean plus normally distributed modes."""
        weights = rng.normal(0, spread, len(self.modes)).clip(-2.2, 2.2)
        shape: Points = self.mean + np.tensordot(weights, self.modes, axes=1)
        return shape
