"""Landmark markers: one item paints all of them from arrays. The four states differ in shape, not only in colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.core.landmark import PlacementState
from app.gui.widgets import theme

RADIUS = 7.0
HIT_RADIUS = 12.0
"""A landmark is picked up only from this close, in screen pixels."""
MOST_LABELS = 40


@dataclass(frozen=True)
class Marker:
    """One landmark as it is drawn.

    Attributes
    ----------
    name : str
        Of the landmark.
    xy : tuple of float
        In the coordinates of the item (corner frame of the image, or mm of the template).
    state : PlacementState
    colour : str
    chosen : bool
    """

    name: str
    xy: tuple[float, float]
    state: PlacementState
    colour: str
    chosen: bool = False


def draw_marker(
    painter: QPainter,
    at: QPointF,
    state: PlacementState,
    colour: str,
    chosen: bool = False,
    radius: float = RADIUS,
    halo: bool = True,
) -> None:
    """Draw one marker in screen pixels: dashed ring, solid ring, filled disc or crossed-out ring, on a dark halo."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if chosen:
        painter.setPen(QPen(QColor(theme.ON_IMAGE.accent), 1.5))
        painter.drawEllipse(at, radius + 4, radius + 4)
    dark, pen = QPen(QColor(0, 0, 0, 150 if halo else 0), 5.0), QPen(QColor(colour), 2.0 if halo else 1.3)
    if state == PlacementState.PREDICTED:
        step = 2 * np.pi * radius / 6  # six dashes around the ring
        for each in (dark, pen):
            each.setCapStyle(Qt.PenCapStyle.FlatCap)
            each.setDashPattern([0.62 * step / each.widthF(), 0.38 * step / each.widthF()])
    painter.setPen(dark)
    painter.drawEllipse(at, radius, radius)
    if state == PlacementState.ABSENT:
        _draw_cross(painter, at, radius + 2)
    elif state == PlacementState.CONFIRMED:
        painter.setBrush(QColor(colour))
    painter.setPen(pen)
    painter.drawEllipse(at, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == PlacementState.ABSENT:
        _draw_cross(painter, at, radius + 2)
        return


def _draw_cross(painter: QPainter, at: QPointF, reach: float) -> None:
    painter.drawLine(at + QPointF(-reach, -reach), at + QPointF(reach, reach))
    painter.drawLine(at + QPointF(-reach, reach), at + QPointF(reach, -reach))


def place_labels(
    anchors: Sequence[QPointF], sizes: Sequence[tuple[float, float]], order: Sequence[int], port: QRectF
) -> dict[int, QRectF]:
    """Choose where labels go so that none touches another label or a marker; those without room are left out.

    Parameters
    ----------
    anchors : centres of the markers, in screen pixels.
    sizes : width and height of each label.
    order : indices, the most important first.
    port : the visible part of the screen.
    """
    gap = RADIUS + 10
    rings = [QRectF(p.x() - RADIUS - 2, p.y() - RADIUS - 2, 2 * RADIUS + 4, 2 * RADIUS + 4) for p in anchors]
    placed: dict[int, QRectF] = {}
    for i in order:
        (width, height), p = sizes[i], anchors[i]
        for x, y in (
            (p.x() + gap, p.y() - height / 2),
            (p.x() - gap - width, p.y() - height / 2),
            (p.x() - width / 2, p.y() - gap - height),
            (p.x() - width / 2, p.y() + gap),
        ):
            box = QRectF(x, y, width, height)
            grown = box.adjusted(-4, -2, 4, 2)
            free = not any(grown.intersects(other) for other in placed.values())
            if port.contains(box) and free and not any(grown.intersects(r) for k, r in enumerate(rings) if k != i):
                placed[i] = box
                break
    return placed


def draw_text(
    painter: QPainter,
    box: QRectF,
    text: str,
    colour: str = theme.ON_IMAGE.text,
    align: int | Qt.AlignmentFlag | None = None,
) -> None:
    """Text on a soft dark plate, readable on any grey."""
    flags = int(align if align is not None else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    plate = QRectF(painter.fontMetrics().boundingRect(box.toAlignedRect(), flags, text)).adjusted(-4, -1, 4, 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(plate, 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(colour))
    painter.drawText(box, flags, text)


class MarkerItem(pg.GraphicsObject):  # type: ignore[misc]
    """Paints all markers of a view at a fixed size on the screen."""

    def __init__(self, bounds: QRectF | None = None) -> None:
        super().__init__()
        self.markers: list[Marker] = []
        self.labels = True
        self.spot: QPointF | None = None
        self.spot_pinned = False
        self._bounds = bounds or QRectF()
        self.setZValue(10)

    def set_bounds(self, bounds: QRectF) -> None:
        """The area in which markers may lie, in item coordinates."""
        self.prepareGeometryChange()
        self._bounds = bounds

    def set_markers(self, markers: list[Marker], labels: bool) -> None:
        """Show these."""
        self.markers, self.labels = markers, labels
        self.update()

    def set_spot(self, at: QPointF | None, pinned: bool = False) -> None:
        """Show the place that the other view's mouse is on."""
        self.spot, self.spot_pinned = at, pinned
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        anchors = [transform.map(QPointF(*m.xy)) for m in self.markers]
        for marker, at in zip(self.markers, anchors, strict=True):
            draw_marker(painter, at, marker.state, marker.colour, marker.chosen)
        self._paint_labels(painter, anchors, QRectF(widget.rect() if widget is not None else painter.viewport()))
        if self.spot is not None:
            self._paint_spot(painter, transform.map(self.spot))
        painter.restore()

    def _paint_labels(self, painter: QPainter, anchors: list[QPointF], port: QRectF) -> None:
        named = (i for i, marker in enumerate(self.markers) if marker.name)
        order = sorted(named, key=lambda i: not self.markers[i].chosen)
        if not self.labels or len(order) > MOST_LABELS:
            order = [i for i in order if self.markers[i].chosen]
        painter.setFont(theme.font(small=True))
        metrics = QFontMetricsF(painter.font())
        sizes = [(metrics.horizontalAdvance(m.name) + 2, metrics.height()) for m in self.markers]
        for i, box in place_labels(anchors, sizes, order, port).items():
            draw_text(painter, box, self.markers[i].name)

    def _paint_spot(self, painter: QPainter, at: QPointF) -> None:
        """A small cross-hair with an open middle."""
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(theme.ON_IMAGE.accent), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(at + QPointF(4 * dx, 4 * dy), at + QPointF(11 * dx, 11 * dy))
            if self.spot_pinned:
                painter.drawEllipse(at, RADIUS, RADIUS)
