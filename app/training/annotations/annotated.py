"""What every reader of annotations gives: images with the outlines that people drew in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.measure import find_contours

from app.core.frame import Points
from app.io.files import read_regular, spelled
from app.io.names import natural_order, stem, suffix

_LARGEST_TEXT = 1 << 28
_NAME = re.compile(r"\w(?:[\w .+()-]{0,62}[\w+()-])?")


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """One image and what was drawn in it.

    Attributes
    ----------
    path : Path
        Of the image.
    pieces : dict
        Structure name → closed polygons [P, 2], native pixels (x, y), (0, 0) the middle of the first pixel. A structure
        may have several pieces, and overlap others; one that is missing here is not in the image.
    mm_per_pixel : float or None
        Where the annotation says it.
    """

    path: Path
    pieces: dict[str, tuple[Points, ...]]
    mm_per_pixel: float | None = None


@dataclass(frozen=True, eq=False)
class Annotations:
    """All images of a folder.

    Attributes
    ----------
    images : tuple of AnnotatedImage
        In natural order of their names.
    numbered : bool
        Whether point k of a structure means the same in all images already (landmarks): then each structure has one
        piece, with the same number of points everywhere.
    """

    images: tuple[AnnotatedImage, ...]
    numbered: bool = False

    @property
    def structures(self) -> tuple[str, ...]:
        """Names in the order in which they first appear."""
        return tuple(dict.fromkeys(name for image in self.images for name in image.pieces))


def checked_name(text: object, file: Path) -> str:
    """A structure's name as it stands in files; raises ValueError with the file where it can't be one."""
    name = str(text).strip()
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{file.name} calls a structure “{spelled(name)}”. It may hold letters, digits, spaces and _ . + - ( )."
        )
    return name


def polygon(values: object, file: Path, name: str) -> Points:
    """A polygon [P, 2] of numbers from a file; raises ValueError with its name where it is none."""
    try:
        points = np.asarray(values, float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise ValueError(f"{file.name}: the outline of {name} is no list of points (x, y).") from None
    if len(points) < 3 or not np.isfinite(points).all():
        raise ValueError(f"{file.name}: the outline of {name} needs three points at least, all of them numbers.")
    return points


def read_json(file: Path) -> Any:
    """A JSON file; raises ValueError with a sentence where it is none."""
    try:
        return json.loads(read_regular(file, _LARGEST_TEXT))
    except (ValueError, UnicodeDecodeError):
        raise ValueError(f"{file.name} is no JSON file, or damaged.") from None


def images_below(folder: Path) -> dict[str, Path]:
    """Image files in a folder by their name without the image's suffix, in natural order."""
    files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: natural_order(p.name))
    return {stem(path.name): path for path in files if suffix(path.name)}


def pieces_of(mask: npt.NDArray[np.bool_]) -> tuple[Points, ...]:
    """Outlines of a mask [H, W] midway between its pixels and their neighbours; holes are left out."""
    found = []
    for ring in find_contours(np.pad(mask, 1).astype(float), 0.5, fully_connected="high"):
        points = ring[:-1, ::-1] - 1
        x, y = points.T
        if len(points) >= 3 and np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) > 0:  # a hole runs the other way
            found.append(points)
    return tuple(found)
