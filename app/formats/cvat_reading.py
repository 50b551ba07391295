"""What CVAT for images writes: annotations.xml with masks, polygons, boxes, ellipses, points and skeletons."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from app.core.annotation import AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes, Points
from app.core.masks import MaskState
from app.formats.reading import (
    LARGEST_TEXT,
    NOTHING,
    Bitmap,
    Known,
    MaskParts,
    beside,
    mask_state,
    point_state,
    read_place,
    read_polygon,
    read_size,
    run_mask,
)
from app.io.files import read_regular, spelled


def fits_cvat(file: Path, head: bytes) -> bool:
    """Whether a file is one of CVAT's."""
    return file.suffix.lower() == ".xml" and b"<annotations" in head


def read_cvat(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """All images of a file; CVAT counts places from the corner of the first pixel.

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    text = read_regular(file, LARGEST_TEXT)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # nothing of CVAT's; entities can fill the memory
        raise ValueError(f"{file.name} declares a document type, which CVAT never does; it is not read.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"{file.name} is no XML file, or damaged ({error}).") from None
    return [_image(each, file) for each in root.iter("image")]


def _image(element: ElementTree.Element, file: Path) -> ImageAnnotations:
    size = read_size(element.get("height"), element.get("width"), file)
    if size is None:
        raise ValueError(f"{file.name}: an image has no width or height.")
    points, parts, left_out = list[AnnotatedPoint](), MaskParts(), list[str]()
    for shape in element:
        label = shape.get("label") or ""
        if shape.tag == "skeleton":
            for part in shape.iter("points"):
                points += _points(part, part.get("label") or "", file)
        elif shape.tag == "points":
            points += _points(shape, label, file)
        elif shape.tag == "mask":
            parts.add_bitmap(label, _mask(shape, label, size, file))
        elif (outline := _outline(shape, label, file)) is not None:
            parts.add_outline(label, outline)
        elif shape.tag not in ("tag", "attribute"):
            left_out.append(f"The {shape.tag} “{label}”")
        state = mask_state(_state(shape))
        if state is not None and shape.tag not in ("points", "skeleton"):
            parts.states[label] = state
    reference = ImageReference(beside(file, element.get("name", "")), size=size)
    return ImageAnnotations(reference, points, _told(parts).rows(), file.name, left_out)


def _told(parts: MaskParts) -> MaskParts:
    """Without states that no mask has."""
    parts.states = {name: state for name, state in parts.states.items() if state is not MaskState.ABSENT}
    return parts


def _state(shape: ElementTree.Element) -> str:
    """What our own files say of who drew or placed it."""
    return next((each.text or "" for each in shape.iter("attribute") if each.get("name") == "state"), "")


def _points(shape: ElementTree.Element, label: str, file: Path) -> list[AnnotatedPoint]:
    """The places of an element; one that CVAT calls outside is absent."""
    if shape.get("outside") == "1":
        return [AnnotatedPoint(label, None)]
    pairs = (pair.split(",") for pair in (shape.get("points") or "").split(";") if pair)
    state = point_state(_state(shape))
    return [AnnotatedPoint(label, read_place(pair, file, label), Axes.CORNER, state) for pair in pairs]


def _numbers(shape: ElementTree.Element, keys: tuple[str, ...], label: str, file: Path) -> list[float]:
    try:
        found = [float(shape.get(key, "")) for key in keys]
    except ValueError:
        found = [np.nan]
    if not np.isfinite(found).all():
        raise ValueError(f"{file.name}: a {shape.tag} of {spelled(label)} is not whole.")
    return found


def _outline(shape: ElementTree.Element, label: str, file: Path) -> Points | None:
    """The outline of an element; None for what outlines nothing, or is turned."""
    if shape.tag == "polygon":
        return read_polygon([pair.split(",") for pair in (shape.get("points") or "").split(";") if pair], file, label)
    if shape.get("rotation") and _numbers(shape, ("rotation",), label, file) != [0]:
        return None
    if shape.tag == "box":
        x0, y0, x1, y1 = _numbers(shape, ("xtl", "ytl", "xbr", "ybr"), label, file)
        return read_polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], file, label)
    if shape.tag == "ellipse":
        x, y, rx, ry = _numbers(shape, ("cx", "cy", "rx", "ry"), label, file)
        turns = np.linspace(0, 2 * np.pi, 181)[:-1]
        return read_polygon(np.c_[x + rx * np.cos(turns), y + ry * np.sin(turns)], file, label)
    return None


def _mask(shape: ElementTree.Element, label: str, size: tuple[int, int], file: Path) -> Bitmap:
    """A mask by run lengths within its box, on the whole image."""
    left, top, width, height = map(int, _numbers(shape, ("left", "top", "width", "height"), label, file))
    try:
        part = run_mask([int(value) for value in (shape.get("rle") or "").split(",")], height, width)
    except ValueError:
        raise ValueError(f"{file.name}: a mask of {spelled(label)} is not whole.") from None
    if part is None:
        raise ValueError(f"{file.name}: a mask of {spelled(label)} does not fill its box.")
    if min(left, top) < 0 or left + width > size[1] or top + height > size[0]:
        raise ValueError(f"{file.name}: a mask of {spelled(label)} reaches beyond the image.")
    mask = np.zeros(size, bool)
    mask[top : top + height, left : left + width] = part
    return mask
