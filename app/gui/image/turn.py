"""How the reader has turned the view of an image. Only the picture on the screen turns; coordinates stay native."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF
from PySide6.QtGui import QTransform

from app.core.orientation import Orientation

Side = Literal["left", "right", "top", "bottom"]

_TURNED = {1: "turned 90° right", 2: "turned 180°", 3: "turned 90° left"}


@dataclass(frozen=True)
class Turn:
    """The stored image is first mirrored, then turned.

    Attributes
    ----------
    quarters : int
        Quarter turns to the right (clockwise), 0 to 3.
    mirrored : bool
        Left and right of the stored image exchanged.
    """

    quarters: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, orientation: Orientation) -> Turn:
        """The view that shows an image as it is read: upright."""
        return cls((-1 if orientation.mirrored else 1) * orientation.quarter_turns % 4, orientation.mirrored)

    def orientation(self, inverted: bool) -> Orientation:
        """The orientation that makes the network see what the reader sees."""
        return Orientation(-self.quarters if self.mirrored else self.quarters, self.mirrored, inverted)

    def right(self) -> Turn:
        """A quarter turn to the right."""
        return Turn((self.quarters + 1) % 4, self.mirrored)

    def left(self) -> Turn:
        """A quarter turn to the left."""
        return Turn((self.quarters - 1) % 4, self.mirrored)

    def mirror(self) -> Turn:
        """Left and right of the screen exchanged."""
        return Turn(-self.quarters % 4, not self.mirrored)

    @property
    def transform(self) -> QTransform:
        """From the plane (the corner frame of the image) to the turned plane, about the plane's origin."""
        mirror = QTransform.fromScale(-1 if self.mirrored else 1, 1)
        return mirror * QTransform().rotate(90 * self.quarters)

    @property
    def words(self) -> str:
        """What was done to the view, or empty; a key that turns to the right changes that to the right."""
        said = ["mirrored"] if self.mirrored else []
        return ", then ".join([*said, _TURNED[self.quarters]] if self.quarters else said)

    def side(self, x: float, y: float) -> Side:
        """The side of the screen on which a side of the stored image is: (-1, 0) is its left, (0, 1) its bottom."""
        at = self.transform.map(QPointF(x, y))
        if abs(at.x()) > abs(at.y()):
            return "right" if at.x() > 0 else "left"
        return "bottom" if at.y() > 0 else "top"
