"""Markers and lines of text as small pictures that are made once and then copied: an outline drawn anew takes 0.2 ms.

All functions paint in screen pixels, with a painter whose transform is none (`QPainter.resetTransform`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPaintEngine, QPainter

from app.core.frame import Points
from app.core.landmark import PlacementState
from app.gui.widgets import theme
from app.gui.widgets.markers import draw_marker, draw_text

PHASES = 4
"""A picture is made for each quarter of a pixel, so that a marker is off by an eighth of one at most."""
EDGE = 2
"""Empty pixels around what is drawn, for smooth borders."""


class MarkerStyle(NamedTuple):
    """All that a marker's picture depends on.

    Attributes
    ----------
    state : PlacementState
    colour : str
    chosen : bool
    radius : float
        In screen pixels.
    """

    state: PlacementState
    colour: str
    chosen: bool
    radius: float


@lru_cache(maxsize=256)
def _marker_pictures(style: MarkerStyle, ratio: float) -> tuple[int, dict[int, QImage]]:
    """The pictures of a marker that were made so far, by `_phase`, and their size from the centre to the border.

    The size is in device pixels; the ring of a chosen marker is 4 px wider.
    """
    return ceil((style.radius + 6) * ratio) + EDGE, {}


def _marker_picture(style: MarkerStyle, ratio: float, phase: int) -> QImage:
    """A picture of device pixels, the marker's centre a part of one beside the middle pixel's corner."""
    reach, made = _marker_pictures(style, ratio)
    if phase not in made:
        picture = _empty(2 * reach, 2 * reach, ratio)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = QPointF(reach + phase % PHASES / PHASES, reach + phase // PHASES / PHASES) / ratio
        draw_marker(painter, at, style.state, style.colour, style.chosen, style.radius)
        painter.end()
        picture.setDevicePixelRatio(1)
        made[phase] = picture
    return made[phase]


def paint_markers(painter: QPainter, at: Points, styles: Sequence[MarkerStyle]) -> None:
    """Paint markers, the same as `draw_marker`, from pictures.

    Parameters
    ----------
    painter : QPainter
    at : array [N, 2]
        Their centres, in screen pixels.
    styles : sequence of MarkerStyle
        One for each; quicker where equal ones are the same object.
    """
    ratio = painter.device().devicePixelRatioF()
    quarters = np.floor(at * (ratio * PHASES) + 0.5).astype(int)
    phases = (quarters % PHASES) @ [1, PHASES]
    known: dict[int, tuple[int, dict[int, QImage]]] = {}
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)  # device pixels, given as whole numbers: the quickest way to copy a picture
    for (x, y), phase, style in zip((quarters // PHASES).tolist(), phases.tolist(), styles, strict=True):
        reach, made = known.get(id(style)) or known.setdefault(id(style), _marker_pictures(style, ratio))
        picture = made[phase] if phase in made else _marker_picture(style, ratio, phase)
        painter.drawImage(x - reach, y - reach, picture)
    painter.restore()


def paint_marker(painter: QPainter, at: QPointF, style: MarkerStyle) -> None:
    """Paint one marker; see `paint_markers`."""
    paint_markers(painter, np.array([at.toTuple()]), [style])


@lru_cache(maxsize=1024)
def text_size(text: str, small: bool = False, bold: bool = False) -> tuple[float, float]:
    """Width and height of a line of text in the theme's font, in screen pixels."""
    metrics = QFontMetricsF(theme.font(small=small, bold=bold))
    return metrics.horizontalAdvance(text), metrics.height()


@lru_cache(maxsize=1024)
def _text_picture(text: str, colour: str, small: bool, bold: bool, ratio: float) -> QImage:
    """A line of text on a soft dark plate that is readable on any grey."""
    width, height = text_size(text, small, bold)
    plate = QRectF(EDGE, EDGE, ceil(width) + 8, ceil(height) + 2)
    picture = _empty(ceil((plate.width() + 2 * EDGE) * ratio), ceil((plate.height() + 2 * EDGE) * ratio), ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(plate, 3, 3)
    painter.setPen(QColor(colour))
    painter.setFont(theme.font(small=small, bold=bold))
    box = plate.adjusted(4, 1, -4, -1)
    painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
    painter.end()
    return picture


def paint_text(
    painter: QPainter,
    box: QRectF,
    text: str,
    colour: str = theme.ON_IMAGE.text,
    *,
    small: bool = False,
    bold: bool = False,
    right: bool = False,
) -> None:
    """Paint a line of text on its plate into a box: in the middle of its height, on its left or right side."""
    if painter.paintEngine().type() != QPaintEngine.Type.Raster:  # a file of lines and letters takes no pictures
        painter.setFont(theme.font(small=small, bold=bold))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        draw_text(painter, box, text, colour, Qt.AlignmentFlag.AlignVCenter | side)
        return
    ratio = painter.device().devicePixelRatioF()
    width, height = text_size(text, small, bold)
    x = box.right() - ceil(width) if right else box.left()
    y = box.center().y() - (ceil(height) + 2) / 2
    at = QPointF(round((x - 4 - EDGE) * ratio) / ratio, round((y - EDGE) * ratio) / ratio)
    painter.drawImage(at, _text_picture(text, colour, small, bold, ratio))


def _empty(width: int, height: int, ratio: float) -> QImage:
    """A transparent picture of some device pixels."""
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(0)
    return picture
