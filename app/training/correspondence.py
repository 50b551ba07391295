"""Correspondence: curves that people drew, each from another start, become shapes whose points mean the same.

Per structure: start points by groupwise alignment (generalised Procrustes), then points slide along their curves
towards what the statistics of all shapes expect of them, while their mean spacing stays even; that makes the
statistics compact. Curves that the picture's border cuts are laid onto the part of the mean that fits; what is not
visible is filled in by the statistics of all structures together. Shapes are complex numbers here: x + iy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.training.outline import Curve

ComplexArray = npt.NDArray[np.complex128]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
_ROUNDS = 6
_SLIDES = 24
_KEPT_VARIANCE = 0.9
_ENOUGH, _ENOUGH_SHARE = 12, 0.3
"""So many curves, or such a share of them, must be whole for the mean to be made of these alone."""
_TRIMS = (0.0, 0.1, 0.2, 0.3)


@dataclass(frozen=True, eq=False)
class Poses:
    """How each image's structures lie as a whole, beside the mean; NaN where there are too few structures to tell.

    Attributes
    ----------
    turn : array [N], complex128
        Scale and rotation from the mean to the image.
    """

    turn: ComplexArray


@dataclass(frozen=True, eq=False)
class Corresponding:
    """One structure's points in all images.

    Attributes
    ----------
    points : array [N, K], complex128
        NaN where the structure is missing, or the point was cut off.
    closing : array [K], bool
        Points that no image shows: they lie on the line that closes the cut.
    """

    points: ComplexArray
    closing: BoolArray


def poses_of(centres: ComplexArray) -> Poses:
    """Poses of images from the centres [N, C] of their whole structures (NaN: missing or cut)."""
    known = np.isfinite(centres)
    count = len(centres)
    if not known.any():
        return Poses(np.full(count, np.nan + 0j))
    mean = centres[int(np.argmax(known.sum(axis=1)))].copy()
    turn = np.full(count, np.nan + 0j)
    for _ in range(4):
        sums, number = np.zeros(centres.shape[1], complex), np.zeros(centres.shape[1])
        for i in range(count):
            both = known[i] & np.isfinite(mean)
            if both.sum() < min(4, max(3, centres.shape[1])):
                continue
            here, there = centres[i, both], mean[both]
            a, b = there - there.mean(), here - here.mean()
            turn[i] = np.vdot(a, b) / max(np.vdot(a, a).real, 1e-12)
            laid = (centres[i] - here.mean()) / turn[i] + there.mean()
            sums[known[i]] += laid[known[i]]
            number[known[i]] += 1
        mean = np.where(number > 0, sums / np.maximum(number, 1), mean)
    there = turn[np.isfinite(turn)]
    usual = (there / np.maximum(abs(there), 1e-12)).sum()
    odd = abs(np.angle(turn * np.conj(usual))) > np.pi / 3  # a few centres in a row: not to be relied on
    return Poses(np.where(odd, np.nan + 0j, turn))


def correspond(curves: Sequence[Curve | None], count: int, poses: Poses, refine: bool = True) -> Corresponding:
    """Points of one structure with the same meaning in all images.

    Parameters
    ----------
    curves : sequence of N Curve or None
        None where the structure is missing.
    count : int
        Number of points K.
    poses : Poses
        Of the same images.
    refine : bool
        False leaves the points evenly spaced: what the refinement gains can be measured.
    """
    found = np.full((len(curves), count), np.nan + 0j)
    whole = {i: curve for i, curve in enumerate(curves) if curve is not None and curve.closed}
    cut = {i: curve for i, curve in enumerate(curves) if curve is not None and not curve.closed}
    if cut and len(whole) < max(2, min(_ENOUGH, _ENOUGH_SHARE * (len(whole) + len(cut)))):
        return Corresponding(found, _laid_on_a_cut_one(found, whole, cut, poses))
    shares = _started(whole, count, {i: poses.turn[i] for i in whole})
    if refine:
        shares = _slid(whole, shares)
    for i, share in shares.items():
        found[i] = _complex(whole[i].at(share))
    if cut:
        mean, size = _as_all_lie(found[list(shares)], poses.turn[list(shares)])
        for i, curve in cut.items():
            found[i] = _laid_on(curve, mean, size * poses.turn[i])[0]
    return Corresponding(found, np.zeros(count, bool))


def _laid_on_a_cut_one(found: ComplexArray, whole: dict[int, Curve], cut: dict[int, Curve], poses: Poses) -> BoolArray:
    """Where nearly all curves are cut: that which shows much and is most like the others, closed, stands for the mean.

    Fills the rows of `found` [N, K]; returns which points no image shows.
    """
    count = found.shape[1]
    reference, mean, size = _most_like_the_others(cut, count, poses)
    for i, curve in cut.items():
        if i != reference:
            found[i] = _laid_on(curve, mean, size * poses.turn[i])[0]
    fine = 8 * count
    round_mean = np.interp(np.arange(fine) / 8, np.arange(count + 1), np.append(mean, mean[0]))
    for i, curve in whole.items():
        shape = _complex(curve.at(np.arange(fine) / fine))
        start, _ = _best_start(shape - shape.mean(), round_mean - round_mean.mean(), poses.turn[i])
        found[i] = np.roll(shape, -start)[::8]
    drawn = _complex(Curve(cut[reference].points, closed=True).at(np.arange(count) / count))
    found[reference] = np.where(_near(drawn, cut[reference]), drawn, np.nan)
    return _close(found)


def _close(found: ComplexArray) -> BoolArray:
    """Points [N, K] that no image shows lie on the line between the ends of the cut, where both are to be seen."""
    shown: BoolArray = np.asarray(np.isfinite(found).any(axis=0))
    for k in np.flatnonzero(~shown).tolist():
        before = next(step for step in range(1, len(shown)) if shown[k - step])
        after = next(step for step in range(1, len(shown)) if shown[(k + step) % len(shown)])
        first, last = found[:, k - before], found[:, (k + after) % len(shown)]
        found[:, k] = first + (last - first) * before / (before + after)
    return ~shown


def _most_like_the_others(cut: dict[int, Curve], count: int, poses: Poses) -> tuple[int, ComplexArray, float]:
    """Which of the curves that show much the others fit best, closed: its number, and its shape as a mean."""
    names = list(cut)
    sizes = np.array([curve.length / _scale(poses.turn[i]) for i, curve in cut.items()])
    order = np.argsort(abs(sizes - np.quantile(sizes, 0.75)))
    others = [names[k] for k in np.linspace(0, len(names) - 1, min(12, len(names))).astype(int)]
    best, least = None, np.inf
    for k in order[:8]:
        i = names[k]
        shape = _complex(Curve(cut[i].points, closed=True).at(np.arange(count) / count))[None]
        mean, size = _as_all_lie(shape, poses.turn[[i]])
        costs = [_laid_on(cut[n], mean, size * poses.turn[n], quick=True)[1] for n in others if n != i]
        cost = float(np.mean(np.minimum(costs, 1.0))) if costs else 0.0
        if cost < least:
            best, least = (i, mean, size), cost
    assert best is not None
    return best


def _complex(points: Points) -> ComplexArray:
    return np.asarray(points[..., 0] + 1j * points[..., 1])


def _scale(turn: complex) -> float:
    return float(abs(turn)) if np.isfinite(turn) else 1.0


def _near(points: ComplexArray, curve: Curve) -> BoolArray:
    """Which points [K] of a closed curve lie on its visible part and not on the cut."""
    visible = _complex(curve.at(np.linspace(0, 1, 4 * len(points))))
    step = curve.length / len(points)
    return np.asarray(abs(points[:, None] - visible[None]).min(axis=1) < 0.3 * step)


def _mean_of(shapes: ComplexArray) -> ComplexArray:
    """Procrustes mean [K] of whole shapes [N, K], centred, of unit size."""
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    centred = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    mean = centred[0]
    for _ in range(_ROUNDS):
        turn = (centred.conj() @ mean)[:, None]
        mean = (centred * turn / np.maximum(abs(turn), 1e-12)).mean(axis=0)
        mean = mean / np.linalg.norm(mean)
    return np.asarray(mean)


def _started(curves: dict[int, Curve], count: int, turns: dict[int, complex]) -> dict[int, FloatArray]:
    """Shares of the length [K] of evenly spaced points from the start that fits the others best."""
    fine = 8 * count
    even = np.arange(fine) / fine
    shapes = {i: _complex(curve.at(even)) for i, curve in curves.items()}
    centred = {i: shape - shape.mean() for i, shape in shapes.items()}
    sizes = {i: float(np.linalg.norm(shape)) for i, shape in centred.items()}
    order = sorted(sizes, key=lambda i: sizes[i] / _scale(turns[i]))
    first = order[len(order) // 2]
    mean = centred[first] / sizes[first]
    zero = turns[first] / abs(turns[first]) if np.isfinite(turns[first]) else 1.0
    mean = mean / zero  # from now on as the mean of all images lies
    starts = dict.fromkeys(curves, 0)
    for _ in range(_ROUNDS):
        laid = []
        for i, shape in centred.items():
            starts[i], turn = _best_start(shape / sizes[i], mean, turns[i])
            laid.append(np.roll(shape / sizes[i], -starts[i]) / turn)
        mean = np.mean(laid, axis=0)
        mean = mean / np.linalg.norm(mean)
    return {i: start / fine + np.arange(count) / count for i, start in starts.items()}


def _best_start(shape: ComplexArray, mean: ComplexArray, turn: complex) -> tuple[int, complex]:
    """Where a shape [F] begins to lie like the mean [F], and the rotation from the mean to it.

    How the whole image is turned decides where it is known; else an upright one is likelier, but not by much.
    """
    sums = np.fft.ifft(np.fft.fft(shape) * np.fft.fft(mean).conj())
    length = np.maximum(abs(sums), 1e-12)
    known = bool(np.isfinite(turn))
    expected = turn / abs(turn) if known else 1.0
    away = 1 - (sums / length * np.conj(expected)).real
    score = length * (1 - (0.5 if known else 0.02) * away)
    best = int(np.argmax(score))
    return best, complex(sums[best] / length[best])


def _slid(curves: dict[int, Curve], shares: dict[int, FloatArray]) -> dict[int, FloatArray]:
    """Points slide along their curves towards what the shapes' statistics expect; the mean spacing stays even."""
    if len(curves) < 3:
        return shares
    names = list(curves)
    t = np.stack([shares[i] for i in names])
    lengths = np.array([curves[i].length for i in names])[:, None]
    count = t.shape[1]
    for _ in range(_SLIDES):
        shapes = np.stack([_complex(curves[i].at(t[n])) for n, i in enumerate(names)])
        expected = _expected(shapes)
        tangent = np.roll(shapes, -1, axis=1) - np.roll(shapes, 1, axis=1)
        tangent = tangent / np.maximum(abs(tangent), 1e-9)
        step = ((expected - shapes) * tangent.conj()).real / lengths
        step = (np.roll(step, 1, axis=1) + 2 * step + np.roll(step, -1, axis=1)) / 4
        step = np.clip(0.5 * step, -0.15 / count, 0.15 / count)
        t = t + step - step.mean(axis=0, keepdims=True)  # else all points would gather where shapes vary least
        gaps = np.diff(np.concatenate([t, t[:, :1] + 1], axis=1), axis=1)
        if gaps.min() < 0.2 / count:
            gaps = np.maximum(gaps, 0.2 / count)
            gaps = gaps / gaps.sum(axis=1, keepdims=True)
            t = t[:, :1] + np.concatenate([np.zeros((len(t), 1)), np.cumsum(gaps, axis=1)[:, :-1]], axis=1)
    return dict(zip(names, t, strict=True))


def _expected(shapes: ComplexArray) -> ComplexArray:
    """Each shape as the main modes of all shapes [N, K] tell it, in its own place."""
    centre = shapes.mean(axis=1, keepdims=True)
    mean = _mean_of(shapes)
    turn = ((shapes - centre) @ mean.conj())[:, None]
    laid = (shapes - centre) / turn
    average = laid.mean(axis=0)
    deviation = laid - average
    flat = np.concatenate([deviation.real, deviation.imag], axis=1)
    left, singular, right = np.linalg.svd(flat, full_matrices=False)
    share = np.cumsum(singular**2) / max(float((singular**2).sum()), 1e-30)
    modes = min(int(np.searchsorted(share, _KEPT_VARIANCE)) + 1, max(len(shapes) // 4, 1))
    told = (left[:, :modes] * singular[:modes]) @ right[:modes]
    count = shapes.shape[1]
    return np.asarray((average + told[:, :count] + 1j * told[:, count:]) * turn + centre)


def _as_all_lie(shapes: ComplexArray, turns: ComplexArray) -> tuple[ComplexArray, float]:
    """Mean [K] of unit size turned as the mean of all images lies, and its size there."""
    mean = _mean_of(shapes)
    own = (shapes - shapes.mean(axis=1, keepdims=True)) @ mean.conj()
    beside = own / np.where(np.isfinite(turns), turns, 1.0)
    middle = beside.sum() / max(abs(beside.sum()), 1e-12)
    return mean * middle, float(np.median(abs(beside)))


def _laid_on(curve: Curve, mean: ComplexArray, expected: complex, quick: bool = False) -> tuple[ComplexArray, float]:
    """Points [K] of an open curve where it fits the mean [K] best, NaN where the mean goes on beyond it; the misfit.

    All parts of the mean are tried, and the curve a little shorter, in case it shows more than the mean has.
    `expected` is scale and rotation from the mean to this image as its other structures tell it (NaN: nobody does).
    """
    count = len(mean)
    best, found = np.inf, np.full(count, np.nan + 0j)
    for trim in _TRIMS:
        for number in range(max(count // 4, 4), count, 2 if quick else 1):
            places = _complex(curve.at(np.linspace(trim, 1 - trim, number)))
            index = (np.arange(count)[:, None] + np.arange(number)) % count
            parts = mean[index]
            parts = parts - parts.mean(axis=1, keepdims=True)
            here = places - places.mean()
            energy = (abs(parts) ** 2).sum(axis=1)
            turns = (parts.conj() @ here) / energy
            misfit = ((abs(here) ** 2).sum() - abs(turns) ** 2 * energy) / (abs(turns) ** 2 * number)
            cost = misfit * count + _unlikely(turns, expected) + 0.15 * trim + 0.02 * (1 - number / count)
            start = int(np.argmin(cost))
            if cost[start] < best:
                best, found = float(cost[start]), np.full(count, np.nan + 0j)
                found[index[start]] = places
    return found, best


def _unlikely(turns: ComplexArray, expected: complex) -> FloatArray:
    """How odd scales and rotations are beside those of the whole image; upright where nothing is known of it."""
    if not np.isfinite(expected):
        return np.asarray(0.01 * np.angle(turns) ** 2)
    beside = turns / expected
    return np.asarray(0.05 * np.angle(beside) ** 2 + 0.05 * np.log(abs(beside)) ** 2)
