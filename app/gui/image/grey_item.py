"""The picture itself as a graphics item: resampled to the screen once per view, then one table per window level."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.gui.widgets.grey import AnyPixels, GreyPicture, VoiWindow


class GreyItem(QGraphicsItem):
    """Draws a `GreyPicture` in the corner frame of its image."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: GreyPicture | None = None
        self.voi_window = VoiWindow(127.5, 255.0)
        self.invert = False
        self._grid_key: object = None
        self._grid: AnyPixels | None = None
        self._table_key: object = None
        self._table: np.ndarray | None = None
        self._shown: QImage | None = None

    def set_picture(self, picture: GreyPicture | None) -> None:
        """Show another picture."""
        self.prepareGeometryChange()
        self.picture = picture
        self._grid_key = self._table_key = None
        self.update()

    def set_window(self, window: VoiWindow, invert: bool) -> None:
        """Change the window level; the screen grid is kept."""
        self.voi_window, self.invert = window, invert
        self.update()

    def cells(self, corner: npt.ArrayLike, step: float, count: int) -> npt.NDArray[np.uint8]:
        """A part of the picture as it is shown [count, count], whatever of it is on the screen.

        Parameters
        ----------
        corner : array [2]
            Native pixel at the centre of the first cell.
        step : float
            Native pixels from one cell to the next.
        count : int
        """
        assert self.picture is not None
        first = self.picture.frame.to_corner(corner)
        matrix = np.c_[np.eye(2) / step, 0.5 - first / step]  # a cell's centre is half a cell from its corner
        grid = self.picture.resample(matrix, count, count)
        return np.ascontiguousarray(cv2.LUT(grid, self.picture.table(self.voi_window, self.invert)))

    def boundingRect(self) -> QRectF:
        if self.picture is None:
            return QRectF()
        return QRectF(0, 0, self.picture.frame.width, self.picture.frame.height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        picture = self.picture
        if picture is None:
            return
        # The world transform, not the device's: `QWidget.grab` paints into a larger device, at an offset.
        world = painter.worldTransform()
        ratio = painter.device().devicePixelRatioF()
        target = world.mapRect(self.boundingRect())
        port = QRectF(widget.rect() if widget is not None else painter.viewport())
        pixels = QRectF(target.intersected(port))
        pixels = QRectF(pixels.x() * ratio, pixels.y() * ratio, pixels.width() * ratio, pixels.height() * ratio)
        visible = pixels.toAlignedRect()
        if visible.isEmpty():
            return
        world *= QTransform.fromScale(ratio, ratio)
        image = self._image(picture, world, visible.x(), visible.y(), visible.width(), visible.height())
        painter.save()
        painter.resetTransform()
        painter.setClipRect(target)
        painter.scale(1 / ratio, 1 / ratio)
        painter.drawImage(visible.topLeft(), image)
        painter.restore()

    def _image(self, picture: GreyPicture, device: QTransform, x: int, y: int, width: int, height: int) -> QImage:
        matrix = np.array(
            [[device.m11(), device.m21(), device.dx() - x], [device.m12(), device.m22(), device.dy() - y]]
        )
        grid_key = (id(picture), matrix.tobytes(), width, height)
        table_key = (id(picture), self.voi_window, self.invert)
        if grid_key != self._grid_key or self._grid is None:
            self._grid, self._grid_key, self._shown = picture.resample(matrix, width, height), grid_key, None
        if table_key != self._table_key or self._table is None:
            self._table, self._table_key, self._shown = picture.table(self.voi_window, self.invert), table_key, None
        if self._shown is None:
            grey = np.ascontiguousarray(cv2.LUT(self._grid, self._table))  # also of 65,536 entries
            # copy(): QImage does not keep the array alive
            self._shown = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        return self._shown
