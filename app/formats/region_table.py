"""The table of regions and curves: one row per image and region, its outline as well-known text (ISO 19125)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.frame import Frame
from app.core.region import Grey, Sizes, grey_inside, sizes_of
from app.formats.csv_table import Text, cell, number
from app.io.grey_pixels import grey_pixels
from app.project.region_state import RegionIn

COLUMNS = (
    *("image", "region", "kind", "structure", "length", "length_unit", "area", "area_unit", "spacing", "state"),
    *("grey_mean", "grey_sd", "new_since_accepted", "deleted_since_accepted", "outline"),
    "rejected",
)


@dataclass(frozen=True, eq=False)
class RegionRow:
    """One region or curve in one image.

    Attributes
    ----------
    image : str
    one : RegionIn
    frame : Frame or None
        Of the image.
    grey : Grey or None
        Of the pixels inside; None where they are not known, and of curves.
    rejected : bool
        A reader rejected the structure that it lies on.
    """

    image: str
    one: RegionIn
    frame: Frame | None
    grey: Grey | None = None
    rejected: bool = False

    def cells(self, text: Text = cell) -> list[str]:
        """The row in the order of `COLUMNS`."""
        region, there = self.one.region, self.one.there
        sizes = sizes_of(self.one.xy, region.closed, self.frame) if there else Sizes(math.nan, math.nan, known=False)
        spacing = self.frame.spacing if self.frame is not None else None
        unit = "mm" if sizes.known else "px"
        length = [number(sizes.length), unit if there else ""]
        area = [number(sizes.area), f"{unit}2" if there and region.closed else ""]
        who = spacing.provenance.value if there and spacing is not None else ""
        grey = [number(self.grey.mean), number(self.grey.sd)] if self.grey is not None else ["", ""]
        marks = ["yes" if mark else "" for mark in (self.one.new_since_accepted, self.one.deleted)]
        head = [text(self.image), text(region.name), region.kind, text(region.structure)]
        state = "predicted" if there else "absent"
        return [*head, *length, *area, who, state, *grey, *marks, outline(self.one), "yes" if self.rejected else ""]


def outline(one: RegionIn) -> str:
    """The points along the sides, native pixels, as well-known text."""
    kind = "POLYGON" if one.region.closed else "LINESTRING"
    if not one.there:
        return f"{kind} EMPTY"
    points = ", ".join(" ".join(_digits(float(value)) for value in xy) for xy in one.xy)
    return f"{kind} (({points}))" if one.region.closed else f"{kind} ({points})"


def _digits(value: float) -> str:
    return number(value, 2).rstrip("0").rstrip(".")


def rows_of(
    image: str, found: list[RegionIn], frame: Frame | None, leave_out_later: bool, rejected: Collection[str] = ()
) -> Iterator[RegionRow]:
    """The rows of one image, in which a reader rejected some structures."""
    for one in found:
        if not (leave_out_later and one.new_since_accepted):
            yield RegionRow(image, one, frame, rejected=one.region.structure in rejected)


def with_grey(rows: Sequence[RegionRow], path: Path | None) -> Sequence[RegionRow]:
    """The same rows with the grey values inside, from the image's file; as they are where it can't be read."""
    if path is None or not any(row.one.region.closed and row.one.there for row in rows):
        return rows
    frame = rows[0].frame
    pixels = grey_pixels(path, (frame.height, frame.width)) if frame is not None else None
    if pixels is None:
        return rows
    return [replace(row, grey=grey_inside(pixels.values, row.one.xy)) if row.one.region.closed else row for row in rows]
