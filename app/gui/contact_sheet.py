"""The contact sheet: crops of every image around the chosen landmark, worst first."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.core.landmark import PlacementState
from app.core.prediction import confidence
from app.gui import theme
from app.gui.desk import Desk, Mode
from app.gui.key_button import keeps_key
from app.gui.markers import HIT_RADIUS, draw_marker, draw_text
from app.gui.pictures import Pictures
from app.gui.plain import tip
from app.store.entries import Change

if TYPE_CHECKING:
    from app.session import Session

KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_A)
TILE = 116
GAP = 8
SHARE = 0.17
"""A crop's width as a share of the image's diagonal."""


@dataclass(frozen=True)
class Tile:
    """One image around the landmark.

    Attributes
    ----------
    image : str
    slot : int
        Its place among the session's images.
    xy : tuple of float
        Native pixels; where it would be if it is absent.
    state : PlacementState
    confidence : float
        NaN where a reader has spoken.
    """

    image: str
    slot: int
    xy: tuple[float, float]
    state: PlacementState
    confidence: float


def collect_tiles(session: Session, landmark: str) -> list[Tile]:
    """All images that are predicted, those with the least confidence first, those a reader has seen to last."""
    mark, images = session.landmark(landmark), session.images
    placed = session.placements(landmark)
    there = np.isfinite(placed.xy).all(axis=1, keepdims=True)
    xy = np.where(there, placed.xy, session.preview_places(mark.structure, mark.uv).xy)
    derived = np.array([state == PlacementState.PREDICTED for state in placed.states], bool)
    sure = np.where(derived, confidence(placed.expected_error, session.diagonals), np.nan)
    known = np.array([state is not None for state in placed.states], bool) & np.isfinite(xy).all(axis=1)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(sure[rows], kind="stable")]  # NaN comes last
    each = zip(rows.tolist(), xy[rows].tolist(), sure[rows].tolist(), strict=True)
    return [Tile(images[i], i, (x, y), placed.states[i], doubt) for i, (x, y), doubt in each]  # type: ignore[arg-type]


class ContactSheet(QAbstractScrollArea):
    """A strip of painted tiles. Click shows the image, drag of a marker corrects, Enter confirms, A marks absent."""

    captioned = Signal(str)
    markerMenu = Signal(str, QPoint)

    def __init__(self, desk: Desk, pictures: Pictures) -> None:
        super().__init__()
        self.setObjectName("contactSheet")
        self.setAccessibleName("Contact sheet of the chosen landmark")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(TILE + 24)
        self.viewport().setMouseTracking(True)
        self._desk, self._pictures = desk, pictures
        self.tiles: list[Tile] = []
        self._crops: OrderedDict[tuple[str, int, int], QImage] = OrderedDict()
        self._drag: tuple[int, QPointF] | None = None
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self.collect)
        desk.sessionChanged.connect(self._forget)
        desk.landmarkChanged.connect(self._begin)
        desk.imageChanged.connect(self._show_current)
        desk.movingChanged.connect(self.viewport().update)
        desk.changed.connect(self._on_change)

    def _forget(self) -> None:
        self._crops.clear()
        self.collect()

    def _begin(self, *_: object) -> None:
        """Another landmark: from its worst image on, wherever the strip was."""
        self.collect()
        self.horizontalScrollBar().setValue(0)

    def _on_change(self, change: Change) -> None:
        if change.kind in ("landmarks", "placements", "review"):
            self.collect()
        elif change.kind == "reading":
            self._forget()
        elif change.kind in ("prediction", "images"):
            for key in [key for key in self._crops if key[0] in change.images]:
                del self._crops[key]
            self._soon.start()

    def collect(self, *_: object) -> None:
        """Find the chosen landmark in all images and sort them, worst first."""
        session, landmark = self._desk.session, self._desk.landmark
        self._drag = None
        if session is None or not landmark:
            self.tiles = []
            self.captioned.emit("")
        elif session.reading_ahead:
            self.tiles = []
            self.captioned.emit(f"“{landmark}” · reading predictions…")
        else:
            start = time.perf_counter()
            session.placements(landmark)
            spent = (time.perf_counter() - start) * 1000
            self.tiles = collect_tiles(session, landmark)
            places = f"{len(self.tiles)} place{'' if len(self.tiles) == 1 else 's'}"
            self.captioned.emit(f"“{landmark}” · {places} in {max(spent, 0.1):.1f} ms")
        self._set_range()
        self.viewport().update()

    def _set_range(self) -> None:
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, len(self.tiles) * (TILE + GAP) + 16 - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(TILE + GAP)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().y() or event.angleDelta().x()))
        event.accept()

    # --- geometry --------------------------------------------------------------------------------------------------

    def tile_rect(self, row: int) -> QRect:
        """Where a tile is in the viewport."""
        return QRect(12 + row * (TILE + GAP) - self.horizontalScrollBar().value(), 2, TILE, TILE)

    def tile_at(self, at: QPointF) -> int:
        """Tile under a viewport position, or -1."""
        row = int((at.x() - 12 + self.horizontalScrollBar().value()) // (TILE + GAP))
        return row if 0 <= row < len(self.tiles) and self.tile_rect(row).contains(at.toPoint()) else -1

    def _native_of_screen(self, image: str) -> np.ndarray:
        """Matrix [2, 2] from steps on a tile, in screen pixels, to native pixels of its image."""
        frame = self._desk.frame(image)
        widths = frame.diagonal * np.sqrt(frame.aspect) * SHARE / TILE  # widths of a native pixel per screen pixel
        return np.asarray(np.linalg.inv(frame.upright) * widths)

    # --- painting --------------------------------------------------------------------------------------------------

    def _now(self, tile: Tile) -> Tile:
        """The tile where a drag on the template would put it."""
        place = self._desk.moving_place(self._desk.landmark, tile.slot)
        if place is None or not np.isfinite(place).all():
            return tile
        return replace(tile, xy=(float(place[0]), float(place[1])))

    def _crop(self, tile: Tile) -> QImage | None:
        preview = self._pictures.preview(tile.image)
        if preview is None:
            return None
        key = (tile.image, round(tile.xy[0] * 4), round(tile.xy[1] * 4))
        if key not in self._crops:
            frame = self._desk.frame(tile.image)
            shrink = np.array([preview.shape[1] / frame.width, preview.shape[0] / frame.height])
            ratio = self.devicePixelRatioF()
            size = round(TILE * ratio)
            x, y = (frame.to_corner(tile.xy) * shrink - 0.5).tolist()
            # Preview pixels per pixel of the screen; the crop is upright as the image is read, in true proportions.
            linear = np.diag(shrink) @ self._native_of_screen(tile.image) / ratio
            matrix = np.c_[linear, [x, y] - linear @ np.full(2, (size - 1) / 2)]
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            pixels = cv2.warpAffine(preview, matrix, (size, size), flags=flags, borderValue=18)
            pixels = 255 - pixels if frame.reading.inverted else pixels
            crop = QImage(pixels.tobytes(), size, size, size, QImage.Format.Format_Grayscale8).copy()
            crop.setDevicePixelRatio(ratio)
            self._crops[key] = crop
            while len(self._crops) > 400:
                self._crops.popitem(last=False)
        return self._crops[key]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.tiles:
            painter.setPen(QColor(theme.MUTED))
            words = "Click on the template to place a landmark: it shows here in every image, the doubtful ones first."
            if self._desk.landmark:
                words = "No image is predicted yet."
            box = self.viewport().rect().adjusted(12, 0, -12, -20)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)
        first = max(0, (self.horizontalScrollBar().value() - 12) // (TILE + GAP))
        for row in range(first, len(self.tiles)):
            rect = self.tile_rect(row)
            if rect.left() > self.viewport().width():
                break
            self._paint_tile(painter, rect, row)
        painter.end()

    def _paint_tile(self, painter: QPainter, rect: QRect, row: int) -> None:
        assert self._desk.session is not None
        tile = self._now(self.tiles[row])
        crop = self._crop(tile)
        painter.fillRect(rect, QColor(0, 0, 0))
        if crop is not None:
            painter.drawImage(rect.topLeft(), crop)
        at = QPointF(rect.center()) + QPointF(0.5, 0.5)
        if self._drag is not None and self._drag[0] == row:
            at = self._drag[1]
        painter.setClipRect(rect)
        draw_marker(painter, at, tile.state, self._desk.session.landmark(self._desk.landmark).colour)
        painter.setClipping(False)
        painter.setFont(theme.font(small=True))
        words = tile.state.value if np.isnan(tile.confidence) else f"{tile.confidence:.2f}"
        draw_text(painter, QRectF(rect.x() + 6, rect.bottom() - 20, TILE - 12, 18), words)
        colour = None
        if tile.image == self._desk.image:
            colour = theme.ACCENT
        elif tile.confidence < 0.6:
            colour = theme.confidence_colour(tile.confidence)
        if colour:
            painter.setPen(QPen(QColor(colour), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(-1, -1, 1, 1), 2, 2)

    # --- hands -----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.tile_at(event.position())
        if row < 0:
            return
        close = (event.position() - QPointF(self.tile_rect(row).center())).manhattanLength() <= HIT_RADIUS
        if event.button() == Qt.MouseButton.LeftButton:
            self._desk.show_image(self.tiles[row].image)
            if close and self._desk.mode == Mode.LANDMARK:
                self._drag = (row, event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self.tile_at(event.position())
        self.viewport().setToolTip(tip(self.tiles[row].image if row >= 0 else ""))
        if self._drag is not None:
            self._drag = (self._drag[0], event.position())
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if event.button() == Qt.MouseButton.RightButton:
            row = self.tile_at(event.position())
            if row >= 0:
                self._desk.show_image(self.tiles[row].image)
                self.markerMenu.emit(self._desk.landmark, event.globalPosition().toPoint())
        elif drag is not None and self._desk.session is not None:
            tile = self.tiles[drag[0]]
            moved = event.position() - QPointF(self.tile_rect(drag[0]).center())
            if moved.manhattanLength() > 3:
                x, y = self._native_of_screen(tile.image) @ moved.toTuple()
                xy = (tile.xy[0] + float(x), tile.xy[1] + float(y))
                self._desk.do(self._desk.session.move_placement, tile.image, self._desk.landmark, xy)
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        if keeps_key(event, KEYS):
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        session, landmark = self._desk.session, self._desk.landmark
        row = next((i for i, t in enumerate(self.tiles) if t.image == self._desk.image), -1)
        key = event.key()
        if session is None or not self.tiles:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            row = min(max(row + (1 if key == Qt.Key.Key_Right else -1), 0), len(self.tiles) - 1)
            self._desk.show_image(self.tiles[row].image)
        elif row >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_A):
            following = self.tiles[min(row + 1, len(self.tiles) - 1)].image
            act = session.set_absent if key == Qt.Key.Key_A else session.confirm_placement
            if self._desk.do(act, self._desk.image, landmark):
                self._desk.show_image(following)
        elif key == Qt.Key.Key_Escape and self._drag is not None:
            self._drag = None
            self.viewport().update()
        else:
            super().keyPressEvent(event)

    def _show_current(self, name: str) -> None:
        for row, tile in enumerate(self.tiles):
            if tile.image == name:
                rect, bar = self.tile_rect(row), self.horizontalScrollBar()
                if rect.left() < 0:
                    bar.setValue(bar.value() + rect.left() - 12)
                elif rect.right() > self.viewport().width():
                    bar.setValue(bar.value() + rect.right() - self.viewport().width() + 12)
        self.viewport().update()
