"""Linked zoom and place: the template point in the middle of one image is brought to the middle of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QRectF, Signal

from app.core.laterality import has_pairs, mirrored_point
from app.core.template import FIELD, Template
from app.gui.image.image_view import ImageView
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller

if TYPE_CHECKING:
    from app.project.session import Session

STAYS = 1.05
"""The structure that the middle was in stays the one that links, up to here in its chart: no jump at its border."""
NEAR_PIXELS = 2.0
"""Its chart reaches a place that it misses by less than that."""


@dataclass(frozen=True)
class LinkedPlace:
    """What lies in the middle of a view.

    Attributes
    ----------
    structure : str
        Of the template, or the field.
    uv : tuple of float
    size : float
        How large the structure is on the screen: root mean square distance of its outline from its middle, in pixels.
    """

    structure: str
    uv: tuple[float, float]
    size: float

    def mirrored(self, template: Template) -> LinkedPlace:
        """The same on the other side of the body; of equal size, since both sides are compared."""
        structure, uv = mirrored_point(template, self.structure, self.uv)
        return LinkedPlace(structure, (float(uv[0]), float(uv[1])), self.size)


def size_in(session: Session, image: str, structure: str) -> float:
    """How large a structure is in an image, in widths of its pixels, as `LinkedPlace.size`; NaN where it is not there.

    Of the field it is that of the box of all structures.
    """
    frame, template = session.image(image).frame, session.template
    if frame is None:
        return float("nan")
    box = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    outline = box if structure == FIELD else template.structure(structure).outline_uv
    places = session.place_in(image, structure, outline) * (1.0, frame.aspect)
    return float(np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean()))


class LinkedViews(QObject):
    """Lets the other views follow one in which the reader zooms or moves the picture.

    Parameters
    ----------
    controller : Controller
    pane : ImagesPane

    Attributes
    ----------
    on : bool
    place : LinkedPlace or None
        What lies in the middle of the views; None while all are shown whole.
    """

    switched = Signal(bool)

    def __init__(self, controller: Controller, pane: ImagesPane) -> None:
        super().__init__(controller)
        self._controller, self._pane = controller, pane
        self.on = True
        self.place: LinkedPlace | None = None
        self._of_mirrored = self._following = False
        self._sizes: dict[tuple[str, str], float] = {}
        for view in pane.made:
            self._watch(view)
        pane.viewAdded.connect(self._watch)
        self._of: Session | None = None
        for told in (controller.changed, controller.sessionChanged):
            told.connect(lambda *_: self._sizes.clear())
        pane.compared.connect(lambda: self.lead(pane.active) if len(pane.views) > 1 else None)

    def _watch(self, view: ImageView) -> None:
        view.zoomChanged.connect(lambda _: self._moved(view))
        view.laidOut.connect(lambda: self._bring(view))

    def switch(self, on: bool) -> None:
        """Link the views, or let each be seen by itself."""
        self.on, self.place = on, None
        if on:
            self.lead(self._pane.active)
        self.switched.emit(on)

    def _moved(self, view: ImageView) -> None:
        leads = view is self._pane.active or view.pointing.mouse is not None
        if leads and not self._following and not view.laying_out:
            self.lead(view)

    def lead(self, view: ImageView) -> None:
        """Let all other views show what this one shows."""
        others = [one for one in self._pane.views if one is not view and one.image]
        if not self.on or not others or not view.image or self._controller.held is not None:
            return  # under a marker that is held the picture stays where it is
        self._of = self._controller.session
        place = self._place_of(view)
        if place is not None or view.fitted:
            self.place, self._of_mirrored = place, view.pane.mirrored
        middle = view.to_plane(QRectF(view.viewport().rect()).center())
        self._following = True
        try:
            for other in others:
                if view.fitted:
                    other.fit()
                elif (other.image, other.pane.mirrored) == (view.image, view.pane.mirrored):
                    other.look_from(middle.x(), middle.y(), view.zoom)
                elif place is not None:
                    self._look_at(other, place)
        finally:
            self._following = False

    def _bring(self, view: ImageView) -> None:
        """Another image is shown in a view: show the place in it that the others show."""
        if self._of is not self._controller.session:
            self.place = None  # of a project that is closed
        if self.on and self.place is not None and view.image and len(self._pane.views) > 1:
            self._following = True
            try:
                self._look_at(view, self.place)
            finally:
                self._following = False

    def _place_of(self, view: ImageView) -> LinkedPlace | None:
        """What lies in the middle of a view; None where nothing is known of it, or where the whole image is shown."""
        session, xy = self._controller.session, view.native_of(QRectF(view.viewport().rect()).center())
        if session is None or xy is None or view.fitted or view.image not in session.images:
            return None
        at, found, before = (float(xy[0]), float(xy[1])), None, self.place
        if before is not None and before.structure != FIELD and self._of_mirrored == view.pane.mirrored:
            found = session.template_point(view.image, at, before.structure)
            if found is not None and (found[2] > NEAR_PIXELS or np.abs(found[1]).max() > STAYS):
                found = None
        found = found or session.template_point(view.image, at)
        if found is None:
            return None
        structure, uv, _ = found
        return LinkedPlace(structure, uv, self._size(session, view.image, structure) * view.zoom)

    def _size(self, session: Session, image: str, structure: str) -> float:
        """`size_in`, looked up once: it is asked for with every step of the mouse."""
        key = image, structure
        if key not in self._sizes:
            self._sizes[key] = size_in(session, image, structure)
        return self._sizes[key]

    def _look_at(self, view: ImageView, place: LinkedPlace) -> None:
        """Show a place in a view; where its image knows nothing of it, it stays as it is."""
        session, frame = self._controller.session, view.frame_of_image
        if session is None or frame is None or view.image not in session.images:
            return
        if view.pane.mirrored != self._of_mirrored:
            if not has_pairs(session.template):
                return
            place = place.mirrored(session.template)
        zoom = place.size / self._size(session, view.image, place.structure)
        xy = session.place_in(view.image, place.structure, place.uv)
        if np.isfinite(zoom) and np.isfinite(xy).all():
            x, y = frame.to_corner(xy).tolist()
            view.look_from(x, y, zoom)
