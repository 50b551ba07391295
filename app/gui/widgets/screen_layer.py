"""What lies over a picture, drawn once as a picture of the screen's pixels and copied while the view is only panned."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPoint, QPointF, QRect, QSize
from PySide6.QtGui import QImage, QPainter, QTransform

NOTHING = 1 / 64
"""Device pixels that nobody sees: views that differ by less are the same."""


class ScreenLayer:
    """Keeps what was drawn as long as it would be drawn the same.

    It is drawn somewhat larger than the screen. A view that has moved by whole device pixels since then, which is what
    the mouse does to it, shows another part of it. Anything else draws it anew: no frame shows lines that are scaled,
    or between two pixels, or out of date.

    Parameters
    ----------
    margin : int
        Logical pixels around the screen that are drawn too; a multiple of 4, so that they are whole device pixels on
        displays of 1.25, 1.5 and 1.75 times the size too.
    """

    def __init__(self, margin: int = 128) -> None:
        self._margin = margin
        self._picture: QImage | None = None
        self._key: tuple[Hashable, QSize, float] | None = None
        self._world = QTransform()
        self._unworld = QTransform()

    def forget(self) -> None:
        """Draw anew the next time."""
        self._picture = None

    def paint(self, painter: QPainter, port: QRect, what: Hashable, draw: Callable[[QPainter], None]) -> None:
        """Paint over the screen.

        Parameters
        ----------
        painter : QPainter
            Of the screen; its world transform is the view's.
        port : QRect
            The screen, in logical pixels from its corner.
        what : hashable
            All that decides what `draw` draws, but for the view.
        draw : callable
            Gets a painter with the view's world transform; the whole picture is transparent before.
        """
        world, ratio = painter.worldTransform(), painter.device().devicePixelRatioF()
        key = (what, port.size(), ratio)
        shift = self._shift(world, port, ratio) if key == self._key and self._picture is not None else None
        if shift is None or self._picture is None:
            self._picture = self._drawn(world, port, ratio, draw)
            self._key, self._world, self._unworld = key, world, world.inverted()[0]
            shift = QPoint(0, 0)
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(shift) / ratio - QPointF(self._margin, self._margin), self._picture)
        painter.restore()

    def _drawn(self, world: QTransform, port: QRect, ratio: float, draw: Callable[[QPainter], None]) -> QImage:
        size = port.size() + QSize(2 * self._margin, 2 * self._margin)
        picture = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        picture.setDevicePixelRatio(ratio)
        picture.fill(0)
        into = QPainter(picture)
        into.setWorldTransform(world * QTransform.fromTranslate(self._margin, self._margin))
        draw(into)
        into.end()
        return picture

    def _shift(self, world: QTransform, port: QRect, ratio: float) -> QPoint | None:
        """Whole device pixels by which the view was panned since it was drawn; None where that is not all."""
        corners = (QPointF(0, 0), QPointF(port.width(), 0), QPointF(0, port.height()))
        moved = [(world.map(self._unworld.map(corner)) - corner) * ratio for corner in corners]
        whole = QPoint(round(moved[0].x()), round(moved[0].y()))
        if max(abs(whole.x()), abs(whole.y())) > self._margin * ratio:
            return None
        off = (max(abs(each.x() - whole.x()), abs(each.y() - whole.y())) for each in moved)
        return whole if max(off) < NOTHING else None
