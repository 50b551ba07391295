"""Rows of the tables as memory holds them: one tuple per table, and landmarks to and from theirs."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.landmark import Landmark, ReviewState
from app.core.region import Region
from app.store.changes import Row


class ImageRow(NamedTuple):
    """One image as it stands in the table; `source` says what `path` is: a file."""

    number: int | None
    name: str
    position: int
    source: str
    path: str
    relative: str


class PlacementRow(NamedTuple):
    """What a reader said of one landmark in one image; x and y are None where it is absent."""

    image: str
    landmark: int
    state: str
    x: float | None
    y: float | None
    reader: str
    at: str

    @property
    def xy(self) -> npt.NDArray[np.float64]:
        """Native pixels [2], NaN where it is absent."""
        return np.array([np.nan, np.nan] if self.x is None else [self.x, self.y], float)


class MaskRow(NamedTuple):
    """What a reader said of one structure's mask in one image; `mask` is its blob, None where it is absent."""

    image: str
    structure: str
    state: str
    mask: str | None
    reader: str
    at: str


class CaliperRow(NamedTuple):
    """Where a reader said that a shape begins and ends along an axis of the file in one image, native pixels.

    `shape` is as formulas keep it (`app.core.measurement_set`), `axis` 0 for x and 1 for y; the first end comes first.
    """

    image: str
    shape: str
    axis: int
    x1: float
    y1: float
    x2: float
    y2: float
    reader: str
    at: str

    @property
    def ends(self) -> npt.NDArray[np.float64]:
        """Both places [2, 2]."""
        return np.array([[self.x1, self.y1], [self.x2, self.y2]], float)


class MeasurementRow(NamedTuple):
    """A measurement as it stands in the table; its formula as it is kept (`app.core.measurement_set`)."""

    number: int | None
    name: str
    formula: str


class StructureReview(NamedTuple):
    """What a reader said of one structure in one image."""

    image: str
    structure: str
    state: ReviewState
    note: str
    reader: str
    at: str


class Review(NamedTuple):
    """What was said last of an image as a whole; without a reader where nobody said anything."""

    state: ReviewState
    note: str = ""
    reader: str = ""
    at: str = ""


class FrozenRow(NamedTuple):
    """What an accepted image holds: checksums of its blobs; None where nothing was predicted."""

    image: str
    bundle_sha256: str
    suspect: str
    placements: str
    charts: str | None
    maps: str | None


class FactsRow(NamedTuple):
    """What is known of an image file from decoding it; sizes are None until then."""

    path: str
    status: str
    message: str
    height: int | None = None
    width: int | None = None
    row_mm: float | None = None
    column_mm: float | None = None
    provenance: str | None = None
    remark: str = ""
    sha256: str = ""
    size: int = -1
    changed_ns: int = -1
    patient: str = ""
    aspect: float = 1.0
    study_uid: str = ""
    series_uid: str = ""
    instance_uid: str = ""
    study_date: str = ""


class FrozenFacts(NamedTuple):
    """What is known of the file with which an image was accepted; as in `FactsRow`."""

    image: str
    sha256: str
    size: int
    height: int
    width: int
    row_mm: float | None
    column_mm: float | None
    provenance: str | None
    aspect: float

    def over(self, known: FactsRow | None, path: str) -> FactsRow:
        """These facts over what is known of the file that lies at `path` now."""
        if known is None or known.sha256 != self.sha256:
            known = FactsRow(path, "", "", size=self.size)  # that is another file
        return known._replace(**{name: value for name, value in self._asdict().items() if name not in _OF_NOW})


_OF_NOW = ("image", "size")


def landmark_row(number: int | None, mark: Landmark) -> Row:
    """A landmark as it stands in the table."""
    return (
        *(number, mark.name, mark.structure, mark.u, mark.v, mark.rule, mark.group, mark.colour),
        *(int(mark.hidden), int(mark.locked)),
    )


def landmark_of(row: Row) -> Landmark:
    """A row of the table as a landmark."""
    _, name, structure, u, v, rule, group, colour, hidden, locked = row
    return Landmark(name, structure, u, v, rule, group, colour, bool(hidden), bool(locked))


def region_row(number: int | None, region: Region) -> Row:
    """A region or a curve as it stands in the table."""
    uv = json.dumps(region.uv, separators=(",", ":"))
    return (number, region.name, region.structure, uv, int(region.closed), region.colour, int(region.hidden))


def region_of(row: Row) -> Region:
    """A row of the table as a region or a curve."""
    _, name, structure, uv, closed, colour, hidden = row
    corners = tuple((float(u), float(v)) for u, v in json.loads(uv))
    return Region(name, structure, corners, bool(closed), colour, bool(hidden))
