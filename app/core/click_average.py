"""One template point from several clicks that mean the same place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.metrics import robust_centre
from app.core.template import Structure


class ClickAverage(NamedTuple):
    """What several clicks agree on.

    Attributes
    ----------
    uv : tuple of float
        The geometric median of the clicks, so that one that is off hardly matters.
    spread_mm : float
        Root of the mean squared distance of the clicks to it, in mm of the template; 0 for a single click.
    """

    uv: tuple[float, float]
    spread_mm: float


def click_average(structure: Structure, uv: npt.ArrayLike) -> ClickAverage:
    """Average chart points [N, 2] in mm of the template, where a step in u is as long as the same step in v."""
    plane = structure.from_chart(np.asarray(uv, float).reshape(-1, 2))
    centre = robust_centre(plane)
    u, v = structure.to_chart(centre).tolist()
    return ClickAverage((u, v), float(np.sqrt(((plane - centre) ** 2).sum(-1).mean())))
