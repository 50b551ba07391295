"""What a format sees of a project and of one image of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark, ReviewState
from app.core.masks import ImageMasks
from app.core.prediction import Prediction
from app.core.template import Template
from app.formats.csv_table import UNREAD, About, MaskSource, Row, orientation
from app.store.row_types import StructureReview

LATER = ("mark", "leave-out")
"""What may become of landmarks that were defined after an image was accepted."""


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
    about : About
        What every row tells of the image.
    changed : bool
        The file is another one than the one that was accepted.
    trouble : str
        Why the file could not be read, in a sentence, or empty.
    """

    name: str
    stem: str
    review: str
    frame: Frame | None
    prediction: Prediction | None
    rows: tuple[Row, ...]
    note: str = ""
    structures: tuple[StructureReview, ...] = ()
    about: About = UNREAD
    changed: bool = False
    trouble: str = ""

    @property
    def rejected(self) -> tuple[StructureReview, ...]:
        """What was said of the structures that a reader rejected: their masks are not written."""
        return tuple(said for said in self.structures if said.state is ReviewState.REJECTED)

    def mask_source(self, template: Template, structure: str) -> MaskSource:
        """Where the mask of a structure comes from."""
        return mask_source(self.prediction, template, structure, self.structures)

    def mask(self, template: Template, structure: str) -> npt.NDArray[np.bool_] | None:
        """One structure's mask [height, width] at native size, or None where there is none that could be good."""
        source = self.mask_source(template, structure)
        if source is not MaskSource.PREDICTED:
            return None
        return ImageMasks(template, self.frame, self.prediction).native(structure)


def mask_source(
    prediction: Prediction | None, template: Template, structure: str, reviews: Sequence[StructureReview]
) -> MaskSource:
    """Where the mask of a structure comes from, given what was predicted and what readers said of structures."""
    if any(said.structure == structure and said.state is ReviewState.REJECTED for said in reviews):
        return MaskSource.REJECTED
    if prediction is None:
        return MaskSource.UNKNOWN
    return MaskSource.PREDICTED if prediction.present[template.index(structure)] else MaskSource.ABSENT


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
    stems : mapping of str to str
        The images' unique names without a known suffix, for files.
    read : callable
        Gives the `ImageView` of a name; raises ProjectError where what is stored is damaged.
    deleted : tuple of Landmark
        Landmarks that are no more; some of the images were accepted with them and keep them. They are called
        "NAME (deleted)" here, and "NAME (deleted 2)" and so on where several had one name.
    later : str
        Whether landmarks defined after an image was accepted are marked there or left out: one of `LATER`.
    scope : str
        Which images of the project these are: one of `from_session.SCOPES`.
    """

    name: str
    model: str
    bundle_sha256: str
    template: Template
    landmarks: tuple[Landmark, ...]
    own: tuple[Landmark, ...]
    images: tuple[str, ...]
    stems: Mapping[str, str]
    read: Callable[[str], ImageView]
    deleted: tuple[Landmark, ...] = ()
    later: str = "mark"
    scope: str = "all"


def facts_of(image: ImageView) -> dict[str, Any]:
    """What is told of an image where there is one entry per image: COCO and the report."""
    about, frame = image.about, image.frame
    spacing = frame.spacing if frame is not None else None
    size = spacing and {
        "row_mm": spacing.row_mm,
        "column_mm": spacing.column_mm,
        "provenance": spacing.provenance.value,
    }
    return {
        "review": image.review,
        "review_note": image.note,
        "reader": about.reader,
        "time_utc": about.at,
        "suspect": about.suspect,
        "file_changed_since_accepted": image.changed,
        "spacing": size,
        "orientation": orientation(frame.orientation) if frame is not None else "",
    }
