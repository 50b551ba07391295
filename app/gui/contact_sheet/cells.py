"""What tiles show of their images, worked out once per tile: a page of hundreds is painted many times a second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect

from app.core.frame import Frame
from app.gui.contact_sheet.crops import Recipe
from app.gui.contact_sheet.poses import Linear, Poses
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.controller import Controller


@dataclass(frozen=True, eq=False)
class Cell:
    """A tile and how it shows its image, wherever it lies.

    Attributes
    ----------
    tile : Tile
    linear : array [2, 2]
        Native pixels per screen pixel.
    frame : Frame
    recipe : Recipe
        Of its picture.
    """

    tile: Tile
    linear: Linear
    frame: Frame
    recipe: Recipe

    def shown_at(self, rect: QRect) -> TileFrame:
        """Which place of the image each pixel of the tile shows where it lies there."""
        middle = np.array([rect.x(), rect.y()]) + rect.width() / 2
        return TileFrame(self.linear, np.array(self.tile.xy), middle)


class Cells:
    """The cells of the chosen landmark's tiles.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller: Controller) -> None:
        self._controller, self._poses = controller, Poses()
        self._found: dict[str, Cell] = {}
        self._made_for: tuple[str, int, float] = ("", 0, 0.0)

    @property
    def aligned(self) -> bool:
        """Whether crops are turned and scaled as the template is; else they are upright."""
        return self._poses.aligned

    def align(self, aligned: bool) -> None:
        """Turn and scale crops as the template is, or let them be upright."""
        self._poses.align(aligned)
        self._found.clear()

    def forget(self, images: Collection[str] = ()) -> None:
        """The predictions of these images may be others, or they are read otherwise; without names of all."""
        self._poses.forget(images)
        for name in tuple(images) or tuple(self._found):
            self._found.pop(name, None)

    def of(self, tiles: Sequence[Tile], side: int, ratio: float) -> list[Cell]:
        """The cells of tiles of `side` screen pixels, each of them `ratio` device pixels wide."""
        if not tiles:
            return []
        session = self._controller.open_session()
        made_for = session.landmark(self._controller.landmark).structure, side, ratio
        if made_for != self._made_for:
            self._made_for = made_for
            self._found.clear()
        self._poses.find(session, made_for[0], [tile.image for tile in tiles if tile.image not in self._found])
        return [self._cell(tile) for tile in tiles]

    def _cell(self, tile: Tile) -> Cell:
        found = self._found.get(tile.image)
        if found is None or (found.tile is not tile and found.tile != tile):
            (structure, side, ratio), frame = self._made_for, self._controller.frame(tile.image)
            linear = self._poses.of(self._controller.open_session(), structure, tile.image) / side
            shown = TileFrame(linear, np.array(tile.xy), np.zeros(2))
            found = Cell(tile, linear, frame, Recipe.of(tile.image, frame, shown, side, ratio))
            self._found[tile.image] = found
        return found
