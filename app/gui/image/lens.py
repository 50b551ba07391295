"""The magnifier: a round lens under the mouse that shows picture, structures and markers larger; and the cross-hair."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from app.gui.image.grey_item import GreyItem
from app.gui.image.overlays import OverlayItem
from app.gui.image.viewport import Surface
from app.gui.widgets.marker_item import MarkerItem
from app.gui.widgets.screen_layer import ScreenLayer
from app.gui.widgets.theme import ON_IMAGE

RADIUS = 96
POWER = 3.0
GAP = 10.0
"""The cross-hair's lines leave this much free around the place, in screen pixels."""


class Lens:
    """Paints with items of its own, so that the view's keep what they have prepared for the screen."""

    def __init__(self, view: Surface) -> None:
        self._view = view
        self._grey, self._markers = GreyItem(), MarkerItem()
        self._overlay = OverlayItem(ScreenLayer(margin=0))  # it moves three times as far as the mouse: nothing is kept

    def paint(self, painter: QPainter, at: QPointF) -> None:
        """Paint the lens about a viewport position, in screen pixels."""
        size, ratio = 2 * RADIUS, painter.device().devicePixelRatioF()
        glass = QImage(round(size * ratio), round(size * ratio), QImage.Format.Format_ARGB32_Premultiplied)
        glass.setDevicePixelRatio(ratio)
        glass.fill(QColor(0, 0, 0))
        inner = QPainter(glass)
        inner.setWorldTransform(self._enlarging(at))
        self._follow_view()
        for item in (self._grey, self._overlay, self._markers):
            inner.save()
            item.paint(inner, QStyleOptionGraphicsItem(), None)
            inner.restore()
        inner.end()
        circle = QPainterPath()
        circle.addEllipse(at, RADIUS, RADIUS)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipPath(circle)
        painter.drawImage(QPointF(at.x() - RADIUS, at.y() - RADIUS), glass)
        painter.setClipping(False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 200), 4.0), (QColor(ON_IMAGE.muted), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(at, RADIUS, RADIUS)
        draw_crosshair(painter, QRectF(at.x() - 16, at.y() - 16, 32, 32), at, gap=4)
        painter.restore()

    def _enlarging(self, at: QPointF) -> QTransform:
        """From the plane to the lens: as on the screen, but larger about the mouse."""
        view = self._view
        origin, x, y = (view.from_plane(*corner) for corner in ((0, 0), (1, 0), (0, 1)))
        plane = QTransform(
            x.x() - origin.x(), x.y() - origin.y(), y.x() - origin.x(), y.y() - origin.y(), origin.x(), origin.y()
        )
        larger = QTransform.fromTranslate(-at.x(), -at.y()) * QTransform.fromScale(POWER, POWER)
        return plane * larger * QTransform.fromTranslate(RADIUS, RADIUS)

    def _follow_view(self) -> None:
        view = self._view
        if self._grey.picture is not view.grey.picture:
            self._grey.set_picture(view.grey.picture)
        self._grey.set_window(view.grey.voi_window, view.grey.invert)
        self._overlay.set_drawn(view.drawn)
        self._markers.set_markers(view.markers.markers, labels=False)
        self._markers.set_spot(view.markers.spot, view.markers.spot_pinned)


def draw_crosshair(painter: QPainter, port: QRectF, at: QPointF, gap: float = GAP) -> None:
    """Thin lines through a place, open in the middle."""
    for colour, width in ((QColor(0, 0, 0, 120), 3.0), (QColor(ON_IMAGE.accent), 1.0)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(QPointF(port.left(), at.y()), QPointF(at.x() - gap, at.y()))
        painter.drawLine(QPointF(at.x() + gap, at.y()), QPointF(port.right(), at.y()))
        painter.drawLine(QPointF(at.x(), port.top()), QPointF(at.x(), at.y() - gap))
        painter.drawLine(QPointF(at.x(), at.y() + gap), QPointF(at.x(), port.bottom()))
