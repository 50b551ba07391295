"""Contours for radiographs that have a human mask of the lungs alone: the shape statistics, bent onto its outer border.

What a network decoded tells where heart, clavicles and the inner borders lie; the human mask tells the outer border,
the apex and the base of each lung. Its inner border runs behind heart and mediastinum and is left alone. Radiologists'
boxes, where there are any, tell the edges once more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from app.core.frame import Points
from app.core.metrics import outline_pixels
from app.core.shape_prior import ShapePrior, Similarity
from app.core.template import Template
from app.training.lung_data import Box

ROUNDS = 12
BORDER_MM = 3.0
"""How far a lung's contour may lie off the human border."""
DECODED_MM = 4.0
"""The same of decoded points, beside their expected error."""
NEAR_MM = (45.0, 20.0)
"""A contour point looks so far for the human border, in the first round and in the last."""
BEND_MM = 15.0
"""How far points are moved beyond what the shape statistics allow."""
HEART_MM = 8.0
"""So close to the heart of the template a lung's point says nothing about the human border."""
EDGE_PIXELS = 2
"""The border of a mask so close to the picture's edge is the picture's, not the lung's."""


BOX_MARGIN = 0.03
"""Radiologists' boxes are so much wider than human masks and contours, as a share of the box's height (median)."""
BOX_EASE, BOX_SHARE, BOX_STEP = 0.02, 0.48, 0.07
"""An edge within the first of its aim is left; each round makes the second of the rest good, at most the third."""
BOX_WIDTH = 0.1
"""So far along an edge the pull reaches (one standard deviation): a costophrenic angle, not the whole base."""
BOX_ROUNDS = 4


class Border(NamedTuple):
    """The border of a human mask: places [N, 2] and outward normals [N, 2], native pixels."""

    xy: Points
    normal: Points


def normals(contour: Points) -> Points:
    """Outward unit normals [K, 2] of a closed contour [K, 2] in (x, y), whichever way round it runs."""
    following, before = np.roll(contour, -1, axis=0), np.roll(contour, 1, axis=0)
    tangent = following - before
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    area = float((contour[:, 0] * following[:, 1] - following[:, 0] * contour[:, 1]).sum())
    return np.asarray(np.sign(area) * outward / np.maximum(np.linalg.norm(outward, axis=-1, keepdims=True), 1e-9))


def outer_points(template: Template) -> npt.NDArray[np.bool_]:
    """Which contour points [K] of the template lie on a lung's outer border, apex or base, away from the heart."""
    heart = next(s.outline for s in template.structures if s.name == "heart")
    middle = np.concatenate([s.outline for s in template.structures if s.name.endswith("lung")])[:, 0].mean()
    parts = []
    for structure in template.structures:
        if not structure.name.endswith("lung"):
            parts.append(np.zeros(len(structure.outline), bool))
            continue
        inward = np.sign(middle - structure.outline[:, 0].mean())
        away = cKDTree(heart).query(structure.outline)[0] > HEART_MM
        parts.append((normals(structure.outline)[:, 0] * inward < 0.3) & away)
    return np.concatenate(parts)


def border_of(lungs: npt.NDArray[np.bool_]) -> Border:
    """The border of a mask [height, width], without what the picture's edge cuts."""
    import cv2

    height, width = lungs.shape
    ys, xs = np.nonzero(outline_pixels(lungs))
    inner = (xs >= EDGE_PIXELS) & (ys >= EDGE_PIXELS) & (xs < width - EDGE_PIXELS) & (ys < height - EDGE_PIXELS)
    xs, ys = xs[inner], ys[inner]
    soft = cv2.GaussianBlur(lungs.astype(np.float32), (0, 0), 0.006 * max(height, width))
    down, right = np.gradient(soft)
    normal = -np.stack([right[ys, xs], down[ys, xs]], axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return Border(np.stack([xs, ys], axis=-1).astype(float), normal)


def to_border(contour: Points, slices: list[slice], border: Border, reach: float) -> Points:
    """How far each point lies off the border along its normal, [K, 2]; NaN where none like it is within `reach`."""
    off = np.full(contour.shape, np.nan)
    if not len(border.xy):
        return off
    tree = cKDTree(border.xy)
    for part in slices:
        normal = normals(contour[part])
        distance, index = tree.query(contour[part], k=min(40, len(border.xy)), distance_upper_bound=reach)
        within = np.isfinite(distance)
        index = np.where(within, index, 0)
        alike = (border.normal[index] * normal[:, None]).sum(-1) > 0.6
        usable = within & alike
        first = np.argmax(usable, axis=1)
        rows = np.arange(len(first))
        step = border.xy[index[rows, first]] - contour[part]
        along = (step * normal).sum(-1, keepdims=True) * normal
        off[part] = np.where(usable.any(axis=1)[:, None], along, np.nan)
    return off


def fit_contour(
    template: Template,
    prior: ShapePrior,
    lungs: npt.NDArray[np.bool_],
    decoded: Points,
    expected: npt.NDArray[np.float64],
) -> Points:
    """The likeliest contour [K, 2] of an image, native pixels.

    Parameters
    ----------
    template, prior
    lungs : array [height, width], bool
        Human mask of both lungs.
    decoded : array [K, 2]
        What a network found, native pixels; NaN where a structure is absent.
    expected : array [K]
        Its expected errors, native pixels.
    """
    slices = _slices(template)
    outer = outer_points(template)
    border = border_of(lungs)
    contour, scale, trusted = _first_guess(template, prior, lungs, decoded)
    known = np.isfinite(decoded[:, 0]) & trusted
    trust = np.where(known, 1 / (DECODED_MM**2 + (expected * scale) ** 2), 0.0)
    weights = np.zeros(len(prior.modes))
    for reach in np.linspace(*NEAR_MM, ROUNDS):
        off = np.where(outer[:, None], to_border(contour, slices, border, reach / scale), np.nan)
        found = np.isfinite(off[:, 0])
        target = np.where(found[:, None], contour + np.nan_to_num(off), np.nan_to_num(decoded))
        certainty = np.where(found, 1 / BORDER_MM**2, np.where(outer, 0.2 * trust, trust))
        contour, weights, scale = _fit_modes(prior, weights, target, certainty)
    off = np.where(outer[:, None], to_border(contour, slices, border, NEAR_MM[1] / scale), np.nan)
    own = np.where((known & ~outer)[:, None], decoded - contour, np.nan) * (trust * DECODED_MM**2)[:, None]
    return contour + _bend(np.where(np.isfinite(off), off, own), slices, BEND_MM / scale)


def pull_to_box(outline: Points, box: Box, side: str) -> Points:
    """A lung's outline [K, 2] with its outer edge, apex and base pulled towards a radiologist's box.

    A human mask stops at what is seen of the diaphragm, the box goes down to the costophrenic angle.

    Parameters
    ----------
    outline : array [K, 2]
        Contour points in native pixels.
    box : Box
        Around this lung.
    side : str
        ``right_lung`` (its outer edge is on the left of the picture) or ``left_lung``.
    """
    left, top, right, bottom = box
    height = bottom - top
    inwards = BOX_MARGIN * height
    outer = (0, -1, left + inwards) if side == "right_lung" else (0, 1, right - inwards)
    pulled = outline.copy()
    for _ in range(BOX_ROUNDS):
        for axis, sign, aim in (outer, (1, -1, top + inwards), (1, 1, bottom - inwards)):
            extreme = int(np.argmax(sign * pulled[:, axis]))
            gap = aim - (pulled[extreme, axis] + 0.5)
            beyond = np.sign(gap) * max(abs(gap) - BOX_EASE * height, 0.0)
            move = np.clip(BOX_SHARE * beyond, -BOX_STEP * height, BOX_STEP * height)
            away = np.linalg.norm(pulled - pulled[extreme], axis=-1) / (BOX_WIDTH * height)
            pulled[:, axis] += move * np.exp(-(away**2) / 2)
    return np.asarray(pulled)


def _slices(template: Template) -> list[slice]:
    ends = np.cumsum([len(s.outline) for s in template.structures]).tolist()
    return [slice(end - len(s.outline), end) for end, s in zip(ends, template.structures, strict=True)]


def _first_guess(
    template: Template, prior: ShapePrior, lungs: npt.NDArray[np.bool_], decoded: Points
) -> tuple[Points, float, bool]:
    """A contour [K, 2] to begin with, mm per pixel, and whether it is what was decoded (else the mean in the box).

    The regularised network finds most images; where it was lost, its contours lie far off the human mask's box.
    """
    ys, xs = np.nonzero(lungs)
    low, high = np.array([xs.min(), ys.min()]), np.array([xs.max(), ys.max()])
    both = np.concatenate(
        [
            np.arange(p.start, p.stop)
            for p, s in zip(_slices(template), template.structures, strict=True)
            if s.name.endswith("lung")
        ]
    )
    size = prior.mean[both].max(axis=0) - prior.mean[both].min(axis=0)
    pixels_per_mm = (high - low) / size
    boxed = (prior.mean - prior.mean[both].min(axis=0)) * pixels_per_mm + low
    scale = float(1 / pixels_per_mm.mean())
    if not np.isfinite(decoded[both]).all():
        return boxed, scale, False
    away = np.abs(np.r_[decoded[both].min(axis=0) - low, decoded[both].max(axis=0) - high]).max()
    if away > 0.2 * (high - low).max():
        return boxed, scale, False
    known = np.isfinite(decoded[:, 0])
    pose = Similarity.between(prior.mean[known], decoded[known])
    return np.where(known[:, None], decoded, pose(prior.mean)), 1 / pose.scale, True


def _fit_modes(
    prior: ShapePrior, weights: npt.NDArray[np.float64], target: Points, certainty: npt.NDArray[np.float64]
) -> tuple[Points, npt.NDArray[np.float64], float]:
    """The affine pose and the mode weights that suit the targets [K, 2]; returns contour, weights and mm per pixel."""
    shape = prior.mean + np.tensordot(weights, prior.modes, axes=1)
    root = np.sqrt(certainty)[:, None]
    design = np.c_[shape, np.ones(len(shape))]
    affine = np.linalg.lstsq(design * root, target * root, rcond=None)[0]
    back = np.linalg.inv(affine[:2])
    aim = (target - affine[2]) @ back - prior.mean  # mm of the template plane
    flat = (prior.modes * root[None]).reshape(len(prior.modes), -1)
    weights = np.linalg.solve(flat @ flat.T + np.eye(len(flat)), flat @ (aim * root).reshape(-1))
    shape = prior.mean + np.tensordot(weights, prior.modes, axes=1)
    scale = 1 / float(np.sqrt(max(abs(np.linalg.det(affine[:2])), 1e-9)))
    return np.c_[shape, np.ones(len(shape))] @ affine, weights, scale


def _bend(off: Points, slices: list[slice], longest: float) -> Points:
    """Moves [K, 2] smoothed along each closed contour; what is not known (NaN) moves as its neighbours do, or not."""
    known = np.isfinite(off[:, 0])
    moves = np.nan_to_num(off)
    length = np.linalg.norm(moves, axis=-1, keepdims=True)
    moves *= np.minimum(1.0, longest / np.maximum(length, 1e-9))
    smooth = np.zeros_like(moves)
    kernel = np.array([0.25, 0.75, 1.0, 0.75, 0.25])
    for part in slices:
        total, weight = np.zeros_like(moves[part]), np.full((part.stop - part.start, 1), 0.3)
        for step, share in enumerate(kernel, -2):
            total += share * np.roll(moves[part] * known[part, None], step, axis=0)
            weight += share * np.roll(known[part, None], step, axis=0)
        smooth[part] = total / weight
    return smooth
