"""Numbered contour points: images/ and landmarks.csv with image, structure, x_px, y_px, as `predict` writes it."""

from __future__ import annotations

import csv
from pathlib import Path

from app.core.frame import Points
from app.formats.reading import read_polygon
from app.io.names import stem
from app.training.annotations.annotated import AnnotatedImage, Annotations, checked_name, images_below

TITLE = "numbered contour points (landmarks.csv with image, structure, x_px, y_px; the same points in each image)"
FILE = "landmarks.csv"


def fits(folder: Path) -> bool:
    """Whether a folder holds a table of landmarks."""
    return (folder / FILE).is_file()


def read(folder: Path) -> Annotations:
    """All images of the table; raises ValueError with a sentence."""
    file = folder / FILE
    images = images_below(folder) | (images_below(folder / "images") if (folder / "images").is_dir() else {})
    points: dict[str, dict[str, list[tuple[str, str]]]] = {}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        table = csv.DictReader(lines)
        lacking = {"image", "structure", "x_px", "y_px"} - set(table.fieldnames or ())
        if lacking:
            raise ValueError(f"{file.name} has no column {min(lacking)}.")
        for row in table:
            if row["x_px"] and row["y_px"]:
                here = points.setdefault(row["image"], {})
                here.setdefault(checked_name(row["structure"], file), []).append((row["x_px"], row["y_px"]))
    found = []
    for name, structures in points.items():
        path = images.get(name) or images.get(stem(name))
        if path is None:
            raise ValueError(f"The image {name} of {file.name} is neither in {folder} nor in its folder images.")
        pieces: dict[str, tuple[Points, ...]] = {key: (read_polygon(xy, file, key),) for key, xy in structures.items()}
        found.append(AnnotatedImage(path, pieces))
    return _same_numbers(Annotations(tuple(found), numbered=True), file)


def _same_numbers(found: Annotations, file: Path) -> Annotations:
    """What was read; raises ValueError where a structure has more points in one image than in another."""
    counts: dict[str, int] = {}
    for image in found.images:
        for name, (outline,) in image.pieces.items():
            if counts.setdefault(name, len(outline)) != len(outline):
                raise ValueError(
                    f"{file.name}: {name} has {len(outline)} points in {image.path.name} and {counts[name]} in another "
                    "image. Each point needs its row in every image, or the whole structure none."
                )
    return found
