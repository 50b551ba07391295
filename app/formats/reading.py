"""What all readers of files of others share: texts, polygons, names, and masks that come in pieces."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from skimage.measure import find_contours

from app.core.annotation import AnnotatedMask, ImageAnnotations, PackedMask
from app.core.frame import Axes, Frame, Points
from app.core.landmark import PlacementState
from app.core.masks import MaskState
from app.io.files import read_regular, spelled
from app.io.pixels import check_size

LARGEST_TEXT = 1 << 28
"""Bytes of a text file that is read."""
LARGEST_PLACE = 1e7
"""No coordinate of an outline is larger: no picture is."""
Bitmap = npt.NDArray[np.bool_]


class Known(NamedTuple):
    """What a project knows, for files that do not name things themselves.

    Attributes
    ----------
    structures : tuple of str
        Names of the template's structures.
    landmarks : tuple of str
        The project's own landmarks in their order, as exports without names write them.
    """

    structures: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()


NOTHING = Known()


class Reader(NamedTuple):
    """What reads one format.

    Attributes
    ----------
    title : str
        What it is, for a reader.
    fits : callable
        Whether a file is of this format, given its path and its first `HEAD` bytes; quick, and never raises.
    read : callable
        Everything in a file; raises ValueError with a sentence that names it, OSError where it can't be read.
    """

    title: str
    fits: Callable[[Path, bytes], bool]
    read: Callable[[Path, Known], list[ImageAnnotations]]


HEAD = 4096
"""So many bytes tell what a file is."""


def read_text(file: Path) -> str:
    """A text file in UTF-8; raises ValueError with a sentence where it is none."""
    try:
        return read_regular(file, LARGEST_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is no text in UTF-8. Save it again in that encoding.") from None


def read_json(file: Path) -> Any:
    """A JSON file; raises ValueError with a sentence where it is none."""
    try:
        return json.loads(read_regular(file, LARGEST_TEXT))
    except (ValueError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{file.name} is no JSON file, or damaged.") from None


def read_polygon(values: object, file: Path, name: str) -> Points:
    """A polygon [P, 2] of numbers from a file; raises ValueError with its name where it is none."""
    try:
        points = np.asarray(values, float).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{file.name}: the outline of {spelled(name)} is no list of points (x, y).") from None
    if len(points) < 3 or not np.isfinite(points).all():
        raise ValueError(
            f"{file.name}: the outline of {spelled(name)} needs three points at least, all of them numbers."
        )
    if np.abs(points).max() > LARGEST_PLACE:
        raise ValueError(f"{file.name}: the outline of {spelled(name)} reaches further than any picture.")
    return points


def read_place(values: object, file: Path, name: str) -> Points:
    """A place [2] of two numbers from a file; raises ValueError with its name where it is none."""
    try:
        point = np.asarray(values, float).reshape(2)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{file.name}: the place of {spelled(name)} is no pair of numbers.") from None
    if not np.isfinite(point).all():
        raise ValueError(f"{file.name}: the place of {spelled(name)} is no pair of numbers.")
    return point


def read_size(height: object, width: object, file: Path) -> tuple[int, int] | None:
    """The size (height, width) that a file states of an image; None where it states none.

    Raises
    ------
    ValueError
        With its name: these are no whole numbers.
    ImageError
        It is too large for a radiograph: asked before so much memory is filled.
    """
    if not height or not width:
        return None
    try:
        both = [float(str(height)), float(str(width))]
    except ValueError:
        both = [0.0]
    if not all(side >= 1 and side.is_integer() for side in both):
        raise ValueError(f"{file.name}: the size of an image is no pair of whole numbers.")
    size = int(both[0]), int(both[1])
    check_size(*size, file.name)
    return size


def wrong(error: Exception) -> str:
    """What is wrong with a file in which a part is missing (KeyError), or of another kind than it should be."""
    return f"{error} is missing" if isinstance(error, KeyError) else "a value in it is of the wrong kind"


def beside(file: Path, image: str) -> str:
    """The path of an image that a file names as seen from its own folder; matching looks at its last parts first."""
    return os.path.normpath(file.parent / image.replace("\\", "/"))


def run_mask(counts: Sequence[int], height: int, width: int, by_columns: bool = False) -> Bitmap | None:
    """A mask [height, width] from run lengths, the first of which is outside; None where they do not fill it."""
    try:
        runs = np.asarray(counts, np.int64)
    except (TypeError, ValueError, OverflowError):
        return None
    whole = height * width
    if runs.ndim != 1 or (runs < 0).any() or (runs > whole).any() or runs.sum() != whole:
        return None
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(width, height).T if by_columns else flat.reshape(height, width)


def pieces_of(mask: Bitmap) -> tuple[Points, ...]:
    """Outlines of a mask [H, W] midway between its pixels and their neighbours; holes are left out."""
    found = []
    for ring in find_contours(np.pad(mask, 1).astype(float), 0.5, fully_connected="high"):
        points = ring[:-1, ::-1] - 1
        x, y = points.T
        if len(points) >= 3 and np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) > 0:  # a hole runs the other way
            found.append(points)
    return tuple(found)


@dataclass
class MaskParts:
    """The masks of one image, of which a file holds pieces: outlines from the corner of the first pixel, bitmaps.

    Attributes
    ----------
    outlines : dict of str to list of array [P, 2]
    bitmaps : dict of str to array [H, W]
    states : dict of str to MaskState
        Where the file says it.
    """

    outlines: dict[str, list[Points]] = field(default_factory=dict)
    bitmaps: dict[str, Bitmap] = field(default_factory=dict)
    states: dict[str, MaskState] = field(default_factory=dict)

    def add_outline(self, structure: str, outline: Points) -> None:
        """Add a piece."""
        self.outlines.setdefault(structure, []).append(outline)

    def add_bitmap(self, structure: str, bitmap: Bitmap) -> None:
        """Add a piece; raises ValueError with a sentence where it has another size than those before it."""
        before = self.bitmaps.get(structure)
        if before is not None and before.shape != bitmap.shape:
            sizes = " and ".join(f"{width} x {height}" for height, width in (before.shape, bitmap.shape))
            raise ValueError(f"The pieces of {spelled(structure)} in one image have several sizes: {sizes} pixels.")
        self.bitmaps[structure] = bitmap if before is None else before | bitmap

    def rows(self) -> list[AnnotatedMask]:
        """One mask for each structure, in the order of the file."""
        found = []
        for name in dict.fromkeys((*self.outlines, *self.bitmaps)):
            outlines, bitmap, state = self.outlines.get(name, []), self.bitmaps.get(name), self.states.get(name)
            if bitmap is None:
                found.append(AnnotatedMask(name, None, outlines, Axes.CORNER, state))
                continue
            if outlines:
                drawn = AnnotatedMask(name, None, outlines, Axes.CORNER).native(Frame(*bitmap.shape))
                bitmap = bitmap if drawn is None else bitmap | drawn
            found.append(AnnotatedMask(name, PackedMask.of(bitmap) if bitmap.any() else None, state=state))
        return found


def mask_state(word: object) -> MaskState | None:
    """Who drew a mask, by the word that our own files have for it; None for any other."""
    return next((state for state in MaskState if state == word), None)


def point_state(word: object) -> PlacementState | None:
    """Who placed a landmark, by the word that our own files have for it; None for any other."""
    return next((state for state in PlacementState if state == word), None)
