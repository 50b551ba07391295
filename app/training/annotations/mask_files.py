"""Mask pictures: images/ and masks/<image>/<structure>.png (as `predict` writes) or masks/<structure>/<image>.png."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.frame import Points
from app.formats.reading import pieces_of
from app.io.image import read_image
from app.io.names import natural_order
from app.training.annotations.annotated import AnnotatedImage, Annotations, checked_name, images_below

TITLE = "masks (images, masks/<image>/<structure>.png or masks/<structure>/<image>.png)"


def fits(folder: Path) -> bool:
    """Whether a folder has images/ and masks/."""
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


def read(folder: Path) -> Annotations:
    """All images with at least one mask that is not empty; raises ValueError with a sentence."""
    images = images_below(folder / "images")
    folders = sorted((p for p in (folder / "masks").iterdir() if p.is_dir()), key=lambda p: natural_order(p.name))
    by_image = any(each.name in images for each in folders)
    pieces: dict[str, dict[str, tuple[Points, ...]]] = {}
    for each in folders:
        for name, path in images_below(each).items():
            image, structure = (each.name, name) if by_image else (name, each.name)
            if image not in images:
                raise ValueError(f"The mask {each.name}/{path.name} has no image “{image}” in images.")
            outlines = pieces_of(np.asarray(read_image(path).pixels) > 0)
            here = pieces.setdefault(image, {})
            if outlines:
                here[checked_name(structure, path)] = outlines
    return Annotations(tuple(AnnotatedImage(images[name], pieces[name]) for name in images if name in pieces))
