"""Small templates and contours for tests; no shared data."""

import numpy as np

from app.core.template import STRUCTURE_COLOURS, Structure, Template


def bean(points: int = 40, x: float = 0.0, y: float = 0.0, size: float = 60.0) -> np.ndarray:
    """A lung-like closed polygon [points, 2] in mm, with a shallow notch."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius = size * (1 + 0.18 * np.cos(2 * angle + 0.3))
    return np.c_[x + 0.6 * radius * np.cos(angle), y + 1.2 * radius * np.sin(angle)]


def two_structures() -> Template:
    """A template of two overlapping structures."""
    return Template(
        "test",
        (
            Structure("lung", "Lung", STRUCTURE_COLOURS[0], bean()),
            Structure("heart", "Heart", STRUCTURE_COLOURS[1], bean(26, 40, 30, 30)),
        ),
    )
