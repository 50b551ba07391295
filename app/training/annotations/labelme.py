"""LabelMe: one JSON file beside each image, with polygons and rectangles; pieces may share a group."""

from __future__ import annotations

from pathlib import Path

from app.formats.labelme import read_labelme
from app.formats.reading import read_json
from app.io.names import natural_order
from app.training.annotations.annotated import AnnotatedImage, Annotations, images_below, pieces_in

TITLE = "LabelMe (one JSON per image)"


def files_of(folder: Path) -> list[Path]:
    """JSON files of a folder that look like LabelMe's."""
    files = sorted(folder.glob("*.json"), key=lambda path: natural_order(path.name))
    return [file for file in files if b'"shapes"' in file.read_bytes()]


def fits(folder: Path) -> bool:
    """Whether a folder holds LabelMe files."""
    return any(files_of(folder))


def read(folder: Path) -> Annotations:
    """All images that have a LabelMe file; raises ValueError with a sentence."""
    images = images_below(folder)
    return Annotations(tuple(_read_one(file, images) for file in files_of(folder)))


def _read_one(file: Path, images: dict[str, Path]) -> AnnotatedImage:
    (one,) = read_labelme(file)
    named = file.parent / Path(one.image.name).name
    path = named if named.is_file() else images.get(file.stem)
    if path is None:
        raise ValueError(
            f"The image of {file.name} ({named.name}) is not beside it. Copy images and JSON files together."
        )
    spacing = read_json(file).get("mm_per_pixel")  # not LabelMe's own: what writes rendered radiographs adds it
    size = float(spacing) if isinstance(spacing, int | float) and spacing > 0 else None
    return AnnotatedImage(path, pieces_in(one, file), size)
