"""COCO: one category per structure, with its mask as RLE and its landmarks as keypoints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from app.core.landmark import Landmark
from app.core.template import Template
from app.export.atomic import write_text
from app.export.view import ImageView

LABELLED_AND_VISIBLE = 2
"""COCO's visibility flag of a keypoint that is there; 0 is one that is not labelled."""


def categories_of(template: Template, landmarks: Sequence[Landmark]) -> list[dict[str, Any]]:
    """COCO categories: structures in the template's order, numbered from 1, keypoints in the landmarks' order."""
    return [
        {
            "id": number,
            "name": structure.name,
            "supercategory": template.anatomy,
            "keypoints": [mark.name for mark in landmarks if mark.structure == structure.name],
            "skeleton": [],
        }
        for number, structure in enumerate(template.structures, 1)
    ]


def annotation_of(image: ImageView, template: Template, category: dict[str, Any]) -> dict[str, Any] | None:
    """One structure in one image, or None where it has neither a mask nor a placement.

    Keypoints are in COCO's pixels, whose (0, 0) is the centre of the first pixel, as ours.
    """
    rows = {row.landmark: row for row in image.rows if row.structure == category["name"]}
    keypoints: list[float] = []
    count = 0
    for name in category["keypoints"]:
        row = rows.get(name)
        if row is None or row.xy is None or not np.isfinite(row.xy).all():
            keypoints += [0, 0, 0]
            continue
        keypoints += [round(float(row.xy[0]), 3), round(float(row.xy[1]), 3), LABELLED_AND_VISIBLE]
        count += 1
    mask = image.mask(template, category["name"])
    if mask is None and not count:
        return None
    found: dict[str, Any] = {"iscrowd": 0, "keypoints": keypoints, "num_keypoints": count}
    if mask is not None:
        encoded = rle.encode(np.asfortranarray(mask, np.uint8))
        found["area"] = float(rle.area(encoded))
        found["bbox"] = [float(value) for value in rle.toBbox(encoded)]
        found["segmentation"] = {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}
    return found


def write_coco(
    images: Iterable[ImageView], template: Template, landmarks: Sequence[Landmark], path: Path, description: str = ""
) -> int:
    """Write one COCO file of all images whose size is known and return their number; raises OSError."""
    categories = categories_of(template, landmarks)
    pictures: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in images:
        if image.frame is None:
            continue
        number = len(pictures) + 1
        pictures.append(
            {
                "id": number,
                "file_name": image.name,
                "width": image.frame.width,
                "height": image.frame.height,
                "review": image.review,
            }
        )
        for category in categories:
            found = annotation_of(image, template, category)
            if found is not None:
                head = {"id": len(annotations) + 1, "image_id": number, "category_id": category["id"]}
                annotations.append(head | found)
    data = {
        "info": {"description": description or "DenseSeg Review. Research use only; not a medical device."},
        "images": pictures,
        "categories": categories,
        "annotations": annotations,
    }
    write_text(path, json.dumps(data, ensure_ascii=False) + "\n")
    return len(pictures)
