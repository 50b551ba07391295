"""One region or curve as it is drawn, without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.frame import Points


@dataclass(frozen=True, eq=False)
class RegionLine:
    """One region or curve as it is drawn.

    Attributes
    ----------
    name : str
    xy : array [K, 2]
        In the plane of the view; a region's end where they begin.
    colour : str
    closed, chosen : bool
    corners : array [K, 2] or None
        Of one that is still being drawn: those are marked.
    """

    name: str
    xy: Points
    colour: str
    closed: bool
    chosen: bool = False
    corners: Points | None = None
