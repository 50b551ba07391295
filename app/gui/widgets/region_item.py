"""One item draws all regions and curves of a view, and their names where they have room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.frame import Points
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import paint_text, text_size
from app.gui.widgets.drawing import cosmetic, path_of
from app.gui.widgets.region_line import RegionLine

FILL, CHOSEN_FILL = 22, 48
"""Opacity of what is inside, of 255."""
CLEAR = 8.0
"""So far from the middle of a marker a name stands, in screen pixels."""


class RegionItem(QGraphicsItem):
    """Draws outlines of the same width at any zoom.

    Attributes
    ----------
    markers : callable
        Where the view's markers are on the screen [N, 2], by its transform: names stand beside them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[RegionLine, ...] = ()
        self.labels = True
        self.markers: Callable[[QTransform], Points] = lambda _: np.zeros((0, 2))
        self._on_image = True
        self._paths: list[QPainterPath] = []
        self._bounds = QRectF()
        self.setZValue(5)  # over masks, under markers

    def set_lines(self, lines: Sequence[RegionLine], labels: bool = True, on_image: bool = True) -> None:
        """Show these; on the template colours suit the theme's background."""
        self.lines, self.labels, self._on_image = tuple(lines), labels, on_image
        self._paths = [path_of([line.xy]) for line in self.lines]
        self.prepareGeometryChange()
        self._bounds = QRectF()
        for path in self._paths:
            self._bounds = self._bounds.united(path.boundingRect())
        self.update()

    def under(self, at: QPointF, reach: float) -> str:
        """Name of the smallest region, or the curve, at a place of the plane; `reach` in its units. Empty for none."""
        found: list[tuple[float, str]] = []
        for line, path in zip(self.lines, self._paths, strict=True):
            box = path.boundingRect()
            if not line.name or not box.adjusted(-reach, -reach, reach, reach).contains(at):
                continue
            if line.closed and path.contains(at):
                found.append((box.width() * box.height(), line.name))
            elif not line.closed:
                stroker = QPainterPathStroker()
                stroker.setWidth(2 * reach)
                if stroker.createStroke(path).contains(at):
                    found.append((0.0, line.name))
        return min(found)[1] if found else ""

    def boundingRect(self) -> QRectF:
        return self._bounds.adjusted(-1, -1, 1, 1)  # also of one straight line

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line, path in zip(self.lines, self._paths, strict=True):
            colour = QColor(line.colour) if self._on_image else theme.on_background(QColor(line.colour))
            fill = QColor(colour)
            fill.setAlpha((CHOSEN_FILL if line.chosen else FILL) if line.closed else 0)
            pen = cosmetic(painter, colour, 2.4 if line.chosen else 1.3)
            if line.corners is not None:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(fill if line.closed else Qt.BrushStyle.NoBrush)
            painter.drawPath(path)
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        for line in self.lines:
            for corner in line.corners if line.corners is not None else ():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(line.colour))
                painter.drawEllipse(transform.map(QPointF(*corner.tolist())), 3.0, 3.0)
        for name, place in self.names(transform):
            paint_text(painter, place, name, small=True)
        painter.restore()

    def names(self, transform: QTransform) -> list[tuple[str, QRectF]]:
        """The names that are drawn, and where in screen pixels."""
        found, anchors = [], self.markers(transform)
        for line, path in zip(self.lines, self._paths, strict=True):
            if line.name and (self.labels or line.chosen):
                box, at = transform.mapRect(path.boundingRect()), transform.map(_middle(line))
                place = self._place_of_name(line, box, at, anchors)
                found += [(line.name, place)] if place is not None else []
        return found

    def _place_of_name(self, line: RegionLine, box: QRectF, at: QPointF, anchors: Points) -> QRectF | None:
        """In the middle of a region, or above or below a marker there, where it fits; beside the middle of a curve."""
        width, height = text_size(line.name, small=True)
        chosen = line.chosen and self._on_image  # the template is small: there it would lie over its neighbours
        if not line.closed:
            room = chosen or max(box.width(), box.height()) > width
            return QRectF(at.x() + 8, at.y() - height / 2, width + 2, height) if room else None
        if not chosen and (width >= box.width() or height >= box.height()):
            return None
        middle = QRectF(at.x() - width / 2, at.y() - height / 2, width + 2, height)
        ways = [middle.translated(0, step * height) for step in (0, 1.5, -1.5, 3, -3)]
        free = (way for way in ways if box.contains(way) and not _covers(way, anchors))
        return next(free, middle if chosen else None)


def _covers(box: QRectF, anchors: Points) -> bool:
    """Whether a name would lie over one of the markers [N, 2], screen pixels."""
    low, high = (box.left() - CLEAR, box.top() - CLEAR), (box.right() + CLEAR, box.bottom() + CLEAR)
    return bool(((anchors > low) & (anchors < high)).all(axis=1).any())


def _middle(line: RegionLine) -> QPointF:
    x, y = line.xy[:-1].mean(axis=0) if line.closed else line.xy[len(line.xy) // 2]
    return QPointF(float(x), float(y)) if np.isfinite([x, y]).all() else QPointF()
