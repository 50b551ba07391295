"""Masks and the uv colour field over the image: one merged picture, outlines and iso-lines as paths above it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, hypot, log2

import cv2
import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.core.frame import Frame, Points
from app.core.prediction import Prediction
from app.core.template import Template
from app.gui.image.resolve import Drawn, Overlay
from app.gui.widgets import uv_colours
from app.gui.widgets.drawing import bgra_image, cosmetic, iso_lines, path_of, with_pattern
from app.gui.widgets.screen_layer import ScreenLayer

INVISIBLE = 0.1
"""An outline may be drawn so many device pixels beside where it is."""


def mask_contours(probability: npt.NDArray[np.uint8], frame: Frame) -> list[Points]:
    """Closed borders of one mask in the corner frame, from its probability [H, W] (0..255) on the network's grid.

    They follow the level of one half between pixels, as `native_mask.native_mask` does: drawn and exported are one.
    """
    from skimage.measure import find_contours  # only the first image shown waits for it, 10 ms

    framed = np.pad(probability, 1)  # a mask that touches the border of the picture is closed there
    return [frame.to_corner(frame.from_network(line[:, ::-1] - 1)) for line in find_contours(framed, 127.5)]


def uv_field(prediction: Prediction, channel: int, opacity: float) -> npt.NDArray[np.uint8]:
    """Premultiplied BGRA picture [H, W, 4] of one structure's uv colours on the network's grid."""
    _, height, width = prediction.masks.shape
    u, v = (cv2.resize(np.nan_to_num(a.astype(np.float32)), (width, height)) for a in prediction.uv[channel])
    inside = prediction.masks[channel].astype(np.float32)
    alpha = np.clip((inside - 112) / 32, 0, 1) * np.float32(opacity)
    return _premultiplied(uv_colours.colour_field(u, v), alpha)


def _premultiplied(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    out = np.empty((*alpha.shape, 4), np.uint8)
    out[..., :3] = rgb[..., ::-1] * alpha[..., None]
    out[..., 3] = alpha * 255
    return out


def fill_field(
    prediction: Prediction, template: Template, shown: Sequence[int], opacity: float
) -> npt.NDArray[np.uint8]:
    """Premultiplied BGRA picture [H, W, 4] of the masks in their structures' colours, blended where they overlap."""
    out = np.zeros((*prediction.masks.shape[1:], 4), np.float32)
    for channel in shown:
        alpha = np.clip((prediction.masks[channel].astype(np.float32) - 112) / 32, 0, 1) * opacity
        colour = QColor(template.structures[channel].colour)
        layer = np.array([colour.blue(), colour.green(), colour.red(), 255], np.float32) * alpha[..., None]
        out = layer + out * (1 - alpha[..., None])
    return out.astype(np.uint8)


def over(top: npt.NDArray[np.uint8], below: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """One premultiplied picture over another."""
    rest = 255 - top[..., 3:].astype(np.uint16)
    return (top + (below * rest // 255)).astype(np.uint8)


def network_corners(frame: Frame) -> QTransform:
    """From the corners of the network's grid to the corner frame of the image: turned where it is read turned."""
    origin, right, down = frame.to_corner(frame.from_network([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]]))
    (m11, m12), (m21, m22), (dx, dy) = right - origin, down - origin, origin
    return QTransform(m11, m12, m21, m22, dx, dy)


class OverlayItem(pg.GraphicsObject):  # type: ignore[misc]
    """All that a prediction shows, in the corner frame of its image.

    Parameters
    ----------
    layer : ScreenLayer, optional
        What keeps the drawing from one frame to the next.
    """

    def __init__(self, layer: ScreenLayer | None = None) -> None:
        super().__init__()
        self._frame: Frame | None = None
        self._prediction: Prediction | None = None
        self._template: Template | None = None
        self._overlay = Overlay()
        self._contours: dict[int, list[Points]] = {}
        self._paths: dict[int, QPainterPath] = {}
        self._paths_for = 0.0
        self._iso: QPainterPath | None = None
        self._iso_of: object = None
        self._merged: QImage | None = None
        self._merged_of: object = None
        self._layer = layer or ScreenLayer()

    def set_drawn(self, drawn: Drawn) -> None:
        """Show what belongs to an image; what is prepared for the same prediction already is kept."""
        if drawn.overlay != self._overlay:
            self._overlay = drawn.overlay
            self.update()
        if drawn.template is self._template and drawn.prediction is self._prediction and drawn.frame == self._frame:
            return
        self.prepareGeometryChange()
        self._template, self._prediction, self._frame = drawn.template, drawn.prediction, drawn.frame
        self._contours.clear()
        self._paths.clear()
        self._iso = self._iso_of = self._merged = self._merged_of = None
        self._layer.forget()
        self.update()

    @property
    def outlined(self) -> Prediction | None:
        """The prediction whose outlines or masks are drawn, where they are; None where the reader switched them off."""
        return self._prediction if self._overlay.masks else None

    def boundingRect(self) -> QRectF:
        if self._frame is None:
            return QRectF()
        return QRectF(0, 0, self._frame.width, self._frame.height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        prediction, template, frame = self._prediction, self._template, self._frame
        if prediction is None or template is None or frame is None:
            return
        port = widget.rect() if widget is not None else painter.viewport()
        self._layer.paint(painter, port, self._overlay, lambda into: self._draw(into, prediction, template, frame))

    def _draw(self, painter: QPainter, prediction: Prediction, template: Template, frame: Frame) -> None:
        overlay = self._overlay
        painter.setClipRect(self.boundingRect())
        merged = self._field(overlay)
        if merged is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.save()
            painter.setTransform(network_corners(frame), combine=True)
            painter.drawImage(QPointF(0, 0), merged)
            painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if overlay.uv is not None:
            painter.setPen(cosmetic(painter, QColor(255, 255, 255, 110), 1.0))
            painter.drawPath(self._iso_path(overlay.uv))
        paths = self._outlines(overlay.outlined, _device_zoom(painter))
        for channel in overlay.outlined:
            pen = cosmetic(painter, QColor(template.structures[channel].colour), 1.5)
            painter.setPen(with_pattern(pen, channel) if overlay.patterns else pen)
            painter.drawPath(paths[channel])

    def _outlines(self, channels: Sequence[int], zoom: float) -> dict[int, QPainterPath]:
        """The outlines with as many points as can be seen at a zoom (device pixels per native pixel).

        A straight line through points that lie closer to it than `INVISIBLE` takes half the time to draw. They are
        chosen for the next larger power of two, so that they serve while one zooms.
        """
        assert self._prediction is not None
        assert self._frame is not None
        octave = 2.0 ** ceil(log2(zoom))
        if octave != self._paths_for:
            self._paths.clear()
            self._paths_for = octave
        for channel in channels:
            if channel not in self._contours:
                self._contours[channel] = mask_contours(self._prediction.masks[channel], self._frame)
            if channel not in self._paths:
                self._paths[channel] = path_of([thinned(line, INVISIBLE / octave) for line in self._contours[channel]])
        return self._paths

    def _iso_path(self, channel: int) -> QPainterPath:
        if self._iso is None or self._iso_of != channel:
            assert self._prediction is not None
            assert self._template is not None
            assert self._frame is not None
            lines = iso_lines(self._template.structures[channel], self._prediction.charts[channel])
            self._iso, self._iso_of = path_of([self._frame.to_corner(line) for line in lines]), channel
        return self._iso

    def _field(self, overlay: Overlay) -> QImage | None:
        """The merged picture of fills and uv colours; made again only when one of them changes."""
        assert self._prediction is not None
        assert self._template is not None
        key = (overlay.filled, overlay.uv, overlay.opacity)
        if key == self._merged_of:
            return self._merged
        pixels: npt.NDArray[np.uint8] | None = None
        if overlay.filled:
            pixels = fill_field(self._prediction, self._template, overlay.filled, overlay.opacity * 0.7)
        if overlay.uv is not None:
            field = uv_field(self._prediction, overlay.uv, overlay.opacity)
            pixels = field if pixels is None else over(field, pixels)
        self._merged_of = key
        self._merged = None if pixels is None else bgra_image(pixels)
        return self._merged


def thinned(line: Points, tolerance: float) -> Points:
    """The points [M, 2] of a line [N, 2] that are needed so that hardly one of it is further off than a tolerance.

    One that ends where it begins still does.
    """
    origin = line[0]
    closed = len(line) > 3 and bool((origin == line[-1]).all())
    corners = (line[:-1] if closed else line) - origin  # small numbers: OpenCV has 24 bits for each
    few = cv2.approxPolyDP(corners.astype(np.float32)[:, None], tolerance, closed)[:, 0] + origin
    return np.vstack([few, few[:1]]) if closed else np.asarray(few)


def _device_zoom(painter: QPainter) -> float:
    """Device pixels per unit of the plane, in the direction in which there are more."""
    world = painter.worldTransform()
    zoom = max(hypot(world.m11(), world.m12()), hypot(world.m21(), world.m22()))
    return zoom * painter.device().devicePixelRatioF()
