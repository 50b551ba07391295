"""The template as a drawing: every contour point with the spread that the training shapes have there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.shape_prior import Similarity
from app.core.template import Template

_SCALE, _MARGIN = 4.0, 12.0
"""Pixels of the drawing per mm, and mm around the template."""


def point_spread(mean: Points, shapes: Points) -> npt.NDArray[np.float64]:
    """Standard deviation [K] of each point of shapes [N, K, 2] from their mean, once all are laid on `mean`."""
    laid = np.stack([Similarity.between(shape, mean)(shape) for shape in shapes])
    return np.asarray(np.sqrt(((laid - laid.mean(axis=0)) ** 2).sum(axis=-1).mean(axis=0)))


def draw_template(template: Template, shapes: Points) -> str:
    """An SVG picture of the template; `shapes` [N, K, 2] are the training images' whole shapes.

    Each point is a disc whose radius is its spread once its structure alone is laid on the mean, the first of a
    structure is ringed: a start point that lies elsewhere than one expects, or discs that suddenly grow, tell where the
    correspondence is in doubt.
    """
    mean = np.concatenate([structure.outline for structure in template.structures])
    low, high = mean.min(axis=0) - _MARGIN, mean.max(axis=0) + _MARGIN
    width, height = (_SCALE * (high - low)).tolist()
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}">']
    lines.append('<rect width="100%" height="100%" fill="#15171a"/>')
    start = 0
    for structure in template.structures:
        points = _SCALE * (structure.outline - low)
        spread = point_spread(structure.outline, shapes[:, start : start + len(points)])  # not where the bone lies
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polygon points="{corners}" fill="none" stroke="{structure.colour}" stroke-width="1.5"/>')
        for number, (x, y) in enumerate(points):
            radius = _SCALE * float(spread[number])
            ring = ' stroke="#d9dde2"' if number == 0 else ""
            fill = f'fill="{structure.colour}" fill-opacity="0.35"{ring}'
            lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" {fill}/>')
        start += len(points)
    return "\n".join([*lines, "</svg>"]) + "\n"
