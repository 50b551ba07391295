"""Findings of very many images as rows of an array: a project of 10,000 images may have 100,000."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.quality import LEAST_SCORE, Finding, Key, Measure, Reason, score_of_error

ROW = np.dtype(
    [
        *(("image", "<i4"), ("reason", "u1"), ("structure", "<i2"), ("landmark", "<i8"), ("measurement", "<i8")),
        *(("severity", "<f4"), ("measure", "u1"), ("score", "<f4"), ("x", "<f4"), ("y", "<f4"), ("reach", "<f4")),
    ]
)
"""One finding: the image's place in a list of names, the structure's in the template (-1 for none), codes by their
place in `Reason` and `Measure`; the rest is as in `Finding`."""
Rows = npt.NDArray[np.void]
Values = npt.NDArray[np.float64]
_REASONS, _MEASURES = list(Reason), list(Measure)
NONE: Rows = np.zeros(0, ROW)


class Scale(NamedTuple):
    """Mm per pixel [n], NaN where unknown, and diagonals [n] in native pixels."""

    mm: Values
    diagonal: Values

    def score(self, pixels: Values) -> Values:
        """See `score_of_error`."""
        return score_of_error(pixels, self.mm, self.diagonal)


class Largest:
    """The largest value in each of n images, whose it is, and where."""

    def __init__(self, count: int) -> None:
        self.value: Values = np.full(count, np.nan)
        self.whose: npt.NDArray[np.int64] = np.zeros(count, np.int64)
        self.xy: Points = np.full((count, 2), np.nan)

    def take(self, number: int, values: Values, xy: Points) -> None:
        """Take the values [n] and places [n, 2] of one more in; NaN where it has none."""
        larger = (values > self.value) | (np.isnan(self.value) & ~np.isnan(values))
        self.value[larger], self.whose[larger], self.xy[larger] = values[larger], number, xy[larger]


def rows(
    reason: Reason, places: npt.NDArray[np.intp], severity: Values, measure: Measure, score: Values, xy: Points
) -> Rows:
    """Rows of images at some `places`, for those [n] whose score is high enough; the other fields are to be filled."""
    with np.errstate(invalid="ignore"):
        enough = np.flatnonzero(score >= LEAST_SCORE)
    found = np.zeros(len(enough), ROW)
    found["image"], found["reason"], found["structure"] = places[enough], _REASONS.index(reason), -1
    found["severity"], found["measure"], found["score"] = severity[enough], _MEASURES.index(measure), score[enough]
    found["x"], found["y"] = xy[enough].T
    return found


def error_rows(reason: Reason, places: npt.NDArray[np.intp], errors: Largest, scale: Scale, least: float = 0.0) -> Rows:
    """Rows for errors in native pixels, each of a landmark; every one has at least the score `least`."""
    score = np.maximum(scale.score(errors.value), np.where(np.isnan(errors.value), np.nan, least))
    found = rows(reason, places, errors.value, Measure.PX, score, errors.xy)
    with np.errstate(invalid="ignore"):
        of = np.flatnonzero(score >= LEAST_SCORE)
    found["landmark"], found["reach"] = errors.whose[of], 2 * errors.value[of]
    known = ~np.isnan(scale.mm[of])
    found["severity"][known] *= scale.mm[of][known]
    found["measure"][known] = _MEASURES.index(Measure.MM)
    return found


def in_order(found: Rows) -> Rows:
    """The worst images first, and within one its worst place first."""
    if not len(found):
        return found
    worst = np.zeros(int(found["image"].max()) + 1, np.float32)
    np.maximum.at(worst, found["image"], found["score"])
    ordered: Rows = found[np.lexsort((-found["score"], found["image"], -worst[found["image"]]))]
    return ordered


def codes(found: Rows, structures: int) -> npt.NDArray[np.int64]:
    """One number per row [n] for image, reason, structure and measurement: that by which findings are told apart."""
    whole = found["image"].astype(np.int64) * len(_REASONS) + found["reason"]
    whole = whole * (structures + 1) + found["structure"] + 1
    return np.asarray((whole << 20) + found["measurement"])


def code(key: Key, places: Mapping[str, int], structures: Sequence[str]) -> int:
    """The same of a finding's key."""
    whole = places[key.image] * len(_REASONS) + _REASONS.index(key.reason)
    whole = whole * (len(structures) + 1) + (structures.index(key.structure) + 1 if key.structure else 0)
    return (whole << 20) + key.measurement


def finding(row: np.void, names: Sequence[str], structures: Sequence[str]) -> Finding:
    """A row as a reader's program takes it."""
    structure = int(row["structure"])
    return Finding(
        reason=_REASONS[row["reason"]],
        image=names[row["image"]],
        structure=structures[structure] if structure >= 0 else "",
        landmark=int(row["landmark"]),
        measurement=int(row["measurement"]),
        severity=float(row["severity"]),
        measure=_MEASURES[row["measure"]],
        score=float(row["score"]),
        xy=(float(row["x"]), float(row["y"])),
        reach=float(row["reach"]),
    )
