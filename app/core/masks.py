"""The masks of one image: what counts in each structure, at native size. Everybody asks here (design 5.13)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.prediction import Prediction, native_mask, native_pixel
from app.core.template import Template


class MaskState(StrEnum):
    """Where the mask of a structure in an image comes from."""

    PREDICTED = "predicted"
    ABSENT = "absent"


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
    """

    template: Template
    frame: Frame | None
    prediction: Prediction | None

    def state(self, structure: str) -> MaskState | None:
        """Where a structure's mask comes from, None where nothing was predicted; KeyError for an unknown structure."""
        place = self.template.index(structure)
        if self.prediction is None or self.frame is None:
            return None
        return MaskState.PREDICTED if self.prediction.present[place] else MaskState.ABSENT

    def native(self, structure: str) -> npt.NDArray[np.bool_] | None:
        """A structure's mask [height, width] in native pixels, None where it is absent or nothing was predicted."""
        if self.prediction is None or self.frame is None or self.state(structure) is not MaskState.PREDICTED:
            return None
        return native_mask(self.prediction.masks[self.template.index(structure)], self.frame)

    def covering(self, xy: npt.ArrayLike) -> tuple[str, ...]:
        """The structures whose masks cover a native pixel [2], the smallest first."""
        prediction, frame = self.prediction, self.frame
        if prediction is None or frame is None or not frame.contains(xy):
            return ()
        shown = zip(self.template.structures, prediction.masks, prediction.present, strict=True)
        hits = [structure for structure, mask, present in shown if present and native_pixel(mask, frame, xy)]
        return tuple(structure.name for structure in sorted(hits, key=lambda structure: structure.area_mm2))
