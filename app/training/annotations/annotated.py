"""What every reader of annotations gives: images with the outlines that people drew in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.core.annotation import ImageAnnotations
from app.core.frame import Frame, Points
from app.formats.reading import pieces_of
from app.io.files import spelled
from app.io.names import natural_order, stem, suffix

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
    held_out : tuple of bool
        Which images are for validation, where the annotations say it; else empty.
    """

    images: tuple[AnnotatedImage, ...]
    numbered: bool = False
    held_out: tuple[bool, ...] = ()

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


def pieces_in(one: ImageAnnotations, file: Path) -> dict[str, tuple[Points, ...]]:
    """The outlines that were read of one image; raises ValueError with the file where a structure has no good name."""
    found: dict[str, tuple[Points, ...]] = {}
    for mask in one.masks:
        name = checked_name(mask.structure, file)
        if mask.bitmap is not None:
            found[name] = pieces_of(mask.bitmap.unpack())
        elif mask.outlines:
            found[name] = tuple(Frame(1, 1).to_native(outline, mask.axes) for outline in mask.outlines)
    return found


def images_below(folder: Path) -> dict[str, Path]:
    """Image files in a folder by their name without the image's suffix, in natural order."""
    files = sorted((p for p in folder.iterdir() if p.is_file()), key=lambda p: natural_order(p.name))
    return {stem(path.name): path for path in files if suffix(path.name)}
