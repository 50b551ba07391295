"""Mouse and keys in the contact sheet: which button or key does what with which tiles."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.gui.contact_sheet.selection import TileSelection
from app.gui.contact_sheet.sheet_layout import SheetLayout
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.controller import Controller
from app.gui.state.drags import PlacementDrag
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.saying import Said, say_in
from app.gui.state.view_state import Mode
from app.gui.widgets.key_button import keeps_key
from app.gui.widgets.markers import HIT_RADIUS

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
"""Keys that go to another tile, by how many; in Landmark mode the arrows nudge, here as everywhere (`nudge_keys`)."""
ROWS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
"""Keys that go to another row of a page."""
ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
"""Keys that go to the first and the last tile."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
"""Confirms and goes on; with Shift it says absent."""
SIZES = {Qt.Key.Key_Plus: 1.2, Qt.Key.Key_Equal: 1.2, Qt.Key.Key_Minus: 1 / 1.2}
"""Keys by which the tiles of a page grow or shrink."""
KNOWN = {*STEPS, *ROWS, *ENDS, *ENTER, *SIZES, Qt.Key.Key_Escape, Qt.Key.Key_A}
PLAIN, SHIFT, CONTROL = (
    *(Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier),
    Qt.KeyboardModifier.ControlModifier,
)


class Sheet(Protocol):
    """What mouse and keys need of the sheet."""

    selection: TileSelection
    page: bool
    side: int

    @property
    def tiles(self) -> list[Tile]:
        """As they lie."""

    @property
    def layout_now(self) -> SheetLayout:
        """Where the tiles lie."""

    def tile_at(self, at: QPointF) -> int:
        """Tile under a viewport position, or -1."""

    def shown_by(self, row: int) -> TileFrame:
        """Which place of its image each pixel of a tile shows."""

    def show_image(self, image: str) -> None:
        """Show the image of a tile that is under the mouse: nothing scrolls."""

    def open_menu(self, at: QPoint) -> None:
        """Open the menu of the chosen landmark at a place of the screen."""

    def selected(self) -> list[str]:
        """The selected images in the order of the tiles; empty where fewer than two are selected."""

    def select_all(self) -> None:
        """Select all tiles."""

    def selection_changed(self) -> None:
        """Tell how many tiles are selected."""

    def set_side(self, side: float) -> None:
        """Choose the size of the page's tiles."""


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

    # --- the mouse -------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        self._controller.interaction.press(self._widget, event, lambda: self._begin(event))

    def _begin(self, event: QMouseEvent) -> Drag | None:
        at, row, sheet = event.position(), self._sheet.tile_at(event.position()), self._sheet
        if row < 0:
            return None
        tile, held = sheet.tiles[row], event.modifiers() & (SHIFT | CONTROL)
        if event.button() == Qt.MouseButton.RightButton:
            if tile.image not in sheet.selection:
                sheet.selection.only(tile.image)
            self._show(tile.image)
            return Drag(at, lambda up: sheet.open_menu(up.globalPosition().toPoint()))
        if event.button() == Qt.MouseButton.LeftButton and held:
            self._select(tile.image, bool(held & SHIFT))
            return Drag(at)
        sheet.selection.only(tile.image)
        self._show(tile.image)
        return self._grip(event, row) or Drag(at)

    def _select(self, image: str, extend: bool) -> None:
        """Select tiles together: one more or one less, or with Shift all between; the image is shown beside it."""
        shown, order = self._controller.image, [tile.image for tile in self._sheet.tiles]
        if extend:
            self._sheet.selection.extend(image, shown, order)
        else:
            self._sheet.selection.toggle(image, shown if shown in order else "")
        self._show(image)

    def _show(self, image: str) -> None:
        self._sheet.show_image(image)
        self._sheet.selection_changed()

    def _grip(self, event: QMouseEvent, row: int) -> Drag | None:
        """What takes the marker of a tile along, where it was pressed on in Landmark mode."""
        at, controller, shown = event.position(), self._controller, self._sheet.shown_by(row)
        tile, reach = self._sheet.tiles[row], min(HIT_RADIUS, self._sheet.layout_now.tile / 4)
        close = (at - QPointF(*shown.middle.tolist())).manhattanLength() <= reach
        if event.button() != Qt.MouseButton.LeftButton or not close or controller.mode != Mode.LANDMARK:
            return None
        if locked := controller.why_locked(tile.image):
            return StuckDrag(at, lambda: controller.tell(locked, self._widget))

        def shift(now: QPointF) -> np.ndarray:
            return shown.shift((now - at).toTuple())

        return PlacementDrag(controller, at, tile.image, controller.landmark, np.array(tile.xy), shift)

    def leads_to_image(self, event: QMouseEvent) -> bool:
        """Whether a double click is meant for the image of a tile."""
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        return plain and self._sheet.tile_at(event.position()) >= 0 and not self._controller.interaction.running

    # --- keys ------------------------------------------------------------------------------------------------------

    def keeps(self, event: QEvent) -> bool:
        """Whether the sheet takes this key before the window's commands do."""
        page, sizes = ((*ROWS, *SIZES), tuple(SIZES)) if self._sheet.page else ((), ())
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and _selects_all(event):
            event.accept()
            return True
        return keeps_key(event, (*STEPS, *ENDS, *page)) or keeps_key(event, (*ENTER, *sizes), shift=True)

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key is for; False where it is for nothing here."""
        if self._controller.session is None or not self._sheet.tiles or event.key() not in KNOWN:
            return False
        sheet, key = self._sheet, Qt.Key(event.key())
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Escape and len(sheet.selection):
            sheet.selection.clear()
            sheet.selection_changed()
        elif _selects_all(event):
            sheet.select_all()
        elif sheet.page and key in SIZES:
            sheet.set_side(sheet.side * SIZES[key])
        elif key in ENTER and held in (PLAIN, SHIFT):
            if not event.isAutoRepeat():  # a key that is held down looks at nothing
                self._say_and_go_on(Said.ABSENT if held else Said.CONFIRMED)
        else:
            return self._go(key)
        return True

    def _go(self, key: Qt.Key) -> bool:
        """Go to another tile; False where the key does not."""
        sheet, tiles = self._sheet, self._sheet.tiles
        layout, by = sheet.layout_now, 0
        if key in ENDS:
            self._controller.show_image(tiles[ENDS[key]].image)
            return True
        if sheet.page and key in ROWS:
            by = ROWS[key] * layout.columns
        elif key in STEPS:
            by = STEPS[key]
            if sheet.page and key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
                by *= layout.columns * max(self._widget.viewport().height() // layout.step, 1)
        if by:
            row = self._row()
            there = row + by
            if sheet.page and key in ROWS and row >= 0 and not 0 <= there < len(tiles):
                there = row  # the column stays
            self._controller.show_image(tiles[min(max(there, 0), len(tiles) - 1)].image)
        return bool(by)

    def _row(self) -> int:
        """The tile of the shown image, or -1."""
        found = (row for row, tile in enumerate(self._sheet.tiles) if tile.image == self._controller.image)
        return next(found, -1)

    def _say_and_go_on(self, said: Said) -> None:
        """Say it in the shown tile, or in all that are selected; what is refused is told, and the flow goes on."""
        sheet, tiles, row = self._sheet, self._sheet.tiles, self._row()
        names = sheet.selected()
        if row < 0 and not names:  # the shown image has no tile: Enter leads to the first, and says nothing of it
            self._controller.show_image(tiles[0].image)
            return
        if names:
            row = max(row for row, tile in enumerate(tiles) if tile.image == names[-1])
        following = tiles[min(row + 1, len(tiles) - 1)].image
        say_in(self._controller, names or [self._controller.image], said, self._widget)
        sheet.selection.clear()
        sheet.selection_changed()
        self._controller.show_image(following)


def _selects_all(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_A and event.modifiers() == CONTROL
