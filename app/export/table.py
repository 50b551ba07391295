"""The table of placements: one row per image and landmark (design 6)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.frame import Frame
from app.core.landmark import Landmark, PlacementState
from app.core.prediction import Prediction, confidence, sample_chart
from app.core.template import Template
from app.export.atomic import WholeFile

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
)


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
    """

    image: str
    structure: str
    landmark: str
    state: str
    xy: tuple[float, float] | None
    expected_error: float | None
    frame: Frame | None

    def cells(self) -> list[str]:
        """The row in the order of `COLUMNS`; unknown cells are empty."""
        head, frame, xy = [self.image, self.structure, self.landmark], self.frame, self.xy
        if xy is None or not np.isfinite(xy).all():
            return [*head, *[""] * 7, self.state]
        x_mm, y_mm = frame.to_mm(xy) if frame is not None else (np.nan, np.nan)
        error, sure, error_mm = self.expected_error, np.nan, np.nan
        if error is None or not np.isfinite(error):
            error = np.nan
        elif frame is not None:
            sure, error_mm = float(confidence(error, frame.diagonal)), error * frame.mm_per_pixel
        numbers = [number(value) for value in (*xy, x_mm, y_mm)]
        return [*head, *numbers, number(sure, 4), number(error), number(error_mm), self.state]


def number(value: float, digits: int = 3) -> str:
    """A number with fixed decimals; empty for NaN, and never "-0.000"."""
    if not np.isfinite(value):
        return ""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def rows_of(
    image: str, prediction: Prediction, frame: Frame, template: Template, landmarks: Sequence[Landmark]
) -> list[Row]:
    """Where landmarks lie in one image by its prediction, in the landmarks' order."""
    rows = []
    for mark in landmarks:
        c = template.index(mark.structure)
        if not prediction.present[c]:
            rows.append(Row(image, mark.structure, mark.name, PlacementState.ABSENT.value, None, None, frame))
            continue
        x, y = sample_chart(prediction.charts[c], mark.uv)
        error = float(sample_chart(prediction.expected_error[c], mark.uv))
        state = PlacementState.PREDICTED.value
        rows.append(Row(image, mark.structure, mark.name, state, (float(x), float(y)), error, frame))
    return rows


class TableFile:
    """The table as CSV (UTF-8, one line feed per row), in its place once `keep` was called; all may raise OSError.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._whole = WholeFile(path)
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(COLUMNS)
        self.drop = self._whole.drop

    def add(self, rows: Iterable[Row]) -> None:
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


def write_table(rows: Iterable[Row], path: Path) -> None:
    """Write a whole table; raises OSError."""
    table = TableFile(path)
    try:
        table.add(rows)
    except BaseException:
        table.drop()
        raise
    table.keep()
