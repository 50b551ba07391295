"""Random deformation and intensity; geometry moves pictures, masks, uv-maps and landmarks alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from app.training.dataset import Examples
from app.training.drawn import draw_bedside


class Batch(NamedTuple):
    """One batch for the network.

    Attributes
    ----------
    image : Tensor [B, 1, H, W], float32, z-normalised
    masks : Tensor [B, C, H, W], float32 in [0, 1]
    uv, inside : Tensor [B, C, 2, H/2, W/2] and [B, C, H/2, W/2], float32
    landmarks : Tensor [B, K, 2]
        Normalised image coordinates.
    visible : Tensor [B, K], bool
    weight : Tensor [B, C]
        How much each structure's truth counts.
    """

    image: Tensor
    masks: Tensor
    uv: Tensor
    inside: Tensor
    landmarks: Tensor
    visible: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Strength:
    """How far augmentation goes; lengths as shares of half the picture.

    Attributes
    ----------
    bumps : float
        Longest local push or magnification around contour points: a larger heart, a shallow breath.
    tilt : float
        Keystone: by how much wider the picture's lower edge is than its middle.
    bedside : float
        Chance that lines, devices, opacities and the like are drawn (`app.training.drawn`).
    lungs : tuple of int
        Structures that may fill up.
    """

    rotation_degrees: float = 12.0
    shift: float = 0.2
    scale: float = 0.2
    aspect: float = 0.08
    elastic: float = 0.035
    intensity: float = 1.0
    bumps: float = 0.0
    tilt: float = 0.0
    bedside: float = 0.0
    lungs: tuple[int, ...] = ()


def _warp(
    landmarks: Tensor, size: tuple[int, int], strength: Strength, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Matrix [B, 2, 3], elastic displacement [B, 2, H, W] and sampling grid [B, H, W, 2] (output to source)."""
    batch, longer = len(landmarks), size[1] / size[0]  # what turns must turn pixels, not shares of unequal sides
    angle = np.deg2rad(rng.uniform(-1, 1, batch) * strength.rotation_degrees)
    scale = np.exp(rng.uniform(-1, 1, batch) * strength.scale)
    aspect = np.exp(rng.uniform(-1, 1, batch) * strength.aspect)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    shift = rng.uniform(-1, 1, (batch, 2)) * strength.shift
    rows = [
        np.stack([cos * aspect, -sin / aspect / longer, shift[:, 0]], -1),
        np.stack([sin * aspect * longer, cos / aspect, shift[:, 1]], -1),
    ]
    matrix = torch.from_numpy(np.stack(rows, axis=1).astype(np.float32))
    displacement = torch.zeros(batch, 2, *size)
    for cells, share in ((4, 1.0), (8, 0.35)):
        amount = rng.uniform(0, 1, (batch, 1, 1, 1)) * strength.elastic * share
        coarse = torch.from_numpy((rng.standard_normal((batch, 2, cells, cells)) * amount).astype(np.float32))
        displacement += F.interpolate(coarse, size, mode="bicubic", align_corners=False)
    if strength.bumps or strength.tilt:
        displacement += _bumps(landmarks, matrix, size, strength, rng)
    grid = F.affine_grid(matrix, [batch, 1, *size], align_corners=False)
    return matrix, displacement, grid + displacement.permute(0, 2, 3, 1)


def _bumps(
    landmarks: Tensor, matrix: Tensor, size: tuple[int, int], strength: Strength, rng: np.random.Generator
) -> Tensor:
    """Two pushes and magnifications around random contour points, and the tilt: displacement [B, 2, H, W]."""
    batch = len(landmarks)
    down, across = ((torch.arange(side, dtype=torch.float32) + 0.5) / side * 2 - 1 for side in size)
    x, y = across.view(1, 1, -1), down.view(1, -1, 1)

    def each(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, batch).astype(np.float32)).view(-1, 1, 1)

    tilt = each(-1, 1) * strength.tilt
    dx, dy = tilt * x * y, torch.zeros(batch, *size)
    inverse = torch.linalg.inv(matrix[:, :, :2]).transpose(1, 2)
    for _ in range(2):
        chosen = landmarks[torch.arange(batch), torch.from_numpy(rng.integers(0, landmarks.shape[1], batch))]
        centre = ((chosen - matrix[:, :, 2])[:, None] @ inverse).clamp(-1, 1)
        away_x, away_y, width = x - centre[:, :, :1], y - centre[:, :, 1:], each(0.2, 0.45)
        bell = torch.exp(-(away_x**2 + away_y**2) / (2 * width**2))
        zoom = each(-1, 1) * 2 * strength.bumps
        dx = dx + bell * (each(-1, 1) * strength.bumps + zoom * away_x)
        dy = dy + bell * (each(-1, 1) * strength.bumps + zoom * away_y)
    return torch.stack([dx, dy], dim=1)


def _move_landmarks(landmarks: Tensor, matrix: Tensor, displacement: Tensor) -> Tensor:
    """Where source points [B, K, 2] appear in the output: the sampling map inverted by fixed-point iteration."""
    inverse = torch.linalg.inv(matrix[:, :, :2]).transpose(1, 2)
    moved = (landmarks - matrix[:, None, :, 2]) @ inverse
    for _ in range(8):
        extra = F.grid_sample(displacement, moved[:, None], padding_mode="border", align_corners=False)
        moved = (landmarks - matrix[:, None, :, 2] - extra[:, :, 0].transpose(1, 2)) @ inverse
    return torch.as_tensor(moved)


def _blur(x: Tensor, radius: int) -> Tensor:
    small = F.avg_pool2d(x, radius, ceil_mode=True, count_include_pad=False)
    return F.interpolate(small, x.shape[-2:], mode="bilinear", align_corners=False)


def _draw_boxes(x: Tensor, rng: np.random.Generator) -> None:
    """Collimation borders, markers and devices: rectangles of one grey, in place."""
    height, width = x.shape[-2:]
    for picture in x:
        if rng.random() < 0.25:
            grey = float(rng.choice([0.0, 0.0, 1.0, rng.random()]))
            left, top, right, bottom = (int(side * rng.uniform(0, 0.12)) for side in (width, height, width, height))
            picture[:, :top] = grey
            picture[:, height - bottom :] = grey
            picture[:, :, :left] = grey
            picture[:, :, width - right :] = grey
        for _ in range(rng.poisson(0.4)):
            wide, high = (int(side * rng.uniform(0.02, 0.14)) for side in (width, height))
            at_x, at_y = int(rng.uniform(0, width - wide)), int(rng.uniform(0, height - high))
            picture[:, at_y : at_y + high, at_x : at_x + wide] = float(rng.choice([0.0, 1.0, rng.random()]))


def vary_intensity(x: Tensor, strength: float, rng: np.random.Generator) -> Tensor:
    """Contrast curves, local contrast, shading, blur, noise, saturation and borders; [B, 1, S, S] in [0, 1]."""
    batch = len(x)

    def each(low: float, high: float, chance: float = 1.0) -> Tensor:
        value = rng.uniform(low, high, batch) * (rng.random(batch) < chance) * strength
        return torch.from_numpy(value.astype(np.float32)).view(-1, 1, 1, 1)

    x = x.clamp(0, 1) ** torch.exp(each(-0.6, 0.6))
    curve = each(-0.5, 0.8, 0.5)
    x = x + curve * (x * x * (3 - 2 * x) - x)
    wide = _blur(_blur(x, 32), 8)
    x = x + each(-0.4, 1.6, 0.5) * (x - wide)
    shade = torch.from_numpy(rng.standard_normal((batch, 1, 3, 3)).astype(np.float32))
    x = x + each(0.0, 0.15, 0.5) * F.interpolate(shade, x.shape[-2:], mode="bicubic", align_corners=False)
    soft = each(0.0, 1.0, 0.3)
    x = (1 - soft) * x + soft * _blur(x, 3)
    noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    x = x + each(0.0, 0.06, 0.5) * noise
    low, high = each(0.0, 0.2, 0.3), 1 - each(0.0, 0.25, 0.3)
    x = torch.minimum(torch.maximum(x, low), high)
    if strength > 0:
        _draw_boxes(x, rng)
    return x


def normalise(x: Tensor) -> Tensor:
    """As `app.io.preprocess.normalise`, per picture of [B, 1, S, S]."""
    flat = x.flatten(1)
    order = flat.sort(dim=1).values
    last = flat.shape[1] - 1
    low, high = order[:, round(0.005 * last), None], order[:, round(0.995 * last), None]
    flat = torch.minimum(torch.maximum(flat, low), high)
    return ((flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True).clamp_min(1e-6)).view_as(x)


def make_batch(
    examples: Examples,
    index: np.ndarray,
    size: int | tuple[int, int],
    strength: Strength | None,
    rng: np.random.Generator,
) -> Batch:
    """Batch of the examples in `index` at `size` (height and width, or one side of a square) pixels.

    `strength` None leaves them as they are.
    """
    batch = len(index)
    size = (size, size) if isinstance(size, int) else size
    at = torch.from_numpy(np.asarray(index))
    matrix, displacement, grid = _warp(examples.landmarks[at], size, strength or Strength(0, 0, 0, 0, 0, 0), rng)
    half = F.avg_pool2d(grid.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    picture = examples.pictures[at].float() / 255
    padding = "border" if strength and rng.random() < 0.5 else "zeros"
    image = F.grid_sample(picture, grid, padding_mode=padding, align_corners=False)
    masks = F.grid_sample(examples.masks[at].float(), grid, align_corners=False)
    uv = F.grid_sample(examples.uv[at].float(), half, align_corners=False)
    landmarks = _move_landmarks(examples.landmarks[at], matrix, displacement)
    if strength and strength.bedside:
        draw_bedside(image, masks, strength.lungs, strength.bedside, rng)
    image = vary_intensity(image, strength.intensity if strength else 0.0, rng)
    inside = (F.avg_pool2d(masks, 2) > 0.5).float()
    visible = (landmarks.abs() < 1).all(dim=-1) & examples.seen[at]
    uv = uv.view(batch, -1, 2, size[0] // 2, size[1] // 2)
    return Batch(normalise(image), masks, uv, inside, landmarks, visible, examples.weight[at])
