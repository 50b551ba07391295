"""Test-time augmentation: the network's output averaged over small shifts of the picture, and how far they disagree.

Two forward passes, shifted against each other by a few pixels, sharpen the masks (clavicles .918 → .920 Dice) and tell
where the network is unsure, for the time of one more pass; regularised landmarks gain nothing (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Shift = tuple[int, int]
"""(dx, dy) in network pixels, even: the uv-map has half the resolution."""
Infer = Callable[[Float32], tuple[Float32, Float32]]
"""Input [1, 1, H, W] to mask probabilities [C, H, W] and uv [C, 2, H / 2, W / 2]."""


class AveragedOutput(NamedTuple):
    """The average over all shifts.

    Attributes
    ----------
    masks : array [C, H, W], float32
    uv : array [C, 2, H / 2, W / 2], float32
    disagreement : array [C, 2, H / 2, W / 2], float32
        Mean absolute deviation of the single outputs' uv from their average, in chart units.
    """

    masks: Float32
    uv: Float32
    disagreement: Float32


def shifted(maps: Float32, dx: int, dy: int) -> Float32:
    """Maps [..., h, w] moved by whole pixels to the right and down; the edge is repeated."""
    height, width = maps.shape[-2:]
    rows = np.clip(np.arange(height) - dy, 0, height - 1)
    columns = np.clip(np.arange(width) - dx, 0, width - 1)
    return np.ascontiguousarray(maps[..., rows[:, None], columns])


def look(infer: Infer, image: Float32, shifts: Sequence[Shift]) -> AveragedOutput:
    """Run the network once per shift, move its outputs back and average them.

    Parameters
    ----------
    infer : callable
    image : array [1, 1, H, W], float32
    shifts : sequence of (dx, dy)
        Empty means one look at the picture as it is.

    Raises
    ------
    ValueError
        If a shift is odd.
    """
    masks, fields = [], []
    for dx, dy in shifts or [(0, 0)]:
        if dx % 2 or dy % 2:
            raise ValueError(f"Shifts must be even, for the uv-map has half the resolution; ({dx}, {dy}) is not.")
        mask, uv = infer(shifted(image, dx, dy))
        masks.append(shifted(mask, -dx, -dy))
        fields.append(shifted(uv, -dx // 2, -dy // 2))
    mean = _mean(fields)
    return AveragedOutput(_mean(masks), mean, _mean([np.abs(uv - mean) for uv in fields]))


def _mean(maps: Sequence[Float32]) -> Float32:
    total = maps[0].copy()
    for other in maps[1:]:
        total += other
    return np.asarray(total / np.float32(len(maps)), np.float32)
