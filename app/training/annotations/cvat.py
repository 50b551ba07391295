"""CVAT for images: annotations.xml with polygons, boxes and run-length masks, beside the images or above images/."""

from __future__ import annotations

import os
from pathlib import Path

from app.formats.cvat_reading import read_cvat
from app.training.annotations.annotated import AnnotatedImage, Annotations, pieces_in

TITLE = "CVAT for images (XML with polygons)"


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.xml")) if b"<image " in file.read_bytes()]


def fits(folder: Path) -> bool:
    """Whether a folder holds a CVAT file."""
    return bool(_files(folder))


def read(folder: Path) -> Annotations:
    """All images of the folder's CVAT files; raises ValueError with a sentence."""
    found = [
        AnnotatedImage(_image(one.image.name, file), pieces_in(one, file))
        for file in _files(folder)
        for one in read_cvat(file)
    ]
    return Annotations(tuple(found))


def _image(path: str, file: Path) -> Path:
    name = os.path.relpath(path, file.parent)
    places = (file.parent / name, file.parent / "images" / name, file.parent / "images" / Path(name).name)
    found = next((each for each in places if each.is_file()), None)
    if found is None:
        raise ValueError(f"The image {name} of {file.name} is not beside it, nor in images.")
    return found
