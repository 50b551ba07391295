"""What a format sees of a project and of one image of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark, ReviewState
from app.core.masks import ImageMasks, MaskState
from app.core.template import Template
from app.formats.csv_table import UNREAD, About, MaskSource, Row, orientation
from app.formats.measurement_table import MeasurementRow
from app.formats.region_table import RegionRow
from app.project.entries import HistoryEntry
from app.store.row_types import StructureReview

LATER = ("mark", "leave-out")
"""What may become of landmarks that were defined after an image was accepted."""


class RefusedError(Exception):
    """A format cannot write an image; the message says why, and what to do. Other formats can."""


class Person(Protocol):
    """Takes the person out of DICOM headers (`app.formats.deidentify.Deidentifier`)."""

    def header(self, source: Any) -> Any:
        """A copy of a pydicom data set without the person; raises RefusedError."""

    def mark(self, made: Any) -> None:
        """Say in a pydicom data set that the person was taken out."""

    def file(self, path: Path) -> bytes:
        """A DICOM file without the person; raises RefusedError and OSError."""


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
    masks : ImageMasks
        As they count now: predicted or corrected, of an accepted image those that it was accepted with.
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
    measured : tuple of MeasurementRow
        All measurements.
    regions : tuple of RegionRow
        All regions and curves.
    path : Path or None
        Its file, where that is the one that was predicted, and accepted.
    trouble : str
        Why the file could not be read, in a sentence, or empty.
    person : Deidentifier or None
        What takes the person out of its header, where that is wanted (`app.formats.given_away`).
    """

    name: str
    stem: str
    review: str
    masks: ImageMasks
    rows: tuple[Row, ...]
    note: str = ""
    structures: tuple[StructureReview, ...] = ()
    about: About = UNREAD
    changed: bool = False
    trouble: str = ""
    measured: tuple[MeasurementRow, ...] = ()
    regions: tuple[RegionRow, ...] = ()
    path: Path | None = None
    person: Person | None = None

    @property
    def frame(self) -> Frame | None:
        """None where the image was never read."""
        return self.masks.frame

    @property
    def rejected(self) -> tuple[StructureReview, ...]:
        """What was said of the structures that a reader rejected: their masks are not written."""
        return tuple(said for said in self.structures if said.state is ReviewState.REJECTED)

    def mask_source(self, structure: str) -> MaskSource:
        """Where the mask of a structure comes from."""
        return mask_source(self.masks, structure, self.structures)

    def mask(self, structure: str) -> npt.NDArray[np.bool_] | None:
        """One structure's mask [height, width] at native size, or None where there is none that could be good."""
        return None if self.mask_source(structure) is MaskSource.REJECTED else self.masks.native(structure)


def mask_source(masks: ImageMasks, structure: str, reviews: Sequence[StructureReview] = ()) -> MaskSource:
    """Where the mask of a structure comes from, and whether a reader rejected it."""
    if any(said.structure == structure and said.state is ReviewState.REJECTED for said in reviews):
        return MaskSource.REJECTED
    state = masks.state(structure)
    if state is None:
        return MaskSource.UNKNOWN
    if state is MaskState.ABSENT:
        return MaskSource.ABSENT
    return MaskSource.CORRECTED if masks.corrected(structure) else MaskSource.PREDICTED


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
    history : callable
        Gives all that was done to the project, oldest first.
    captures : bool
        Whether DICOM objects of images that are no DICOM files point at a Secondary Capture that is written too; else
        they are refused.
    notes : tuple of str
        Sentences that the report is to tell.
    deidentified : bool
        Persons were taken out: nothing that names them may lie beside it.
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
    history: Callable[[], Sequence[HistoryEntry]] = tuple
    captures: bool = False
    notes: tuple[str, ...] = ()
    deidentified: bool = False


def own_rows(image: ImageView, project: ProjectView) -> Iterator[Row]:
    """The rows of the project's own landmarks that have a place to learn from, in the landmarks' order."""
    own = {mark.name for mark in project.own}
    return (row for row in image.rows if row.landmark in own and row.counts and not row.deleted)


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
