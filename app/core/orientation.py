"""How an image is turned, mirrored or inverted before the network gets it. Its stored pixels never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_TURNS = ("", "turned right by 90°", "turned by 180°", "turned left by 90°")


@dataclass(frozen=True)
class Orientation:
    """What is done to an image as stored so that it is upright, not mirrored and bright where the body absorbs.

    Parameters
    ----------
    quarter_turns : int
        Turns by 90° to the right (clockwise), any integer; kept as 0..3.
    mirrored : bool
        Whether right and left are swapped, after the turn.
    inverted : bool
        Whether bright and dark are swapped.

    Examples
    --------
    >>> Orientation(quarter_turns=1).then(Orientation(quarter_turns=-1)) == AS_STORED
    True
    """

    quarter_turns: int = 0
    mirrored: bool = False
    inverted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "quarter_turns", int(self.quarter_turns) % 4)
        object.__setattr__(self, "mirrored", bool(self.mirrored))
        object.__setattr__(self, "inverted", bool(self.inverted))

    @property
    def swaps_sides(self) -> bool:
        """Whether height and width change places."""
        return self.quarter_turns % 2 == 1

    @property
    def linear(self) -> npt.NDArray[np.float64]:
        """Matrix [2, 2] that takes directions (x, y) of the image as stored to those of the image as read."""
        turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), self.quarter_turns)
        flip = np.diag([-1 if self.mirrored else 1, 1])
        return np.asarray(flip @ turn, float)

    def then(self, other: Orientation) -> Orientation:
        """This orientation, and then another one on top of what it shows."""
        turns = -other.quarter_turns if self.mirrored else other.quarter_turns  # a mirror runs the clock backwards
        return Orientation(self.quarter_turns + turns, self.mirrored != other.mirrored, self.inverted != other.inverted)

    def turned(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Pixels [H, W] as stored, turned and mirrored (not inverted): [H, W], or [W, H] where `swaps_sides`."""
        turned = np.rot90(pixels, -self.quarter_turns)
        return turned[:, ::-1] if self.mirrored else turned

    @property
    def words(self) -> str:
        """For the reader: "turned right by 90°, inverted", or "as stored"."""
        parts = (_TURNS[self.quarter_turns], "mirrored" if self.mirrored else "", "inverted" if self.inverted else "")
        return ", ".join(part for part in parts if part) or "as stored"

    @property
    def key(self) -> str:
        """Short name in keys of stored predictions; empty for an image read as stored."""
        if self == AS_STORED:
            return ""
        return f"{self.quarter_turns}{'m' if self.mirrored else ''}{'i' if self.inverted else ''}"


AS_STORED = Orientation()
"""The image is read as it is."""
MIRRORED = Orientation(mirrored=True)
"""Right and left are swapped, nothing else."""
ORIENTATIONS = tuple(
    Orientation(turns, mirrored, inverted)
    for inverted in (False, True)
    for mirrored in (False, True)
    for turns in range(4)
)
"""The 16 ways to read an image; each is another of them on top of any third."""
