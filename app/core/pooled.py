"""Corrections of many images pooled on the template: how far readers moved landmarks, and outlines place by place.

Distances are mm of the template: native pixels over the image's own scale, which is the square root of how much larger
the structure's outline is there than its mean shape. So a child's hand and an adult's, and images without a pixel size,
lie on one scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.mask_edit import Rect
from app.core.masks import Mask
from app.core.prediction import sample_chart
from app.core.region import shoelace
from app.core.template import Structure

STEP_MM = 4.0
"""Places along a rim lie about so far from each other, mm of the template,"""
FEWEST_PLACES, MOST_PLACES = 16, 200
"""at least and at most so many around a structure."""
LEAST_MM = 0.5
"""What moved by less than this was not moved there: a stroke elsewhere redraws a rim by parts of a pixel."""

FloatArray = npt.NDArray[np.float64]


class Moved(NamedTuple):
    """One image in which something was moved.

    Attributes
    ----------
    image : str
    mm : float
        How far, mm of the template; of a rim above 0 where it went outwards.
    """

    image: str
    mm: float


@lru_cache(maxsize=64)
def rim_of(structure: Structure) -> Points:
    """Chart coordinates of places along the mean shape's outline, evenly spaced on the template, [P, 2]."""
    ring = np.concatenate([structure.outline, structure.outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    count = int(np.clip(round(along[-1] / STEP_MM), FEWEST_PLACES, MOST_PLACES))
    at = np.arange(count) * along[-1] / count
    plane = np.stack([np.interp(at, along, ring[:, axis]) for axis in (0, 1)], axis=-1)
    return structure.to_chart(plane)


def pixels_per_mm(structure: Structure, outline: Points) -> float:
    """Native pixels of an image per mm of the template, from where the structure's outline [K, 2] lies there."""
    return sqrt(abs(float(shoelace(outline))) / structure.area_mm2)


def rim_moves(before: Mask, after: Mask, chart: npt.NDArray[np.floating], structure: Structure) -> FloatArray:
    """How far the rim of one structure went outwards from one mask to another, at each place of `rim_of`.

    It is the difference of both masks' signed distances at the place where the inverse chart puts the rim, so a place
    that lies a little beside the first mask's rim says the same. Below 0 the rim went inwards.

    Parameters
    ----------
    before, after : array [H, W], bool
        Native pixels; neither is empty.
    chart : array [GRID, GRID, 2]
        Inverse chart of the image.
    structure : Structure

    Returns
    -------
    array [P]
        Mm of the template; NaN outside the picture.
    """
    places = sample_chart(chart, rim_of(structure))
    height, width = before.shape
    inside = ((places >= -0.5) & (places <= (width - 0.5, height - 0.5))).all(axis=1)
    found = np.full(len(places), np.nan)
    if not inside.any():
        return found
    rect = Rect.of(before, 2).united(Rect.of(after, 2)).united(Rect.around(places[inside], 2, before.shape))
    at = (places[inside] - (rect.left, rect.top)).astype(np.float32)
    moved = [
        cv2.remap(
            signed_distance(mask[rect.window]),
            at[:, None, 0],
            at[:, None, 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[:, 0]
        for mask in (before, after)
    ]
    found[inside] = (moved[1] - moved[0]) / pixels_per_mm(structure, sample_chart(chart, structure.outline_uv))
    return found


def signed_distance(mask: Mask) -> npt.NDArray[np.float32]:
    """Distance of each pixel of a mask [H, W] to the border between pixels, above 0 inside, native pixels."""
    part = np.ascontiguousarray(mask).view(np.uint8)
    within, beyond = (cv2.distanceTransform(one, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for one in (part, 1 - part))
    return np.asarray(np.where(mask, within - 0.5, 0.5 - beyond), np.float32)


@dataclass(frozen=True, eq=False)
class Pooled:
    """Corrections of many images.

    Attributes
    ----------
    landmarks : dict of str to tuple of Moved
        The images in which each landmark was moved; those in which none was are left out.
    rims : dict of str to tuple of tuple of Moved
        By structure, for each place of `rim_of` the images in which the rim was moved there.
    images : int
        How many images were looked at.
    """

    landmarks: dict[str, tuple[Moved, ...]]
    rims: dict[str, tuple[tuple[Moved, ...], ...]]
    images: int

    @property
    def most(self) -> float:
        """The largest `typical` of any landmark and any place of a rim; 0 where nothing was moved."""
        places = [*self.landmarks.values(), *(moved for rim in self.rims.values() for moved in rim)]
        return max((typical(moved) for moved in places if moved), default=0.0)


def typical(moved: Iterable[Moved]) -> float:
    """By how much something was moved, whichever way: the median over the images in which it was, template mm."""
    return float(np.median([abs(one.mm) for one in moved]))


def pooled_rim(rows: Iterable[tuple[str, FloatArray]], structure: Structure) -> tuple[tuple[Moved, ...], ...]:
    """For each place along a rim the images in which it was moved, from `rim_moves` [P] of each image."""
    found: list[list[Moved]] = [[] for _ in range(len(rim_of(structure)))]
    for image, moves in rows:
        for place in np.flatnonzero(np.abs(moves) >= LEAST_MM).tolist():
            found[place].append(Moved(image, float(moves[place])))
    return tuple(map(tuple, found))
