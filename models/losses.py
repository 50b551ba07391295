"""The losses of DenseSeg (Keuth et al., IJCARS 2025, section 2), and a soft Dice term for the small clavicles.

Shapes: masks [B, C, H, W], uv-maps [B, C, 2, h, w], landmarks [B, K, 2] in normalised image coordinates
([-1, 1] spans the picture's corners, (x, y), as `torch.nn.functional.grid_sample` with ``align_corners=False``).
`share` [B, C] says how much the truth of each image's structures counts; without it all count alike.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def _mean(values: Tensor, share: Tensor | None) -> Tensor:
    """Mean of one value per image and structure [B, C], weighed by `share` [B, C]."""
    return values.mean() if share is None else (values * share).sum() / share.sum().clamp_min(1e-6)


def mask_bce(
    logits: Tensor, masks: Tensor, positive_weight: Tensor | None = None, share: Tensor | None = None
) -> Tensor:
    """L_BCE: binary cross entropy, mean over pixels and structures; `positive_weight` [C] weighs the foreground."""
    weight = None if positive_weight is None else positive_weight.view(-1, 1, 1)
    error = F.binary_cross_entropy_with_logits(logits, masks, pos_weight=weight, reduction="none")
    return _mean(error.mean(dim=(-2, -1)), share)


def soft_dice(logits: Tensor, masks: Tensor, share: Tensor | None = None) -> Tensor:
    """1 - soft Dice, mean over structures: without it clavicles stay empty for the first epochs."""
    probability = torch.sigmoid(logits)
    both = (probability * masks).sum(dim=(-2, -1))
    total = probability.sum(dim=(-2, -1)) + masks.sum(dim=(-2, -1))
    return 1 - _mean((2 * both + 1) / (total + 1), share)


def soft_dice_each(logits: Tensor, masks: Tensor) -> Tensor:
    """Soft Dice with squared sums of each of [..., H, W], [...]: soft masks are matched, not sharpened."""
    probability = torch.sigmoid(logits)
    both = (probability * masks).sum(dim=(-2, -1))
    total = probability.pow(2).sum(dim=(-2, -1)) + masks.pow(2).sum(dim=(-2, -1))
    found: Tensor = (2 * both + 1) / (total + 1)
    return found


def uv_dense(uv: Tensor, target: Tensor, inside: Tensor, share: Tensor | None = None) -> Tensor:
    """L_phi: L1 between uv-maps inside the reference mask.

    The L1 norm over (u, v) is summed over the mask's pixels and divided by their number, per structure, then averaged:
    a clavicle counts as much as a lung. `inside` is [B, C, h, w] in [0, 1].
    """
    error = (uv - target).abs().sum(dim=2) * inside
    return _mean(error.sum(dim=(-2, -1)) / inside.sum(dim=(-2, -1)).clamp_min(1), share)


def uv_at_landmarks(
    uv: Tensor,
    landmarks: Tensor,
    landmark_uv: Tensor,
    structure_of: Tensor,
    visible: Tensor,
    share: Tensor | None = None,
) -> Tensor:
    """L_LM: L1 between the uv-map sampled bilinearly at the landmarks and their template coordinates.

    Parameters
    ----------
    uv : Tensor [B, C, 2, h, w]
    landmarks : Tensor [B, K, 2]
        Normalised image coordinates.
    landmark_uv : Tensor [K, 2]
        Template coordinates.
    structure_of : Tensor [K], int64
        Structure of each landmark.
    visible : Tensor [B, K], bool
        Landmarks that lie on the picture.
    share : Tensor [B, C] or None
        How much each structure counts.
    """
    batch, structures = uv.shape[:2]
    grid = landmarks[:, None].expand(-1, structures, -1, -1).reshape(batch * structures, 1, -1, 2)
    sampled = F.grid_sample(uv.flatten(0, 1), grid, padding_mode="border", align_corners=False)
    sampled = sampled.view(batch, structures, 2, -1)
    index = structure_of.view(1, 1, 1, -1).expand(batch, 1, 2, -1)
    own = sampled.gather(1, index).squeeze(1).transpose(1, 2)
    counts = visible.to(uv.dtype) if share is None else visible * share[:, structure_of]
    error = (own - landmark_uv).abs().sum(dim=-1) * counts
    return error.sum() / counts.sum().clamp_min(1e-6)


def uv_smoothness(uv: Tensor, inside: Tensor) -> Tensor:
    """L_TV: squared norm of the uv-map's gradient, in chart units per pixel, averaged inside the mask.

    Scaling it up with the resolution would flatten the clavicles, whose charts are steepest.
    """
    dx = (uv[..., :, 1:] - uv[..., :, :-1]).pow(2).sum(dim=2) * inside[..., :, 1:] * inside[..., :, :-1]
    dy = (uv[..., 1:, :] - uv[..., :-1, :]).pow(2).sum(dim=2) * inside[..., 1:, :] * inside[..., :-1, :]
    area = inside.sum(dim=(-2, -1)).clamp_min(1)
    return ((dx.sum(dim=(-2, -1)) + dy.sum(dim=(-2, -1))) / area).mean()
