"""The contact sheet: crops of every image around the chosen landmark, worst first."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.core.landmark import PlacementState, ReviewState
from app.core.prediction import confidence
from app.gui.contact_sheet.tiles import Tile, collect_tiles, in_the_order_of, suspects_last
from app.gui.state.controller import Controller
from app.gui.state.drags import PlacementDrag
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.pictures import Pictures
from app.gui.state.view_state import Mode
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import MarkerStyle, paint_marker, paint_text, text_size
from app.gui.widgets.drawing import draw_focus, path_of
from app.gui.widgets.key_button import keeps_key
from app.gui.widgets.markers import HIT_RADIUS, RADIUS
from app.gui.widgets.plain_text import tip
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
from app.project.region_state import RegionIn

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
"""Keys that go to another tile, by how many; in Landmark mode the arrows nudge, here as everywhere (`nudge_keys`)."""
ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
"""Keys that go to the first and the last tile."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
"""Confirms and goes on; with Shift it says absent."""
TILE = 116
GAP = 8
SHARE = 0.17
"""A crop's width as a share of the image's diagonal."""


class ContactSheet(QAbstractScrollArea):
    """A strip of painted tiles. Click shows the image, drag of a marker corrects, Enter confirms, with Shift: absent.

    The tiles keep their order while the reader works; `sort_again` sorts them.

    Attributes
    ----------
    tiles : list of Tile
        As they are shown.
    stale : bool
        Whether sorting again would change the order.
    suspects_last : bool
        Whether suspect images come after all others.
    suspects : int
        How many images that could be shown are suspect.
    accepted : int
        How many are accepted.
    without_suspects, without_accepted : bool
        Whether the reader left those out. What becomes one of them keeps its tile until the order is asked for anew.
    """

    captioned = Signal(str)
    arranged = Signal()
    """Order, number of suspect images or how they are sorted may have changed."""
    markerMenu = Signal(str, QPoint)

    def __init__(self, controller: Controller, pictures: Pictures) -> None:
        super().__init__()
        self.setObjectName("contactSheet")
        self.setAccessibleName("Contact sheet of the chosen landmark")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(TILE + 24)
        self.viewport().setMouseTracking(True)
        self._controller, self._pictures = controller, pictures
        self.tiles: list[Tile] = []
        self.stale, self.suspects_last, self.suspects, self.accepted = False, True, 0, 0
        self.without_suspects = self.without_accepted = False
        self._suspect: dict[str, bool] = {}
        self._crops: OrderedDict[tuple[str, int, int], QImage] = OrderedDict()
        self._regions: dict[str, list[RegionIn]] = {}
        self._clicking, self._held_in = False, ""
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self.collect)
        controller.sessionChanged.connect(self._forget)
        controller.landmarkChanged.connect(self._begin)
        controller.imageChanged.connect(self._show_current)
        controller.movingChanged.connect(self.viewport().update)
        controller.heldChanged.connect(self._show_held)
        controller.changed.connect(self._on_change)

    def _show_held(self) -> None:
        """A landmark is dragged in one image: its tile alone is painted anew, not the strip."""
        held = self._controller.held
        before, self._held_in = self._held_in, held.image if held is not None else ""
        for row, tile in enumerate(self.tiles):
            if tile.image in (before, self._held_in):
                self.viewport().update(self.tile_rect(row).adjusted(-2, -2, 2, 2))

    def _forget(self) -> None:
        self._crops.clear()
        self._regions.clear()
        self._suspect.clear()
        self.tiles = []
        self.collect()

    def _begin(self, *_: object) -> None:
        """Another landmark: from its worst image on, wherever the strip was."""
        self.tiles = []
        self.collect()
        self.horizontalScrollBar().setValue(0)

    def _on_change(self, change: Change) -> None:
        if isinstance(change, RegionsChanged):
            self._regions.clear()
            self.viewport().update()
            return
        if self._is_of_others(change):
            return
        of_landmarks = isinstance(change, LandmarksChanged | PlacementsChanged)
        for name in (change.images or tuple(self._regions)) if not of_landmarks else ():
            self._regions.pop(name, None)
        if not of_landmarks or isinstance(change, CorrectionsChanged):  # else none becomes suspect by it
            for name in change.images or tuple(self._suspect):
                self._suspect.pop(name, None)
        if isinstance(change, PredictionChanged | ImagesChanged | OrientationChanged):  # the pictures may be others
            for key in [key for key in self._crops if not change.images or key[0] in change.images]:
                del self._crops[key]
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

    def sort_again(self) -> None:
        """Sort the tiles as they are now, worst first."""
        self._begin()

    def set_suspects_last(self, last: bool) -> None:
        """Let suspect images come after all others, or where their confidence puts them."""
        self.suspects_last = last
        self._begin()

    def leave_out_suspects(self, left_out: bool) -> None:
        """Show no tile of a suspect image, or show them again."""
        self.without_suspects = left_out
        self._begin()

    def leave_out_accepted(self, left_out: bool) -> None:
        """Show no tile of an accepted image, or show them again."""
        self.without_accepted = left_out
        self._begin()

    def _is_suspect(self, image: str) -> bool:
        if image not in self._suspect:
            self._suspect[image] = bool(self._controller.open_session().suspect(image))
        return self._suspect[image]

    def sorted_anew(self) -> list[Tile]:
        """The tiles as they would lie if they were sorted again; empty without a landmark."""
        session, landmark = self._controller.session, self._controller.landmark
        if session is None or not landmark or session.reading_ahead:
            return []
        fresh = collect_tiles(session, landmark)
        return suspects_last(fresh, self._is_suspect) if self.suspects_last else fresh

    def collect(self, *_: object) -> None:
        """Find the chosen landmark in all images; tiles that were there before keep their order."""
        session, landmark = self._controller.session, self._controller.landmark
        every: list[Tile] = []
        fresh: list[Tile] = []
        accepted: set[str] = set()
        caption = ""
        if session is not None and landmark and session.reading_ahead:
            caption = f"“{landmark}” · reading predictions…"
        elif session is not None and landmark:
            start = time.perf_counter()
            every = self.sorted_anew()
            accepted = set(session.accepted)
            left_out = accepted if self.without_accepted else set()
            fresh = [
                tile
                for tile in every
                if tile.image not in left_out and not (self.without_suspects and self._is_suspect(tile.image))
            ]
            spent = (time.perf_counter() - start) * 1000
            shown = f"{len(fresh)} of " if len(fresh) < len(every) else ""
            places = f"{shown}{len(every)} place{'' if len(every) == 1 else 's'}"
            caption = f"“{landmark}” · {places} in {max(spent, 0.1):.1f} ms"
        self.suspects = sum(self._is_suspect(tile.image) for tile in every)
        self.accepted = sum(tile.image in accepted for tile in every)
        before, stays = {tile.image for tile in self.tiles}, {tile.image for tile in fresh}
        # A tile that was just accepted does not vanish under the hand.
        self.tiles = in_the_order_of(self.tiles, [tile for tile in every if tile.image in before | stays])
        self.stale = self.tiles != fresh
        self.captioned.emit(caption)
        self.arranged.emit()
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
        if not self._controller.interaction.running:  # a tile that is dragged in stays where it is
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
        frame = self._controller.frame(image)
        widths = frame.diagonal * np.sqrt(frame.aspect) * SHARE / TILE  # widths of a native pixel per screen pixel
        return np.asarray(np.linalg.inv(frame.upright) * widths)

    def drawn_at(self, image: str) -> QPointF | None:
        """Where the marker of the landmark is drawn in the tile of an image, in the viewport; None without a tile."""
        row = next((i for i, tile in enumerate(self.tiles) if tile.image == image), -1)
        if row < 0:
            return None
        centre = QPointF(self.tile_rect(row).center()) + QPointF(0.5, 0.5)
        held = self._controller.held_place(image, self._controller.landmark)
        if held is None:
            return centre
        moved = np.linalg.solve(self._native_of_screen(image), np.subtract(held, self.tiles[row].xy))
        return centre + QPointF(*moved.tolist())

    # --- painting --------------------------------------------------------------------------------------------------

    def _now(self, tile: Tile) -> Tile:
        """The tile as a drag on the template would leave it: where, who says so and how certain."""
        moving = self._controller.moving
        if moving is None or moving.landmark != self._controller.landmark:
            return tile
        there = moving.preview.placements
        place, state = there.xy[tile.slot], there.states[tile.slot]
        if state is None:
            return tile
        xy = (float(place[0]), float(place[1])) if np.isfinite(place).all() else tile.xy
        sure = float("nan")
        if state is PlacementState.PREDICTED:
            sure = float(confidence(there.expected_error[tile.slot], self._controller.frame(tile.image).diagonal))
        return replace(tile, xy=xy, state=state, confidence=sure)

    def words_of(self, image: str) -> list[str]:
        """What stands on the tile of an image, line by line; empty without a tile."""
        tile = next((tile for tile in self.tiles if tile.image == image), None)
        return self._lines(self._now(tile)) if tile is not None else []

    def _lines(self, tile: Tile) -> list[str]:
        """Confidence or state, then what is to be known of the image, in as few lines as there is room for."""
        session = self._controller.open_session()
        words = [tile.state.value if np.isnan(tile.confidence) else f"{tile.confidence:.2f}"]
        if self._controller.landmark in session.new_since_accepted(tile.image):
            words.append("new")
        elif session.review(tile.image) is ReviewState.ACCEPTED:
            words.append("accepted")
        if self._is_suspect(tile.image):
            words.append("suspect")
        lines = words[:1]
        for word in words[1:]:
            longer = f"{lines[-1]} · {word}"
            if text_size(longer, small=True)[0] <= TILE - 12:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _crop(self, tile: Tile) -> QImage | None:
        preview = self._pictures.preview(tile.image)
        if preview is None:
            return None
        key = (tile.image, round(tile.xy[0] * 4), round(tile.xy[1] * 4))
        if key not in self._crops:
            frame = self._controller.frame(tile.image)
            shrink = np.array([preview.shape[1] / frame.width, preview.shape[0] / frame.height])
            ratio = self.devicePixelRatioF()
            size = round(TILE * ratio)
            x, y = (frame.to_corner(tile.xy) * shrink - 0.5).tolist()
            # Preview pixels per pixel of the screen; the crop is upright as the image is read, in true proportions.
            linear = np.diag(shrink) @ self._native_of_screen(tile.image) / ratio
            matrix = np.c_[linear, [x, y] - linear @ np.full(2, (size - 1) / 2)]
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            pixels = cv2.warpAffine(preview, matrix, (size, size), flags=flags, borderValue=18)
            pixels = 255 - pixels if frame.orientation.inverted else pixels
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
            if self._controller.landmark:
                words = "No image is predicted yet."
                if self.suspects or self.accepted:
                    words = "All images are left out. The switches above the sheet bring them back."
            box = self.viewport().rect().adjusted(12, 0, -12, -20)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)
        first = max(0, (self.horizontalScrollBar().value() - 12) // (TILE + GAP))
        for row in range(first, len(self.tiles)):
            rect = self.tile_rect(row)
            if rect.left() > self.viewport().width():
                break
            if event.rect().intersects(rect.adjusted(-2, -2, 2, 2)):
                self._paint_tile(painter, rect, row)
        if self.hasFocus():
            draw_focus(painter, self.viewport().rect())
        painter.end()

    def _paint_tile(self, painter: QPainter, rect: QRect, row: int) -> None:
        assert self._controller.session is not None
        tile = self._now(self.tiles[row])
        crop = self._crop(tile)
        painter.fillRect(rect, QColor(0, 0, 0))
        if crop is not None:
            painter.drawImage(rect.topLeft(), crop)
        self._paint_regions(painter, rect, tile)
        at = self.drawn_at(tile.image) or QPointF()
        painter.setClipRect(rect)
        colour = self._controller.session.landmark(self._controller.landmark).colour
        paint_marker(painter, at, MarkerStyle(tile.state, colour, False, RADIUS))
        painter.setClipping(False)
        for up, words in enumerate(reversed(self._lines(tile))):
            paint_text(painter, QRectF(rect.x() + 6, rect.bottom() - 20 - 19 * up, TILE - 12, 18), words, small=True)
        frame_colour = None
        if tile.image == self._controller.image:
            frame_colour = theme.ACCENT
        elif tile.confidence < 0.6:
            frame_colour = theme.confidence_colour(tile.confidence)
        if frame_colour:
            painter.setPen(QPen(QColor(frame_colour), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(-1, -1, 1, 1), 2, 2)

    def _paint_regions(self, painter: QPainter, rect: QRect, tile: Tile) -> None:
        """The regions and curves that are drawn in the image, as far as the tile shows them."""
        session, name = self._controller.open_session(), tile.image
        if not session.regions:
            return
        if name not in self._regions:
            self._regions[name] = [one for one in session.regions_in(name, hidden=False) if one.there]
        if not self._regions[name]:
            return
        painter.save()
        painter.setClipRect(rect)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        screen, centre = np.linalg.inv(self._native_of_screen(name)).T, np.array(rect.center().toTuple()) + 0.5
        for one in self._regions[name]:
            painter.setPen(QPen(QColor(one.region.colour), 1.2))
            painter.drawPath(path_of([(one.xy - tile.xy) @ screen + centre]))
        painter.restore()

    # --- mouse and keys --------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._controller.interaction.press(self, event, lambda: self._press(event))

    def _press(self, event: QMouseEvent) -> Drag | None:
        at = event.position()
        row, landmark = self.tile_at(at), self._controller.landmark
        if row < 0:
            return None
        tile, drawn = self.tiles[row], QPointF(self.tile_rect(row).center())
        self._clicking = True  # the tile is under the mouse: scrolling would pull it away
        self._controller.show_image(tile.image)
        self._clicking = False
        if event.button() == Qt.MouseButton.RightButton:
            return Drag(at, lambda up: self.markerMenu.emit(landmark, up.globalPosition().toPoint()))
        close = (at - drawn).manhattanLength() <= HIT_RADIUS
        if event.button() != Qt.MouseButton.LeftButton or not close or self._controller.mode != Mode.LANDMARK:
            return Drag(at)
        if locked := self._controller.why_locked(tile.image):
            return StuckDrag(at, lambda: self._controller.tell(locked, self))
        native = self._native_of_screen(tile.image)

        def shift(now: QPointF) -> np.ndarray:
            return np.asarray(native @ (now - at).toTuple())

        return PlacementDrag(self._controller, at, tile.image, landmark, np.array(tile.xy), shift)

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
        session, landmark = self._controller.session, self._controller.landmark
        row = next((i for i, t in enumerate(self.tiles) if t.image == self._controller.image), -1)
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if session is None or not self.tiles:
            super().keyPressEvent(event)
        elif key in STEPS:
            row = min(max(row + STEPS[Qt.Key(key)], 0), len(self.tiles) - 1)
            self._controller.show_image(self.tiles[row].image)
        elif key in ENDS:
            self._controller.show_image(self.tiles[ENDS[Qt.Key(key)]].image)
        elif row < 0 and key in ENTER:  # the shown image has no tile: Enter leads to the first, and says nothing of it
            self._controller.show_image(self.tiles[0].image)
        elif key in ENTER and held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            following = self.tiles[min(row + 1, len(self.tiles) - 1)].image
            act = session.set_absent if held else session.confirm_placement
            self._controller.do(
                act, self._controller.image, landmark
            )  # what is refused is said, and does not stop the flow
            self._controller.show_image(following)
        else:
            super().keyPressEvent(event)

    def _show_current(self, name: str) -> None:
        for row, tile in enumerate(self.tiles):
            if tile.image == name and not self._clicking:
                rect, bar = self.tile_rect(row), self.horizontalScrollBar()
                if rect.left() < 0:
                    bar.setValue(bar.value() + rect.left() - 12)
                elif rect.right() > self.viewport().width():
                    bar.setValue(bar.value() + rect.right() - self.viewport().width() + 12)
        self.viewport().update()
