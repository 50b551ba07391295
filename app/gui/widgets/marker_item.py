"""One item paints all markers of a view from arrays, and their names where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.frame import Points
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import MarkerStyle, paint_markers, paint_text, text_size
from app.gui.widgets.marker import Marker
from app.gui.widgets.markers import RADIUS
from app.gui.widgets.region_item import RegionItem

MOST_LABELS = 40
BESIDE = RADIUS + 10
"""Screen pixels between the centre of a marker and its name."""


def place_labels(
    anchors: Points,
    sizes: npt.NDArray[np.float64],
    order: Sequence[int],
    port: QRectF,
    occupied: Sequence[QRectF] = (),
) -> dict[int, QRectF]:
    """Choose where labels go so that none touches another label, a marker or other texts; without room it is left out.

    Parameters
    ----------
    anchors : array [N, 2]
        Centres of the markers, in screen pixels.
    sizes : array [N, 2]
        Width and height of each label; only those in `order` count.
    order : indices, the most important first.
    port : the visible part of the screen.
    occupied : where other texts stand.

    Returns
    -------
    dict
        From index to the label's box.
    """
    reach = RADIUS + 2
    texts = np.array([[box.left(), box.top(), box.right(), box.bottom()] for box in occupied]).reshape(-1, 4)
    # left, top, right, bottom: the markers, the texts, then the labels placed
    taken = np.r_[np.c_[anchors - reach, anchors + reach], texts]
    placed: dict[int, QRectF] = {}
    for i in order:
        (x, y), (width, height) = anchors[i].tolist(), sizes[i].tolist()
        others = np.delete(taken, i, axis=0)
        for left, top in (
            (x + BESIDE, y - height / 2),
            (x - BESIDE - width, y - height / 2),
            (x - width / 2, y - BESIDE - height),
            (x - width / 2, y + BESIDE),
        ):
            box = QRectF(left, top, width, height)
            if not port.contains(box):
                continue
            grown = np.array([left - 4, top - 2, left + width + 4, top + height + 2])
            if not ((others[:, :2] < grown[2:]).all(axis=1) & (others[:, 2:] > grown[:2]).all(axis=1)).any():
                placed[i] = box
                taken = np.r_[taken, [[left, top, left + width, top + height]]]
                break
    return placed


class MarkerItem(QGraphicsItem):
    """Paints all markers of a view at a fixed size on the screen."""

    def __init__(self, bounds: QRectF | None = None) -> None:
        super().__init__()
        self.markers: list[Marker] = []
        self.labels = True
        self.spot: QPointF | None = None
        self.spot_pinned = False
        self._bounds = bounds or QRectF()
        self._xy: Points = np.zeros((0, 2))
        self._styles: list[MarkerStyle] = []
        self.placed: dict[int, QRectF] = {}
        self._placed_of: object = None
        self._occupied: tuple[QRectF, ...] = ()
        self._regions: RegionItem | None = None
        self.setZValue(10)

    def stand_beside(self, regions: RegionItem) -> None:
        """Names of markers and of these regions in the same view keep clear of each other."""
        self._regions = regions
        regions.markers = lambda transform: _mapped(self._xy, transform)

    def set_bounds(self, bounds: QRectF) -> None:
        """The area in which markers may lie, in item coordinates."""
        self.prepareGeometryChange()
        self._bounds = bounds

    def set_markers(self, markers: list[Marker], labels: bool) -> None:
        """Show these."""
        self.markers, self.labels = markers, labels
        self._xy = np.array([m.xy for m in markers], float).reshape(-1, 2)
        styles = [MarkerStyle(m.state, m.colour, m.chosen, RADIUS) for m in markers]
        one_of_each = {style: style for style in styles}
        self._styles = [one_of_each[style] for style in styles]
        self._placed_of = None
        self.update()

    def keep_clear(self, occupied: Sequence[QRectF]) -> None:
        """Names go elsewhere than where these texts stand, in screen pixels of the view."""
        if list(self._occupied) != list(occupied):
            self._occupied = tuple(occupied)
            self.update()

    def set_spot(self, at: QPointF | None, pinned: bool = False) -> None:
        """Show the place that the other view's mouse is on."""
        self.spot, self.spot_pinned = at, pinned
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        transform = painter.worldTransform()
        port = QRectF(widget.rect() if widget is not None else painter.viewport())
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        anchors = _mapped(self._xy, transform)
        reach = 2 * RADIUS
        seen = (anchors > [port.left() - reach, port.top() - reach]) & (
            anchors < [port.right() + reach, port.bottom() + reach]
        )
        inside = np.flatnonzero(seen.all(axis=1))
        paint_markers(painter, anchors[inside], [self._styles[i] for i in inside.tolist()])
        names = self._regions.names(transform) if self._regions is not None and self._regions.lines else ()
        for i, box in self._labels(anchors, port, tuple(place for _, place in names)).items():
            paint_text(painter, box, self.markers[i].label, small=True)
        if self.spot is not None:
            self._paint_spot(painter, transform.map(self.spot))
        painter.restore()

    def _labels(self, anchors: Points, port: QRectF, names: tuple[QRectF, ...]) -> dict[int, QRectF]:
        """Where the names stand, beside those of regions; found anew only when the markers or the view have moved."""
        occupied = (*self._occupied, *names)
        key = (anchors.tobytes(), port.getRect(), occupied)
        if key != self._placed_of:
            named = (i for i, marker in enumerate(self.markers) if marker.name)
            order = sorted(named, key=lambda i: not self.markers[i].chosen)
            if not self.labels or len(order) > MOST_LABELS:
                order = [i for i in order if self.markers[i].chosen]
            sizes = np.zeros((len(self.markers), 2))
            for i in order:
                width, height = text_size(self.markers[i].label, small=True)
                sizes[i] = width + 2, height
            self.placed, self._placed_of = place_labels(anchors, sizes, order, port, occupied), key
        return self.placed

    def _paint_spot(self, painter: QPainter, at: QPointF) -> None:
        """A small cross-hair with an open middle."""
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(theme.ON_IMAGE.accent), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(at + QPointF(4 * dx, 4 * dy), at + QPointF(11 * dx, 11 * dy))
            if self.spot_pinned:
                painter.drawEllipse(at, RADIUS, RADIUS)


def _mapped(xy: Points, t: QTransform) -> Points:
    """Points [N, 2] through a transform without perspective."""
    return np.asarray(xy @ [[t.m11(), t.m12()], [t.m21(), t.m22()]] + [t.dx(), t.dy()])
