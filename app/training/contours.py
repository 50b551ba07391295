"""Reference contours of the chest data, and the template made from them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skimage.draw import polygon2mask

from app.core.frame import Frame, Points
from app.core.shape_prior import Similarity
from app.core.template import STRUCTURE_COLOURS, Structure, Template

CHEST_STRUCTURES = (
    ("right_lung", "Right lung", 44),
    ("left_lung", "Left lung", 50),
    ("heart", "Heart", 26),
    ("right_clavicle", "Right clavicle", 23),
    ("left_clavicle", "Left clavicle", 23),
)
"""Name, title and number of contour points, in the order of the HybridGNet landmarks."""
CHEST_MM_PER_PIXEL = 0.35
"""JSRT: 2048 px film digitised at 0.175 mm, halved."""


@dataclass(frozen=True, eq=False)
class Contours:
    """Reference contours of N images.

    Attributes
    ----------
    images : list of Path
    points : array [N, K, 2], float64
        Contour points of all structures one after the other, native pixels (x, y).
    sizes : tuple of int
        Number of points per structure.
    seen : array [N, K], bool, or None
        Which points somebody drew; the others were filled in, or their structure is missing. None: all of them.
    pieces : list of N tuples of C tuples of polygons, or None
        What was drawn of each structure, where the masks are not the polygons of the points: it may be missing, or in
        several pieces.
    mm : array [N] or None
        Mm of the template's plane per pixel of each image. None: as in the chest data, whatever size a copy has.
    """

    images: list[Path]
    points: Points
    sizes: tuple[int, ...]
    seen: npt.NDArray[np.bool_] | None = None
    pieces: list[tuple[tuple[Points, ...], ...]] | None = None
    mm: npt.NDArray[np.float64] | None = None

    @property
    def slices(self) -> list[slice]:
        """Where each structure's points stand."""
        ends = np.cumsum(self.sizes).tolist()
        return [slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    def take(self, index: list[int]) -> Contours:
        """Some of the images."""
        seen = None if self.seen is None else self.seen[index]
        pieces = None if self.pieces is None else [self.pieces[i] for i in index]
        mm = None if self.mm is None else self.mm[index]
        return Contours([self.images[i] for i in index], self.points[index], self.sizes, seen, pieces, mm)

    def mm_per_pixel(self, number: int, height: int) -> float:
        """Mm of the template's plane per pixel of an image that is so high."""
        return CHEST_MM_PER_PIXEL * 1024 / height if self.mm is None else float(self.mm[number])

    def masks(self, number: int, frame: Frame) -> npt.NDArray[np.bool_]:
        """Reference masks [C, height, width] of an image on a frame's network grid."""
        size = frame.network_height, frame.network_width
        if self.pieces is None:
            return draw_masks(frame.to_network(self.points[number]), self.slices, *size)
        masks = np.zeros((len(self.sizes), *size), bool)
        for mask, drawn in zip(masks, self.pieces[number], strict=True):
            for piece in drawn:
                mask |= polygon2mask(size, frame.to_network(piece)[:, ::-1])
        return masks


def read_chest(folder: Path, part: str) -> Contours:
    """Read `part` (``train`` or ``val``) of the chest data; raises FileNotFoundError where it is missing."""
    with (folder / f"{part}_landmarks.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    images = [folder / part / (row[0] if row[0].endswith(".png") else f"{row[0]}.png") for row in rows]
    points = np.array([[float(value) for value in row[1:]] for row in rows]).reshape(len(rows), -1, 2)
    return Contours(images, points, tuple(size for _, _, size in CHEST_STRUCTURES))


def mean_shape(points: Points, rounds: int = 5) -> Points:
    """Generalised Procrustes mean [K, 2] of [N, K, 2], at the mean size, upright, centred on 0."""
    size = np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))).mean()
    mean = points.mean(axis=0)
    upright = mean
    for _ in range(rounds):
        average = np.mean([Similarity.between(p, mean)(p) for p in points], axis=0)
        mean = Similarity.between(average, upright)(average)
    mean = mean - mean.mean(axis=0)
    return np.asarray(mean * (size / np.sqrt((mean**2).sum())))


def chest_template(contours: Contours) -> Template:
    """The chest template: the mean of the training contours, in mm."""
    mean = mean_shape(contours.points * CHEST_MM_PER_PIXEL)
    return Template(
        "chest",
        tuple(
            Structure(name, title, colour, mean[part])
            for (name, title, _), colour, part in zip(
                CHEST_STRUCTURES, STRUCTURE_COLOURS, contours.slices, strict=False
            )
        ),
    )


def draw_masks(points: Points, slices: list[slice], height: int, width: int) -> np.ndarray:
    """Reference masks [C, height, width], bool, of contour points [K, 2] (x, y) on that grid."""
    return np.stack([polygon2mask((height, width), points[part, ::-1]) for part in slices])
