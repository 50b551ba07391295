"""YOLO's segmentation labels: https://docs.ultralytics.com/datasets/segment/."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from app.core.annotation import AnnotatedMask, ImageAnnotations, ImageReference
from app.core.frame import Axes, Points
from app.core.template import Template
from app.formats.polygons import polygons_of
from app.formats.project_view import ImageView
from app.formats.reading import NOTHING, Known, read_polygon, read_text


def labels_of(image: ImageView) -> str:
    """One line per piece of a mask: its class, then x and y of each corner; the image must have a frame.

    Classes are the structures in the template's order, from 0. Coordinates are counted from the corner of the first
    pixel, x over the image's width, y over its height.
    """
    frame = image.frame
    assert frame is not None, "an image that was never read has no size"
    lines = []
    for number, structure in enumerate(image.masks.template.structures):
        mask = image.mask(structure.name)
        for polygon in polygons_of(mask) if mask is not None else []:
            shares = frame.to_corner(polygon) / (frame.width, frame.height)
            lines.append(" ".join([str(number), *(f"{share:.6f}" for share in np.ravel(shares))]) + "\n")
    return "".join(lines)


def classes_of(template: Template) -> str:
    """Names of the classes, one a line."""
    return "".join(f"{structure.name}\n" for structure in template.structures)


def fits_yolo(file: Path, head: bytes) -> bool:
    """Whether a file is one of YOLO's labels: lines of numbers, with a list of classes above it."""
    if file.suffix.lower() != ".txt" or not re.match(rb"\s*\d+(\s+-?[\d.]+(e-?\d+)?){4,}\s", head + b"\n"):
        return False
    return _classes_file(file) is not None


def _classes_file(file: Path) -> Path | None:
    """What names the classes: ``data.yaml`` or ``classes.txt`` in a folder above."""
    folders = list(file.absolute().parents)[:4]
    found = (folder / name for folder in folders for name in ("data.yaml", "dataset.yaml", "classes.txt"))
    return next((path for path in found if path.is_file()), None)


def _named(file: Path) -> tuple[list[str], list[str]]:
    """Names of the classes, and of the keypoints where they are told."""
    listing = _classes_file(file)
    if listing is None:
        raise ValueError(f"{file.name} has no classes.txt and no data.yaml in a folder above, which names its numbers.")
    text = read_text(listing)
    if listing.suffix == ".txt":
        return [line.strip() for line in text.splitlines() if line.strip()], []
    names = _yaml_list(text, "names")
    if not names:
        raise ValueError(f"{listing} has no list “names”, which names the classes of {file.name}.")
    return names, _yaml_list(text, "kpt_names") or _yaml_list(text, "keypoints")


def _yaml_list(text: str, key: str) -> list[str]:
    """A list, or a table from numbers to texts, below a key of a YAML file; the little of YAML that YOLO needs."""
    found = re.search(rf"^{key}:[ \t]*(.*)$((?:\n[ \t]+.*|\n[ \t]*-.*|\n[ \t]*)*)", text, re.MULTILINE)
    if not found:
        return []
    inline, below = found.group(1).split(" #")[0].strip(), found.group(2)
    parts = re.sub(r"^[\[{]|[\]}]$", "", inline).split(",") if inline else below.splitlines()
    values = (re.sub(r"^\s*(-|\d+\s*:)\s*", "", part).strip().strip("'\"") for part in parts)
    return [value for value in values if value]


def read_yolo(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """The outlines of one image's labels; it is called like its image. Boxes are left out.

    Raises
    ------
    ValueError
        With a sentence: nothing names the classes, or a line is no label.
    """
    names, _ = _named(file)
    outlines, left_out = dict[str, list[Points]](), list[str]()
    for line, text in enumerate(read_text(file).splitlines(), 1):
        if not text.strip():
            continue
        try:
            kind, *values = [float(part) for part in text.split()]
            name = names[int(kind)] if kind >= 0 else ""
        except (ValueError, IndexError):
            raise ValueError(f"{file.name}, line {line}, is no label, or of a class that has no name.") from None
        if len(values) in (4, 5):
            left_out.append(f"A box of “{name}”")
        elif len(values) % 2:
            raise ValueError(f"{file.name}, line {line}, has an odd number of coordinates.")
        else:
            outlines.setdefault(name, []).append(read_polygon(values, file, name))
    masks = [AnnotatedMask(name, None, pieces, Axes.SHARES) for name, pieces in outlines.items()]
    return [ImageAnnotations(ImageReference(str(file.with_suffix(""))), (), masks, file.name, left_out)]
