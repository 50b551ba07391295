"""What second readers and imports say beside the project's own placements and masks (design 5.16), in memory."""

from __future__ import annotations

from typing import TypeVar

from app.store.changes import Row
from app.store.row_types import MaskRow, PlacementRow

K = TypeVar("K")
R = TypeVar("R")


class OpinionRows:
    """Rows of opinions other than the project's own, kept equal to the file by `Rows`.

    Attributes
    ----------
    placements : dict of str to dict of str to dict of int to PlacementRow
        By opinion, image and landmark number.
    masks : dict of str to dict of str to dict of str to MaskRow
        By opinion, image and structure.
    """

    def __init__(self) -> None:
        self.placements: dict[str, dict[str, dict[int, PlacementRow]]] = {}
        self.masks: dict[str, dict[str, dict[str, MaskRow]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All opinions, in the order of their names."""
        return tuple(sorted(self.placements.keys() | self.masks.keys()))

    def says_of(self, image: str) -> bool:
        """Whether any opinion says something of an image."""
        return any(image in said for part in (self.placements, self.masks) for said in part.values())

    def with_landmark(self, number: int) -> list[tuple[str, str]]:
        """Opinion and image of all that opinions say of a landmark."""
        said = ((opinion, image, rows) for opinion, held in self.placements.items() for image, rows in held.items())
        return [(opinion, image) for opinion, image, rows in said if number in rows]

    def images(self, opinion: str) -> set[str]:
        """The images of which an opinion says something."""
        return {*self.placements.get(opinion, ()), *self.masks.get(opinion, ())}

    def placements_changed(self, old: Row | None, new: Row | None) -> None:
        """Follow a row of the table of placements, with the name of its image in front."""
        image, opinion, number = (new or old or ())[:3]
        if new is not None:
            row = PlacementRow(image, *new[2:])
            self.placements.setdefault(opinion, {}).setdefault(image, {})[number] = row
        else:
            _drop(self.placements, opinion, image, number)

    def masks_changed(self, old: Row | None, new: Row | None) -> None:
        """Follow a row of the table of masks, with the name of its image in front."""
        image, opinion, structure = (new or old or ())[:3]
        if new is not None:
            self.masks.setdefault(opinion, {}).setdefault(image, {})[structure] = MaskRow(image, *new[2:])
        else:
            _drop(self.masks, opinion, image, structure)

    def rename(self, old: str, new: str) -> None:
        """What is said of an image goes on under its new name."""
        for places in self.placements.values():
            if old in places:
                places[new] = {key: row._replace(image=new) for key, row in places.pop(old).items()}
        for masks in self.masks.values():
            if old in masks:
                masks[new] = {key: row._replace(image=new) for key, row in masks.pop(old).items()}


def _drop(held: dict[str, dict[str, dict[K, R]]], opinion: str, image: str, key: K) -> None:
    """Forget one row, and what is empty without it."""
    del held[opinion][image][key]
    if not held[opinion][image]:
        del held[opinion][image]
    if not held[opinion]:
        del held[opinion]
