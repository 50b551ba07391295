"""Rendered radiographs for training: random shapes of the shape prior, drawn by `app.training.render`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.frame import Points
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.training.contours import Contours
from app.training.render import render_chest
from app.training.samples import place_in_picture


def named_outlines(template: Template, shape: Points) -> dict[str, Points]:
    """Contour points [K, 2] of all structures as one outline per structure's name."""
    ends = np.cumsum([len(s.outline) for s in template.structures])[:-1]
    return dict(zip((s.name for s in template.structures), np.split(shape, ends), strict=True))


def render_examples(
    template: Template, prior: ShapePrior, count: int, size: int = 512, seed: int = 0
) -> tuple[list[np.ndarray], Contours]:
    """Render `count` square 8-bit pictures of random shapes; returns them with their contours in their pixels."""
    rng = np.random.default_rng(seed)
    pictures, points = [], []
    for _ in range(count):
        outlines, _mm_per_pixel = place_in_picture(named_outlines(template, prior.sample(rng)), (size, size))
        pictures.append((render_chest(outlines, (size, size), rng) * 255).astype(np.uint8))
        points.append(np.concatenate([outlines[s.name] for s in template.structures]))
    names = [Path(f"rendered_{i}") for i in range(count)]
    return pictures, Contours(names, np.stack(points), tuple(len(s.outline) for s in template.structures))
