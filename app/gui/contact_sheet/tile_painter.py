"""Paints one tile: its picture, the regions in it, the marker, and what is to be known of the image."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.core.landmark import PlacementState, ReviewState
from app.core.prediction import confidence
from app.gui.contact_sheet.crops import OUTSIDE, Crop
from app.gui.contact_sheet.tile_frame import TileFrame
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import MarkerStyle, paint_marker, paint_text, text_size
from app.gui.widgets.drawing import path_of
from app.gui.widgets.markers import RADIUS
from app.project.region_state import RegionIn

PLACEHOLDER = QColor(OUTSIDE, OUTSIDE, OUTSIDE)
"""What a tile is until its picture has come: as dark as what lies beside an image."""
DOUBTFUL = 0.6
"""Below this confidence a tile has a coloured frame."""


class TilePainter:
    """Paints tiles of the chosen landmark.

    Parameters
    ----------
    controller : Controller
    is_suspect : callable
        Whether an image does not look like one for this model.
    """

    def __init__(self, controller: Controller, is_suspect: Callable[[str], bool]) -> None:
        self._controller, self._is_suspect = controller, is_suspect
        self._regions: dict[str, list[RegionIn]] = {}

    def forget_regions(self, images: Collection[str] = ()) -> None:
        """Regions lie elsewhere in these images; without names in all."""
        for name in tuple(images) or tuple(self._regions):
            self._regions.pop(name, None)

    def now(self, tile: Tile) -> Tile:
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

    def lines(self, tile: Tile, width: int) -> list[str]:
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
            if text_size(longer, small=True)[0] <= width - 12:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def paint(self, painter: QPainter, rect: QRect, tile: Tile, crop: Crop | None, shown: TileFrame) -> None:
        """Paint a tile, as `now` gives it, into its place; the picture may not be there yet."""
        session = self._controller.open_session()
        if crop is None or crop.way is not None:
            painter.fillRect(rect, PLACEHOLDER)
        if crop is not None:
            _paint_crop(painter, rect, crop)
        self._paint_regions(painter, rect, tile, shown)
        held = self._controller.held_place(tile.image, self._controller.landmark)
        at = shown.middle if held is None else shown.to_screen(held)
        painter.setClipRect(rect)
        colour = session.landmark(self._controller.landmark).colour
        paint_marker(painter, QPointF(*at.tolist()), MarkerStyle(tile.state, colour, False, RADIUS))
        painter.setClipping(False)
        for up, words in enumerate(reversed(self.lines(tile, rect.width()))):
            box = QRectF(rect.x() + 6, rect.bottom() - 20 - 19 * up, rect.width() - 12, 18)
            paint_text(painter, box, words, small=True)
        self._paint_frame(painter, rect, tile)

    def _paint_frame(self, painter: QPainter, rect: QRect, tile: Tile) -> None:
        if tile.image == self._controller.image:
            colour = theme.ACCENT
        elif tile.confidence < DOUBTFUL:
            colour = theme.confidence_colour(tile.confidence)
        else:
            return
        painter.setPen(QPen(QColor(colour), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(rect).adjusted(-1, -1, 1, 1), 2, 2)

    def _paint_regions(self, painter: QPainter, rect: QRect, tile: Tile, shown: TileFrame) -> None:
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
        for one in self._regions[name]:
            painter.setPen(QPen(QColor(one.region.colour), 1.2))
            painter.drawPath(path_of([shown.to_screen(one.xy)]))
        painter.restore()


def _paint_crop(painter: QPainter, rect: QRect, crop: Crop) -> None:
    if crop.way is None:
        painter.drawImage(rect, crop.pixels)
        return
    painter.save()
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.translate(rect.topLeft())
    painter.scale(1 / painter.device().devicePixelRatioF(), 1 / painter.device().devicePixelRatioF())
    painter.setTransform(crop.way, combine=True)
    painter.drawImage(0, 0, crop.pixels)
    painter.restore()
