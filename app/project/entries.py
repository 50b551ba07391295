"""What a session tells its callers: images, placements, reports and history, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark, Placements, PlacementState, ReviewState
from app.project.changes import Change
from app.store.row_types import StructureReview

Status = Literal["waiting", "predicted", "failed", "missing"]
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Step:
    """What undo or redo would do, or did.

    Attributes
    ----------
    undo : bool
        Otherwise redo.
    label : str
        The action in plain words.
    images : tuple of str
        The images in which something that readers said or did comes or goes.
    landmarks : tuple of str
        Names of the landmarks that it is about.
    entry : int
        Which action of the history it is: of several alike only this one is meant.
    """

    undo: bool
    label: str
    images: tuple[str, ...]
    landmarks: tuple[str, ...] = ()
    entry: int = field(default=0, compare=False)

    @property
    def sentence(self) -> str:
        """What happened, for the reader."""
        count = f" ({len(self.images)} images)" if len(self.images) > 1 else ""
        return f"{'Undone' if self.undo else 'Done again'}: {self.label}{count}"


@dataclass(frozen=True)
class ImageEntry(Generic[Facts]):
    """One image of a project.

    Attributes
    ----------
    name : str
    path : Path
        Where its file is, or was.
    facts : ImageFacts or None
        None until the file was decoded.
    status : str
        ``waiting``, ``predicted``, ``failed`` or ``missing`` (its file).
    message : str
        Why it failed or is missing, in a sentence.
    remark : str
        What is worth knowing about the file.
    suspect : str
        A sentence where the image does not look like one for this model, else empty.
    review : ReviewState
    note : str
        The reader's, to the review.
    frame : Frame or None
        With the spacing that the reader gave, if any; None until the file was decoded.
    structures : tuple of StructureReview
        What was said of single structures, in the order of their names.
    replaced : bool
        The file is another one than the one that a reader corrected or reviewed: they keep or drop what they said.
    left_as_is : bool
        A reader said that it is fine although it is suspect.
    changed_since_accepted : bool
        The file is another one than the one that was accepted: outlines and landmarks may belong to another picture.
    reviewed_by, reviewed_at : str
        Who set the review state and when (UTC, ISO 8601); of an image that is only in progress because a reader touched
        it, who did so last; empty where nobody did.
    """

    name: str
    path: Path
    facts: Facts | None
    status: Status
    message: str
    remark: str
    suspect: str
    review: ReviewState
    note: str
    frame: Frame | None
    structures: tuple[StructureReview, ...] = ()
    reviewed_by: str = ""
    reviewed_at: str = ""
    replaced: bool = False
    left_as_is: bool = False
    changed_since_accepted: bool = False

    @property
    def rejected(self) -> tuple[str, ...]:
        """Names of the structures that a reader rejected: their masks are not good."""
        return tuple(said.structure for said in self.structures if said.state is ReviewState.REJECTED)


@dataclass(frozen=True, eq=False)
class Placement:
    """One landmark in one image.

    Attributes
    ----------
    landmark : Landmark
    state : PlacementState or None
        None where nothing was predicted yet.
    xy : array [2], float64
        Native pixels; NaN where absent or not predicted.
    expected_error : float
        Native pixels; 0 where a reader placed it, NaN where there is no place.
    confidence : float
        In [0, 1]; 1 where a reader placed it, NaN where there is no place.
    reader, at : str
        Who placed it and when (UTC, ISO 8601); empty for predicted ones.
    new_since_accepted : bool
        The image was accepted before this landmark was defined: nobody has looked at it there, and it is no part of
        what was accepted.
    deleted : bool
        The landmark is no more; the image was accepted with it and keeps it.
    cross : array [2], float64
        Native pixels: where its template point is predicted, so where an absent one is crossed out; of an accepted
        image where that was when it was accepted. NaN where it is nowhere, or was not kept with what was accepted.
    shown : bool or None
        In an accepted image: whether its marker could be seen when that was accepted. A hidden landmark could not,
        unless a reader placed it. None in other images, and for what came later.
    number : int
        What tells the landmark from others of its name, deleted ones among them.
    """

    landmark: Landmark
    state: PlacementState | None
    xy: npt.NDArray[np.float64]
    expected_error: float
    confidence: float
    reader: str = ""
    at: str = ""
    new_since_accepted: bool = False
    deleted: bool = False
    cross: npt.NDArray[np.float64] = field(default_factory=lambda: np.full(2, np.nan))
    shown: bool | None = None
    number: int = -1

    @property
    def moved(self) -> float:
        """How far from its prediction a reader put the landmark, native pixels; NaN where none did or none is known."""
        by_reader = self.state in (PlacementState.CORRECTED, PlacementState.CONFIRMED)
        return float(np.hypot(*(self.xy - self.cross))) if by_reader else np.nan


@dataclass(frozen=True, eq=False)
class MovePreview:
    """A landmark in N images as it would be after a move on the template.

    Attributes
    ----------
    placements : Placements
    kept : array [N], bool
        Where it stays as it is: a reader spoke, or the image is accepted.
    """

    placements: Placements
    kept: npt.NDArray[np.bool_]

    @property
    def changing(self) -> int:
        """Number of placements that the move changes."""
        moves = np.isfinite(self.placements.xy[:, 0]) & ~self.kept
        return int(np.count_nonzero(moves))


@dataclass(frozen=True)
class AddReport:
    """What came of adding images.

    Attributes
    ----------
    added : tuple of str
        Names of the new images.
    ignored : int
        Files that are no images.
    known : tuple of str
        Names of those that were in the project before.
    failed : tuple of (name, sentence)
    change : Change or None
        None where none was added.
    """

    added: tuple[str, ...]
    ignored: int = 0
    known: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    change: Change | None = None


@dataclass(frozen=True)
class MovedReport:
    """What came of looking for moved images.

    Attributes
    ----------
    found : tuple of str
        Names of images that are known at their new place now.
    missing : tuple of str
        Those that were not found there.
    never_read : tuple of str
        Those of `missing` that can't be found by their content, since they were never read.
    failed : tuple of (path, sentence)
        Folders that were not looked into.
    change : Change or None
        None where none was found.
    """

    found: tuple[str, ...]
    missing: tuple[str, ...]
    never_read: tuple[str, ...]
    failed: tuple[tuple[str, str], ...] = ()
    change: Change | None = None


@dataclass(frozen=True)
class PredictReport:
    """What came of predicting.

    Attributes
    ----------
    done : tuple of str
    failed, suspect : tuple of (name, sentence)
    seconds : dict of str to float
        Per image that is done.
    cancelled : bool
    """

    done: tuple[str, ...]
    failed: tuple[tuple[str, str], ...] = ()
    suspect: tuple[tuple[str, str], ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    cancelled: bool = False


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the history.

    Attributes
    ----------
    at : str
        UTC, ISO 8601.
    reader, label : str
    undone : bool
        Whether the action is taken back now.
    kind : str
        A code: what kind of change it is.
    images, landmarks : tuple of str
        Whose display it touches; images that are no more in the project are left out.
    """

    at: str
    reader: str
    label: str
    undone: bool
    kind: str = ""
    images: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
