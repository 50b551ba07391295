"""Mouse and keys in the image (design 9): which button, wheel or key does what, in which mode."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea

from app.gui.image.marker_words import marker_words
from app.gui.image.pointing import Pointing
from app.gui.image.regions import RegionTips
from app.gui.image.tools.registry import Tools
from app.gui.image.tools.tool import Tool
from app.gui.image.viewport import Surface
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag
from app.gui.state.view_state import Mode
from app.gui.widgets.key_button import keeps_key
from app.gui.widgets.plain_text import tip

WHEEL_STEP = 120
NUDGE = 0.25
"""Native pixels per arrow key."""
LONG_NUDGE = 2.0
"""Native pixels per arrow key with Shift."""
BRUSH_RATE = 1.15
"""By so much a notch of the wheel changes the brush."""
PREDICTED = "This pane shows the prediction alone: nothing is corrected in it. Work in the one beside it."
OUTLINE_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace, Qt.Key.Key_Escape)
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class ImageInput:
    """Turns events of the image view into what the reader means; the controller's `interaction` owns the drag.

    Parameters
    ----------
    view : Surface
    widget : QAbstractScrollArea
        The same view, as what events and drags belong to.
    pointing : Pointing
    controller : Controller
    tool : callable
        The tool that has the left button for a while, if there is one.
    step : callable
        Called with 1 or -1 where the wheel asks for another image.
    """

    def __init__(
        self,
        view: Surface,
        widget: QAbstractScrollArea,
        pointing: Pointing,
        controller: Controller,
        tool: Callable[[], Tool | None],
        step: Callable[[int], object],
    ) -> None:
        self._view, self._widget, self._pointing, self._controller = view, widget, pointing, controller
        self._tool, self._step = tool, step
        self.tools = Tools(controller)
        self._regions = RegionTips(view)
        self._wheel = 0
        self._nudge_told = False
        controller.modeChanged.connect(self._forget_nudge)

    def _forget_nudge(self, _: str) -> None:
        self._nudge_told = False

    def _tell_nudge(self, landmark: str) -> None:
        """Once in Landmark mode: arrow keys, which went through the images before, move a landmark now."""
        if not self._nudge_told:
            self._nudge_told = True
            words = f"Arrow keys nudge “{landmark}” in Landmark mode. PgUp and PgDn go through the images."
            self._controller.tell(words, self._widget)

    @property
    def _editing(self) -> bool:
        return self._view.editable and self._controller.mode == Mode.LANDMARK and self._tool() is None

    @property
    def _nudging(self) -> bool:
        """Whether arrows are about the chosen landmark; in a pane that shows the prediction alone that is refused."""
        here = self._view.editable or self._view.pane.predicted
        return here and self._controller.mode == Mode.LANDMARK and self._tool() is None

    @property
    def masking(self) -> bool:
        """Whether the left button edits a mask here."""
        return self._view.editable and self._controller.mode == Mode.MASK and self._tool() is None

    # --- the mouse -------------------------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        self._controller.interaction.press(self._widget, event, lambda: self._begin(event))

    def _begin(self, event: QMouseEvent) -> Drag:
        view, left = self._view, event.button() == Qt.MouseButton.LeftButton
        taken = self._tool()
        if left and taken is not None:
            return taken.begin(view, event)
        if left and self.masking and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return Drag(event.position(), lambda _: self._pointing.choose())
        name = view.marker_at(event.position()) if left and not self.masking else ""
        if name:
            self._controller.choose_landmark(name)
        elif left and self._editing and (end := self.tools.calipers.begin(view, event.position())) is not None:
            return end
        mode = self._controller.mode if self._editing or self.masking else Mode.NAVIGATE
        tool = self.tools.tool_for(event.button(), mode)
        return tool.begin(view, event) if tool is not None else Drag(event.position())

    def move(self, event: QMouseEvent) -> None:
        """The mouse moves, with or without a button held."""
        at = event.position()
        self._pointing.move(at)
        if not self._controller.interaction.move(self._widget, event):
            if self.masking:
                self.tools.mask.corners.hover(self._view, at)
            self._show_cursor(at)

    def release(self, event: QMouseEvent) -> None:
        """A button goes up."""
        self._controller.interaction.release(self._widget, event)

    def place_here(self) -> None:
        """Place the chosen landmark where the mouse is, or was when a menu opened."""
        self.tools.landmark.place_at(self._view, self._pointing.place)

    def double_click(self, event: QMouseEvent) -> None:
        """In Landmark mode a new landmark, unless a marker or the end of a caliper is there."""
        left = event.button() == Qt.MouseButton.LeftButton and self._tool() is None
        if self._controller.interaction.running or not left or not self._editing:
            self.press(event)
        elif (
            not self._view.marker_at(event.position())
            and self.tools.calipers.over(self._view, event.position()) is None
        ):
            self._pointing.name_landmark_at(event.position())

    def wheel(self, event: QWheelEvent) -> None:
        """Next or previous image, one per notch; with Alt the size of the brush in Mask mode."""
        if self.masking and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            turned = event.angleDelta().x() or event.angleDelta().y()  # Qt exchanges them with Alt
            self._controller.set_brush(self._controller.state.brush * BRUSH_RATE ** (turned / WHEEL_STEP))
            return
        self._wheel += event.angleDelta().y()  # touch pads send many small steps
        if abs(self._wheel) >= WHEEL_STEP:
            self._step(-1 if self._wheel > 0 else 1)
            self._wheel = 0

    def _show_cursor(self, at: QPointF) -> None:
        name = self._view.marker_at(at)
        words = self.words_of(name) if name else self._regions.under(at)
        words = "" if self._controller.look.private else words  # they may name a reader
        self._view.viewport().setToolTip(tip(words))
        if self._editing:
            over = bool(name) or self.tools.calipers.over(self._view, at) is not None
            self._view.viewport().setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.CrossCursor)

    def words_of(self, landmark: str) -> str:
        """What a marker is: its name, who says so, how far it is from its prediction, and what it is to the outline."""
        session = self._controller.session
        if session is None or self._view.state_of(landmark) is None:
            return landmark
        return marker_words(session, self._view.image, landmark)

    # --- keys ------------------------------------------------------------------------------------------------------

    def keeps(self, event: QEvent) -> bool:
        """Whether the view takes this key before the window's commands do: arrows nudge in Landmark mode.

        Of an outline that is being clicked Enter and Backspace are.
        """
        if self.masking and self._controller.state.outline is not None and keeps_key(event, OUTLINE_KEYS):
            return True
        return self._nudging and bool(self._controller.landmark) and keeps_key(event, tuple(ARROWS), shift=True)

    def nudges(self, event: QKeyEvent) -> bool:
        """Whether this key moves the chosen landmark: an arrow, alone or with Shift, in Landmark mode."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        return self._nudging and bool(self._controller.landmark) and event.key() in ARROWS and not held

    def key(self, event: QKeyEvent) -> bool:
        """Act on a key; False if it is none of the view's."""
        taken = self._tool()
        if event.key() == Qt.Key.Key_Escape and taken is not None:
            return taken.escape()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if self.masking and plain and self.tools.mask.corners.key(self._view, event.key()):
            return True
        if event.key() in ARROWS and self._nudging and not self._controller.interaction.running:
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
        if view.pane.predicted:
            self._controller.tell(PREDICTED, self._widget)
            return
        native = view.turn.transform.inverted()[0].map(step)
        here = view.drawn_at(landmark)
        if frame.contains(here) and not frame.contains(here + native.toTuple()):
            self._controller.tell(f"“{landmark}” is at the edge of the picture: it stays there.", self._widget)
        else:
            self._tell_nudge(landmark)
            self._controller.nudge(view.image, landmark, (native.x(), native.y()))
