"""What tools, texts and the lens see of an image view: less than the widget, and without importing it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.core.orientation import Orientation
from app.gui.image.grey_item import GreyItem
from app.gui.image.resolve import Drawn
from app.gui.image.turn import Turn
from app.gui.state.view_state import Pane
from app.gui.widgets.grey import VoiWindow
from app.gui.widgets.marker_item import MarkerItem
from app.gui.widgets.region_item import RegionItem


class Viewport(Protocol):
    """One image on the screen: where things are, and how it is seen. All that a tool needs.

    Positions are pixels of the viewport; native pixels are those of the file (see `Frame`).
    """

    image: str
    """Name of what is shown, or empty."""
    pane: Pane
    """Which of several images side by side it is."""
    grey: GreyItem
    frame_of_image: Frame | None

    @property
    def editable(self) -> bool:
        """Whether landmarks can be placed and masks be corrected here."""

    @property
    def zoom(self) -> float:
        """Screen pixels per native pixel across."""

    @property
    def window_level(self) -> VoiWindow:
        """What is shown between black and white."""

    def viewport(self) -> QWidget:
        """The widget in which it is painted."""

    def native_of(self, at: QPointF) -> np.ndarray | None:
        """Position in the viewport to native pixels [2]; None while there is no image."""

    def viewport_of(self, x: float, y: float) -> QPointF:
        """Native pixels to a position in the viewport."""

    def marker_at(self, at: QPointF) -> str:
        """Name of the landmark whose marker is close to a position, or empty."""

    def drawn_at(self, landmark: str) -> np.ndarray:
        """Where the marker of a landmark is drawn now, native pixels [2]; NaN where it is not drawn."""

    def state_of(self, landmark: str) -> PlacementState | None:
        """Who says where a landmark is in this image, None where nobody does."""

    def set_window(self, window: VoiWindow) -> None:
        """Show with this window level."""

    def set_zoom(self, zoom: float, fixed: QPointF | None = None) -> None:
        """Zoom, keeping a position fixed."""

    def pan(self, pixels: QPointF) -> None:
        """Move the picture by screen pixels."""

    def ask_menu(self, event: QMouseEvent) -> None:
        """Offer what can be done here."""

    def tell(self, sentence: str) -> None:
        """Let a sentence stand over this image."""


class Surface(Viewport, Protocol):
    """What the texts in the corners, the lens and the pointing see besides."""

    nothing: str
    trouble: str
    turn: Turn
    invert: bool
    drawn: Drawn
    markers: MarkerItem
    regions: RegionItem

    @property
    def awaited(self) -> str:
        """The image that is to be shown as soon as there is any picture of it, or empty."""

    @property
    def orientation(self) -> Orientation:
        """How the image is read."""

    @property
    def mm_across(self) -> float:
        """Millimetres per unit of the turned plane; NaN where unknown."""

    def to_plane(self, at: QPointF) -> QPointF:
        """Position in the viewport to the corner frame of the image."""

    def from_plane(self, x: float, y: float) -> QPointF:
        """Corner frame of the image to a position in the viewport."""

    def ask_name(self, at: QPointF, structure: str, uv: tuple[float, float]) -> None:
        """Ask for the name of a new landmark here."""
