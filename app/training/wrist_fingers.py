"""What a wrist radiograph shows beside the seventeen bones: phalanges and the growth centres of the metacarpals.

Drawn and never labelled. Frame: mm of `app.training.wrist_contours`.
"""

from __future__ import annotations

import numpy as np

from app.core.frame import Points
from app.training.wrist_contours import METACARPALS, WristContours
from app.training.wrist_shapes import smooth_curve


def fingers_of(varied: WristContours, age: float, rng: np.random.Generator) -> dict[str, tuple[Points, ...]]:
    """Unlabelled bones (name → polygons [K, 2], mm) that go with the metacarpals of a varied hand."""
    found: dict[str, tuple[Points, ...]] = {}
    for k, name in enumerate(METACARPALS):
        pieces = varied.bones.get(name, ())
        if len(pieces) != 1:
            continue
        along, base, head, wide = _ends(pieces[0])
        length = float(np.linalg.norm(head - base))
        young = 1.5 < age < 15.5
        gap = rng.uniform(0.7, 1.4) if age < 13 else rng.uniform(0.2, 0.7)
        if k == 0 and young and age < 14.5:
            grown = float(np.clip((age - 1.5) / 5, 0.3, 1))
            found["growth_1"] = (_oval(base - along * (gap + 0.12 * wide), along, 0.5 * grown * wide, 0.14 * wide),)
        tip = head
        if k > 0 and young:
            grown = float(np.clip((age - 1) / 5, 0.3, 1))
            high = 0.27 * grown * wide
            found[f"growth_{k + 1}"] = (_oval(head + along * (gap + high), along, 0.42 * grown * wide, high),)
            tip = head + along * (gap + 2 * high)
        for joint, share in enumerate((0.66, 0.42)):
            start = tip + along * rng.uniform(1.0, 2.5) * (1.6 if young else 0.8)
            phalanx = share * length * rng.uniform(0.95, 1.05)
            wide = wide * (0.9 if joint == 0 else 0.78)
            if young:
                slab = start + along * 0.1 * wide
                found[f"growth_{k + 1}_{joint}"] = (_oval(slab, along, 0.45 * wide, 0.11 * wide),)
                start = slab + along * (0.12 * wide + gap)
            found[f"phalanx_{k + 1}_{joint}"] = (_shaft(start, along, phalanx, wide),)
            tip = start + along * phalanx
    return found


def _ends(bone: Points) -> tuple[Points, Points, Points, float]:
    """Direction away from the wrist [2], base and head [2], and the width of the head in mm."""
    centre = bone.mean(0)
    along = np.linalg.svd(bone - centre, full_matrices=False)[2][0]
    along = along if along[1] < 0 else -along
    place = (bone - centre) @ along
    across = (bone - centre) @ np.array([-along[1], along[0]])
    top = place > place.max() - 0.25 * np.ptp(place)
    middle = (across[top].max() + across[top].min()) / 2 * np.array([-along[1], along[0]])
    return along, centre + along * place.min(), centre + along * place.max() + middle, float(np.ptp(across[top]))


def _oval(centre: Points, along: Points, wide: float, high: float) -> Points:
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    across = np.array([-along[1], along[0]])
    x, y = np.cos(turn), np.sin(turn)
    box = np.sign(x) * np.abs(x) ** 0.75 * wide, np.sign(y) * np.abs(y) ** 0.75 * high
    return np.asarray(centre + box[0][:, None] * across + box[1][:, None] * along)


def _shaft(start: Points, along: Points, length: float, wide: float) -> Points:
    """A waisted bone: broad base, narrow shaft, rounded head."""
    place = np.array([0.0, 0.0, 0.12, 0.4, 0.7, 0.9, 1.0, 1.0])
    half = np.array([0.3, 0.5, 0.47, 0.31, 0.30, 0.38, 0.3, 0.0])
    across = np.array([-along[1], along[0]])
    right = start + place[:, None] * length * along + half[:, None] * wide * across
    left = start + place[:, None] * length * along - half[:, None] * wide * across
    return smooth_curve(np.concatenate([right, left[::-1]]))
