"""YOLO's segmentation labels: https://docs.ultralytics.com/datasets/segment/."""

from __future__ import annotations

import numpy as np

from app.core.template import Template
from app.formats.polygons import polygons_of
from app.formats.project_view import ImageView


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
