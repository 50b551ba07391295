"""Drawing a mask again on a fine crop: where the crop lies, and how pictures get there and masks come back.

The crop is laid around the structure's contour points as the inverse chart finds them, turned and scaled so that the
mean shape lies in it as on the template. Structures that mirror each other look alike in their crops. What is drawn
there comes back as the share of each network pixel that is covered, so a border keeps its place between pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.mask_shape import signed_distance
from app.core.shape_prior import Similarity
from app.core.template import Structure

Float32 = npt.NDArray[np.float32]
Affine = npt.NDArray[np.float64]
"""Matrix [2, 3] that takes (x, y, 1) of one grid of pixels to another, centres at whole numbers."""

FINENESS = 2
"""Pixels of the fine picture per network pixel."""
GUESS_MM = 5.6
"""The guess of a crop reaches 1 so far inside the outline, and -1 so far outside."""

Redraw = Callable[[int, Points], Float32 | None]
"""Structure's number and outline [K, 2] in network pixels to the probability [H, W] on the network's grid, or None."""
DrawCrop = Callable[[Float32], Float32]
"""Crops [1, 2, h, w] (picture, guess) to the structure's probability [h, w]."""


@dataclass(frozen=True)
class FineStage:
    """Which structures are drawn again, and how their crops are laid.

    Attributes
    ----------
    structures : tuple of str
    mirrored : tuple of str
        Those of them whose crop is mirrored.
    height, width : int
        Size of a crop in pixels.
    mm : float
        Side of a crop's pixel in mm of the template plane.
    shifts : tuple of (dx, dy)
        Crop pixels by which the crop is moved for each look; their results are averaged.
    """

    structures: tuple[str, ...]
    mirrored: tuple[str, ...] = ()
    height: int = 96
    width: int = 160
    mm: float = 0.7
    shifts: tuple[tuple[int, int], ...] = ((0, 0),)

    def crop(self, structure: Structure, outline: Points, shift: tuple[int, int] = (0, 0)) -> Crop:
        """The crop around a structure's outline [K, 2] (x, y), in the outline's pixels."""
        flip = np.diag([-1.0 if structure.name in self.mirrored else 1.0, 1.0]) * self.mm
        middle = np.array([self.width - 1, self.height - 1]) / 2
        pose = Similarity.between(structure.outline, outline)
        linear = pose.scale * pose.rotation.T @ flip
        return Crop(np.c_[linear, pose(structure.box.mean(axis=0)) - linear @ (middle + shift)], self)


@dataclass(frozen=True, eq=False)
class Crop:
    """Where one crop lies.

    Attributes
    ----------
    to_network : array [2, 3]
        From crop pixels to network pixels.
    stage : FineStage
    """

    to_network: Affine
    stage: FineStage

    def picture(self, fine: npt.NDArray[np.uint8]) -> Float32:
        """What a picture [FINENESS * H, FINENESS * W] shows in the crop, [h, w]; 0 beyond it."""
        offset = (FINENESS - 1) / 2
        matrix = FINENESS * self.to_network + [[0, 0, offset], [0, 0, offset]]
        size = (self.stage.width, self.stage.height)
        return np.asarray(cv2.warpAffine(fine, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32)

    def guess(self, outline: Points) -> Float32:
        """How far each pixel lies inside the outline [K, 2] (network pixels), from -1 to 1, [h, w]."""
        linear, origin = self.to_network[:, :2], self.to_network[:, 2]
        own = (outline - origin) @ np.linalg.inv(linear).T
        inside = signed_distance(own, (self.stage.height, self.stage.width))
        return np.asarray(np.clip(inside * np.float32(self.stage.mm / GUESS_MM), -1, 1))

    def put_back(self, probability: Float32, shape: tuple[int, int]) -> Float32:
        """A crop's probability [h, w] on the network's grid [H, W], averaged over each pixel; 0 beyond the crop."""
        result = np.zeros(shape, np.float32)
        corners = np.array([(x, y) for x in (-1, self.stage.width) for y in (-1, self.stage.height)])
        reached = corners @ self.to_network[:, :2].T + self.to_network[:, 2]
        limits = (shape[1], shape[0])
        left, top = np.clip(np.floor(reached.min(axis=0)), 0, limits).astype(int)
        right, bottom = np.clip(np.ceil(reached.max(axis=0)) + 1, 0, limits).astype(int)
        if left >= right or top >= bottom:
            return result
        to_crop = cv2.invertAffineTransform(self.to_network)
        first = np.array([left, top]) + (1 / FINENESS - 1) / 2
        matrix = np.c_[to_crop[:, :2] / FINENESS, to_crop[:, 2] + to_crop[:, :2] @ first]
        size = (FINENESS * int(right - left), FINENESS * int(bottom - top))
        fine = cv2.warpAffine(probability, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        window = cv2.resize(fine, (int(right - left), int(bottom - top)), interpolation=cv2.INTER_AREA)
        result[top:bottom, left:right] = window
        return result


def standardised(crop: Float32) -> Float32:
    """Grey values with mean 0 and standard deviation 1; all 0 where there is one grey value."""
    return np.asarray((crop - crop.mean()) / max(float(crop.std()), 1e-3), np.float32)
