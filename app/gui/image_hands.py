"""The hands of design 9 in the image: which button, wheel or key does what, in which mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from app.core.landmark import PlacementState
from app.gui.desk import Desk, Mode
from app.gui.drags import Drag, GammaDrag, MarkerDrag, PanDrag, WindowDrag, ZoomDrag
from app.gui.key_button import keeps_key

if TYPE_CHECKING:
    from app.gui.image_view import ImageView

WHEEL_STEP = 120
NUDGE = 0.25
"""Native pixels per arrow key."""
LONG_NUDGE = 2.0
"""Native pixels per arrow key with Shift."""
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class ImageHands:
    """Turns events of the image view into what the reader means by them."""

    def __init__(self, view: ImageView, desk: Desk) -> None:
        self._view, self._desk = view, desk
        self.drag: Drag | None = None
        self._button = Qt.MouseButton.NoButton
        self._moved = False
        self._wheel = 0

    @property
    def _editing(self) -> bool:
        return self._view.editable and self._desk.mode == Mode.LANDMARK and self._view.ruler is None

    # --- the mouse -------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        at = event.position()
        self._button, self._moved = event.button(), False
        self.drag = self._begin(at, event)

    def _begin(self, at: QPointF, event: QMouseEvent) -> Drag:
        view = self._view
        if event.button() == Qt.MouseButton.MiddleButton:
            return PanDrag(view, at)
        if event.button() == Qt.MouseButton.RightButton:
            return ZoomDrag(view, at)
        if event.button() != Qt.MouseButton.LeftButton:
            return Drag(view, at)
        if view.ruler is not None:
            return view.ruler.begin(at)
        name = view.marker_at(at)
        if name:
            self._desk.choose_landmark(name)
        if self._editing:
            return MarkerDrag(view, at, name) if name else Drag(view, at)
        return GammaDrag(view, at) if event.modifiers() & Qt.KeyboardModifier.ControlModifier else WindowDrag(view, at)

    def move(self, event: QMouseEvent) -> None:
        """The mouse moves, with or without a button held."""
        at = event.position()
        self._view.pointing.move(at)
        if self.drag is None:
            self._show_cursor(at)
            return
        self._moved = self._moved or (at - self.drag.start).manhattanLength() >= 3
        if self._moved:
            self.drag.move(at)

    def release(self, event: QMouseEvent) -> None:
        """A button goes up."""
        drag, button, at = self.drag, self._button, event.position()
        self.drag, self._button = None, Qt.MouseButton.NoButton
        if drag is None:
            return
        if self._moved:
            drag.drop(at)
        elif button == Qt.MouseButton.RightButton and self._view.editable:
            self._view.pointing.keep_for_menu(at)
            self._view.markerMenu.emit(self._view.marker_at(at), event.globalPosition().toPoint())
        elif button == Qt.MouseButton.LeftButton and self._editing and not isinstance(drag, MarkerDrag):
            self._place_missing(at)

    def _place_missing(self, at: QPointF) -> None:
        """A click places the chosen landmark where it has no place yet, or was said to be absent."""
        state = self._view.state_of(self._desk.landmark)
        if self._desk.landmark and state in (None, PlacementState.ABSENT):
            self.place_at(at)

    def place_at(self, at: QPointF | None) -> None:
        """Place the chosen landmark at a viewport position."""
        xy = self._view.native_of(at) if at is not None else None
        frame = self._view.frame_of_image
        if xy is None or frame is None or not frame.contains(xy):
            self._desk.say("Point at the place in the image first.")
        elif self._view.editable and self._desk.landmark:
            self._view.place(self._desk.landmark, xy)

    def double_click(self, event: QMouseEvent) -> None:
        """In Landmark mode a new landmark, unless a marker is there; in a second view, that image becomes the first."""
        if event.button() == Qt.MouseButton.LeftButton and not self._view.editable:
            self._desk.show_image(self._view.image)
        elif event.button() == Qt.MouseButton.LeftButton and self._editing:
            if not self._view.marker_at(event.position()):
                self._view.pointing.name_landmark_at(event.position())
        else:
            self.press(event)

    def cancel(self) -> bool:
        """Give a drag up; True if there was one."""
        if self.drag is None:
            return False
        drag, self.drag = self.drag, None
        drag.cancel()
        return True

    def wheel(self, event: QWheelEvent) -> None:
        """Next or previous image, one per notch."""
        self._wheel += event.angleDelta().y()  # touch pads send many small steps
        if abs(self._wheel) >= WHEEL_STEP:
            self._view.stepped.emit(-1 if self._wheel > 0 else 1)
            self._wheel = 0

    def _show_cursor(self, at: QPointF) -> None:
        if self._editing:
            over = bool(self._view.marker_at(at))
            self._view.viewport().setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.CrossCursor)

    # --- keys ------------------------------------------------------------------------------------------------------

    def keeps(self, event: QEvent) -> bool:
        """Whether the view takes this key before the window's commands do: arrows nudge in Landmark mode."""
        return self._editing and bool(self._desk.landmark) and keeps_key(event, tuple(ARROWS), shift=True)

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; False if it is none of the view's."""
        if event.key() == Qt.Key.Key_Escape:
            return self.cancel()
        if event.key() in ARROWS and self._editing and self.drag is None:
            far = LONG_NUDGE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else NUDGE
            x, y = ARROWS[Qt.Key(event.key())]
            self._nudge(QPointF(x, y) * far)
            return True
        return False

    def _nudge(self, step: QPointF) -> None:
        """Move the chosen landmark by some native pixels, in the direction that the reader sees."""
        session, view, landmark = self._desk.session, self._view, self._desk.landmark
        if session is not None and view.image and landmark:
            native = view.turn.transform.inverted()[0].map(step)
            self._desk.do(session.nudge_placement, view.image, landmark, (native.x(), native.y()))
