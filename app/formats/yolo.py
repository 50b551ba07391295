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


def _classes(file: Path) -> tuple[dict[int, str], bool]:
    """Names of the classes by their numbers, and whether the labels are poses: boxes with keypoints."""
    listing = _classes_file(file)
    if listing is None:
        raise ValueError(f"{file.name} has no classes.txt and no data.yaml in a folder above, which names its numbers.")
    text = read_text(listing)
    if listing.suffix == ".txt":
        lines = enumerate(line.strip() for line in text.splitlines())
        return {number: name for number, name in lines if name}, False
    names = _yaml_names(text)
    if not names:
        raise ValueError(f"{listing} has no list “names”, which names the classes of {file.name}.")
    return names, re.search(r"^kpt_shape\s*:", text, re.MULTILINE) is not None


def _yaml_names(text: str) -> dict[int, str]:
    """The list, or the table from numbers to texts, below ``names``; the little of YAML that YOLO needs."""
    found = re.search(r"^names:[ \t]*(.*)$((?:\n[ \t]+.*|\n[ \t]*-.*|\n[ \t]*)*)", text, re.MULTILINE)
    if not found:
        return {}
    inline, below = re.sub(r"(^|\s)#.*", "", found.group(1)).strip(), found.group(2)
    parts = re.sub(r"^[\[{]|[\]}]$", "", inline).split(",") if inline else below.splitlines()
    names: dict[int, str] = {}
    for part in parts:
        entry = re.sub(r"(^|\s)#.*", "", part).strip()
        numbered = re.match(r"""["']?(\d+)["']?\s*:\s*(.*)""", entry)
        name = (numbered.group(2) if numbered else re.sub(r"^-\s*", "", entry)).strip().strip("'\"")
        if name:
            names[int(numbered.group(1)) if numbered else len(names)] = name
    return names


def read_yolo(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """The outlines of one image's labels; it is called like its image. Boxes and poses are left out.

    Raises
    ------
    ValueError
        With a sentence: nothing names the classes, or a line is no label.
    """
    names, poses = _classes(file)
    outlines, left_out = dict[str, list[Points]](), list[str]()
    for line, text in enumerate(read_text(file).splitlines(), 1):
        if not text.strip():
            continue
        try:
            kind, *values = [float(part) for part in text.split()]
            name = names[int(kind)] if kind.is_integer() else ""
        except (ValueError, OverflowError, KeyError):
            name = ""
        if not name:
            raise ValueError(f"{file.name}, line {line}, is no label, or of a class that has no name.")
        if len(values) in (4, 5):
            left_out.append(f"A box of “{name}”")
        elif poses:
            left_out.append(f"A box of “{name}” with keypoints")
        elif len(values) % 2:
            raise ValueError(f"{file.name}, line {line}, has an odd number of coordinates.")
        else:
            outlines.setdefault(name, []).append(read_polygon(values, file, name))
    masks = [AnnotatedMask(name, None, pieces, Axes.SHARES) for name, pieces in outlines.items()]
    return [ImageAnnotations(ImageReference(str(file.with_suffix(""))), (), masks, file.name, left_out)]
