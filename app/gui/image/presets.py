"""Windows that a picture brings along, and the one that suits what is seen of it."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from app.gui.image.viewport import Surface


def use_preset(view: Surface, number: int) -> None:
    """Preset 1, 2, ... of the picture; those of the file come first."""
    picture = view.grey.picture
    if picture is not None and number <= len(picture.presets):
        view.set_window(picture.presets[number - 1][1])


def use_auto_window(view: Surface) -> None:
    """The window that suits the part of the picture on the screen."""
    picture, port = view.grey.picture, QRectF(view.viewport().rect())
    if picture is not None and not picture.coarse:
        seen = QRectF(view.to_plane(port.topLeft()), view.to_plane(port.bottomRight())).normalized()
        corners = picture.frame.from_corner([seen.topLeft().toTuple(), seen.bottomRight().toTuple()])
        view.set_window(picture.auto_window(*corners.ravel().tolist()))
