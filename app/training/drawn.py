"""What hospital radiographs show beside anatomy, drawn onto training pictures: opacities, lines, devices, text."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Picture = npt.NDArray[np.float32]


def draw_bedside(x: Tensor, masks: Tensor, lungs: tuple[int, ...], chance: float, rng: np.random.Generator) -> None:
    """Draw onto each picture with this chance, in place.

    Parameters
    ----------
    x : Tensor [B, 1, S, S]
        Grey values in [0, 1], air dark.
    masks : Tensor [B, C, S, S]
    lungs : tuple of int
        Which structures are lungs: they may fill up.
    """
    for picture, mask in zip(x[:, 0], masks, strict=True):
        if rng.random() >= chance:
            continue
        grey = picture.numpy().copy()
        for c in lungs:
            _opacify(grey, mask[c].numpy(), rng)
        for _ in range(rng.poisson(1.2)):
            _tube(grey, rng)
        for _ in range(rng.poisson(1.2)):
            _electrode(grey, rng)
        if rng.random() < 0.12:
            _pacemaker(grey, rng)
        if rng.random() < 0.4:
            _text(grey, rng)
        if rng.random() < 0.25:
            _rim(grey, rng)
        picture.copy_(torch.from_numpy(grey))


def _mix(picture: Picture, amount: Picture, value: float) -> None:
    """Draw `picture` towards a value by amounts [S, S] in [0, 1]; in place."""
    picture += amount * (value - picture)


def _opacify(picture: Picture, lung: Picture, rng: np.random.Generator) -> None:
    """Clouds, an effusion that rises from the base, or a whole lung gone white."""
    rows, columns = np.flatnonzero(lung.max(axis=1) > 0.5), np.flatnonzero(lung.max(axis=0) > 0.5)
    kind = rng.random()
    if len(rows) < 8 or len(columns) < 8 or kind > 0.55:
        return
    size = picture.shape[0]
    soft = np.asarray(cv2.GaussianBlur(lung, (0, 0), 0.008 * size), np.float32)
    white = float(np.quantile(picture, rng.uniform(0.6, 0.85)))
    if kind < 0.06:
        _mix(picture, soft * np.float32(rng.uniform(0.6, 1.0)), white)
    elif kind < 0.2:
        level = rows[-1] - rng.uniform(0.05, 0.5) * len(rows)
        slope = rng.uniform(-0.4, 0.4)
        ys, xs = np.mgrid[:size, :size].astype(np.float32)
        height = (ys - level - slope * (xs - columns.mean())) / (rng.uniform(0.005, 0.05) * size)
        amount = 1 / (1 + np.exp(-np.clip(height, -20, 20)))
        _mix(picture, (soft * amount * rng.uniform(0.6, 1.0)).astype(np.float32), white)
    else:
        coarse = rng.standard_normal((6, 6)).astype(np.float32)
        clouds = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC) + np.float32(rng.uniform(-0.8, 0.8))
        fine = cv2.resize(rng.standard_normal((24, 24)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
        amount = np.clip(clouds + 0.3 * fine, 0, 1) * np.float32(rng.uniform(0.3, 0.9))
        _mix(picture, soft * amount, white)


def _curve(picture: Picture, points: npt.NDArray[np.float64], wide: int, value: float, opacity: float) -> None:
    """A smooth line (quadratic or cubic Bézier curve) through control points [3 or 4, 2]."""
    t = np.linspace(0, 1, 40)[:, None]
    degree = len(points) - 1
    shares = np.hstack([math.comb(degree, k) * t**k * (1 - t) ** (degree - k) for k in range(degree + 1)])
    line = np.zeros(picture.shape, np.uint8)
    cv2.polylines(line, [np.round(shares @ points * 16).astype(np.int32)], False, 255, wide, cv2.LINE_AA, 4)
    _mix(picture, line.astype(np.float32) * np.float32(opacity / 255), value)


def _tube(picture: Picture, rng: np.random.Generator) -> None:
    size = picture.shape[0]
    if rng.random() < 0.4:  # down the middle: tracheal, gastric or central venous
        top, bottom = rng.uniform(0, 0.15), rng.uniform(0.35, 1.0)
        points = np.stack([rng.uniform(0.42, 0.58, 4), np.linspace(top, bottom, 4)], axis=-1)
    else:
        points = rng.uniform(-0.1, 1.1, (int(rng.integers(3, 5)), 2))
    value = float(rng.choice([1.0, 1.0, rng.uniform(0.5, 1), 0.1]))
    _curve(picture, points * size, int(rng.integers(1, 3)), value, rng.uniform(0.25, 0.9))


def _electrode(picture: Picture, rng: np.random.Generator) -> None:
    size = picture.shape[0]
    x, y = (rng.uniform(0.05, 0.95, 2) * size).astype(int).tolist()
    disc = np.zeros(picture.shape, np.uint8)
    radius = int(size * rng.uniform(0.008, 0.022)) + 1
    cv2.circle(disc, (x, y), radius, 255, -1 if rng.random() < 0.6 else 1, cv2.LINE_AA)
    _mix(picture, disc.astype(np.float32) * np.float32(rng.uniform(0.4, 1.0) / 255), 1.0)
    end = rng.uniform(-0.1, 1.1, 2) * size
    points = np.stack([[x, y], rng.uniform(0, 1, 2) * size, end])
    _curve(picture, points, 1, 1.0, rng.uniform(0.2, 0.7))


def _pacemaker(picture: Picture, rng: np.random.Generator) -> None:
    size = picture.shape[0]
    side = rng.choice([0.25, 0.75])
    x, y = side + rng.uniform(-0.1, 0.1), rng.uniform(0.1, 0.35)
    box = np.zeros(picture.shape, np.uint8)
    axes = (int(size * rng.uniform(0.04, 0.07)), int(size * rng.uniform(0.03, 0.06)))
    cv2.ellipse(box, (int(x * size), int(y * size)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    _mix(picture, box.astype(np.float32) * np.float32(rng.uniform(0.6, 1.0) / 255), 1.0)
    points = np.array(
        [[x, y], [rng.uniform(0.4, 0.6), rng.uniform(0.1, 0.4)], [rng.uniform(0.4, 0.65), rng.uniform(0.5, 0.8)]]
    )
    _curve(picture, points * size, int(rng.integers(1, 3)), 1.0, rng.uniform(0.5, 1.0))


def _text(picture: Picture, rng: np.random.Generator) -> None:
    size = picture.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        letters = "".join(rng.choice(list("APLRSUINEMOBT 0123456789:"), int(rng.integers(1, 12))))
        at = (
            int(rng.uniform(0, 0.85) * size),
            int(rng.choice([rng.uniform(0.04, 0.2), rng.uniform(0.85, 1.0)]) * size),
        )
        layer = np.zeros(picture.shape, np.uint8)
        cv2.putText(layer, letters, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.25, 0.9), 255, 1, cv2.LINE_AA)
        _mix(picture, layer.astype(np.float32) / np.float32(255), float(rng.choice([1.0, 1.0, 0.0])))


def _rim(picture: Picture, rng: np.random.Generator) -> None:
    """The edge of a film or of collimation: a turned frame, dark or white, around the picture."""
    size = picture.shape[0]
    inside = np.zeros(picture.shape, np.uint8)
    sides = (size * rng.uniform(0.85, 1.1), size * rng.uniform(0.85, 1.1))
    middle = tuple((size * rng.uniform(0.47, 0.53, 2)).tolist())
    corners = cv2.boxPoints((middle, sides, float(rng.uniform(-6, 6))))
    cv2.fillConvexPoly(inside, np.round(corners).astype(np.int32), 255)
    _mix(picture, 1 - inside.astype(np.float32) / np.float32(255), float(rng.choice([0.0, 0.0, 1.0])))


def draw_over(crop: Picture, rng: np.random.Generator) -> Picture:
    """A copy of a crop [h, w] (h at most w, grey values in [0, 1]) with lines, electrodes, words or clouds over it."""
    height, width = crop.shape
    top = (width - height) // 2
    square = np.full((width, width), crop.mean(), np.float32)
    square[top : top + height] = crop
    for _ in range(rng.poisson(1.0)):
        if rng.random() < 0.6:
            points = rng.uniform(-0.1, 1.1, (int(rng.integers(3, 5)), 2)) * width
            value = float(rng.choice([1.0, 1.0, rng.uniform(0.5, 1), 0.1]))
            _curve(square, points, int(rng.integers(1, 6)), value, rng.uniform(0.15, 0.9))
        else:
            _tube(square, rng)
    for _ in range(rng.poisson(0.5)):
        _electrode(square, rng)
    if rng.random() < 0.1:
        _text(square, rng)
    if rng.random() < 0.15:
        coarse = rng.standard_normal((4, 6)).astype(np.float32)
        clouds = np.clip(cv2.resize(coarse, (width, width), interpolation=cv2.INTER_CUBIC), 0, 1)
        _mix(square, clouds * np.float32(rng.uniform(0.2, 0.8)), float(np.quantile(square, 0.9)))
    return square[top : top + height].copy()
