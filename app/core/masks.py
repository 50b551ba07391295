"""The masks of one image: what counts in each structure, at native size. Everybody asks here (design 5.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.native_mask import native_mask, native_pixel
from app.core.prediction import Prediction
from app.core.template import FIELD, Template

Mask = npt.NDArray[np.bool_]


class MaskState(StrEnum):
    """Who says what the mask of a structure in an image is."""

    PREDICTED = "predicted"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    ABSENT = "absent"


@dataclass(frozen=True, eq=False)
class ReaderMask:
    """What a reader said of one structure's mask in one image.

    Attributes
    ----------
    native : array [H, W], bool, or None
        Native pixels; None where the reader said that the structure is absent, and where the bitmap is lost.
    reader, at : str
        Who said so and when (UTC, ISO 8601).
    lost : bool
        What the reader drew is damaged in the project file: nothing is known of the structure then.
    """

    native: Mask | None
    reader: str = ""
    at: str = ""
    lost: bool = False


@dataclass(frozen=True, eq=False)
class ImageMasks:
    """The masks of all structures in one image; of a snapshot, so that any thread may ask.

    Attributes
    ----------
    template : Template
    frame : Frame or None
        None where the image was never read.
    prediction : Prediction or None
        None where nothing was predicted.
    by_reader : mapping of str to ReaderMask
        What readers said of structures; it counts before the prediction.
    confirmed : frozenset of str
        The structures that a reader's review accepted.
    """

    template: Template
    frame: Frame | None
    prediction: Prediction | None
    by_reader: Mapping[str, ReaderMask] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()

    def state(self, structure: str) -> MaskState | None:
        """Who says what a structure's mask is; None where nobody does, as of the field. KeyError for an unknown one."""
        if structure == FIELD:
            return None
        place = self.template.index(structure)
        said = self._said.get(structure)
        if self.frame is None or (said.lost if said is not None else self.prediction is None):
            return None
        if said is not None:
            there, state = said.native is not None, MaskState.CORRECTED
        else:
            there, state = self.prediction is not None and bool(self.prediction.present[place]), MaskState.PREDICTED
        if not there:
            return MaskState.ABSENT
        return MaskState.CONFIRMED if structure in self.confirmed else state

    @property
    def known(self) -> bool:
        """Whether anything is known of any structure."""
        return any(self.state(structure.name) is not None for structure in self.template.structures)

    def corrected(self, structure: str) -> bool:
        """Whether a reader drew a structure's mask, or said that it is absent; also where it was confirmed since."""
        return structure in self._said

    def by_hand(self, structure: str) -> Mask | None:
        """The mask [height, width] in native pixels that a reader drew, where that is what counts; else None."""
        said = self._said.get(structure)
        return said.native if said is not None and self.state(structure) is not None else None

    def probability(self, structure: str) -> npt.NDArray[np.uint8] | None:
        """The predicted mask [h, w] on the network's grid, 0..255, where that is what counts; else None."""
        if self.prediction is None or self.corrected(structure) or self.state(structure) in (None, MaskState.ABSENT):
            return None
        found: npt.NDArray[np.uint8] = self.prediction.masks[self.template.index(structure)]
        return found

    def source(self, structure: str) -> object:
        """What the mask of a structure is made of: as long as that is the same object, the mask is the same."""
        drawn = self.by_hand(structure)
        return drawn if drawn is not None else self.prediction if self.probability(structure) is not None else None

    def native(self, structure: str) -> Mask | None:
        """A structure's mask [height, width] in native pixels, None where it is absent or nothing is known of it.

        It is not to be written to.
        """
        if self.state(structure) in (None, MaskState.ABSENT):
            return None
        said = self._said.get(structure)
        return said.native if said is not None else self.predicted(structure)

    def predicted(self, structure: str) -> Mask | None:
        """The mask [height, width] that was predicted, whatever readers said of it since; None where there is none."""
        place = self.template.index(structure)
        if self.prediction is None or self.frame is None or not self.prediction.present[place]:
            return None
        return native_mask(self.prediction.masks[place], self.prediction.frame(self.frame))

    def covering(self, xy: npt.ArrayLike) -> tuple[str, ...]:
        """The structures whose masks cover a native pixel [2], the smallest on the template first."""
        if self.frame is None or not self.frame.contains(xy):
            return ()
        hits = [structure for structure in self.template.structures if self._covers(structure.name, xy)]
        return tuple(structure.name for structure in sorted(hits, key=lambda structure: structure.area_mm2))

    def _covers(self, structure: str, xy: npt.ArrayLike) -> bool:
        if self.frame is None or self.state(structure) in (None, MaskState.ABSENT):
            return False
        said = self._said.get(structure)
        if said is not None and said.native is not None:
            column, row = np.clip(np.rint(np.asarray(xy, float)), 0, (self.frame.width - 1, self.frame.height - 1))
            return bool(said.native[int(row), int(column)])
        assert self.prediction is not None
        frame = self.prediction.frame(self.frame)
        return native_pixel(self.prediction.masks[self.template.index(structure)], frame, xy)

    @cached_property
    def _said(self) -> dict[str, ReaderMask]:
        """What readers said, without bitmaps of another size: they belong to another file under the same name."""
        size = (self.frame.height, self.frame.width) if self.frame is not None else (0, 0)
        return {name: said for name, said in self.by_reader.items() if said.native is None or said.native.shape == size}
