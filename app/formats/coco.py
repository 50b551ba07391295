"""COCO: one category per structure, with its mask as RLE and its landmarks as keypoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as rle

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes
from app.core.landmark import Landmark, PlacementState
from app.core.template import FIELD, Template
from app.formats.csv_table import MaskSource, Row
from app.formats.project_view import ImageView, facts_of
from app.formats.reading import (
    NOTHING,
    Known,
    MaskParts,
    beside,
    mask_state,
    point_state,
    read_json,
    read_polygon,
    read_size,
    run_mask,
    wrong,
)
from app.io.atomic import WholeFile, json_text
from app.io.files import spelled

DESCRIPTION = (
    "DenseSeg Review. Research use only; not a medical device. Segmentations are predicted or corrected, as mask says; "
    "keypoints are predicted, corrected or confirmed, as keypoint_states says. Those under off_outline do not lie on "
    "the outline: a reader corrected the point or the segmentation, and the other did not follow. A structure that a "
    "reader rejected has an empty segmentation, and its predicted keypoints count as not labelled. Keypoints outside "
    "the picture count as not visible."
)


class Visibility(IntEnum):
    """COCO's flag of a keypoint: https://cocodataset.org/#format-data."""

    NOT_LABELLED = 0
    """Nowhere, or predicted in a structure that a reader rejected; x and y are 0."""
    NOT_VISIBLE = 1
    """Outside the picture; x and y say where."""
    VISIBLE = 2


MARKS: dict[str, Callable[[Row], bool]] = {
    "off_outline": lambda row: row.off_outline,
    "new_since_accepted": lambda row: row.new,
    "deleted_since_accepted": lambda row: row.deleted,
    "outside_picture": lambda row: row.outside,
    "not_shown": lambda row: row.shown is False,
}
"""What else is told of single placements, and of which."""


def _visibility(row: Row | None) -> Visibility:
    if row is None or not row.counts:
        return Visibility.NOT_LABELLED
    return Visibility.NOT_VISIBLE if row.outside else Visibility.VISIBLE


def categories_of(
    template: Template, landmarks: Sequence[Landmark], deleted: Sequence[Landmark] = ()
) -> list[dict[str, Any]]:
    """COCO categories: structures in the template's order, numbered from 1, keypoints in the landmarks' order.

    Landmarks that are no more, but that accepted images keep, come last, by their names in `ProjectView.deleted`. Those
    outside all structures have a category of their own, without masks; it is there where there are any.
    """
    marks = [*landmarks, *deleted]
    names = [structure.name for structure in template.structures]
    names += [FIELD] if any(mark.structure == FIELD for mark in marks) else []
    return [
        {
            "id": number,
            "name": name,
            "supercategory": template.anatomy,
            "keypoints": [mark.name for mark in marks if mark.structure == name],
            "skeleton": [],
        }
        for number, name in enumerate(names, 1)
    ]


def annotation_of(image: ImageView, category: dict[str, Any]) -> dict[str, Any] | None:
    """One structure in one image, or None where it has no mask, no placement and no review of its own.

    Keypoints are in COCO's pixels, whose (0, 0) is the centre of the first pixel, as ours.
    """
    rows = {row.keypoint or row.landmark: row for row in image.rows if row.structure == category["name"]}
    keypoints: list[float] = []
    count = 0
    for name in category["keypoints"]:
        row, flag = rows.get(name), _visibility(rows.get(name))
        if row is None or row.xy is None or flag is Visibility.NOT_LABELLED:
            keypoints += [0, 0, 0]
            continue
        keypoints += [round(float(row.xy[0]), 3), round(float(row.xy[1]), 3), int(flag)]
        count += 1
    mask = image.mask(category["name"])
    said = next((said for said in image.structures if said.structure == category["name"]), None)
    if mask is None and not count and said is None:
        return None
    source = image.mask_source(category["name"])
    found: dict[str, Any] = {"iscrowd": 0, "keypoints": keypoints, "num_keypoints": count, "mask": source.value}
    found["keypoint_states"] = [rows[name].state if name in rows else "" for name in category["keypoints"]]
    if moved := {name: round(row.moved, 3) for name, row in rows.items() if np.isfinite(row.moved)}:
        found["moved_px"] = moved
    for key, marked in MARKS.items():
        if names := [name for name, row in rows.items() if marked(row)]:
            found[key] = names
    if source is MaskSource.REJECTED:
        found["ignore"] = 1
    if mask is None and said is not None and image.frame is not None:
        mask = np.zeros((image.frame.height, image.frame.width), bool)  # readers expect one where a review stands
    if mask is not None:
        encoded = rle.encode(np.asfortranarray(mask, np.uint8))
        found["area"] = float(rle.area(encoded))
        found["bbox"] = [float(value) for value in rle.toBbox(encoded)]
        found["segmentation"] = {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}
    if said is not None:
        found |= {"review": said.state.value, "review_note": said.note}
        found |= {"review_reader": said.reader, "review_time_utc": said.at}
    return found


class CocoFile:
    """One COCO file in the making, in its place once `keep` was called; all may raise OSError.

    Annotations are written as images come; the list of images, which is small, follows at the end.

    Parameters
    ----------
    path : Path
    template : Template
    landmarks : sequence of Landmark
    deleted : sequence of Landmark
        Landmarks that are no more, but that accepted images keep.
    """

    def __init__(
        self, path: Path, template: Template, landmarks: Sequence[Landmark], deleted: Sequence[Landmark] = ()
    ) -> None:
        self._categories = categories_of(template, landmarks, deleted)
        self._pictures: list[dict[str, Any]] = []
        self._count = 0
        self._whole = WholeFile(path)
        self.drop = self._whole.drop
        info = {"description": DESCRIPTION}
        self._whole.write(f'{{"info": {json_text(info)}, "categories": {json_text(self._categories)}, "annotations": [')

    def add(self, image: ImageView) -> None:
        """Write one image; one whose size is not known is left out."""
        if image.frame is None:
            return
        number = len(self._pictures) + 1
        size = {"width": image.frame.width, "height": image.frame.height}
        picture = {"id": number, "file_name": image.name, **size, **facts_of(image)}
        for category in self._categories:
            found = annotation_of(image, category)
            if found is not None:
                self._count += 1
                head = {"id": self._count, "image_id": number, "category_id": category["id"]}
                self._whole.write(("" if self._count == 1 else ",") + "\n" + json_text(head | found))
        self._pictures.append(picture)

    def keep(self) -> None:
        """Put the file in its place."""
        self._whole.write(f'\n], "images": {json_text(self._pictures)}}}\n')
        self._whole.keep()


def fits_coco(file: Path, head: bytes) -> bool:
    """Whether a file is one of COCO's; what names its parts may stand far behind, so large ones are looked through."""
    if file.suffix.lower() != ".json" or not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return False
    if b'"categories"' in head and (b'"annotations"' in head or b'"images"' in head):
        return True
    if b'"shapes"' in head or b'"markups"' in head:
        return False
    data = file.read_bytes()
    return all(part in data for part in (b'"categories"', b'"annotations"', b'"images"'))


def read_coco(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """All images: segmentations by their categories, keypoints by the names that the categories give them.

    Raises
    ------
    ValueError
        With a sentence: it is no whole COCO file.
    """
    data = read_json(file)
    try:
        categories = {each["id"]: each for each in data["categories"]}
        names = {key: str(each["name"]) for key, each in categories.items()}
        pictures = {each["id"]: each for each in data["images"]}
        read = {key: _CocoImage(each, file) for key, each in pictures.items()}
        for each in data["annotations"]:
            category = categories[each["category_id"]]
            read[each["image_id"]].take(each, names[each["category_id"]], category.get("keypoints") or [])
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{file.name} is no whole COCO file: {wrong(error)}.") from None
    return [one.annotations() for one in read.values()]


class _CocoImage:
    """What a COCO file says of one image, as its annotations come."""

    def __init__(self, picture: dict[str, Any], file: Path) -> None:
        self._size = read_size(picture.get("height"), picture.get("width"), file)
        self._reference = ImageReference(beside(file, str(picture["file_name"])), size=self._size)
        self._file = file
        self._points: list[AnnotatedPoint] = []
        self._parts, self._absent, self._left_out = MaskParts(), list[AnnotatedMask](), list[str]()

    def take(self, one: dict[str, Any], name: str, keypoints: Sequence[str]) -> None:
        """Take an annotation in."""
        self._keypoints(one, name, keypoints)
        source, given = one.get("mask"), one.get("segmentation")
        if source == MaskSource.REJECTED.value:
            return
        if source == MaskSource.ABSENT.value:
            self._absent.append(AnnotatedMask(name))
        elif isinstance(given, list) and given:
            for each in given:
                self._parts.add_outline(name, read_polygon(each, self._file, name))
        elif isinstance(given, dict) and given:
            self._parts.add_bitmap(name, self._bitmap(given, name))
        elif not one.get("keypoints"):
            self._left_out.append(f"A box of “{name}” without an outline")
        if (state := mask_state(source)) is not None:
            self._parts.states[name] = state

    def _bitmap(self, given: dict[str, Any], name: str) -> npt.NDArray[np.bool_]:
        """A mask by its run lengths, compressed or not, column by column."""
        stated = given.get("size") or self._size or (0, 0)
        height, width = read_size(stated[0], stated[1], self._file) or (0, 0)
        counts = given.get("counts")
        runs = counts if isinstance(counts, list) else unpacked_runs(str(counts))
        mask = run_mask(runs, height, width, by_columns=True)
        if mask is None:
            size = f"{width} x {height} pixels"
            raise ValueError(f"{self._file.name}: the run lengths of {spelled(name)} do not fit an image of {size}.")
        return mask

    def _keypoints(self, one: dict[str, Any], name: str, keypoints: Sequence[str]) -> None:
        try:
            values = np.asarray(one.get("keypoints") or [], float)
        except (ValueError, OverflowError):
            raise ValueError(f"{self._file.name}: a keypoint of {spelled(name)} is no number.") from None
        if values.size != 3 * len(keypoints):
            if values.size:
                raise ValueError(
                    f"{self._file.name}: {spelled(name)} has {values.size // 3} keypoints in an image; its category "
                    f"names {len(keypoints)}."
                )
            return
        states = one.get("keypoint_states") or []
        states = states if len(states) == len(keypoints) else [None] * len(keypoints)
        for landmark, (x, y, flag), word in zip(keypoints, values.reshape(-1, 3), states, strict=True):
            state = point_state(word)
            if state is PlacementState.ABSENT:
                self._points.append(AnnotatedPoint(str(landmark), None))
            elif flag != Visibility.NOT_LABELLED:
                self._points.append(AnnotatedPoint(str(landmark), np.array([x, y]), Axes.NATIVE, state))

    def annotations(self) -> ImageAnnotations:
        """All of it."""
        masks = [*self._parts.rows(), *self._absent]
        return ImageAnnotations(self._reference, self._points, masks, self._file.name, self._left_out)


def unpacked_runs(text: str) -> list[int]:
    """Run lengths as pycocotools packs them: 5 bits a letter, from the third one on less the one before the last.

    What is no such text gives lengths that fill no image.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs if not shift else []
