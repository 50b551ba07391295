"""LabelMe's annotation files: https://github.com/wkentaro/labelme, tried with its version 6.3.1."""

from __future__ import annotations

import base64
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes, Frame
from app.core.template import FIELD
from app.formats.coco import MARKS
from app.formats.csv_table import Row
from app.formats.polygons import polygons_of
from app.formats.project_view import ImageView, facts_of
from app.formats.reading import (
    NOTHING,
    Known,
    MaskParts,
    beside,
    mask_state,
    point_state,
    read_json,
    read_place,
    read_polygon,
    read_size,
)
from app.io.files import spelled

VERSION = "6.3.1"


def labelme_of(image: ImageView) -> dict[str, Any]:
    """One image as labelme reads it; it must have a frame.

    LabelMe counts pixels from the corner of the first one: a place in the first pixel has 0 <= x < 1. All shapes of a
    structure, its landmarks too, have the structure's number (from 1, in the template's order) as their group.
    """
    frame, template = image.frame, image.masks.template
    assert frame is not None, "an image that was never read has no size"
    shapes, sources = [], {}
    for group, structure in enumerate(template.structures, 1):
        mask, source = image.mask(structure.name), image.mask_source(structure.name)
        sources[structure.name] = source.value
        for polygon in polygons_of(mask) if mask is not None else []:
            shapes.append(_shape(structure.name, frame, polygon, "polygon", group, {source.value: True}))
    shapes += [_point(row, frame, image) for row in image.rows if row.counts]
    return {
        "version": VERSION,
        "flags": {image.review: True},
        "shapes": shapes,
        "imagePath": PurePosixPath(image.name).name,
        "imageData": None,
        "imageHeight": frame.height,
        "imageWidth": frame.width,
        "denseseg_review": {**facts_of(image), "masks": sources},
    }


def _point(row: Row, frame: Frame, image: ImageView) -> dict[str, Any]:
    template = image.masks.template
    group = template.index(row.structure) + 1 if row.structure != FIELD else None
    flags = {row.state: True} | {name: True for name, marked in MARKS.items() if marked(row)}
    return _shape(row.keypoint or row.landmark, frame, np.array([row.xy], float), "point", group, flags)


def _shape(
    label: str, frame: Frame, xy: npt.NDArray[np.float64], kind: str, group: int | None, flags: dict[str, bool]
) -> dict[str, Any]:
    return {
        "label": label,
        "points": np.round(frame.to_corner(xy), 3).tolist(),
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": flags,
        "mask": None,
    }


def fits_labelme(file: Path, head: bytes) -> bool:
    """Whether a file is one of LabelMe's; large ones may tell their shapes after the picture."""
    if file.suffix.lower() != ".json" or not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return False
    return b'"shapes"' in head or (b'"imageData"' in head and b'"version"' in head)


def read_labelme(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """One file: polygons, rectangles, circles and masks as structures, points as landmarks.

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    data = read_json(file)
    if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
        raise ValueError(f"{file.name} has no list of shapes, as LabelMe writes it.")
    named = str(data.get("imagePath") or "")
    size = read_size(data.get("imageHeight"), data.get("imageWidth"), file)
    points, parts, left_out = [], MaskParts(), list[str]()
    for shape in data["shapes"]:
        if not isinstance(shape, dict):
            raise ValueError(f"{file.name} holds a shape that is none.")
        label, kind = str(shape.get("label") or "").strip(), str(shape.get("shape_type") or "polygon")
        flags = shape.get("flags")
        states = [name for name, on in flags.items() if on] if isinstance(flags, dict) else []
        if kind == "point":
            state = next(filter(None, map(point_state, states)), None)
            points.append(AnnotatedPoint(label, read_place(shape.get("points"), file, label), Axes.CORNER, state))
        elif kind == "mask":
            parts.add_bitmap(label, _bitmap(shape, file, label, size))
        elif (outline := _outline(shape, kind, file, label)) is not None:
            parts.add_outline(label, outline)
        else:
            left_out.append(f"The {kind} “{label}”")
            continue
        if kind != "point" and (said := next(filter(None, map(mask_state, states)), None)) is not None:
            parts.states[label] = said
    masks = [*parts.rows(), *_absent(data)]
    reference = ImageReference(beside(file, named or f"{file.stem}"), size=size)
    return [ImageAnnotations(reference, points, masks, file.name, left_out)]


def _absent(data: dict[str, Any]) -> list[AnnotatedMask]:
    """The structures that our own files call absent."""
    told = data.get("denseseg_review")
    sources = told.get("masks") if isinstance(told, dict) else None
    return (
        [AnnotatedMask(name) for name, said in sources.items() if said == "absent"] if isinstance(sources, dict) else []
    )


def _outline(shape: dict[str, Any], kind: str, file: Path, name: str) -> npt.NDArray[np.float64] | None:
    """A shape's outline from the corner of the first pixel; None for what outlines nothing."""
    given = shape.get("points")
    if kind == "polygon":
        return read_polygon(given, file, name)
    if kind not in ("rectangle", "circle"):
        return None
    try:
        first, second = np.asarray(given, float).reshape(2, 2)
    except (TypeError, ValueError):
        raise ValueError(f"{file.name}: the {kind} of {spelled(name)} does not have two points.") from None
    if kind == "rectangle":
        return read_polygon([first, (second[0], first[1]), second, (first[0], second[1])], file, name)
    turns = np.linspace(0, 2 * np.pi, 181)[:-1]
    return read_polygon(first + np.hypot(*(second - first)) * np.c_[np.cos(turns), np.sin(turns)], file, name)


def _bitmap(shape: dict[str, Any], file: Path, name: str, size: tuple[int, int] | None) -> npt.NDArray[np.bool_]:
    """The bitmap of a shape that is a mask: a picture in its box, whose first corner is a pixel."""
    try:
        data = np.frombuffer(base64.b64decode(shape["mask"], validate=True), np.uint8)
        left, top = (round(float(value)) for value in shape["points"][0])
        part = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, cv2.error):
        part = None
    if part is None or size is None:
        raise ValueError(f"{file.name}: the mask of {spelled(name)} is not whole, or the size of the image is missing.")
    mask = np.zeros(size, bool)
    rows, columns = part.shape
    if left < 0 or top < 0 or top + rows > size[0] or left + columns > size[1]:
        raise ValueError(f"{file.name}: the mask of {spelled(name)} reaches beyond the image.")
    mask[top : top + rows, left : left + columns] = part > 0
    return mask
