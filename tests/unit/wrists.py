"""AP radiographs of left wrists, drawn from the template of the wrist bundle: no file of anybody is needed for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.io.bundle import read_bundle
from app.training.wrist_contours import WristContours
from app.training.wrist_render import render_wrist
from app.training.wrist_shapes import TRACED


def drawn_wrist(seed: int) -> npt.NDArray[np.uint8]:
    """Grey values [H, W] of the mean wrist, seen another way with each seed."""
    template = read_bundle("wrist").template
    corner = np.min([structure.outline.min(axis=0) for structure in template.structures], axis=0) - 5
    bones = {structure.name: (structure.outline - corner,) for structure in template.structures}
    size = np.max([outline.max(axis=0) for (outline,) in bones.values()], axis=0) + 5
    wrist = WristContours("mean", 11.0, (float(size[0]), float(size[1])), bones)
    values = render_wrist(wrist, [wrist], np.random.default_rng(seed), TRACED).values
    return (values * 255 + 0.5).astype(np.uint8)
