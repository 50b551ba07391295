"""Which crops the contact sheet shows, and in which order: a landmark in all images, worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.core.landmark import PlacementState
from app.core.prediction import confidence

if TYPE_CHECKING:
    from app.project.session import Session


@dataclass(frozen=True)
class Tile:
    """One image around the landmark.

    Attributes
    ----------
    image : str
    slot : int
        Its place among the session's images.
    xy : tuple of float
        Native pixels; where it would be if it is absent.
    state : PlacementState
    confidence : float
        NaN where a reader has spoken.
    """

    image: str
    slot: int
    xy: tuple[float, float]
    state: PlacementState
    confidence: float


def collect_tiles(session: Session, landmark: str) -> list[Tile]:
    """All images that are predicted, those with the least confidence first, those a reader has seen to last."""
    images = session.images
    placed = session.placements(landmark)
    there = np.isfinite(placed.xy).all(axis=1, keepdims=True)
    xy = np.where(there, placed.xy, session.crosses(landmark))
    derived = np.array([state == PlacementState.PREDICTED for state in placed.states], bool)
    sure = np.where(derived, confidence(placed.expected_error, session.diagonals), np.nan)
    known = np.array([state is not None for state in placed.states], bool) & np.isfinite(xy).all(axis=1)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(sure[rows], kind="stable")]  # NaN comes last
    each = zip(rows.tolist(), xy[rows].tolist(), sure[rows].tolist(), strict=True)
    return [Tile(images[i], i, (x, y), placed.states[i], doubt) for i, (x, y), doubt in each]  # type: ignore[arg-type]


def suspects_last(tiles: Sequence[Tile], suspect: Callable[[str], bool]) -> list[Tile]:
    """The same tiles with those of suspect images behind all others: what is no chest would be worst of all."""
    return sorted(tiles, key=lambda tile: suspect(tile.image))


def in_the_order_of(before: Sequence[Tile], tiles: Sequence[Tile]) -> list[Tile]:
    """Tiles in the order in which they were shown before; those of further images follow."""
    place = {tile.image: i for i, tile in enumerate(before)}
    return sorted(tiles, key=lambda tile: place.get(tile.image, len(place)))
