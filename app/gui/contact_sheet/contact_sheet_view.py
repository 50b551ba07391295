"""The contact sheet: crops of every image around the chosen landmark, worst first."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.gui.contact_sheet.crops import Crops, Recipe
from app.gui.contact_sheet.order import TileOrder
from app.gui.contact_sheet.poses import Poses
from app.gui.contact_sheet.sheet_input import ENDS, ENTER, STEPS, SheetInput
from app.gui.contact_sheet.sheet_layout import TILE, SheetLayout
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tile_painter import TilePainter
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.widgets import theme
from app.gui.widgets.drawing import draw_focus
from app.gui.widgets.key_button import keeps_key
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

ALIGNED_KEY = "sheetAligned"


class ContactSheet(QAbstractScrollArea):
    """A strip of painted tiles. Click shows the image, drag of a marker corrects, Enter confirms, with Shift: absent.

    The tiles keep their order while the reader works; `sort_again` sorts them.

    Attributes
    ----------
    order : TileOrder
    """

    captioned = Signal(str)
    arranged = Signal()
    """Order, number of suspect images or how they are sorted may have changed."""
    markerMenu = Signal(str, QPoint)

    def __init__(self, controller: Controller, pictures: Pictures, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName("contactSheet")
        self.setAccessibleName("Contact sheet of the chosen landmark")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(TILE + 24)
        self.viewport().setMouseTracking(True)
        self._controller = controller
        self.order, self._poses = TileOrder(), Poses()
        self._poses.align(str(settings().value(ALIGNED_KEY, "true")).lower() != "false")
        self.crops = Crops(pictures, bridge, self)
        self.crops.arrived.connect(self._update_tile)
        self._painter = TilePainter(controller, self._is_suspect)
        self._input = SheetInput(self, self, controller)
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

    @property
    def _structure(self) -> str:
        """The chosen landmark's."""
        return self._controller.open_session().landmark(self._controller.landmark).structure

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
        self._poses.forget()
        self._painter.forget_regions()
        self.order.forget_suspects()
        self.order.clear()
        self.collect()

    def _begin(self, *_: object) -> None:
        """Another landmark: from its worst image on, wherever the strip was."""
        self.order.clear()
        self.collect()
        self.horizontalScrollBar().setValue(0)

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
            self._poses.forget(change.images)
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
        row = self.order.row_of(name)
        if row >= 0 and not self._clicking:
            rect, bar = self.tile_rect(row), self.horizontalScrollBar()
            if rect.left() < 0:
                bar.setValue(bar.value() + rect.left() - 12)
            elif rect.right() > self.viewport().width():
                bar.setValue(bar.value() + rect.right() - self.viewport().width() + 12)
        self.viewport().update()

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
        return self._poses.aligned

    def set_aligned(self, aligned: bool) -> None:
        """Turn and scale crops as the template is, or let them be upright; kept for the next time."""
        self._controller.interaction.cancel()  # a marker that is held would jump
        self._poses.align(aligned)
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
        self.captioned.emit(self.order.caption)
        self.arranged.emit()
        self._set_range()
        self.viewport().update()

    # --- geometry --------------------------------------------------------------------------------------------------

    @property
    def _layout(self) -> SheetLayout:
        return SheetLayout(len(self.tiles), TILE, self.horizontalScrollBar().value())

    def _set_range(self) -> None:
        bar, layout = self.horizontalScrollBar(), self._layout
        bar.setRange(0, max(0, layout.length - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(layout.step)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._fetch.start()
        self.viewport().update()

    def tile_rect(self, row: int) -> QRect:
        """Where a tile is in the viewport."""
        return self._layout.rect(row)

    def tile_at(self, at: QPointF) -> int:
        """Tile under a viewport position, or -1."""
        return self._layout.at(at.toPoint())

    def shown_by(self, row: int) -> TileFrame:
        """Which place of its image each pixel of a tile shows."""
        return self._frame_of(self._painter.now(self.tiles[row]), self.tile_rect(row))

    def _frame_of(self, tile: Tile, rect: QRect) -> TileFrame:
        middle = np.array([rect.x(), rect.y()]) + rect.width() / 2
        linear = self._poses.of(self._controller.open_session(), self._structure, tile.image) / rect.width()
        return TileFrame(linear, np.array(tile.xy), middle)

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

    def _recipe(self, row: int) -> Recipe:
        image, side = self.tiles[row].image, self.tile_rect(row).width()
        return Recipe.of(image, self._controller.frame(image), self.shown_by(row), side, self.devicePixelRatioF())

    def crop_of(self, row: int) -> QImage | None:
        """The picture of a tile, or None where it has not come yet."""
        crop = self.crops.get(self._recipe(row))
        return crop.pixels if crop is not None and crop.way is None else None

    def _fetch_crops(self) -> None:
        """Have the pictures of all tiles cut that are on the screen, and then of those that are next to them."""
        if not self.tiles:
            return
        layout, area = self._layout, self.viewport().rect()
        seen, near = layout.within(area), layout.within(layout.around(area))
        session = self._controller.open_session()
        self._poses.find(session, self._structure, [self.tiles[row].image for row in near])
        rows = [*seen, *(row for row in near if row not in seen)]
        self.crops.want({self._recipe(row): self._controller.frame(self.tiles[row].image) for row in rows})

    def paintEvent(self, event: QPaintEvent) -> None:
        layout, region = self._layout, event.region()
        rows = layout.within(event.rect().adjusted(-2, -2, 2, 2))
        if len(rows):
            self._poses.find(self._controller.open_session(), self._structure, [self.tiles[row].image for row in rows])
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.tiles:
            self._paint_nothing(painter)
        for row in rows:
            rect, recipe = layout.rect(row), self._recipe(row)
            if not region.intersects(rect.adjusted(-2, -2, 2, 2)):
                continue
            crop = self.crops.get(recipe)
            if (crop is None or crop.way is not None) and not self.crops.expects(recipe):
                self._fetch.start()
            self._painter.paint(painter, rect, self._painter.now(self.tiles[row]), crop, self.shown_by(row))
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
        bar = self.horizontalScrollBar()
        if not self._controller.interaction.running:  # a tile that is dragged in stays where it is
            bar.setValue(bar.value() - (event.angleDelta().y() or event.angleDelta().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._input.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._controller.interaction.move(self, event):
            return
        row = self.tile_at(event.position())
        self.viewport().setToolTip(tip(self.tiles[row].image if row >= 0 else ""))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._controller.interaction.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def event(self, event: QEvent) -> bool:
        if keeps_key(event, (*STEPS, *ENDS)) or keeps_key(event, ENTER, shift=True):
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._input.key(event):
            super().keyPressEvent(event)
