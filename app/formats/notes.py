"""What a reader of exported files should know: which points and masks disagree, what was rejected, what nobody saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.formats.export_report import MASKS
from app.formats.project_view import ImageView, facts_of

CORRECTED = (
    "Masks are predictions of the model, but for {masks} that readers corrected or called absent (corrected_masks). A "
    "mask does not follow a corrected point, and no point follows a corrected mask."
)
HOLD_MASKS = frozenset(
    "masks nifti nrrd seg-nrrd coco labelme cvat labelstudio yolo nnunet training dicom-seg dicom-gsps dicom-sc".split()  # noqa: SIM905
)
"""The formats of which it matters."""


class Notes:
    """Collects what is worth telling while images are written.

    Attributes
    ----------
    images : dict of str to dict
        What the report tells of each image.
    """

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self._rejected = 0
        self._unseen: list[int] = []

    def add(self, image: ImageView) -> None:
        """Take an image in."""
        told = facts_of(image)
        told["structures"] = [
            {"name": s.structure, "review": s.state.value, "note": s.note, "reader": s.reader, "time_utc": s.at}
            for s in image.structures
        ]
        told["corrected_masks"] = [s.name for s in image.masks.template.structures if image.masks.corrected(s.name)]
        told["off_outline"] = [row.landmark for row in image.rows if row.off_outline]
        told["new_since_accepted"] = [row.landmark for row in image.rows if row.new]
        told["not_shown"] = [row.landmark for row in image.rows if row.shown is False]
        told["outside_picture"] = [row.landmark for row in image.rows if row.outside]
        told["rejected_measurements"] = [row.measurement for row in image.measured if row.rejected]
        told["rejected_regions"] = [row.one.region.name for row in image.regions if row.rejected]
        told["deleted_since_accepted"] = [row.landmark for row in image.rows if row.deleted]
        self._unseen.append(sum(row.shown is False and not row.models_own for row in image.rows))
        self._rejected += len(image.rejected)
        self.images[image.name] = told

    def sentences(self, later: str, formats: Sequence[str]) -> list[str]:
        """What the report says above all."""
        masks = self._places("corrected_masks", "mask", "masks")
        about_masks = CORRECTED.format(masks=masks) if masks else MASKS
        said = [about_masks] if HOLD_MASKS & set(formats) else []
        if places := self._places("off_outline", "point of the model’s contours", "points of the model’s contours"):
            lie = "lies" if places.startswith("1 ") else "lie"
            said.append(
                f"{places[0].upper()}{places[1:]} {lie} off the outline: a reader corrected the point or the mask, and "
                "the other does not follow (off_outline)."
            )
        if count := sum(told["file_changed_since_accepted"] for told in self.images.values()):
            files = "The file of 1 image has" if count == 1 else f"The files of {count} images have"
            said.append(
                f"{files} changed since it was accepted: masks and landmarks belong to what was accepted, not to the "
                "picture that is there now (file_changed_since_accepted)."
            )
        if self._rejected:
            count = "1 structure" if self._rejected == 1 else f"{self._rejected} structures"
            said.append(
                f"Readers rejected {count}: no mask is written of what was rejected; in coco.json it has an empty "
                "segmentation and the review “rejected”."
            )
        if later == "leave-out":
            said.append("Landmarks that were defined after an image was accepted are left out there.")
        elif places := self._places("new_since_accepted", "placement", "placements"):
            is_are = "is" if places.startswith("1 ") else "are"
            said.append(
                f"{places} {is_are} no part of what was accepted: the landmark was defined later (new_since_accepted)."
            )
        if places := self._places("deleted_since_accepted", "placement", "placements"):
            said.append(
                f"Landmarks were deleted after images were accepted with them; the images keep {places} of them "
                "(deleted_since_accepted)."
            )
        if places := _counted(self._unseen, "placement", "placements"):
            said.append(
                f"{places[0].upper()}{places[1:]} are of landmarks that were hidden when the image was accepted: no "
                "reader saw them as points (shown: no)."
            )
        if places := self._places("outside_picture", "place lies", "places lie"):
            said.append(
                f"{places[0].upper()}{places[1:]} outside the picture: predicted where the film ends (outside_picture)."
            )
        return said

    def _places(self, key: str, one: str, many: str) -> str:
        """How many landmarks in how many images are marked so, in words; empty for none."""
        return _counted([len(told[key]) for told in self.images.values()], one, many)


def _counted(each: Sequence[int], one: str, many: str) -> str:
    """The sum of what was found in `each` image, and in how many images there was any; empty for none."""
    found = [count for count in each if count]
    if not found:
        return ""
    count, images = sum(found), "1 image" if len(found) == 1 else f"{len(found)} images"
    return f"{count} {one if count == 1 else many} in {images}"
