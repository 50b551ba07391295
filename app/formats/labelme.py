"""LabelMe's annotation files: https://github.com/wkentaro/labelme, tried with its version 6.3.1."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.template import FIELD
from app.formats.coco import MARKS
from app.formats.csv_table import Row
from app.formats.polygons import polygons_of
from app.formats.project_view import ImageView, facts_of

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
