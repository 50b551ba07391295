"""From arrays to what Qt paints: pictures, paths, pens, and the lines of equal u and v."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QByteArray, QDataStream, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from app.core.frame import Points
from app.core.prediction import sample_chart
from app.core.template import Structure
from app.gui.widgets import theme, uv_colours


def bgra_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """A QImage that owns its copy of premultiplied BGRA pixels [h, w, 4]."""
    height, width = pixels.shape[:2]
    whole = np.ascontiguousarray(pixels)
    return QImage(whole.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()


def cosmetic(painter: QPainter, colour: QColor, width: float) -> QPen:
    """A pen of the same width at any zoom and on any display; Qt counts the pixels of the device.

    Its lines are some pixels wide at most: round joins look the same there and take half as long again to draw.
    """
    pen = QPen(colour, width * painter.device().devicePixelRatioF())
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
    return pen


_PATTERNS: tuple[tuple[float, ...], ...] = ((), (8, 3), (2, 2.5), (10, 3, 2, 3), (5, 2.5, 1, 2.5, 1, 2.5))
"""Dashes and gaps in widths of the line, one after the other of the structures; the first is a whole line."""


def with_pattern(pen: QPen, number: int) -> QPen:
    """A pen with the line of a structure, by its number on the template."""
    if pattern := _PATTERNS[number % len(_PATTERNS)]:
        pen.setDashPattern(list(pattern))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def polygon(points: npt.ArrayLike) -> QPolygonF:
    """Points [N, 2] as Qt likes them."""
    return QPolygonF([QPointF(x, y) for x, y in np.asarray(points, float).tolist()])


_ELEMENT = np.dtype([("kind", ">i4"), ("xy", ">f8", 2)])
"""How Qt writes one element of a path into a `QDataStream` (its manual, “Serializing Qt Data Types”)."""
_MOVE, _LINE = 0, 1


def path_of(lines: Sequence[Points]) -> QPainterPath:
    """One path of many lines, each [N, 2]; Qt reads it as it would from a file, without a Python object per point."""
    path = QPainterPath()
    if not lines:
        return path
    points = np.concatenate(lines)
    elements = np.empty(len(points), _ELEMENT)
    elements["kind"], elements["xy"] = _LINE, points
    elements["kind"][np.cumsum([0, *map(len, lines[:-1])])] = _MOVE
    count, start_of_last, even_odd = len(points), len(points) - len(lines[-1]), 0
    written = struct.pack(">i", count) + elements.tobytes() + struct.pack(">ii", start_of_last, even_odd)
    QDataStream(QByteArray(written)) >> path
    return path


def iso_lines(structure: Structure, chart: npt.NDArray[np.floating] | None = None) -> list[Points]:
    """Pieces of the lines of equal u and v inside the mean shape.

    Parameters
    ----------
    structure : Structure
    chart : array [GRID, GRID, 2] or None
        Inverse chart: the lines in native pixels; None: in mm of the template plane.
    """
    along = np.linspace(-1, 1, 61)
    lines: list[Points] = []
    for axis in (0, 1):
        for value in uv_colours.iso_values():
            uv = np.empty((len(along), 2))
            uv[:, axis], uv[:, 1 - axis] = value, along
            inside = structure.contains(uv)
            places = structure.from_chart(uv) if chart is None else sample_chart(chart, uv)
            edges = np.flatnonzero(np.diff(np.r_[0, inside.astype(np.int8), 0]))
            lines += [places[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
    return lines


def draw_focus(painter: QPainter, rect: QRect) -> None:
    """The ring of a painted widget that has the focus."""
    painter.setPen(QPen(QColor(theme.ACCENT), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))


def draw_eye(painter: QPainter, rect: QRectF, is_open: bool) -> None:
    """A small eye: open with a pupil, or dim and struck out."""
    colour = QColor(theme.MUTED if is_open else theme.FAINT)
    centre = rect.center()
    painter.setPen(QPen(colour, 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    lens = QRectF(centre.x() - 6.5, centre.y() - 6.5, 13, 13)
    painter.drawArc(lens.translated(0, 3.5), 30 * 16, 120 * 16)
    painter.drawArc(lens.translated(0, -3.5), -30 * 16, -120 * 16)
    if not is_open:
        painter.drawLine(centre + QPointF(-4.5, 4.5), centre + QPointF(4.5, -4.5))
    else:
        painter.setBrush(colour)
        painter.drawEllipse(centre, 1.8, 1.8)
