"""Draws opinions of others over an image: diamonds, dotted outlines, and a legend that names whose they are."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.frame import Frame
from app.gui.image.corner_texts import LINE, MARGIN
from app.gui.image.opinions import OpinionDrawn, opinions_in
from app.gui.state.controller import Controller
from app.gui.widgets.cached_pictures import paint_text
from app.gui.widgets.drawing import cosmetic, path_of
from app.gui.widgets.screen_layer import ScreenLayer

REACH = 7.0
"""From the middle of a diamond to its corners, in screen pixels."""
ABOVE_BAR = 52.0
"""The legend stands above the scale bar."""
_DIAMOND = QPolygonF([QPointF(0, -REACH), QPointF(REACH, 0), QPointF(0, REACH), QPointF(-REACH, 0)])


class OpinionItem(QGraphicsItem):
    """All opinions of one image, over its masks and under its markers.

    Attributes
    ----------
    drawn : tuple of OpinionDrawn
    shown : bool
        Whether the reader wants to see them.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self.drawn: tuple[OpinionDrawn, ...] = ()
        self.shown = True
        self._of: object = None
        self._bounds = QRectF()
        self._layer = ScreenLayer()
        self.setZValue(7)

    def follow(self, image: str, frame: Frame | None, anew: bool = False) -> None:
        """Show what is said of an image.

        Parameters
        ----------
        image : str
        frame : Frame or None
            None while nothing is shown.
        anew : bool
            Whether something in the project may have changed.
        """
        session, landmark = self._controller.session, self._controller.landmark
        key = (image, landmark, frame, id(session))
        if key == self._of and not anew:
            return
        self._of = key
        there = session is not None and frame is not None and image in session.images and not self._controller.passing
        assert frame is not None or not there
        drawn = opinions_in(session, image, frame, landmark) if there and self.shown else ()  # type: ignore[arg-type]
        if not drawn and not self.drawn:
            return
        self.prepareGeometryChange()
        self._bounds = QRectF() if frame is None else QRectF(0, 0, frame.width, frame.height)
        self.drawn = drawn
        self._layer.forget()
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if not self.drawn:
            return
        port = widget.rect() if widget is not None else painter.viewport()
        self._layer.paint(painter, port, self._of, self._draw)
        painter.save()
        painter.resetTransform()
        top = port.height() - ABOVE_BAR - LINE * len(self.drawn)
        for row, one in enumerate(self.drawn):
            box = QRectF(MARGIN, top + row * LINE, port.width() - 2 * MARGIN, LINE)
            paint_text(painter, box, f"◇ {one.name}", one.colour, small=True)
        painter.restore()

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for one in self.drawn:
            pen = cosmetic(painter, QColor(one.colour), 1.6)
            pen.setDashPattern([1.0, 2.5])
            painter.setPen(pen)
            painter.drawPath(path_of(list(one.outlines)))
        transform = painter.worldTransform()
        painter.resetTransform()
        for one in self.drawn:
            for mark in one.marks:
                at = transform.map(QPointF(*mark.xy))
                if mark.ours is not None:
                    ours = transform.map(QPointF(*mark.ours))
                    if (ours - at).manhattanLength() > 3 * REACH:
                        painter.setPen(QPen(QColor(one.colour), 1.0, Qt.PenStyle.DotLine))
                        painter.drawLine(ours, at)
                for colour, width in ((QColor(0, 0, 0, 170), 3.5), (QColor(one.colour), 1.6)):
                    painter.setPen(QPen(colour, width))
                    painter.drawPolygon(_DIAMOND.translated(at))
