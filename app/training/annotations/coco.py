"""COCO: images/ and one JSON file with polygons (or uncompressed run lengths) per category."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.core.frame import Points
from app.training.annotations.annotated import AnnotatedImage, Annotations, checked_name, pieces_of, polygon, read_json

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
    file, data = files[0], read_json(files[0])
    try:
        names = {each["id"]: checked_name(each["name"], file) for each in data["categories"]}
        paths = {each["id"]: _image(folder, str(each["file_name"])) for each in data["images"]}
        sizes = {each["id"]: (int(each["height"]), int(each["width"])) for each in data["images"]}
        pieces: dict[Any, dict[str, tuple[Points, ...]]] = {key: {} for key in paths}
        for each in data["annotations"]:
            name, here = names[each["category_id"]], pieces[each["image_id"]]
            outlines = _outlines(each.get("segmentation"), sizes[each["image_id"]], file, name)
            if outlines:
                here[name] = (*here.get(name, ()), *outlines)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file.name} is no whole COCO file: {error} is missing or wrong.") from None
    return Annotations(tuple(AnnotatedImage(paths[key], pieces[key]) for key in paths))


def _image(folder: Path, name: str) -> Path:
    """Where an image lies: beside the file, as named, or in images/."""
    for path in (
        folder / name,
        folder / "images" / name,
        folder / Path(name).name,
        folder / "images" / Path(name).name,
    ):
        if path.is_file():
            return path
    raise ValueError(f"The image {name} of the COCO file is neither in {folder} nor in its folder images.")


def _outlines(given: object, size: tuple[int, int], file: Path, name: str) -> tuple[Points, ...]:
    """Outlines of a segmentation; COCO counts pixels from the corner."""
    if isinstance(given, list):
        return tuple(polygon(each, file, name) - 0.5 for each in given)
    if isinstance(given, dict) and isinstance(given.get("counts"), list):
        counts = np.asarray(given["counts"], int)
        flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
        if len(flat) != size[0] * size[1]:
            raise ValueError(
                f"{file.name}: the run lengths of {name} do not fit an image of {size[1]} x {size[0]} pixels."
            )
        return pieces_of(flat.reshape(size[1], size[0]).T)
    if given in (None, {}):
        return ()
    raise ValueError(f"{file.name}: the mask of {name} is compressed. Export polygons, or uncompressed run lengths.")
