"""COCO: images/ and one JSON file with polygons or run lengths per category."""

from __future__ import annotations

import os
from pathlib import Path

from app.formats.coco import read_coco
from app.training.annotations.annotated import AnnotatedImage, Annotations, pieces_in

TITLE = "COCO (one JSON with images, categories and annotations)"


def _files(folder: Path) -> list[Path]:
    heads = {file: file.read_bytes() for file in sorted(folder.glob("*.json"))}
    return [file for file, data in heads.items() if b'"annotations"' in data and b'"categories"' in data]


def fits(folder: Path) -> bool:
    """Whether a folder holds a COCO file."""
    return bool(_files(folder))


def read(folder: Path) -> Annotations:
    """All images of the folder's COCO file; raises ValueError with a sentence."""
    files = _files(folder)
    if len(files) > 1:
        raise ValueError(f"{folder} holds several COCO files ({files[0].name}, {files[1].name}). Leave one of them.")
    (file,) = files
    found = [AnnotatedImage(_image(folder, one.image.name), pieces_in(one, file)) for one in read_coco(file)]
    return Annotations(tuple(found))


def _image(folder: Path, path: str) -> Path:
    """Where an image lies: beside the file, as named, or in images/."""
    name = os.path.relpath(path, folder)
    for place in (
        folder / name,
        folder / "images" / name,
        folder / Path(name).name,
        folder / "images" / Path(name).name,
    ):
        if place.is_file():
            return place
    raise ValueError(f"The image {name} of the COCO file is neither in {folder} nor in its folder images.")
