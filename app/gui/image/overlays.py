"""Masks and uv colours over the image: fills and outlines as paths, the uv colours as a picture between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, hypot, log2

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.frame import Frame, Points
from app.core.masks import ImageMasks
from app.core.prediction import Prediction
from app.gui.image.mask_outlines import outlines, predicted_outlines, thinned
from app.gui.image.resolve import Drawn, Overlay
from app.gui.image.z_overlay import FINER, z_picture
from app.gui.widgets import uv_colours
from app.gui.widgets.drawing import bgra_image, cosmetic, iso_lines, path_of, with_pattern
from app.gui.widgets.palette import ON_IMAGE
from app.gui.widgets.screen_layer import ScreenLayer

FILL = 0.7
"""A structure is filled with so much of the opacity that uv colours have."""
TINT = 0.35
"""How strongly what was added or taken away is tinted."""
EXACT_FROM = 2.0
"""From this zoom on (device pixels per native pixel) a mask is drawn exactly also while it is edited."""
INVISIBLE = 0.1
"""An outline may be drawn so many device pixels beside where it is."""


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


def network_corners(frame: Frame) -> QTransform:
    """From the corners of the network's grid to the corner frame of the image: turned where it is read turned."""
    origin, right, down = frame.to_corner(frame.from_network([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]]))
    (m11, m12), (m21, m22), (dx, dy) = right - origin, down - origin, origin
    return QTransform(m11, m12, m21, m22, dx, dy)


class OverlayItem(QGraphicsItem):
    """All masks and uv colours of one image, in its corner frame.

    Parameters
    ----------
    layer : ScreenLayer, optional
        What keeps the drawing from one frame to the next.
    """

    def __init__(self, layer: ScreenLayer | None = None) -> None:
        super().__init__()
        self._frame: Frame | None = None
        self._masks: ImageMasks | None = None
        self._overlay = Overlay()
        self._edited: int | None = None
        self._outlines: dict[int, list[Points]] = {}
        self._paths: dict[int, QPainterPath] = {}
        self._predicted: dict[int, QPainterPath] = {}
        self._paths_for = 0.0
        self._iso: QPainterPath | None = None
        self._iso_of: object = None
        self._field: QImage | None = None
        self._field_of: object = None
        self._far: dict[int, QImage] = {}
        self._far_of: object = None
        self._layer = layer or ScreenLayer()

    def set_drawn(self, drawn: Drawn) -> None:
        """Show what belongs to an image; what is prepared of a mask is kept as long as that is the same."""
        if drawn.overlay != self._overlay:
            self._overlay = drawn.overlay
            self.update()
        changed, edited = self._changed(drawn), _channel(drawn)
        other = _prediction_of(drawn.masks) is not _prediction_of(self._masks) or drawn.frame != self._frame
        self._masks = drawn.masks
        if not changed and not other and edited == self._edited:
            return
        if other or edited != self._edited or any(channel != edited for channel in changed):
            self._layer.forget()
        if drawn.frame != self._frame:
            self.prepareGeometryChange()
        ended = () if edited == self._edited or self._edited is None else (self._edited,)  # it is drawn exactly now
        self._frame, self._edited = drawn.frame, edited
        for channel in (*changed, *ended):
            self._outlines.pop(channel, None)
            self._paths.pop(channel, None)
        if other:
            self._iso = self._iso_of = self._field = self._field_of = None
            self._predicted.clear()
        self.update()

    def _changed(self, drawn: Drawn) -> Sequence[int]:
        """The channels whose outlines are not the ones that were drawn."""
        old, new = self._masks, drawn.masks
        if old is None or new is None or old.template is not new.template or drawn.frame != self._frame:
            return () if old is new is None else tuple({*self._outlines, *range(_count(new))})
        names = [structure.name for structure in new.template.structures]
        return [channel for channel, name in enumerate(names) if old.source(name) is not new.source(name)]

    @property
    def outlined(self) -> Prediction | None:
        """The prediction whose outlines or masks are drawn, where they are; None where the reader switched them off."""
        return _prediction_of(self._masks) if self._overlay.masks else None

    def boundingRect(self) -> QRectF:
        if self._frame is None:
            return QRectF()
        return QRectF(0, 0, self._frame.width, self._frame.height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        masks, frame = self._masks, self._frame
        if masks is None or frame is None:
            return
        port = widget.rect() if widget is not None else painter.viewport()
        rest, edited = self._overlay, self._edited
        if edited is not None:  # that one changes with every move of the mouse, the others do not
            others = _without(rest.outlined, edited), _without(rest.filled, edited), _without(rest.compared, edited)
            rest = replace(rest, outlined=others[0], filled=others[1], compared=others[2])
        self._layer.paint(painter, port, (rest, edited), lambda into: self._draw(into, rest, masks, frame))
        if edited is not None and edited in self._overlay.outlined:
            filled = (edited,) if edited in self._overlay.filled else ()
            compared = (edited,) if edited in self._overlay.compared else ()
            alone = replace(self._overlay, outlined=(edited,), filled=filled, compared=compared, uv=None)
            painter.save()
            self._draw(painter, alone, masks, frame)
            painter.restore()

    def _draw(self, painter: QPainter, overlay: Overlay, masks: ImageMasks, frame: Frame) -> None:
        structures = masks.template.structures
        painter.setClipRect(self.boundingRect())
        coloured = () if overlay.uv is None else (overlay.uv,)
        wanted = dict.fromkeys((*overlay.outlined, *overlay.filled, *overlay.compared, *coloured, *overlay.far))
        paths = self._paths_at(_device_zoom(painter), tuple(wanted), masks, frame)
        for channel in overlay.filled:
            colour = QColor(structures[channel].colour)
            colour.setAlphaF(overlay.opacity * FILL)
            painter.fillPath(paths[channel], colour)
        if overlay.uv is not None and masks.prediction is not None:
            self._draw_field(painter, overlay.uv, masks, frame, paths[overlay.uv])
        for channel in overlay.far:
            self._draw_far(painter, channel, overlay, masks, frame, paths[channel])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if overlay.uv is not None and masks.prediction is not None:
            painter.setPen(cosmetic(painter, QColor(255, 255, 255, 110), 1.0))
            painter.drawPath(self._iso_path(overlay.uv, masks, frame))
        for channel in overlay.compared:
            self._draw_correction(painter, channel, masks, frame, paths[channel])
        for channel in overlay.outlined:
            pen = cosmetic(painter, QColor(structures[channel].colour), 2.5 if channel == overlay.strong else 1.5)
            painter.setPen(with_pattern(pen, channel) if overlay.patterns else pen)
            painter.drawPath(paths[channel])

    def _draw_correction(
        self, painter: QPainter, channel: int, masks: ImageMasks, frame: Frame, now: QPainterPath
    ) -> None:
        """What a reader added and took away, tinted, and the predicted outline as a thin dashed line."""
        if channel not in self._predicted:
            lines = predicted_outlines(masks, masks.template.structures[channel].name, frame)
            self._predicted[channel] = path_of([thinned(line, INVISIBLE / self._paths_for) for line in lines])
        before = self._predicted[channel]
        different = QPainterPath(now)  # filled by the odd-even rule: where just one of the two is
        different.addPath(before)
        for part, colour in ((now, ON_IMAGE.good), (before, ON_IMAGE.bad)):
            tint = QColor(colour)
            tint.setAlphaF(TINT)
            painter.save()
            painter.setClipPath(part, Qt.ClipOperation.IntersectClip)
            painter.fillPath(different, tint)
            painter.restore()
        painter.setPen(cosmetic(painter, QColor(0, 0, 0, 140), 2.0))  # white alone is lost on bright ground
        painter.drawPath(before)
        pen = cosmetic(painter, QColor(255, 255, 255), 1.0)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawPath(before)

    def _paths_at(
        self, zoom: float, channels: Sequence[int], masks: ImageMasks, frame: Frame
    ) -> dict[int, QPainterPath]:
        """The outlines with as many points as can be seen at a zoom (device pixels per native pixel).

        A straight line through points that lie closer to it than `INVISIBLE` takes half the time to draw. They are
        chosen for the next larger power of two, so that they serve while one zooms.
        """
        octave = 2.0 ** ceil(log2(zoom))
        if octave != self._paths_for:
            self._paths.clear()
            self._predicted.clear()
            self._paths_for = octave
        for channel in channels:
            if channel not in self._outlines:
                quick = channel == self._edited and zoom < EXACT_FROM
                self._outlines[channel] = outlines(masks, masks.template.structures[channel].name, frame, quick)
            if channel not in self._paths:
                self._paths[channel] = path_of([thinned(line, INVISIBLE / octave) for line in self._outlines[channel]])
        return self._paths

    def _iso_path(self, channel: int, masks: ImageMasks, frame: Frame) -> QPainterPath:
        if self._iso is None or self._iso_of != channel:
            assert masks.prediction is not None
            lines = iso_lines(masks.template.structures[channel], masks.prediction.charts[channel])
            self._iso, self._iso_of = path_of([frame.to_corner(line) for line in lines]), channel
        return self._iso

    def _draw_field(
        self, painter: QPainter, channel: int, masks: ImageMasks, frame: Frame, outline: QPainterPath
    ) -> None:
        """The uv colours, where they were predicted and within the mask as it counts now."""
        assert masks.prediction is not None
        key = (channel, self._overlay.opacity)
        if self._field is None or key != self._field_of:
            self._field, self._field_of = bgra_image(uv_field(masks.prediction, *key)), key
        painter.save()
        if masks.corrected(masks.template.structures[channel].name):
            painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(network_corners(masks.prediction.frame(frame)), combine=True)
        painter.drawImage(QPointF(0, 0), self._field)
        painter.restore()

    def _draw_far(
        self, painter: QPainter, channel: int, overlay: Overlay, masks: ImageMasks, frame: Frame, outline: QPainterPath
    ) -> None:
        """How far the grey values are from those of the other images, within the mask as it counts now."""
        assert masks.prediction is not None
        assert overlay.z_map is not None
        key = (overlay.z_map, masks.prediction, overlay.opacity)
        if key != self._far_of:
            self._far, self._far_of = {}, key
        if channel not in self._far:
            self._far[channel] = z_picture(overlay.z_map, masks.prediction, channel, min(1.0, 1.6 * overlay.opacity))
        painter.save()
        painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(network_corners(masks.prediction.frame(frame)), combine=True)
        painter.scale(1 / FINER, 1 / FINER)
        painter.drawImage(QPointF(0, 0), self._far[channel])
        painter.restore()


def _prediction_of(masks: ImageMasks | None) -> Prediction | None:
    return masks.prediction if masks is not None else None


def _channel(drawn: Drawn) -> int | None:
    """The channel whose mask is being edited."""
    return drawn.masks.template.index(drawn.edited) if drawn.masks is not None and drawn.edited else None


def _without(channels: tuple[int, ...], one: int) -> tuple[int, ...]:
    return tuple(channel for channel in channels if channel != one)


def _count(masks: ImageMasks | None) -> int:
    return len(masks.template.structures) if masks is not None else 0


def _device_zoom(painter: QPainter) -> float:
    """Device pixels per unit of the plane, in the direction in which there are more."""
    world = painter.worldTransform()
    zoom = max(hypot(world.m11(), world.m12()), hypot(world.m21(), world.m22()))
    return zoom * painter.device().devicePixelRatioF()
