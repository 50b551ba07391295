"""Where the tiles of the contact sheet lie in its viewport: plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect

TILE = 116
"""Side of a tile in the strip below the image, screen pixels."""
GAP = 8
SIDE, TOP = 12, 2
"""Room beside the first tile and above it."""
AHEAD = 4
"""So many tiles before and behind those on the screen are made ready."""
END = 16
"""What can be scrolled beyond the last tile."""


@dataclass(frozen=True)
class SheetLayout:
    """Tiles in one row that scrolls sideways.

    Attributes
    ----------
    count : int
        Tiles.
    tile : int
        Side of a tile, screen pixels.
    scroll : int
        How far the viewport is scrolled.
    """

    count: int
    tile: int
    scroll: int

    @property
    def step(self) -> int:
        """From one tile to the next."""
        return self.tile + GAP

    @property
    def length(self) -> int:
        """How long the row is."""
        return self.count * self.step + END

    def around(self, area: QRect) -> QRect:
        """A part of the viewport with what may be scrolled into sight next."""
        return area.adjusted(-AHEAD * self.step, 0, AHEAD * self.step, 0)

    def rect(self, row: int) -> QRect:
        """Where a tile is in the viewport."""
        return QRect(SIDE + row * self.step - self.scroll, TOP, self.tile, self.tile)

    def at(self, at: QPoint) -> int:
        """Tile under a place of the viewport, or -1."""
        row = (at.x() - SIDE + self.scroll) // self.step
        return row if 0 <= row < self.count and self.rect(row).contains(at) else -1

    def within(self, area: QRect) -> range:
        """The tiles that may be seen in a part of the viewport."""
        first = (area.left() - SIDE + self.scroll) // self.step
        last = (area.right() - SIDE + self.scroll) // self.step
        return range(max(first, 0), min(last + 1, self.count))
