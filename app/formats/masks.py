"""Masks as pictures: one 0/255 PNG per structure in the image's own size, all zero where the structure is absent."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core.annotation import AnnotatedMask, ImageAnnotations, ImageReference, PackedMask
from app.core.masks import ImageMasks
from app.formats.map_axes import is_turned
from app.formats.output_folder import OutputFolder
from app.formats.reading import Known
from app.io.atomic import write_bytes
from app.io.errors import ReadError
from app.io.image import read_image
from app.io.names import stem, suffix


def write_mask(mask: npt.NDArray[np.bool_], path: Path) -> None:
    """Write one mask [H, W]; raises OSError if it cannot be written."""
    write_bytes(path, png_of(mask))


def png_of(mask: npt.NDArray[np.bool_]) -> bytes:
    """A mask [H, W] as PNG, 0 and 255; raises OSError if that can't be made."""
    good, data = cv2.imencode(".png", mask.astype(np.uint8) * np.uint8(255))
    if not good:
        raise OSError("A mask cannot be encoded.")
    return bytes(data)


def folder_of(stem: str, folder: Path) -> Path:
    """Where the masks of an image lie; raises OSError where its name would lead out of `folder`."""
    found = Path(os.path.normpath(folder / stem))
    if not found.is_relative_to(os.path.normpath(folder)):
        raise PermissionError(f"its name “{stem}” leads out of the folder")
    return found


def write_masks(
    masks: ImageMasks, folder: Path, output: OutputFolder | None = None, leave_out: Container[str] = ()
) -> list[Path]:
    """Write ``folder/<structure>.png`` for every structure of which something is known but those left out.

    Raises OSError. Where the folder belongs to an output folder, that makes way for each file and knows what was
    written, even if writing ends half way.
    """
    paths: list[Path] = []
    for structure in masks.template.structures:
        if masks.frame is None or masks.state(structure.name) is None or structure.name in leave_out:
            continue
        mask = masks.native(structure.name)
        if mask is None:
            mask = np.zeros((masks.frame.height, masks.frame.width), bool)
        path = folder / f"{structure.name}.png"
        if output is not None:
            output.make_way(path)
        write_mask(mask, path)
        paths.append(path)
        if output is not None:
            output.add(path)
    return paths


def fits_mask(file: Path, head: bytes) -> bool:
    """Whether a file is a picture of one mask: in a folder below one called ``masks``."""
    return bool(suffix(file.name)) and "masks" in (part.lower() for part in file.absolute().parts[:-1])


def image_and_structure(file: Path, known: Known) -> tuple[str, str]:
    """Whose mask a file is, by its path: ``IMAGE/STRUCTURE.png``, or ``STRUCTURE/IMAGE.png``."""
    name, folder = stem(file.name), file.parent
    if name not in known.structures and folder.name in known.structures:
        return str(folder.parent / name), folder.name
    return str(folder), name


def read_mask(file: Path, known: Known) -> list[ImageAnnotations]:
    """One mask: every pixel that is not 0. One without a pixel says that the structure is absent.

    Raises
    ------
    ValueError
        With a sentence: it is no picture.
    """
    image, structure = image_and_structure(file, known)
    mask = plane_of(file) > 0
    row = AnnotatedMask(structure, PackedMask.of(mask) if mask.any() else None)
    reference, name = ImageReference(image, size=mask.shape), f"{file.parent.name}/{file.name}"
    return [ImageAnnotations(reference, (), [row], name, turned=is_turned(file))]


def plane_of(file: Path) -> npt.NDArray[Any]:
    """The numbers [H, W] of a file that holds masks; raises ValueError with a sentence where it is no such file."""
    try:
        return np.asarray(read_image(file).pixels)
    except ReadError as error:
        raise ValueError(str(error)) from None
