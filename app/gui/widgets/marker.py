"""One landmark as it is drawn, without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.landmark import PlacementState


@dataclass(frozen=True)
class Marker:
    """One landmark as it is drawn.

    Attributes
    ----------
    name : str
        Of the landmark.
    xy : tuple of float
        In the coordinates of the item (corner frame of the image, or mm of the template).
    state : PlacementState
    colour : str
    chosen : bool
    hidden : bool
        Drawn all the same, since it is chosen: what stands beside it says so.
    """

    name: str
    xy: tuple[float, float]
    state: PlacementState
    colour: str
    chosen: bool = False
    hidden: bool = False

    @property
    def label(self) -> str:
        """What stands beside it."""
        return f"{self.name} (hidden, shown while it is chosen)" if self.hidden else self.name
