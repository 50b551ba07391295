"""Where the tiles of the contact sheet lie in its viewport: plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect

TILE = 116
"""Side of a tile in the strip below the image, screen pixels."""
SMALLEST, LARGEST = 32, 232
"""Sides of the tiles of a full page."""
USUAL = 72
STRIP_GAP, PAGE_GAP = 8, 4
SIDE, TOP = 12, 2
"""Room beside the first tile and above it."""
AHEAD = 4
"""So many tiles before and behind those on the screen are made ready; of a page two rows."""
END = 16
"""What can be scrolled beyond the last tile."""


@dataclass(frozen=True)
class SheetLayout:
    """Tiles in one row that scrolls sideways, or in the rows of a page that scrolls down.

    Attributes
    ----------
    count : int
        Tiles.
    tile : int
        Side of a tile, screen pixels.
    scroll : int
        How far the viewport is scrolled.
    columns : int
        Tiles in a row of the page; 0 for the single row.
    """

    count: int
    tile: int
    scroll: int
    columns: int = 0

    @property
    def step(self) -> int:
        """From one tile to the next."""
        return self.tile + (PAGE_GAP if self.columns else STRIP_GAP)

    @property
    def length(self) -> int:
        """How far it reaches in the direction in which it scrolls."""
        return (-(-self.count // self.columns) if self.columns else self.count) * self.step + END

    def around(self, area: QRect) -> QRect:
        """A part of the viewport with what may be scrolled into sight next."""
        more = (2 if self.columns else AHEAD) * self.step
        return area.adjusted(0, -more, 0, more) if self.columns else area.adjusted(-more, 0, more, 0)

    def rect(self, row: int) -> QRect:
        """Where a tile is in the viewport."""
        down, right = divmod(row, self.columns) if self.columns else (0, row)
        x, y = SIDE + right * self.step, TOP + down * self.step
        x, y = (x, y - self.scroll) if self.columns else (x - self.scroll, y)
        return QRect(x, y, self.tile, self.tile)

    def at(self, at: QPoint) -> int:
        """Tile under a place of the viewport, or -1."""
        right = (at.x() - SIDE + (0 if self.columns else self.scroll)) // self.step
        row = right
        if self.columns:
            if not 0 <= right < self.columns:
                return -1
            row = (at.y() - TOP + self.scroll) // self.step * self.columns + right
        return row if 0 <= row < self.count and self.rect(row).contains(at) else -1

    def within(self, area: QRect) -> range:
        """The tiles that may be seen in a part of the viewport: of a page whole rows."""
        if self.columns:
            first = (area.top() - TOP + self.scroll) // self.step * self.columns
            last = ((area.bottom() - TOP + self.scroll) // self.step + 1) * self.columns - 1
        else:
            first = (area.left() - SIDE + self.scroll) // self.step
            last = (area.right() - SIDE + self.scroll) // self.step
        return range(max(first, 0), max(min(last + 1, self.count), 0))


def columns_in(width: int, tile: int) -> int:
    """How many tiles lie side by side on a page of some width."""
    return max((width - 2 * SIDE + PAGE_GAP) // (tile + PAGE_GAP), 1)
