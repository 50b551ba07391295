"""Mouse and keys in the contact sheet: which button or key does what with which tile."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.controller import Controller
from app.gui.state.drags import PlacementDrag
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.view_state import Mode
from app.gui.widgets.markers import HIT_RADIUS

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
"""Keys that go to another tile, by how many; in Landmark mode the arrows nudge, here as everywhere (`nudge_keys`)."""
ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
"""Keys that go to the first and the last tile."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
"""Confirms and goes on; with Shift it says absent."""


class Sheet(Protocol):
    """What mouse and keys need of the sheet."""

    @property
    def tiles(self) -> list[Tile]:
        """As they lie."""

    def tile_at(self, at: QPointF) -> int:
        """Tile under a viewport position, or -1."""

    def shown_by(self, row: int) -> TileFrame:
        """Which place of its image each pixel of a tile shows."""

    def show_image(self, image: str) -> None:
        """Show the image of a tile that is under the mouse: nothing scrolls."""

    def open_menu(self, at: QPoint) -> None:
        """Open the menu of the chosen landmark at a place of the screen."""


class SheetInput:
    """Turns events of the sheet into what the reader means; the controller's `interaction` owns the drag.

    Parameters
    ----------
    sheet : Sheet
    widget : QAbstractScrollArea
        The same sheet, as what events and drags belong to.
    controller : Controller
    """

    def __init__(self, sheet: Sheet, widget: QAbstractScrollArea, controller: Controller) -> None:
        self._sheet, self._widget, self._controller = sheet, widget, controller

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        self._controller.interaction.press(self._widget, event, lambda: self._begin(event))

    def _begin(self, event: QMouseEvent) -> Drag | None:
        at, controller = event.position(), self._controller
        row, landmark = self._sheet.tile_at(at), controller.landmark
        if row < 0:
            return None
        tile, shown = self._sheet.tiles[row], self._sheet.shown_by(row)
        self._sheet.show_image(tile.image)
        if event.button() == Qt.MouseButton.RightButton:
            return Drag(at, lambda up: self._sheet.open_menu(up.globalPosition().toPoint()))
        close = (at - QPointF(*shown.middle.tolist())).manhattanLength() <= HIT_RADIUS
        if event.button() != Qt.MouseButton.LeftButton or not close or controller.mode != Mode.LANDMARK:
            return Drag(at)
        if locked := controller.why_locked(tile.image):
            return StuckDrag(at, lambda: controller.tell(locked, self._widget))

        def shift(now: QPointF) -> np.ndarray:
            return shown.shift((now - at).toTuple())

        return PlacementDrag(controller, at, tile.image, landmark, np.array(tile.xy), shift)

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key is for; False where it is for nothing here."""
        controller, tiles = self._controller, self._sheet.tiles
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if controller.session is None or not tiles:
            return False
        row = next((i for i, tile in enumerate(tiles) if tile.image == controller.image), -1)
        if key in STEPS:
            row = min(max(row + STEPS[Qt.Key(key)], 0), len(tiles) - 1)
            controller.show_image(tiles[row].image)
        elif key in ENDS:
            controller.show_image(tiles[ENDS[Qt.Key(key)]].image)
        elif row < 0 and key in ENTER:  # the shown image has no tile: Enter leads to the first, and says nothing of it
            controller.show_image(tiles[0].image)
        elif key in ENTER and held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            following = tiles[min(row + 1, len(tiles) - 1)].image
            session = controller.session
            act = session.set_absent if held else session.confirm_placement
            controller.do(act, controller.image, controller.landmark)  # what is refused is said: the flow goes on
            controller.show_image(following)
        else:
            return False
        return True
