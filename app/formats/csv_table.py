"""The table of placements: one row per image and landmark (design 6)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np

from app.core.annotation import AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Frame
from app.core.landmark import Landmark, PlacementState, ReviewState
from app.core.orientation import Orientation
from app.core.plausibility import words_of
from app.core.prediction import Prediction, confidence
from app.core.template import FIELD, Template
from app.core.template_point import place_of
from app.core.text import one_line
from app.formats.reading import Known, point_state, read_place, read_text
from app.io.atomic import WholeFile

COLUMNS = (
    "image",
    "structure",
    "landmark",
    "x_px",
    "y_px",
    "x_mm",
    "y_mm",
    "confidence",
    "expected_error_px",
    "expected_error_mm",
    "state",
    "review",
    "suspect",
    "reader",
    "time_utc",
    "spacing_row_mm",
    "spacing_column_mm",
    "spacing_provenance",
    "orientation",
    "mask",
    "structure_review",
    "off_outline",
    "new_since_accepted",
    "deleted_since_accepted",
    "outside_picture",
    "shown",
    "moved_px",
)
"""Names and order are a stable seam (design 6): new columns go to the end. ``docs/exports.md`` tells what each says."""
_RUN = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


class MaskSource(StrEnum):
    """Where the mask of a structure comes from that an export holds."""

    PREDICTED = "predicted"
    CORRECTED = "corrected"
    ABSENT = "absent"
    REJECTED = "rejected"
    UNKNOWN = ""


@dataclass(frozen=True)
class About:
    """What every row of an image tells of the image.

    Attributes
    ----------
    review : str
        Its review state.
    suspect : str
        Why it does not look like an image for the model, or empty.
    reader, at : str
        Who reviewed it and when (UTC, ISO 8601), or empty.
    """

    review: str = ReviewState.UNREAD.value
    suspect: str = ""
    reader: str = ""
    at: str = ""


UNREAD = About()


def cell(text: str) -> str:
    """A text for a cell: on one line, and none that a spreadsheet would run as a formula.

    Such a text gets an apostrophe in front, as spreadsheets themselves mark text; plain numbers stay as they are.
    (OWASP, CSV injection: ``= + - @``, tab, carriage return, line feed and the full-width signs.)
    """
    risky = _RUN.match(text) is not None and not _NUMBER.fullmatch(text)
    return ("'" if risky else "") + one_line(text)


Text = Callable[[str], str]
"""What is done to texts of readers and files before they stand in a table: `cell`, or nothing but `one_line`."""


@dataclass(frozen=True)
class Row:
    """One placement.

    Attributes
    ----------
    image, structure, landmark : str
    state : str
        ``predicted``, ``corrected``, ``confirmed`` or ``absent``.
    xy : (x, y) or None
        Native pixels; None where absent.
    expected_error : float or None
        Native pixels; None where absent or not known.
    frame : Frame or None
        Of the image; None where the image was never read.
    about : About
        What is told of the image.
    reader, at : str
        Who placed it and when (UTC, ISO 8601); empty where no reader did.
    mask : str
        One of `MaskSource`: where the structure's mask comes from.
    structure_review : str
        What a reader said of the structure: a review state, or empty.
    off_outline : bool
        This point of the model's contour does not lie on the outline of the mask: a reader corrected the point or the
        mask, and the other did not follow.
    new, deleted : bool
        The landmark was defined, or deleted, after the image was accepted.
    shown : bool or None
        Of an accepted image: whether its marker could be seen when that was accepted; None elsewhere.
    models_own : bool
        The landmark came with the model: a point of a contour, which is shown by the contour.
    moved : float
        How far from its prediction a reader put the landmark, native pixels; NaN where no reader did.
    keypoint : str
        What the landmark is called where every name must be another one, if not by its name: see
        `ProjectView.deleted`.
    """

    image: str
    structure: str
    landmark: str
    state: str
    xy: tuple[float, float] | None
    expected_error: float | None
    frame: Frame | None
    about: About = UNREAD
    reader: str = ""
    at: str = ""
    mask: str = ""
    structure_review: str = ""
    off_outline: bool = False
    new: bool = False
    deleted: bool = False
    shown: bool | None = None
    models_own: bool = False
    moved: float = np.nan
    keypoint: str = ""

    @property
    def counts(self) -> bool:
        """Whether it has a place to learn from: not one predicted in a structure that a reader rejected.

        A place that a reader corrected or confirmed counts, whatever the outline is like.
        """
        rejected = self.mask == MaskSource.REJECTED and self.state == PlacementState.PREDICTED
        return self.xy is not None and bool(np.isfinite(self.xy).all()) and not rejected

    @property
    def outside(self) -> bool:
        """Whether the place lies outside the picture: predicted where the film does not show it."""
        xy = self.xy
        known = xy is not None and self.frame is not None and bool(np.isfinite(xy).all())
        return known and not self.frame.contains(xy)  # type: ignore[union-attr,arg-type]

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `COLUMNS`; unknown cells are empty."""
        head, frame, xy = [text(self.image), text(self.structure), text(self.landmark)], self.frame, self.xy
        tail = [self.state, *self._tail(text)]
        if xy is None or not np.isfinite(xy).all():
            return [*head, *[""] * 7, *tail]
        x_mm, y_mm = frame.to_mm(xy) if frame is not None else (np.nan, np.nan)
        error, sure, error_mm = self.expected_error, np.nan, np.nan
        if error is None or not np.isfinite(error):
            error = np.nan
        elif frame is not None:
            sure, error_mm = float(confidence(error, frame.diagonal)), error * frame.mm_per_pixel
        numbers = [number(value) for value in (*xy, x_mm, y_mm)]
        return [*head, *numbers, number(sure, 4), number(error), number(error_mm), *tail]

    def _tail(self, text: Text) -> list[str]:
        about, frame = self.about, self.frame
        spacing = frame.spacing if frame is not None else None
        sizes = [f"{spacing.row_mm:.6g}", f"{spacing.column_mm:.6g}", spacing.provenance.value] if spacing else [""] * 3
        who = (self.reader, self.at) if self.at else (about.reader, about.at)
        turned = orientation(frame.orientation) if frame is not None else ""
        marks = ["yes" if mark else "" for mark in (self.off_outline, self.new, self.deleted, self.outside)]
        marks.append({None: "", True: "yes", False: "no"}[self.shown])
        said = [about.review, text(about.suspect), text(who[0]), text(who[1])]
        return [*said, *sizes, turned, self.mask, self.structure_review, *marks, number(self.moved)]


def orientation(orientation: Orientation) -> str:
    """How an image is read, as words that programs can split: ``as_stored``, or e.g. ``turned_90 mirrored inverted``.

    Turns are to the right (clockwise), and come before the mirror.
    """
    turned = f"turned_{90 * orientation.quarter_turns}" if orientation.quarter_turns else ""
    parts = (turned, "mirrored" if orientation.mirrored else "", "inverted" if orientation.inverted else "")
    return " ".join(part for part in parts if part) or "as_stored"


def number(value: float, digits: int = 3) -> str:
    """A number with fixed decimals; empty for NaN, and never "-0.000"."""
    if not np.isfinite(value):
        return ""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def rows_of(
    image: str, prediction: Prediction, frame: Frame, template: Template, landmarks: Sequence[Landmark]
) -> list[Row]:
    """Where landmarks lie in one image by its prediction, in the landmarks' order."""
    rows, about = [], About(suspect=words_of(prediction.suspect, template.anatomy))
    for mark in landmarks:
        who = (image, mark.structure, mark.name)
        (x, y), error = place_of(prediction, template, mark.structure, mark.uv)
        if np.isnan(x):
            state = PlacementState.ABSENT.value
            mask = (MaskSource.UNKNOWN if mark.structure == FIELD else MaskSource.ABSENT).value
            rows.append(Row(*who, state, None, None, frame, about, mask=mask))
            continue
        state = PlacementState.PREDICTED.value
        mask = (MaskSource.UNKNOWN if mark.structure == FIELD else MaskSource.PREDICTED).value
        rows.append(Row(*who, state, (float(x), float(y)), float(error), frame, about, mask=mask))
    return rows


class Cells(Protocol):
    """A row of a table."""

    def cells(self, text: Text = cell) -> list[str]:
        """What stands in it, column by column, with `text` done to what readers and files call things."""


class TableFile:
    """A table as CSV (UTF-8, one line feed per row), in its place once `keep` was called; all may raise OSError.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    """

    def __init__(self, path: Path, columns: Sequence[str] = COLUMNS) -> None:
        self._whole = WholeFile(path)
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(columns)
        self.drop = self._whole.drop

    def add(self, rows: Iterable[Cells]) -> None:
        """Write some rows."""
        for row in rows:
            self._writer.writerow(row.cells())
        self._whole.write(self._text.getvalue())
        self._text.seek(0)
        self._text.truncate()

    def keep(self) -> None:
        """Put the table in its place."""
        self.add(())
        self._whole.keep()


def write_table(rows: Iterable[Cells], path: Path, columns: Sequence[str] = COLUMNS) -> None:
    """Write a whole table; raises OSError."""
    table = TableFile(path, columns)
    try:
        table.add(rows)
    except BaseException:
        table.drop()
        raise
    table.keep()


def fits_csv(file: Path, head: bytes) -> bool:
    """Whether a file begins like a table of placements."""
    first = head.split(b"\n", 1)[0].lstrip(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return {"image", "landmark", "x_px", "y_px"} <= {name.strip().strip('"') for name in first.split(",")}


def uncelled(text: str) -> str:
    """A text as it was before `cell` marked it."""
    return text[1:] if text.startswith("'") and _RUN.match(text[1:]) else text


def read_csv(file: Path, known: Known) -> list[ImageAnnotations]:
    """All placements of a table, also one of another program with the columns image, landmark, x_px, y_px, [state].

    A row without a place says that the landmark is absent.

    Raises
    ------
    ValueError
        With a sentence: a column is missing, a number is none.
    """
    table = csv.DictReader(io.StringIO(read_text(file)))
    points: dict[str, list[AnnotatedPoint]] = {}
    for line, row in enumerate(table, 2):
        image, landmark = uncelled((row.get("image") or "").strip()), uncelled((row.get("landmark") or "").strip())
        if not image or not landmark:
            raise ValueError(f"{file.name}, row {line}: the image or the landmark has no name.")
        x, y, state = (row.get("x_px") or "").strip(), (row.get("y_px") or "").strip(), point_state(row.get("state"))
        if not x and not y:
            found = AnnotatedPoint(landmark, None)
        else:
            found = AnnotatedPoint(landmark, read_place([x, y], file, f"{landmark}, row {line},"), state=state)
        points.setdefault(image, []).append(found)
    return [ImageAnnotations(ImageReference(image), rows, file=file.name) for image, rows in points.items()]
