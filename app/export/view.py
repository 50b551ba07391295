"""What an exporter sees of one image of a project."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.prediction import Prediction, native_mask
from app.core.template import Template
from app.export.table import Row


@dataclass(frozen=True, eq=False)
class ImageView:
    """One image, ready to be written.

    Attributes
    ----------
    name : str
        The image's name in the project.
    stem : str
        Its unique name without a known suffix, for files.
    review : str
        Its review state.
    frame : Frame or None
        None where the image was never read.
    prediction : Prediction or None
        The frozen one of an accepted image; None where nothing was predicted.
    rows : tuple of Row
        All placements, in the landmarks' order.
    """

    name: str
    stem: str
    review: str
    frame: Frame | None
    prediction: Prediction | None
    rows: tuple[Row, ...]

    def mask(self, template: Template, structure: str) -> npt.NDArray[np.bool_] | None:
        """One structure's mask [height, width] at native size, or None where it is absent or unknown."""
        c = template.index(structure)
        if self.prediction is None or self.frame is None or not self.prediction.present[c]:
            return None
        return native_mask(self.prediction.masks[c], self.frame)
