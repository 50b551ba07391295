"""LabelMe: one JSON file beside each image, with polygons and rectangles; pieces may share a group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.core.frame import Points
from app.io.names import natural_order
from app.training.annotations.annotated import (
    AnnotatedImage,
    Annotations,
    checked_name,
    images_below,
    polygon,
    read_json,
)

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
    data = read_json(file)
    if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
        raise ValueError(f"{file.name} has no list of shapes, as LabelMe writes it.")
    named = file.parent / Path(str(data.get("imagePath") or "").replace("\\", "/")).name
    path = named if named.is_file() else images.get(file.stem)
    if path is None:
        raise ValueError(
            f"The image of {file.name} ({named.name}) is not beside it. Copy images and JSON files together."
        )
    pieces: dict[str, tuple[Points, ...]] = {}
    for shape in data["shapes"]:
        name = checked_name(shape.get("label"), file) if isinstance(shape, dict) else ""
        outline = _outline(shape, file, name) if name else None
        if outline is not None:
            pieces[name] = (*pieces.get(name, ()), outline)
    spacing = data.get("mm_per_pixel")  # not LabelMe's own: what writes rendered radiographs adds it
    return AnnotatedImage(path, pieces, float(spacing) if isinstance(spacing, int | float) and spacing > 0 else None)


def _outline(shape: dict[str, Any], file: Path, name: str) -> Points | None:
    """A shape's outline; None for points and lines, which outline nothing. LabelMe counts pixels from the corner."""
    kind, points = shape.get("shape_type", "polygon"), shape.get("points")
    if kind == "rectangle":
        try:
            (x0, y0), (x1, y1) = points[0], points[1]  # type: ignore[index]
        except (TypeError, ValueError, IndexError):
            raise ValueError(f"{file.name}: the rectangle of {name} does not have two corners.") from None
        return polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], file, name) - 0.5
    return polygon(points, file, name) - 0.5 if kind == "polygon" else None
