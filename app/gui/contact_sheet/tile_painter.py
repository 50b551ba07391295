"""Paints one tile: its picture, the regions in it, the marker, and what is to be known of the image."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.core.landmark import PlacementState, ReviewState
from app.core.prediction import confidence
from app.gui.contact_sheet.cells import Cell
from app.gui.contact_sheet.crops import OUTSIDE, Crop
from app.gui.contact_sheet.tiles import Tile
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import MarkerStyle, paint_marker, paint_markers, paint_text, text_size
from app.gui.widgets.drawing import path_of
from app.gui.widgets.markers import RADIUS
from app.project.region_state import RegionIn

PLACEHOLDER = QColor(OUTSIDE, OUTSIDE, OUTSIDE)
"""What a tile is until its picture has come: as dark as what lies beside an image."""
MARKS = {ReviewState.ACCEPTED: "good", ReviewState.SECOND_OPINION: "caution", ReviewState.REJECTED: "bad"}
"""Reviews that stand on a tile, with the colour of their dot on a small one."""
WORDED = 64
"""Words stand on tiles that are at least so wide: on smaller ones they would hide what is looked at."""
DOUBTFUL = 0.6
"""Below this confidence a tile has a coloured frame."""


class Shown(NamedTuple):
    """A tile as it is to be painted.

    Attributes
    ----------
    rect : QRect
        Where it lies in the viewport.
    cell : Cell
    crop : Crop or None
        What there is of its picture.
    selected : bool
    """

    rect: QRect
    cell: Cell
    crop: Crop | None
    selected: bool


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

    def words(self, tile: Tile) -> list[str]:
        """Confidence or state, then what is to be known of the image."""
        session = self._controller.open_session()
        words = [tile.state.value if np.isnan(tile.confidence) else f"{tile.confidence:.2f}"]
        if self._controller.landmark in session.new_since_accepted(tile.image):
            words.append("new")
        elif (review := session.review(tile.image)) in MARKS:
            words.append(review.value.replace("_", " "))
        if self._is_suspect(tile.image):
            words.append("suspect")
        return words

    def lines(self, tile: Tile, width: int) -> list[str]:
        """The same in as few lines as there is room for; where a word has no room, nothing."""
        words = self.words(tile) if width >= WORDED else []
        if any(text_size(word, small=True)[0] > width - 12 for word in words):
            words = words[:1]
        lines = words[:1]
        for word in words[1:]:
            longer = f"{lines[-1]} · {word}"
            if text_size(longer, small=True)[0] <= width - 12:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def paint(self, painter: QPainter, shown: Sequence[Shown]) -> None:
        """Paint tiles, as `now` gives them, into their places; their pictures may not be there yet."""
        if not shown:
            return
        for one in shown:
            if one.crop is None or one.crop.way is not None:
                painter.fillRect(one.rect, PLACEHOLDER)
            if one.crop is not None:
                _paint_crop(painter, one.rect, one.crop)
        if self._controller.open_session().regions:
            for one in shown:
                self._paint_regions(painter, one)
        self._paint_markers(painter, shown)
        for one in shown:
            self._paint_signs(painter, one)

    def _paint_markers(self, painter: QPainter, shown: Sequence[Shown]) -> None:
        session, landmark = self._controller.open_session(), self._controller.landmark
        colour, side = session.landmark(landmark).colour, shown[0].rect.width()
        styles = {state: MarkerStyle(state, colour, False, radius_in(side)) for state in PlacementState}
        held = self._controller.held
        image = held.image if held is not None and held.landmark == landmark else ""
        there = [one for one in shown if one.cell.tile.image != image]
        corners = [(one.rect.x(), one.rect.y()) for one in there]
        if there:
            paint_markers(painter, np.array(corners) + side / 2, [styles[one.cell.tile.state] for one in there])
        for one in shown:
            if held is not None and one.cell.tile.image == image:
                at = one.cell.shown_at(one.rect).to_screen(held.xy)
                painter.setClipRect(one.rect)
                paint_marker(painter, QPointF(*at.tolist()), styles[one.cell.tile.state])
                painter.setClipping(False)

    def _paint_signs(self, painter: QPainter, one: Shown) -> None:
        """What is to be known of the image, and whether it is chosen."""
        rect, tile = one.rect, one.cell.tile
        lines = self.lines(tile, rect.width())
        if one.selected:
            _paint_selected(painter, rect)
        self._paint_review(painter, rect, tile, lines)
        for up, words in enumerate(reversed(lines)):
            box = QRectF(rect.x() + 6, rect.bottom() - 20 - 19 * up, rect.width() - 12, 18)
            paint_text(painter, box, words, small=True)
        self._paint_frame(painter, rect, tile)

    def _paint_review(self, painter: QPainter, rect: QRect, tile: Tile, lines: Sequence[str]) -> None:
        """A dot in the corner where the word for it has no room."""
        review = self._controller.open_session().review(tile.image)
        colour = MARKS.get(review)
        if colour is not None and not any(review.value.replace("_", " ") in line for line in lines):
            painter.setPen(QPen(QColor(0, 0, 0, 160), 1))
            painter.setBrush(QColor(getattr(theme.ON_IMAGE, colour)))
            painter.drawEllipse(QPointF(rect.left() + 7, rect.top() + 7), 3.5, 3.5)

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

    def _paint_regions(self, painter: QPainter, one: Shown) -> None:
        """The regions and curves that are drawn in the image, as far as the tile shows them."""
        session, name = self._controller.open_session(), one.cell.tile.image
        if name not in self._regions:
            self._regions[name] = [each for each in session.regions_in(name, hidden=False) if each.there]
        if not self._regions[name]:
            return
        shown = one.cell.shown_at(one.rect)
        painter.save()
        painter.setClipRect(one.rect)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for each in self._regions[name]:
            painter.setPen(QPen(QColor(each.region.colour), 1.2))
            painter.drawPath(path_of([shown.to_screen(each.xy)]))
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


def radius_in(side: int) -> float:
    """Radius of the marker in a tile: smaller in small ones, so that what lies under it is seen."""
    return RADIUS * min(max(side / 96, 0.5), 1.0)


def _paint_selected(painter: QPainter, rect: QRect) -> None:
    """A veil, and a tick in the corner that does not depend on its colour."""
    veil = QColor(theme.ON_IMAGE.accent)
    veil.setAlpha(70)
    painter.fillRect(rect, veil)
    size = min(16, rect.width() // 3)
    box = QRectF(rect.right() - size - 1, rect.top() + 2, size, size)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.ON_IMAGE.accent))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QPen(QColor(0, 0, 0), 2))
    at = [box.topLeft() + QPointF(x, y) * size for x, y in ((0.22, 0.52), (0.43, 0.74), (0.8, 0.28))]
    painter.drawPolyline(at)
