"""The contact sheet: crops of every image around the chosen landmark, worst first, in a strip or on a full page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar

from app.gui.contact_sheet.cells import Cell, Cells
from app.gui.contact_sheet.crops import Crops
from app.gui.contact_sheet.order import TileOrder
from app.gui.contact_sheet.selection import TileSelection
from app.gui.contact_sheet.sheet_input import SheetInput
from app.gui.contact_sheet.sheet_layout import LARGEST, SMALLEST, TILE, USUAL, SheetLayout, columns_in
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tile_painter import Shown, TilePainter
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.widgets import theme
from app.gui.widgets.drawing import draw_focus
from app.gui.widgets.plain_text import tip
from app.gui.widgets.settings import settings
from app.project.changes import (
    Change,
    CorrectionsChanged,
    ImagesChanged,
    LandmarksChanged,
    MeasurementsChanged,
    OrientationChanged,
    PlacementsChanged,
    PredictionChanged,
    RegionsChanged,
)

ALIGNED_KEY, SIDE_KEY = "sheetAligned", "sheetTile"
FOCUS_STAYS = (
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
    Qt.FocusReason.ActiveWindowFocusReason,
)
"""A menu or another window has the keys for a while: what is selected is what a command there is meant for."""


class ContactSheet(QAbstractScrollArea):
    """Painted tiles. Click shows the image, drag of a marker corrects, Enter confirms, with Shift: absent.

    The tiles keep their order while the reader works; `sort_again` sorts them. They lie in a strip or, on request, in
    the rows of a full page; what room that has is for the window to say.

    Attributes
    ----------
    order : TileOrder
    selection : TileSelection
        Tiles that commands act on together; of no use any more once something else has the keys or another image is
        shown.
    page : bool
        Whether the tiles fill a page.
    side : int
        Side of a tile of the page, screen pixels.
    """

    captioned = Signal(str)
    arranged = Signal()
    """Order, number of suspect images or how they are sorted may have changed."""
    markerMenu = Signal(str, QPoint)
    paged = Signal(bool)
    """The tiles fill a page now, or lie in a strip again."""
    selectionCounted = Signal(int)
    """So many tiles are selected now; 0 for fewer than two."""

    def __init__(self, controller: Controller, pictures: Pictures, bridge: Bridge) -> None:
        super().__init__()
        self._controller, self._input = controller, SheetInput(self, self, controller)  # first: events come at once
        self.selection, self.page, self._counted = TileSelection(), False, 0
        self.setObjectName("contactSheet")
        self.setAccessibleName("Contact sheet of the chosen landmark")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(TILE + 24)
        self.viewport().setMouseTracking(True)
        self.order, self._cells = TileOrder(), Cells(controller)
        kept = str(settings().value(SIDE_KEY, ""))
        self.side = min(max(int(kept) if kept.isdecimal() else USUAL, SMALLEST), LARGEST)
        self._cells.align(str(settings().value(ALIGNED_KEY, "true")).lower() != "false")
        self.crops = Crops(pictures, bridge, self)
        self.crops.arrived.connect(self._update_tile)
        self._painter = TilePainter(controller, self._is_suspect)
        self._clicking, self._held_in = False, ""
        self._fetch = QTimer(self, singleShot=True, interval=0)
        self._fetch.timeout.connect(self._fetch_crops)
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self.collect)
        controller.sessionChanged.connect(self._forget)
        controller.landmarkChanged.connect(self._begin)
        controller.imageChanged.connect(self._show_current)
        controller.movingChanged.connect(self.viewport().update)
        controller.heldChanged.connect(self._show_held)
        controller.changed.connect(self._on_change)

    @property
    def tiles(self) -> list[Tile]:
        """As they are shown."""
        return self.order.tiles

    def _is_suspect(self, image: str) -> bool:
        return self.order.is_suspect(self._controller.open_session(), image)

    # --- what follows from what ------------------------------------------------------------------------------------

    def _show_held(self) -> None:
        """A landmark is dragged in one image: its tile alone is painted anew, not the strip."""
        held = self._controller.held
        before, self._held_in = self._held_in, held.image if held is not None else ""
        for image in (before, self._held_in):
            self._update_tile(image)

    def _update_tile(self, image: str) -> None:
        row = self.order.row_of(image)
        if row >= 0:
            self.viewport().update(self.tile_rect(row).adjusted(-2, -2, 2, 2))

    def _forget(self) -> None:
        self.crops.forget()
        self._cells.forget()
        self._painter.forget_regions()
        self.order.forget_suspects()
        self.order.clear()
        self.selection.clear()
        self.collect()

    def _begin(self, *_: object) -> None:
        """Another landmark: from its worst image on, wherever the strip was."""
        self.order.clear()
        self.selection.clear()
        self.collect()
        self._bar.setValue(0)

    def _on_change(self, change: Change) -> None:
        if isinstance(change, RegionsChanged):
            self._painter.forget_regions()
            self.viewport().update()
            return
        if self._is_of_others(change):
            return
        of_landmarks = isinstance(change, LandmarksChanged | PlacementsChanged)
        if not of_landmarks:
            self._painter.forget_regions(change.images)
        if not of_landmarks or isinstance(change, CorrectionsChanged):  # else none becomes suspect by it
            self.order.forget_suspects(change.images)
        if isinstance(change, PredictionChanged | ImagesChanged | OrientationChanged):  # the pictures may be others
            self.crops.forget(change.images)
            self._cells.forget(change.images)
        if isinstance(change, PredictionChanged):
            self._soon.start()  # many come at once
        else:
            self.collect()

    def _is_of_others(self, change: Change) -> bool:
        """Whether a change leaves what the sheet shows as it is."""
        if isinstance(change, MeasurementsChanged):
            return True
        of_some = isinstance(change, LandmarksChanged | PlacementsChanged) and change.landmarks
        return bool(of_some) and self._controller.landmark not in change.landmarks

    def _show_current(self, name: str) -> None:
        if not self._clicking:
            self.selection.clear()
            self.selection_changed()
            self._scroll_to(name)
        self.viewport().update()

    def _scroll_to(self, image: str) -> None:
        """Bring the tile of an image into sight."""
        row = self.order.row_of(image)
        if row >= 0:
            rect, bar, area = self.tile_rect(row), self._bar, self.viewport().rect()
            low, high = (rect.top(), rect.bottom()) if self.page else (rect.left(), rect.right())
            end, edge = (area.height(), 4) if self.page else (area.width(), 12)
            if low < 0:
                bar.setValue(bar.value() + low - edge)
            elif high > end:
                bar.setValue(bar.value() + high - end + edge)

    # --- the order -------------------------------------------------------------------------------------------------

    def sort_again(self) -> None:
        """Sort the tiles as they are now, worst first."""
        self._begin()

    def set_suspects_last(self, last: bool) -> None:
        """Let suspect images come after all others, or where their confidence puts them."""
        self.order.suspects_last = last
        self._begin()

    @property
    def aligned(self) -> bool:
        """Whether crops are turned and scaled as the template is; else they are upright."""
        return self._cells.aligned

    def set_aligned(self, aligned: bool) -> None:
        """Turn and scale crops as the template is, or let them be upright; kept for the next time."""
        self._controller.interaction.cancel()  # a marker that is held would jump
        self._cells.align(aligned)
        settings().setValue(ALIGNED_KEY, aligned)
        self.arranged.emit()
        self.viewport().update()

    def leave_out_suspects(self, left_out: bool) -> None:
        """Show no tile of a suspect image, or show them again."""
        self.order.without_suspects = left_out
        self._begin()

    def leave_out_accepted(self, left_out: bool) -> None:
        """Show no tile of an accepted image, or show them again."""
        self.order.without_accepted = left_out
        self._begin()

    def sorted_anew(self) -> list[Tile]:
        """The tiles as they would lie if they were sorted again; empty without a landmark."""
        return self.order.sorted_anew(self._controller.session, self._controller.landmark)

    def collect(self, *_: object) -> None:
        """Find the chosen landmark in all images; tiles that were there before keep their order."""
        self.order.collect(self._controller.session, self._controller.landmark)
        self.selection.keep({tile.image for tile in self.tiles})
        self.selection_changed()
        self.captioned.emit(self.order.caption)
        self.arranged.emit()
        self._set_range()
        self.viewport().update()

    # --- geometry --------------------------------------------------------------------------------------------------

    @property
    def _bar(self) -> QScrollBar:
        """The one by which the tiles scroll."""
        return self.verticalScrollBar() if self.page else self.horizontalScrollBar()

    @property
    def layout_now(self) -> SheetLayout:
        """Where the tiles lie."""
        side = self.side if self.page else TILE
        columns = columns_in(self.viewport().width(), side) if self.page else 0
        return SheetLayout(len(self.tiles), side, self._bar.value(), columns)

    def _set_range(self) -> None:
        bar, layout, area = self._bar, self.layout_now, self.viewport().rect()
        room = area.height() if self.page else area.width()
        bar.setRange(0, max(0, layout.length - room))
        bar.setPageStep(room)
        bar.setSingleStep(layout.step)

    def set_page(self, page: bool) -> None:
        """Let the tiles fill a page, or lie in a strip again; the shown image's stays in sight."""
        if page == self.page:
            return
        self._controller.interaction.cancel()  # what is held would lie elsewhere
        self.page = page
        off, on = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        self.horizontalScrollBar().setValue(0)
        self.verticalScrollBar().setValue(0)
        self.setHorizontalScrollBarPolicy(off if page else Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setVerticalScrollBarPolicy(on if page else off)  # always: else its coming and going would move the tiles
        self.paged.emit(page)
        self._lie_anew()

    def set_side(self, side: float) -> None:
        """Choose the size of the page's tiles; what is too small or large is brought into range."""
        self._controller.interaction.cancel()
        self.side = min(max(round(side), SMALLEST), LARGEST)
        settings().setValue(SIDE_KEY, self.side)
        self._lie_anew()

    def _lie_anew(self) -> None:
        self._set_range()
        self._scroll_to(self._controller.image)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._fetch.start()
        self.viewport().update()

    def tile_rect(self, row: int) -> QRect:
        """Where a tile is in the viewport."""
        return self.layout_now.rect(row)

    def tile_at(self, at: QPointF) -> int:
        """Tile under a viewport position, or -1."""
        return self.layout_now.at(at.toPoint())

    def shown_by(self, row: int) -> TileFrame:
        """Which place of its image each pixel of a tile shows."""
        return self._cells_of([row])[0].shown_at(self.tile_rect(row))

    def drawn_at(self, image: str) -> QPointF | None:
        """Where the marker of the landmark is drawn in the tile of an image, in the viewport; None without a tile."""
        row = self.order.row_of(image)
        if row < 0:
            return None
        shown, held = self.shown_by(row), self._controller.held_place(image, self._controller.landmark)
        return QPointF(*(shown.middle if held is None else shown.to_screen(held)).tolist())

    # --- painting --------------------------------------------------------------------------------------------------

    def words_of(self, image: str) -> list[str]:
        """What stands on the tile of an image, line by line; empty without a tile."""
        row = self.order.row_of(image)
        return self._painter.lines(self._painter.now(self.tiles[row]), TILE) if row >= 0 else []

    def _cells_of(self, rows: Sequence[int]) -> list[Cell]:
        tiles = [self._painter.now(self.tiles[row]) for row in rows]
        return self._cells.of(tiles, self.layout_now.tile, self.devicePixelRatioF())

    def crop_of(self, row: int) -> QImage | None:
        """The picture of a tile, or None where it has not come yet."""
        crop = self.crops.get(self._cells_of([row])[0].recipe)
        return crop.pixels if crop is not None and crop.way is None else None

    def _fetch_crops(self) -> None:
        """Have the pictures of all tiles cut that are on the screen, and then of those that are next to them."""
        layout, area = self.layout_now, self.viewport().rect()
        seen, near = layout.within(area), layout.within(layout.around(area))
        cells = self._cells_of([*seen, *(row for row in near if row not in seen)])
        self.crops.want({cell.recipe: cell.frame for cell in cells})

    def paintEvent(self, event: QPaintEvent) -> None:
        layout, region = self.layout_now, event.region()
        rows = [
            row
            for row in layout.within(event.rect().adjusted(-2, -2, 2, 2))
            if region.intersects(layout.rect(row).adjusted(-2, -2, 2, 2))
        ]
        shown: list[Shown] = []
        for row, cell in zip(rows, self._cells_of(rows), strict=True):
            crop = self.crops.get(cell.recipe)
            if (crop is None or crop.way is not None) and not self.crops.expects(cell.recipe):
                self._fetch.start()
            shown.append(Shown(layout.rect(row), cell, crop, cell.tile.image in self.selection))
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.tiles:
            self._paint_nothing(painter)
        self._painter.paint(painter, shown)
        if self.hasFocus():
            draw_focus(painter, self.viewport().rect())
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        """Why there are no tiles."""
        painter.setPen(QColor(theme.MUTED))
        words = "Click on the template to place a landmark: it shows here in every image, the doubtful ones first."
        if self._controller.landmark:
            words = "No image is predicted yet."
            if self.order.suspects or self.order.accepted:
                words = "All images are left out. The switches above the sheet bring them back."
        box = self.viewport().rect().adjusted(12, 0, -12, -20)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    # --- the selection ---------------------------------------------------------------------------------------------

    def selected(self) -> list[str]:
        """The selected images in the order of the tiles; empty where fewer than two are selected."""
        return self.selection.among([tile.image for tile in self.tiles])

    def select_all(self) -> None:
        """Select all tiles."""
        self.selection.everything([tile.image for tile in self.tiles])
        self.selection_changed()

    def selection_changed(self) -> None:
        """Tell how many tiles are selected."""
        self.viewport().update()
        if len(self.selection) != self._counted:
            self._counted = len(self.selection)
            self.selectionCounted.emit(self._counted)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if event.reason() not in FOCUS_STAYS and len(self.selection):
            self.selection.clear()
            self.selection_changed()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():  # by the program, not because the window is put away
            self.set_page(False)
        super().hideEvent(event)

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def show_image(self, image: str) -> None:
        """Show the image of a tile that is under the mouse: scrolling would pull it away."""
        self._clicking = True
        self._controller.show_image(image)
        self._clicking = False

    def open_menu(self, at: QPoint) -> None:
        """Open the menu of the chosen landmark at a place of the screen."""
        self.markerMenu.emit(self._controller.landmark, at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if self._controller.interaction.running:  # a tile that is dragged in stays where it is
            pass
        elif self.page and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_side(self.side * 1.15 ** (turned / 120))
        else:
            self._bar.setValue(self._bar.value() - turned)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._input.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._controller.interaction.move(self, event):
            return
        row = self.tile_at(event.position())
        image = self.tiles[row].image if row >= 0 else ""
        words = self._painter.words(self._painter.now(self.tiles[row])) if row >= 0 else []
        self.viewport().setToolTip(tip("\n".join((image, " · ".join(words))) if image else ""))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._controller.interaction.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.page and self._input.leads_to_image(event):
            self.set_page(False)
        else:
            self.mousePressEvent(event)

    def event(self, event: QEvent) -> bool:
        return self._input.keeps(event) or bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._input.key(event):
            super().keyPressEvent(event)
