"""COCO: one category per structure, with its mask as RLE and its landmarks as keypoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from app.core.landmark import Landmark
from app.core.template import Template
from app.export.atomic import WholeFile
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
    """One structure in one image, or None where it has no mask, no placement and no review of its own.

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
    said = next((said for said in image.structures if said.structure == category["name"]), None)
    if mask is None and not count and said is None:
        return None
    found: dict[str, Any] = {"iscrowd": 0, "keypoints": keypoints, "num_keypoints": count}
    if mask is None and said is not None and image.frame is not None:
        mask = np.zeros((image.frame.height, image.frame.width), bool)  # readers expect one where a review stands
    if mask is not None:
        encoded = rle.encode(np.asfortranarray(mask, np.uint8))
        found["area"] = float(rle.area(encoded))
        found["bbox"] = [float(value) for value in rle.toBbox(encoded)]
        found["segmentation"] = {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}
    if said is not None:
        found |= {"review": said.state.value, "review_note": said.note}
    return found


class CocoFile:
    """One COCO file in the making, in its place once `keep` was called; all may raise OSError.

    Annotations are written as images come; the list of images, which is small, follows at the end.

    Parameters
    ----------
    path : Path
    template : Template
    landmarks : sequence of Landmark
    """

    def __init__(self, path: Path, template: Template, landmarks: Sequence[Landmark]) -> None:
        self._template = template
        self._categories = categories_of(template, landmarks)
        self._pictures: list[dict[str, Any]] = []
        self._count = 0
        self._whole = WholeFile(path)
        self.drop = self._whole.drop
        info = {"description": "DenseSeg Review. Research use only; not a medical device."}
        self._whole.write(f'{{"info": {_json(info)}, "categories": {_json(self._categories)}, "annotations": [')

    def add(self, image: ImageView) -> None:
        """Write one image; one whose size is not known is left out."""
        if image.frame is None:
            return
        number = len(self._pictures) + 1
        size = {"width": image.frame.width, "height": image.frame.height}
        picture = {"id": number, "file_name": image.name, **size, "review": image.review, "review_note": image.note}
        for category in self._categories:
            found = annotation_of(image, self._template, category)
            if found is not None:
                self._count += 1
                head = {"id": self._count, "image_id": number, "category_id": category["id"]}
                self._whole.write(("" if self._count == 1 else ",") + "\n" + _json(head | found))
        self._pictures.append(picture)

    def keep(self) -> None:
        """Put the file in its place."""
        self._whole.write(f'\n], "images": {_json(self._pictures)}}}\n')
        self._whole.keep()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
