"""What the mouse means in the image: which structures are under it, which of them is meant, and its template point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QTimer, Signal

from app.core.template import FIELD
from app.gui.image.viewport import Surface
from app.gui.state.controller import READ_ONLY, Controller
from app.gui.state.view_state import Spot

if TYPE_CHECKING:
    from app.project.session import Session


def nothing_here(session: Session, image: str) -> str:
    """Why a place in an image is no template point, in a sentence."""
    if session.status(image) != "predicted":
        return f"{image} is not predicted yet: a place there has none on the template."
    return "Nothing is meant here: the structure is switched off, or this is too far from all that the model knows."


class Pointing(QObject):
    """The live link from an image to the template: one look-up per turn of the event loop, however fast the mouse.

    Attributes
    ----------
    mouse : QPointF or None
        Viewport pixel under the mouse; None while it is elsewhere.
    under : tuple of str
        Structures under the mouse that are switched on, the smallest first.
    spot : Spot or None
        The template point that is meant.
    """

    overlapChanged = Signal()

    def __init__(self, view: Surface, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._controller = view, controller
        self.mouse: QPointF | None = None
        self.under: tuple[str, ...] = ()
        self.spot: Spot | None = None
        self._on_screen = QPointF()
        self._menu_at: QPointF | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.look_up)
        for signal in (controller.structureChanged, controller.lookChanged):
            signal.connect(lambda *_: self.look_up() if self.mouse is not None else None)

    def move(self, at: QPointF) -> None:
        """The mouse is here now."""
        self.mouse, self._menu_at = at, None
        self._on_screen = self._view.viewport().mapToGlobal(at)
        self._soon.start()

    def stand(self) -> None:
        """The mouse stands still, but the view has moved under it or shows something else."""
        if self.mouse is not None:
            self.move(self._view.viewport().mapFromGlobal(self._on_screen))

    def leave(self) -> None:
        """The mouse has left the image."""
        self.mouse = None
        self._soon.stop()
        self._mean((), None)

    def keep_for_menu(self, at: QPointF) -> None:
        """A menu opens here: what is chosen in it is about this place."""
        self._menu_at = at

    @property
    def place(self) -> QPointF | None:
        """Where a command given now would act: where the menu was opened, else where the mouse is."""
        return self._menu_at if self._menu_at is not None else self.mouse

    def look_up(self) -> None:
        """Find out what lies under the mouse and tell the template."""
        self._view.viewport().update()
        xy = self._view.native_of(self.mouse) if self.mouse is not None else None
        self._mean(*self._meant(xy)) if xy is not None else self._mean((), None)

    def _meant(self, xy: np.ndarray) -> tuple[tuple[str, ...], Spot | None]:
        """The structures at a native pixel that are switched on, and the template point in the one that is meant.

        That is the chosen structure if its mask covers the pixel, else the smallest that does; outside all of them the
        field.
        """
        session, image, chosen = self._controller.session, self._view.image, self._controller.structure
        if session is None or not image:
            return (), None
        at = (float(xy[0]), float(xy[1]))
        there = session.structures_at(image, at)
        under = tuple(s for s in there if self._controller.look.shows(s))
        if there and not under:
            return (), None  # what is switched off is not meant, nor is what lies outside it
        found = session.template_point(image, at, FIELD if not there else chosen if chosen in under else under[0])
        if found is None:
            return under, None
        structure, (u, v), _ = found
        return under, Spot(structure, (u, v), "image", image=image, pane=self._view.pane)

    def _mean(self, under: tuple[str, ...], spot: Spot | None) -> None:
        overlapped = len(self.under) > 1
        self.under, self.spot = under, spot
        shown = self._controller.spot
        if spot is not None or (shown is not None and shown.source == "image" and not shown.pinned):
            self._controller.point_at(spot)
        if overlapped != (len(under) > 1):
            self.overlapChanged.emit()

    def choose(self) -> None:
        """Choose the structure under the mouse; where it is chosen already, the next one that overlaps it."""
        if self.spot is None or self.spot.structure == FIELD:
            return
        if self.spot.structure != self._controller.structure:
            self._controller.choose_structure(self.spot.structure)
        else:
            self.step()

    def step(self) -> None:
        """Choose the next of the structures that overlap here."""
        if self.spot is not None and self.spot.structure in self.under:
            following = self.under.index(self.spot.structure) + 1
            self._controller.choose_structure(self.under[following % len(self.under)])

    # --- naming a landmark in the image ------------------------------------------------------------------------------

    def name_landmark_at(self, at: QPointF) -> None:
        """Define a landmark at the template point that is shown here."""
        session, xy = self._controller.session, self._view.native_of(at)
        if session is None or xy is None or not self._view.image:
            return
        _, spot = self._meant(xy)
        if spot is None:
            self._controller.tell(nothing_here(session, self._view.image))
            return
        structure, uv = spot.structure, spot.uv
        if session.read_only:
            self._controller.tell(READ_ONLY)
            return
        pinned = Spot(structure, uv, "image", pinned=True, image=self._view.image, pane=self._view.pane)
        self._controller.point_at(pinned)
        self._view.ask_name(at, structure, uv)

    def name_landmark_here(self) -> None:
        """Define a landmark where the mouse is, or was when a menu opened."""
        if self.place is not None:
            self.name_landmark_at(self.place)
