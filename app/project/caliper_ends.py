"""Where readers say that a shape begins and ends along an axis of the file: laid over what its mask says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.measure import Shapes

Said: TypeAlias = Mapping[int, Mapping[int, Points]]
"""By the axis (0 for x) and the place of an image: both ends [2, 2], native pixels."""


def between(shapes: Shapes, said: Said) -> tuple[Shapes, npt.NDArray[np.bool_]]:
    """Shapes of N images between the ends that readers set, and along which axes they did [N, 2].

    A structure that is absent stays so. The ends lie on borders of pixels, a box counts its outermost pixels.
    """
    by_hand = np.zeros((len(shapes.box), 2), bool)
    if not said:
        return shapes, by_hand
    box = shapes.box.copy()
    for axis, by_place in said.items():
        places = [place for place in by_place if not np.isnan(box[place, axis])]
        if places:
            along = np.array([by_place[place][:, axis] for place in places])
            box[places, axis], box[places, axis + 2] = along[:, 0] + 0.5, along[:, 1] - 0.5
            by_hand[places, axis] = True
    return shapes._replace(box=box), by_hand
