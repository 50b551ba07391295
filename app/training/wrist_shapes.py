"""Random wrists from traced ones: bones blended between hands of one age, moved, bent, and carried on to the border.

All in the frame of `app.training.wrist_contours`: mm, left hands, fingers up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from app.core.frame import Points
from app.training.wrist_contours import CARPALS, EPIPHYSES, FOREARM, METACARPALS, WristContours

AGE_STEP = 1.6  # years between hands that are blended
LENGTHENED_MM = 150.0  # how far shafts go on below the traced radiograph
BORDER_MM = 2.0  # a bone that comes this close to the border of its radiograph is cut by it
_LENGTHS = (0.7, 1.03, 1.0, 0.9, 0.84)  # of the metacarpals against the third
_RAYS = 72


@dataclass(frozen=True)
class Variation:
    """How far random wrists differ from traced ones.

    Attributes
    ----------
    blend : chance that a compact bone takes shape from another hand.
    bend_mm : standard deviation of the smooth deformation.
    turn_degrees : standard deviation of the hand's turn against the forearm, and a third of it of each bone.
    scale : standard deviation of log size, of the whole and along each axis half of it.
    """

    blend: float = 0.6
    bend_mm: float = 1.1
    turn_degrees: float = 6.0
    scale: float = 0.07


TRACED = Variation(0.0, 0.0, 0.0, 0.0)


def smooth_curve(polygon: Points, step: float = 0.4) -> Points:
    """Closed centripetal Catmull-Rom curve through a polygon's vertices [K, 2], about `step` mm between its points."""
    keep = np.linalg.norm(polygon - np.roll(polygon, 1, 0), axis=-1) > 1e-6
    b = polygon[keep]
    if len(b) < 4:
        return np.asarray(b)
    a, c, d = (np.roll(b, k, 0) for k in (1, -1, -2))
    t1, t2, t3 = (np.sqrt(np.linalg.norm(q - p, axis=-1, keepdims=True)) + 1e-9 for p, q in ((a, b), (b, c), (c, d)))
    start = t2 * ((b - a) / t1 - (c - a) / (t1 + t2) + (c - b) / t2)
    end = t2 * ((c - b) / t2 - (d - b) / (t2 + t3) + (d - c) / t3)
    parts = []
    for k in range(len(b)):
        u = np.arange(count := max(1, int(np.linalg.norm(c[k] - b[k]) / step)))[:, None] / count
        curve = (2 * u**3 - 3 * u**2 + 1) * b[k] + (u**3 - 2 * u**2 + u) * start[k]
        parts.append(curve + (3 * u**2 - 2 * u**3) * c[k] + (u**3 - u**2) * end[k])
    return np.concatenate(parts)


def vary(
    wrist: WristContours, others: Sequence[WristContours], rng: np.random.Generator, variation: Variation
) -> WristContours:
    """A random wrist like `wrist`, with its bones and no others, as dense curves; shafts are lengthened downwards."""
    bones = {name: tuple(smooth_curve(piece) for piece in pieces) for name, pieces in wrist.bones.items()}
    donor = _donor(wrist, others, rng)
    joint = wrist.all_points(("radius",))[:, 1].min()
    for name, pieces in bones.items():
        if donor is not None and len(pieces) == 1 and name in CARPALS + EPIPHYSES and rng.random() < variation.blend:
            pieces = (_blended(pieces[0], donor.bones.get(name, ()), rng.uniform(0.2, 0.8)),)
        if name in METACARPALS and len(pieces) == 1:
            pieces = (_with_head(pieces[0], wrist, _LENGTHS[METACARPALS.index(name)]),)
        bones[name] = _moved(pieces, rng, variation, 0.25 if name in CARPALS + METACARPALS else 0.1)
    for name in FOREARM:
        if name in bones:
            bones[name] = _lengthened(bones[name])
    bend = _Bend(rng, wrist.size, float(joint), variation)
    return replace(wrist, bones={name: tuple(map(bend, pieces)) for name, pieces in bones.items()})


def _donor(wrist: WristContours, others: Sequence[WristContours], rng: np.random.Generator) -> WristContours | None:
    near = [
        other
        for other in others
        if other is not wrist and None not in (other.age, wrist.age) and abs(other.age - wrist.age) < AGE_STEP  # type: ignore[operator]
    ]
    return near[int(rng.integers(len(near)))] if near else None


def _polar(polygon: Points) -> tuple[Points, Points]:
    """Centre [2] and radii [_RAYS] of a closed curve, the furthest along each ray."""
    centre = (polygon.min(0) + polygon.max(0)) / 2
    offset = polygon - centre
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    order = np.argsort(angle)
    rays = np.linspace(-np.pi, np.pi, _RAYS, endpoint=False)
    return centre, np.interp(rays, angle[order], np.hypot(*offset.T)[order], period=2 * np.pi)


def _blended(polygon: Points, others: Sequence[Points], share: float) -> Points:
    """A compact bone [K, 2] with `share` of another's relative shape; its own place and size stay."""
    if len(others) != 1:
        return polygon
    (centre, own), (_, theirs) = _polar(polygon), _polar(smooth_curve(others[0]))
    offset = polygon - centre
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    rays = np.linspace(-np.pi, np.pi, _RAYS, endpoint=False)
    ratio = (theirs / theirs.mean()) / (own / own.mean())
    ratio = np.convolve(np.r_[ratio[-3:], ratio, ratio[:3]], np.ones(7) / 7, "valid")
    growth = 1 + share * (np.clip(ratio, 0.6, 1.6) - 1)
    return np.asarray(centre + offset * np.interp(angle, rays, growth, period=2 * np.pi)[:, None])


def _moved(
    pieces: tuple[Points, ...], rng: np.random.Generator, variation: Variation, share: float
) -> tuple[Points, ...]:
    """A bone turned and scaled about its centre and shifted, by `share` of the variation."""
    centre = np.concatenate(pieces).mean(0)
    turn, grow, shift = rng.normal(size=2), rng.normal(size=2), rng.normal(size=2)
    angle = np.radians(variation.turn_degrees * share * turn[0])
    matrix = np.exp(variation.scale * share * grow)[:, None] * _rotation(angle)
    return tuple((piece - centre) @ matrix.T + centre + 1.2 * share * variation.bend_mm * shift for piece in pieces)


def _rotation(angle: float) -> Points:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _lengthened(pieces: tuple[Points, ...]) -> tuple[Points, ...]:
    """A forearm bone whose lowest end is moved down along its shaft by `LENGTHENED_MM`."""
    lowest = max(range(len(pieces)), key=lambda k: float(pieces[k][:, 1].max()))
    piece = pieces[lowest]
    bottom, height = piece[:, 1].max(), np.ptp(piece[:, 1])
    far, near = (
        piece[np.abs(piece[:, 1] - (bottom - share * min(height, 40.0))) < 0.06 * height].mean(0)
        for share in (0.65, 0.25)
    )
    along = (near - far) / max(float(np.linalg.norm(near - far)), 1e-6)
    along = along if along[1] > 0.8 else np.array([0.0, 1.0])
    moved = piece + np.where(piece[:, 1:] > bottom - 2.5, LENGTHENED_MM * along, 0.0)
    return (*pieces[:lowest], dense(moved), *pieces[lowest + 1 :])


def _with_head(piece: Points, wrist: WristContours, share: float) -> Points:
    """A metacarpal [K, 2] that the border of its radiograph cuts, carried on to a usual length with a head."""
    age = wrist.age if wrist.age is not None else 14.0
    usual = share * wrist.breadth * float(np.clip(1.35 + 0.055 * age, 1.35, 2.15))
    x, y = piece.T
    width = wrist.size[0]
    cut = (y < BORDER_MM) | (x > width - BORDER_MM) | (x < BORDER_MM)
    if not cut.any() and float(np.ptp(y)) < 0.6 * usual and age > 4 and np.ptp(y) > 0.8 * np.ptp(x):
        cut = y < y.min() + BORDER_MM  # drawing stopped before the border
    cut = np.convolve(np.r_[cut[-4:], cut, cut[:4]], np.ones(9), "valid") > 0  # corners at the cut go too
    if not cut.any() or cut.sum() > len(piece) - 8:
        return piece
    start = int(np.argmax(cut & ~np.roll(cut, -1)))  # the last vertex of a cut run; what is left follows it
    left = np.roll(piece, -start - 1, 0)[~np.roll(cut, -start - 1)]
    return np.concatenate([left, _head(left, _direction(left, wrist), usual)])


def _direction(left: Points, wrist: WristContours) -> Points:
    """Unit vector [2] along what is left [K, 2] of a metacarpal, away from the wrist; from the wrist for a stub."""
    middle, half = (left[0] + left[-1]) / 2, float(np.linalg.norm(left[0] - left[-1])) / 2
    centre = left.mean(0)
    along = np.linalg.svd(left - centre, full_matrices=False)[2][0]
    way = (middle - centre) / max(float(np.linalg.norm(middle - centre)), 1e-6)
    if np.ptp((left - centre) @ along) < 3.2 * half or abs(way @ along) < 0.8:
        tops = [wrist.all_points((name,)) for name in FOREARM if name in wrist.bones]
        along = middle - np.mean([top[top[:, 1] < top[:, 1].min() + 5].mean(0) for top in tops], 0)
    along = along / np.linalg.norm(along)
    return np.asarray(along if along @ (middle - centre) > 0 else -along)


def _head(left: Points, along: Points, usual: float) -> Points:
    """Curve [K, 2] from the last to the first point of what is left of a metacarpal, round a head."""
    first, last = left[0], left[-1]
    across = np.array([-along[1], along[0]])
    across = across * (1.0 if (last - first) @ across > 0 else -1.0)
    middle, half = (first + last) / 2, max(abs(float((last - first) @ across)) / 2, 1.0)  # a cut may be oblique
    head = float(np.clip(0.40 * np.ptp((left - middle) @ across), 1.1 * half, 1.4 * half))
    more = max(usual + float(((left - middle) @ along).min()), 1.5 * head)
    shaft = more - 0.6 * head
    place = np.array([0.35 * shaft, 0.7 * shaft, shaft, more - 0.17 * head, more])[:, None] * along
    wide = np.array([0.95 * half, 0.6 * half + 0.4 * head, head, 0.8 * head, 0.35 * head])[:, None] * across
    coarse = np.concatenate([last[None], middle + place + wide, (middle + place - wide)[::-1], first[None]])
    steps, k = np.linspace(0, len(coarse) - 1, 8 * len(coarse)), np.arange(len(coarse))
    return np.stack([PchipInterpolator(k, coarse[:, i])(steps) for i in (0, 1)], -1)[1:-1]


def dense(polygon: Points, step: float = 2.0) -> Points:
    """A closed polygon [K, 2] with further points on edges longer than `step`."""
    after = np.roll(polygon, -1, 0)
    counts = np.maximum(1, (np.linalg.norm(after - polygon, axis=-1) / step).astype(int))
    parts = [p + (q - p) * np.arange(n)[:, None] / n for p, q, n in zip(polygon, after, counts, strict=True)]
    return np.concatenate(parts)


class _Bend:
    """One smooth map of the plane: the hand turns against the forearm, waves bend both, the whole is scaled."""

    def __init__(self, rng: np.random.Generator, size: tuple[float, float], joint: float, variation: Variation) -> None:
        self.pivot = np.array([size[0] / 2, joint - 8.0])
        self.turn = np.radians(variation.turn_degrees) * np.clip(rng.normal(), -2, 2)
        self.spread = 0.06 * np.clip(rng.normal(), -2, 2) * (variation.turn_degrees / 6)
        self.scale = np.exp(variation.scale * (rng.normal() + 0.5 * rng.normal(size=2)))
        self.shear = 0.5 * variation.scale * rng.normal()
        self.waves = rng.normal(size=(6, 2)) / rng.uniform(28, 80, (6, 1))  # cycles in radians per mm
        self.phase = rng.uniform(0, 2 * np.pi, (6, 2))
        self.height = variation.bend_mm * rng.normal(size=(6, 2)) / np.sqrt(3)

    def __call__(self, points: Points) -> Points:
        offset = points - self.pivot
        above = 1 / (1 + np.exp(offset[:, 1] / 6.0))
        angle = self.turn * above + self.spread * offset[:, 0] / 40.0 * above * np.clip(-offset[:, 1] / 30.0, 0, 1)
        x = np.cos(angle) * offset[:, 0] - np.sin(angle) * offset[:, 1]
        y = np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 1]
        waves = points @ self.waves.T
        shift = np.stack([(np.sin(waves + self.phase[:, k]) * self.height[:, k]).sum(1) for k in (0, 1)], -1)
        return np.asarray((np.stack([x + self.shear * y, y], -1) + shift) * self.scale + self.pivot)
