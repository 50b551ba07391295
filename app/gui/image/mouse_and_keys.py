"""Mouse and keys in the image (design 9): which button, wheel or key does what, in which mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from app.core.landmark import PlacementState
from app.gui.image.tools.drags import GammaDrag, WindowDrag, ZoomDrag
from app.gui.state.controller import OUTLINE_STAYS, Controller
from app.gui.state.drags import PanDrag, PlacementDrag
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.view_state import Mode
from app.gui.widgets.key_button import keeps_key
from app.gui.widgets.plain_text import tip

if TYPE_CHECKING:
    from app.gui.image.image_view import ImageView

WHEEL_STEP = 120
NUDGE = 0.25
"""Native pixels per arrow key."""
LONG_NUDGE = 2.0
"""Native pixels per arrow key with Shift."""
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class ImageInput:
    """Turns events of the image view into what the reader means; the controller's `interaction` owns the drag."""

    def __init__(self, view: ImageView, controller: Controller) -> None:
        self._view, self._controller = view, controller
        self._wheel = 0

    @property
    def _editing(self) -> bool:
        return self._view.editable and self._controller.mode == Mode.LANDMARK and self._view.tool is None

    # --- the mouse -------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        self._controller.interaction.press(self._view, event, lambda: self._begin(event))

    def _begin(self, event: QMouseEvent) -> Drag:
        view, at = self._view, event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            return PanDrag(view, at)
        if event.button() == Qt.MouseButton.RightButton:
            return ZoomDrag(view, at, self._ask_menu if view.editable else None)
        if event.button() != Qt.MouseButton.LeftButton:
            return Drag(at)
        if view.tool is not None:
            return view.tool.begin(view, at)
        name = view.marker_at(at)
        if name:
            self._controller.choose_landmark(name)
        if self._editing:
            return self._placement_drag(at, name) if name else Drag(at, self._place_missing)
        return GammaDrag(view, at) if event.modifiers() & Qt.KeyboardModifier.ControlModifier else WindowDrag(view, at)

    def _placement_drag(self, at: QPointF, landmark: str) -> Drag:
        view = self._view
        grip, locked = view.native_of(at), self._controller.why_locked(view.image)
        if grip is None or locked:
            return StuckDrag(at, lambda: self._controller.tell(locked, view))

        def shift(now: QPointF) -> np.ndarray:
            here = view.native_of(now)
            return np.zeros(2) if here is None else here - grip

        return PlacementDrag(self._controller, at, view.image, landmark, view.drawn_at(landmark), shift)

    def move(self, event: QMouseEvent) -> None:
        """The mouse moves, with or without a button held."""
        at = event.position()
        self._view.pointing.move(at)
        if not self._controller.interaction.move(self._view, event):
            self._show_cursor(at)

    def release(self, event: QMouseEvent) -> None:
        """A button goes up."""
        self._controller.interaction.release(self._view, event)

    def _ask_menu(self, event: QMouseEvent) -> None:
        self._view.pointing.keep_for_menu(event.position())
        self._view.markerMenu.emit(self._view.marker_at(event.position()), event.globalPosition().toPoint())

    def _place_missing(self, event: QMouseEvent) -> None:
        """A click places the chosen landmark where it has no place yet, or was said to be absent."""
        state = self._view.state_of(self._controller.landmark)
        if self._controller.landmark and state in (None, PlacementState.ABSENT):
            self.place_at(event.position())

    def place_at(self, at: QPointF | None) -> None:
        """Place the chosen landmark at a viewport position."""
        xy = self._view.native_of(at) if at is not None else None
        frame = self._view.frame_of_image
        if xy is None or frame is None or not frame.contains(xy):
            self._controller.tell("Point at the place in the image first.", self._view)
        elif self._view.editable and self._controller.landmark:
            self._controller.place(self._view.image, self._controller.landmark, (float(xy[0]), float(xy[1])))

    def double_click(self, event: QMouseEvent) -> None:
        """In Landmark mode a new landmark, unless a marker is there; in a second view, that image becomes the first."""
        left = event.button() == Qt.MouseButton.LeftButton and self._view.tool is None
        if self._controller.interaction.running or not left or (self._view.editable and not self._editing):
            self.press(event)
        elif not self._view.editable:
            self._controller.show_image(self._view.image)
        elif not self._view.marker_at(event.position()):
            self._view.pointing.name_landmark_at(event.position())

    def wheel(self, event: QWheelEvent) -> None:
        """Next or previous image, one per notch."""
        self._wheel += event.angleDelta().y()  # touch pads send many small steps
        if abs(self._wheel) >= WHEEL_STEP:
            self._view.stepped.emit(-1 if self._wheel > 0 else 1)
            self._wheel = 0

    def _show_cursor(self, at: QPointF) -> None:
        name = self._view.marker_at(at)
        self._view.viewport().setToolTip(tip(self.words_of(name)))
        if self._editing:
            over = bool(name)
            self._view.viewport().setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.CrossCursor)

    def words_of(self, landmark: str) -> str:
        """What a marker is: its name, who says so, and what it is beside the outline."""
        state = self._view.state_of(landmark)
        if state is None:
            return landmark
        outline = state is PlacementState.CORRECTED and self._controller.is_models_own(landmark)
        return f"{landmark}: {state.value}" + (f"\n{OUTLINE_STAYS}" if outline else "")

    # --- keys ------------------------------------------------------------------------------------------------------

    def keeps(self, event: QEvent) -> bool:
        """Whether the view takes this key before the window's commands do: arrows nudge in Landmark mode."""
        return self._editing and bool(self._controller.landmark) and keeps_key(event, tuple(ARROWS), shift=True)

    def nudges(self, event: QKeyEvent) -> bool:
        """Whether this key moves the chosen landmark: an arrow, alone or with Shift, in Landmark mode."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        return self._editing and bool(self._controller.landmark) and event.key() in ARROWS and not held

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; False if it is none of the view's."""
        if event.key() == Qt.Key.Key_Escape and self._view.tool is not None:
            return self._view.tool.escape()
        if event.key() in ARROWS and self._editing and not self._controller.interaction.running:
            far = LONG_NUDGE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else NUDGE
            x, y = ARROWS[Qt.Key(event.key())]
            self._nudge(QPointF(x, y) * far)
            return True
        return False

    def _nudge(self, step: QPointF) -> None:
        """Move the chosen landmark by some native pixels, in the direction that the reader sees."""
        view, landmark, frame = self._view, self._controller.landmark, self._view.frame_of_image
        if frame is None or not landmark:
            return
        native = view.turn.transform.inverted()[0].map(step)
        here = view.drawn_at(landmark)
        if frame.contains(here) and not frame.contains(here + native.toTuple()):
            self._controller.tell(f"“{landmark}” is at the edge of the picture: it stays there.", view)
        else:
            self._controller.nudge(view.image, landmark, (native.x(), native.y()))
