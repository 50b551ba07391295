"""What an exporter sees of a project and of one image of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark
from app.core.prediction import Prediction, native_mask
from app.core.template import Template
from app.export.table import Row
from app.store.rows import StructureReview


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
    note : str
        The reader's, to the review.
    structures : tuple of StructureReview
        What was said of single structures.
    """

    name: str
    stem: str
    review: str
    frame: Frame | None
    prediction: Prediction | None
    rows: tuple[Row, ...]
    note: str = ""
    structures: tuple[StructureReview, ...] = ()

    def mask(self, template: Template, structure: str) -> npt.NDArray[np.bool_] | None:
        """One structure's mask [height, width] at native size, or None where it is absent or unknown."""
        c = template.index(structure)
        if self.prediction is None or self.frame is None or not self.prediction.present[c]:
            return None
        return native_mask(self.prediction.masks[c], self.frame)


@dataclass(frozen=True, eq=False)
class ProjectView:
    """What is exported of a project.

    Attributes
    ----------
    name : str
        Of its file.
    model, bundle_sha256 : str
    template : Template
    landmarks : tuple of Landmark
        All of them.
    own : tuple of Landmark
        Those that a reader would call the project's landmark set.
    images : tuple of str
        Names of the images to write.
    read : callable
        Gives the `ImageView` of a name; raises ProjectError where what is stored is damaged.
    """

    name: str
    model: str
    bundle_sha256: str
    template: Template
    landmarks: tuple[Landmark, ...]
    own: tuple[Landmark, ...]
    images: tuple[str, ...]
    read: Callable[[str], ImageView]
