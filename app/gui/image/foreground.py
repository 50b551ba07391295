"""What is painted over everything else in an image view, in screen pixels."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.gui.image.annotations import Annotation, paint_all
from app.gui.image.corner_texts import ImageTexts
from app.gui.image.lens import Lens, draw_crosshair
from app.gui.image.mouse_and_keys import ImageInput
from app.gui.image.pointing import Pointing
from app.gui.image.tools.tool import Tool
from app.gui.image.viewport import Surface
from app.gui.widgets.palette import ON_IMAGE


class Foreground(Surface, Protocol):
    """The parts of a view that are painted there."""

    active: bool
    framed: bool
    crosshair: bool
    lens: Lens | None
    annotations: list[Annotation]
    pointing: Pointing
    texts: ImageTexts
    image_input: ImageInput

    @property
    def tool(self) -> Tool | None:
        """What has the left button for a while."""


def paint_foreground(painter: QPainter, view: Foreground) -> None:
    """Paint what the tool shows, annotations, the texts in the corners, the lens, and the frame of the active view."""
    mouse, port = view.pointing.mouse, QRectF(view.viewport().rect())
    if mouse is not None and view.crosshair:
        draw_crosshair(painter, port, mouse)
    if view.tool is not None:
        view.tool.paint(painter)
    elif view.image_input.masking:
        mask = view.image_input.tools.mask
        mask.paint_path(painter, view)
        if mouse is not None:
            mask.paint_ring(painter, view, mouse)
    paint_all(painter, view, view.annotations)
    view.texts.paint(painter, port)
    view.markers.keep_clear(view.texts.boxes)
    if mouse is not None and view.lens is not None:
        view.lens.paint(painter, mouse)
    if view.framed and view.active:
        painter.setPen(QPen(QColor(ON_IMAGE.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(port.adjusted(1, 1, -1, -1))
