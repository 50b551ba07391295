"""How a landmark's marker and a line of text on an image are drawn. The four states of a marker differ in shape."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.core.landmark import PlacementState
from app.gui.widgets import theme

RADIUS = 7.0
HIT_RADIUS = 12.0
"""A landmark is picked up only from this close, in screen pixels."""


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
