"""What stands on an image for a while and says something of it: a ring around a place, with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.gui.image.viewport import Viewport
from app.gui.widgets import theme
from app.gui.widgets.palette import ON_IMAGE

PLATE = QColor(12, 14, 17, 225)
SMALLEST, LARGEST = 16.0, 240.0
"""Radii of a ring, in screen pixels."""
WIDEST = 320.0
GAP = 10.0
MARGIN = 12.0


class Annotation(Protocol):
    """Something that is painted over an image view, in screen pixels."""

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """Paint it, where it belongs to the image that is shown."""


class PlaceNote:
    """A ring around a place of one image, and one sentence beside it; without a place the sentence stands alone.

    Parameters
    ----------
    image : str
    xy : tuple of float
        Native pixels; NaN for the image as a whole.
    reach : float
        Native pixels around it that belong to it.
    sentence : str
    """

    def __init__(self, image: str, xy: tuple[float, float], reach: float, sentence: str) -> None:
        self.image, self.sentence = image, sentence
        self._xy, self._reach = xy, reach

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """See `Annotation`."""
        if view.image != self.image:
            return
        port = QRectF(view.viewport().rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not np.isfinite(self._xy).all():
            below = QPointF(port.center().x(), port.bottom() - 2 * MARGIN)
            plate(painter, self.sentence, QRectF(below, below), port)
            return
        centre, radius = view.viewport_of(*self._xy), float(np.clip(self._reach * view.zoom, SMALLEST, LARGEST))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(ON_IMAGE.caution), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, radius, radius)
        plate(painter, self.sentence, QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius), port)


def plate(painter: QPainter, sentence: str, beside: QRectF, port: QRectF) -> QRectF:
    """Write a sentence on a dark plate below a rectangle, or above it where there is no room; returns the plate."""
    painter.setFont(theme.font())
    metrics, wrap = QFontMetricsF(theme.font()), Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, min(WIDEST, port.width() - 4 * MARGIN), port.height())
    words = metrics.boundingRect(room, int(wrap), sentence)
    box = QRectF(0, 0, words.width() + 2 * MARGIN, words.height() + MARGIN)
    top = beside.bottom() + GAP
    if top + box.height() > port.bottom() - MARGIN:
        top = beside.top() - GAP - box.height()
    left = beside.center().x() - box.width() / 2
    box.moveTo(
        min(max(left, port.left() + MARGIN), port.right() - MARGIN - box.width()),
        min(max(top, port.top() + MARGIN), port.bottom() - MARGIN - box.height()),
    )
    painter.setPen(QPen(QColor(255, 255, 255, 40), 1))
    painter.setBrush(PLATE)
    painter.drawRoundedRect(box, 5, 5)
    painter.setPen(QColor(ON_IMAGE.text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter | wrap), sentence)
    return box


def paint_all(painter: QPainter, view: Viewport, annotations: Sequence[Annotation]) -> None:
    """Paint annotations one after the other, none with the pens of another."""
    for annotation in annotations:
        painter.save()
        annotation.paint(painter, view)
        painter.restore()
