"""The walk in the window: where it arrives, the image is zoomed to the place, which gets a ring and its sentence."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF

from app.core.quality import Finding
from app.gui.image.annotations import PlaceNote
from app.gui.image.image_view import ImageView
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.walk.walk import Walk
from app.gui.walk.walk_bar import WalkBar

AROUND, SMALLEST_SHARE = 6.0, 0.3
"""A place is shown with so many times its reach around it, and at least so much of the image."""


def zoom_to(view: ImageView, xy: tuple[float, float], reach: float) -> None:
    """Zoom to a place, native pixels, with what lies around it; all is shown where that is as large."""
    whole, frame = max(view.content.width(), view.content.height()), view.frame_of_image
    side = max(AROUND * reach, SMALLEST_SHARE * whole)
    if frame is None or side >= whole:
        view.fit()
        return
    x, y = frame.to_corner(xy)
    view.look_at(QRectF(x - side / 2, y - side / 2, side, side))


class Walking:
    """Lets the active image view follow a walk.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane
    """

    def __init__(self, controller: Controller, images: ImagesPane) -> None:
        self._images = images
        self._noted = images.active
        self.walk = Walk(controller)
        self.bar = WalkBar(self.walk)
        self._note: PlaceNote | None = None
        self._to_zoom: Finding | None = None
        self.walk.arrived.connect(self._show)
        images.pictureShown.connect(self._zoom)

    def _show(self, finding: Finding | None, sentence: str) -> None:
        if self._note in self._noted.annotations:
            self._noted.annotations.remove(self._note)
            self._noted.viewport().update()
        view = self._noted = self._images.active
        self._note = None if finding is None else PlaceNote(finding.image, finding.xy, finding.reach, sentence)
        if self._note is not None:
            view.annotations.append(self._note)
        self._to_zoom = finding
        self._zoom()
        view.viewport().update()

    def leave(self) -> bool:
        """Take the ring and its sentence away, what was seen stays seen; False where there was none."""
        there = self.walk.current is not None
        self.walk.leave()
        return there

    def _zoom(self, *_: object) -> None:
        """Show the place as soon as its image is on the screen."""
        finding, view = self._to_zoom, self._images.active
        if finding is None or view.image != finding.image or view.grey.picture is None:
            return
        self._to_zoom = None
        if np.isfinite(finding.xy).all():
            zoom_to(view, finding.xy, finding.reach)
        else:
            view.fit()
