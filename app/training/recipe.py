"""The choices of one training run, for every system."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.training.augment import Strength


@dataclass(frozen=True)
class Recipe:
    """All choices of one training run.

    Parameters
    ----------
    minutes : float
        Length of the whole schedule in minutes of computing, over all legs: processor time over threads, so that a
        busy or paused machine takes nothing from it.
    uv_mm_power : float
        How far uv errors are weighed by the mm of the template that a chart unit spans (0: not at all, as in the
        paper; 1: the loss is in mm): a lung's v spans six times as many as a clavicle's.
    mask_bce : float
        Weight of the masks' cross entropy, a mean over mostly empty pixels: with 1 it was a fiftieth of the loss.
    small_share, small_size : float, int
        Part of the schedule that runs at a smaller picture: the global arrangement is learned there, cheaply.
    """

    minutes: float = 60.0
    batch: int = 8
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warm_up: float = 0.05
    average: float = 0.995
    small_share: float = 0.4
    small_size: int = 160
    size: int = 256
    mask_bce: float = 3.0
    uv_dense: float = 2.0
    uv_landmarks: float = 2.0
    uv_smooth: float = 0.2
    uv_mm_power: float = 0.5
    seed: int = 0
    validate_every: int = 5
    strength: Strength = field(default_factory=Strength)
