"""Masks as pictures: one 0/255 PNG per structure in the image's own size, all zero where the structure is absent."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from app.core.masks import ImageMasks
from app.formats.output_folder import OutputFolder
from app.io.atomic import write_bytes


def write_mask(mask: npt.NDArray[np.bool_], path: Path) -> None:
    """Write one mask [H, W]; raises OSError if it cannot be written."""
    good, data = cv2.imencode(".png", mask.astype(np.uint8) * np.uint8(255))
    if not good:
        raise OSError(f"The mask {path} cannot be encoded.")
    write_bytes(path, data.tobytes())


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
