"""A zoomable plane whose mouse belongs to us: image view and template view are made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from app.gui.widgets import theme


class _Plane(QGraphicsItem):
    """Holds all items; it draws nothing itself."""

    def boundingRect(self) -> QRectF:
        return QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Nothing."""


class Canvas(QGraphicsView):
    """A plane, y down, with the same scale in both directions, that fills the widget.

    Items lie in the plane. The plane can be turned and mirrored as a whole (`turn_plane`); this is the only place that
    knows of it: `to_plane` and `from_plane` take it into account. Zoom is screen pixels per unit of the plane. While
    `fitted`, resizing keeps the content fitted. Without a background of its own it takes the theme's.

    The scene is the widget itself, in its pixels, and never scrolls: Qt scrolls by whole pixels alone. The plane's
    transform says what is seen.
    """

    zoomChanged = Signal(float)
    _laid_out = False
    """Whether there is something to lay out; Qt sends events while it constructs the widget."""

    def __init__(self, parent: QWidget | None = None, background: str = "", margin: int = 0) -> None:
        super().__init__(parent)
        self._follows_theme = not background
        self.setBackgroundBrush(QColor(background or theme.BACKGROUND))
        self._plane = _Plane()
        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        scene.addItem(self._plane)
        self.setScene(scene)
        self._turning, self._world, self._unworld = QTransform(), QTransform(), QTransform()
        self._centre = QPointF()
        for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        for widget in (self, self.viewport()):
            widget.setAcceptDrops(False)  # files are dropped on the window
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self.fitted = True
        self._zoom = 1.0
        self._margin = margin
        self.content = QRectF(0, 0, 1, 1)
        self._laid_out = True
        self._show(self._centre, self._zoom)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._laid_out and self._follows_theme:
            self.setBackgroundBrush(QColor(theme.BACKGROUND))

    def add(self, *items: QGraphicsItem) -> None:
        """Put items into the plane."""
        for item in items:
            item.setParentItem(self._plane)

    def turn_plane(self, turning: QTransform) -> None:
        """Show the plane turned or mirrored; what is in the middle stays there."""
        middle = self.to_plane(self._middle)
        self._turning = turning
        if self.fitted:
            self.fit()
        else:
            self._show(turning.map(middle), self.zoom)

    def set_content(self, rect: QRectF) -> None:
        """What there is to see, in plane units; shown whole."""
        self.content = rect
        self.fit()

    def fit(self) -> None:
        """Show everything."""
        self.fitted = True
        width = max(self.viewport().width() - 2 * self._margin, 16)
        height = max(self.viewport().height() - 2 * self._margin, 16)
        content = self._turning.mapRect(self.content)
        zoom = min(width / max(content.width(), 1e-6), height / max(content.height(), 1e-6))
        self._show(content.center(), zoom)

    def look_at(self, part: QRectF) -> None:
        """Show a part of the plane as large as it fits."""
        self.fitted = False
        seen = self._turning.mapRect(part)
        zoom = min(self.viewport().width() / seen.width(), self.viewport().height() / seen.height())
        self._show(seen.center(), min(max(zoom, 0.01), 64.0))

    def look_from(self, x: float, y: float, zoom: float) -> None:
        """Put a point of the plane into the middle, with so many screen pixels per unit."""
        self.fitted = False
        self._show(self._turning.map(QPointF(x, y)), min(max(zoom, 0.01), 64.0))

    def set_zoom(self, zoom: float, fixed: QPointF | None = None) -> None:
        """Screen pixels per unit, keeping a viewport point fixed (default: the middle)."""
        self.fitted = False
        zoom = min(max(zoom, 0.01), 64.0)
        anchor = fixed if fixed is not None else self._middle
        at = self._centre + (anchor - self._middle) / self.zoom
        self._show(at + (self._middle - anchor) / zoom, zoom)

    def pan(self, pixels: QPointF) -> None:
        """Move the content by screen pixels."""
        self.fitted = False
        self._show(self._centre - pixels / self.zoom, self.zoom)

    def _show(self, centre: QPointF, zoom: float) -> None:
        """Put a point of the turned plane into the middle of the widget."""
        self._centre, self._zoom = centre, zoom
        shift = self._middle - centre * zoom
        self._world = self._turning * QTransform(zoom, 0, 0, zoom, shift.x(), shift.y())
        self._unworld, _ = self._world.inverted()
        self._plane.setTransform(self._world)
        self.zoomChanged.emit(zoom)

    @property
    def zoom(self) -> float:
        """Screen pixels per unit of the plane."""
        return self._zoom

    @property
    def _middle(self) -> QPointF:
        return QPointF(self.viewport().width() / 2, self.viewport().height() / 2)

    def to_plane(self, at: QPointF | QPoint) -> QPointF:
        """Viewport pixel to plane."""
        return self._unworld.map(QPointF(at))

    def from_plane(self, x: float, y: float) -> QPointF:
        """Plane to viewport pixel."""
        return self._world.map(QPointF(x, y))

    def nearest(self, places: Sequence[tuple[float, float]], at: QPointF, reach: float) -> int:
        """Which of some places in the plane is nearest to a viewport pixel, within some screen pixels; -1 for none."""
        if not places:
            return -1
        origin, right, down = (self.from_plane(*corner).toTuple() for corner in ((0, 0), (1, 0), (0, 1)))
        linear = np.subtract([right, down], origin)
        away = np.hypot(*(np.asarray(places, float) @ linear + np.subtract(origin, at.toTuple())).T)
        found = int(np.argmin(away))
        return found if away[found] <= reach else -1

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._laid_out:
            return
        self.setSceneRect(QRectF(self.viewport().rect()))
        if self.fitted:
            self.fit()
        else:
            self._show(self._centre, self._zoom)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.set_zoom(self.zoom * 1.0015 ** event.angleDelta().y(), event.position())
        event.accept()
