"""How crops are turned and scaled: as the template is, so that a structure looks alike in all tiles, or upright."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from app.core.alignment import are_mirrored, turns_and_scales
from app.core.field import field_of
from app.core.template import FIELD, Template
from app.gui.contact_sheet.tile_frame import upright
from app.project.session import Session

SHARE_OF_TEMPLATE = 0.2
"""What an aligned tile shows, as a share of the diagonal of the template: about as much as an upright one."""
BELIEVED = 3.0
"""A structure that is said to be by so much larger or smaller than usual is not what is scaled by: that is no chest."""

Linear = npt.NDArray[np.float64]


class Poses:
    """The linear part of the map from a tile to its image, for the chosen landmark.

    Attributes
    ----------
    aligned : bool
        Whether crops are turned so that the template's axis points up, and scaled so that the landmark's structure has
        one size in all tiles, the other hand as its mirror image; else they are upright and show the same share of
        each image.
    """

    def __init__(self) -> None:
        self.aligned = True
        self._structure = ""
        self._found: dict[str, Linear] = {}

    def forget(self, images: Collection[str] = ()) -> None:
        """The predictions of these images may be others; without names of all."""
        for name in tuple(images) or tuple(self._found):
            self._found.pop(name, None)

    def find(self, session: Session, structure: str, images: Sequence[str]) -> None:
        """Find those of some images, at once, that are not known yet."""
        if structure != self._structure:
            self._found.clear()
            self._structure = structure
        wanted = [name for name in images if name not in self._found]
        if not wanted:
            return
        turned = _turned(session, structure, wanted) if self.aligned else np.full((len(wanted), 2, 2), np.nan)
        for name, linear in zip(wanted, turned, strict=True):
            frame = session.image(name).frame
            assert frame is not None
            plain = upright(frame)
            size = float(np.hypot(*linear[:, 0]) / np.hypot(*plain[:, 0]))  # NaN where nothing is known
            self._found[name] = linear if 1 / BELIEVED < size < BELIEVED else plain

    def of(self, session: Session, structure: str, image: str) -> Linear:
        """Matrix [2, 2] from the width of a tile to native pixels of an image; see `tile_frame.upright`."""
        if structure != self._structure or image not in self._found:
            self.find(session, structure, [image])
        return self._found[image]

    def align(self, aligned: bool) -> None:
        """Turn and scale crops as the template is, or let them be upright."""
        self.aligned = aligned
        self._found.clear()


def _turned(session: Session, structure: str, images: Sequence[str]) -> Linear:
    """Matrices [N, 2, 2] from the width of an aligned tile to native pixels; NaN where the structure is absent."""
    template = session.template
    plane = field_of(template).plane if structure == FIELD else template.structure(structure).outline
    places = session.places_in(images, structure, template.structure(structure).to_chart(plane))
    frames = [session.image(name).frame for name in images]
    as_read = np.stack([frame.upright for frame in frames if frame is not None])
    seen = np.einsum("nij,nkj->nki", as_read, places)
    flips = np.where(are_mirrored(plane, seen)[:, None, None], np.diag([-1.0, 1.0]), np.eye(2))  # the other hand
    turns = turns_and_scales(plane, np.einsum("nij,nkj->nki", flips, seen))
    return np.asarray(np.linalg.inv(as_read) @ flips @ turns * crop_mm(template))


def crop_mm(template: Template) -> float:
    """What an aligned tile shows of the template's plane, in mm."""
    points = np.concatenate([structure.outline for structure in template.structures])
    return SHARE_OF_TEMPLATE * float(np.hypot(*np.ptp(points, axis=0)))
