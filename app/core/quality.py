"""What makes a place in an image worth a look: reasons by code, and how much is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.mask_shape import gap_to_border
from app.core.outliers import OUTLIER

ERROR_MM = 10.0
"""An error that counts as 1, as an outlier of robust z 3.5 does."""
ERROR_SHARE = 0.02
"""The same as a share of the image's diagonal, where the size of a pixel is unknown: a chest film's is .5 m."""
LEAST_SCORE = 0.5
"""Nobody asks for less."""
CERTAIN_SCORE = 9.0
"""What is not weighed but seen: an image that does not look right, a mask in pieces."""
_AROUND = 8
"""Native pixels around a mask and its contour points that are looked at with them."""


class Reason(StrEnum):
    """Why somebody should look."""

    SUSPECT = "suspect"
    UNCERTAIN = "uncertain"
    UNUSUAL = "unusual"
    APART = "apart"
    PIECES = "pieces"
    OUTLIER = "outlier"
    NEW = "new"


class Measure(StrEnum):
    """What a severity is told in."""

    MM = "mm"
    PX = "px"
    Z = "z"
    COUNT = "count"


class Key(NamedTuple):
    """What tells a finding from others."""

    reason: Reason
    image: str
    structure: str
    measurement: int


@dataclass(frozen=True)
class Finding:
    """One place worth a look.

    Attributes
    ----------
    reason : Reason
    image : str
    structure : str
        Its name; empty where the image as a whole is meant.
    landmark, measurement : int
        The number of the one that is meant, else 0.
    severity : float
        What is wrong, by how much, in `measure`.
    measure : Measure
    score : float
        Severities made comparable: 1 for `ERROR_MM` and for a robust z of `OUTLIER`.
    xy : tuple of float
        Where, native pixels; NaN where the whole image is meant.
    reach : float
        Native pixels around it that belong to it.
    """

    reason: Reason
    image: str
    structure: str
    landmark: int
    measurement: int
    severity: float
    measure: Measure
    score: float
    xy: tuple[float, float]
    reach: float

    @property
    def key(self) -> Key:
        """What tells it from others, however much is wrong by now."""
        return Key(self.reason, self.image, self.structure, self.measurement)


def score_of_error(
    pixels: npt.ArrayLike, mm_per_pixel: npt.ArrayLike, diagonal: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """The score of errors in native pixels; by the diagonal (native pixels) where mm per pixel are NaN."""
    pixels, mm, whole = (np.asarray(each, float) for each in (pixels, mm_per_pixel, diagonal))
    return np.asarray(np.where(np.isnan(mm), pixels / (ERROR_SHARE * whole), pixels * mm / ERROR_MM))


def score_of_z(z: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The score of robust z, of either sign."""
    return np.asarray(np.abs(np.asarray(z, float)) / OUTLIER)


def border_gap(mask: npt.NDArray[np.bool_], contour: Points) -> npt.NDArray[np.float64]:
    """Distance [K] from contour points [K, 2] to the border of a mask [H, W], native pixels; 0 beyond the picture."""
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if not w:
        return np.zeros(len(contour))
    known = np.nan_to_num(contour)
    low = np.minimum((x, y), np.floor(known.min(axis=0))) - _AROUND
    high = np.maximum((x + w, y + h), np.ceil(known.max(axis=0))) + _AROUND
    x0, y0 = np.clip(low, 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(high, 0, (width, height)).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return np.zeros(len(contour))
    return np.nan_to_num(gap_to_border(np.ascontiguousarray(mask[y0:y1, x0:x1]), known - (x0, y0)))


class Pieces(NamedTuple):
    """Of how many pieces a mask is, and of all but the largest one the largest: its middle, native pixels, and area."""

    number: int
    xy: tuple[float, float]
    pixels: int


def pieces(mask: npt.NDArray[np.bool_]) -> Pieces:
    """Count the pieces of a mask [H, W]; pixels that touch at a corner are one piece."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    part = np.ascontiguousarray(mask[y : y + h, x : x + w]).view(np.uint8)
    if not part.size:
        return Pieces(0, (np.nan, np.nan), 0)
    count, _, stats, centres = cv2.connectedComponentsWithStats(part, connectivity=8)
    if count <= 2:
        return Pieces(count - 1, (np.nan, np.nan), 0)
    areas = stats[1:, cv2.CC_STAT_AREA]
    second = int(np.argsort(areas)[-2])
    cx, cy = centres[1 + second]
    return Pieces(count - 1, (float(cx + x), float(cy + y)), int(areas[second]))
