"""Which contour points lie off the outlines that count: editing a mask moves no landmark (design 5.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import numpy.typing as npt

from app.core import mask_edit
from app.core.landmark import PlacementState
from app.core.masks import ImageMasks, Mask, MaskState
from app.project.entries import Placement

ON_OUTLINE = 0.004
"""A point this close lies on an outline, as a share of the image's diagonal: 2 mm on a chest radiograph. Of the model's
own contour points 97 % lie so close to the outline of its own mask (JSRT, the 21 validation images)."""


def off_outline(
    masks: ImageMasks, placements: Iterable[Placement], contour: Collection[tuple[str, str, tuple[float, float]]]
) -> frozenset[int]:
    """Numbers of the landmarks that do not lie on the outline of their structure, because a reader spoke.

    A point that a reader corrected, or set absent, counts as off the predicted outline. Otherwise the distance decides:
    of points that a reader moved and then confirmed, and of all points where a reader corrected the mask. Where there
    is no outline nothing is off it.

    Parameters
    ----------
    masks : ImageMasks
        Of one image.
    placements : iterable of Placement
        In that image.
    contour : collection of (name, structure, uv)
        The points of the model's contours; one that a reader moved on the template is none any more.
    """
    found: set[int] = set()
    limit = ON_OUTLINE * masks.frame.diagonal if masks.frame is not None else np.inf
    far: dict[str, list[Placement]] = {}
    for placement in placements:
        mark, state = placement.landmark, placement.state
        there = masks.state(mark.structure) not in (None, MaskState.ABSENT)
        if state is None or not there or (mark.name, mark.structure, mark.uv) not in contour:
            continue
        predicted = not masks.corrected(mark.structure)
        if state is PlacementState.ABSENT:
            found.update([placement.number] if placement.at else [])
        elif predicted and state is PlacementState.CORRECTED:
            found.add(placement.number)
        elif not predicted or placement.moved > limit:
            far.setdefault(mark.structure, []).append(placement)
    for structure, placed in far.items():
        mask = masks.native(structure)
        assert mask is not None
        away = distances(mask, np.array([placement.xy for placement in placed], float))
        found.update(placement.number for placement, d in zip(placed, away.tolist(), strict=True) if d > limit)
    return frozenset(found)


def distances(mask: Mask, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far points [K, 2] are from the outermost pixels of a mask [H, W], native pixels [K]; infinity for none."""
    border = np.concatenate([*mask_edit.outlines(mask), np.zeros((0, 2))])
    if not len(border):
        return np.full(len(points), np.inf)
    return np.array([np.sqrt(((border - point) ** 2).sum(axis=1).min()) for point in points])
