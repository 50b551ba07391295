"""The image: picture, masks, uv colours, markers. `mouse_and_keys` and `pointing` take its events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QTransform, QWheelEvent

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.core.orientation import AS_STORED, Orientation
from app.gui.image.annotations import Annotation
from app.gui.image.awaiting import Awaiting
from app.gui.image.corner_texts import ImageTexts
from app.gui.image.foreground import paint_foreground
from app.gui.image.grey_item import GreyItem
from app.gui.image.lens import Lens
from app.gui.image.mouse_and_keys import PREDICTED, ImageInput
from app.gui.image.overlays import OverlayItem
from app.gui.image.pointing import Pointing
from app.gui.image.resolve import Drawn, resolve
from app.gui.image.tools.tool import Tool
from app.gui.image.tools.window_level import GAMMAS
from app.gui.image.turn import Turn
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.state.view_state import Mode, Pane, ViewState
from app.gui.widgets.canvas import Canvas
from app.gui.widgets.grey import GreyPicture, VoiWindow
from app.gui.widgets.marker_item import MarkerItem
from app.gui.widgets.markers import HIT_RADIUS
from app.gui.widgets.name_editor import NameEditor, free_name
from app.gui.widgets.region_item import RegionItem
from app.project.changes import Change, OrientationChanged, PlacementsChanged


class ImageView(Canvas):
    """Shows one image. Coordinates of the plane are the corner frame of that image, however the view is turned.

    Attributes
    ----------
    image : str
        Name of what is shown, or empty.
    turn : Turn
        How the view of this image is turned: as the image is read, until the reader turns it. It stays as stored.
    active : bool
        Whether it shows the image that is chosen, and commands act on it. Other views are told what to show.
    pane : Pane
        Which of several images side by side it is, and how it is shown.
    framed : bool
        Whether the active view has a frame: where there are several.
    nothing : str
        What stands here while there is no image.
    trouble : str
        Why the picture of this image can't be shown, in a sentence, or empty.
    """

    pictureShown = Signal(list)
    laidOut = Signal()
    """Another image is shown, whole."""
    pressed = Signal()
    """A button went down here, or the keys come here now."""
    stepped = Signal(int)
    markerMenu = Signal(str, QPoint)
    _made = False
    """Qt sends events while it constructs the widget."""

    def __init__(self, controller: Controller, pictures: Pictures) -> None:
        super().__init__(background="#000000")
        self._controller, self._pictures = controller, pictures
        self.active, self.framed, self.pane = False, False, Pane()
        self.laying_out = self._activated_by_press = False
        self.nothing = self.trouble = self.image = ""
        self._awaiting = Awaiting(self, controller, pictures, self.show_image, self)
        self.turn = Turn()
        self.invert = False
        self.lens: Lens | None = None
        self.crosshair = False
        self._tool: Tool | None = None
        self.frame_of_image: Frame | None = None
        self.grey, self.overlay, self.regions, self.markers = GreyItem(), OverlayItem(), RegionItem(), MarkerItem()
        self.markers.stand_beside(self.regions)
        self.add(self.grey, self.overlay, self.regions, self.markers)
        self.annotations: list[Annotation] = []
        self.editor = NameEditor(self)
        self.editor.ended.connect(lambda: controller.point_at(None))
        self.pointing = Pointing(self, controller, self)
        self.texts = ImageTexts(self, self.pointing, controller)
        self.image_input = ImageInput(self, self, self.pointing, controller, lambda: self.tool, self.stepped.emit)
        self._windows: dict[str, VoiWindow] = {}
        self._turns: dict[str, Turn] = {}
        self.drawn = Drawn()
        self._listen()
        self._made = True

    def _listen(self) -> None:
        controller = self._controller
        controller.sessionChanged.connect(self._on_session)
        controller.stateChanged.connect(self._follow)
        controller.changed.connect(self._on_change)
        self._pictures.ready.connect(self._on_picture)
        self._pictures.failed.connect(self._on_failed)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def _on_session(self) -> None:
        self._windows.clear()
        self._turns.clear()
        self.show_image(self._controller.image if self.active else "")

    def _follow(self, old: ViewState, new: ViewState) -> None:
        """The reader looks at something else: draw what is different now."""
        if self.active and (new.image, new.passing) != (old.image, old.passing):
            there = self.image == new.image and not (new.passing or old.passing or self.awaited)
            if there:  # the reader has gone over to this pane
                self.draw()
            elif not self._await(new):
                self.show_image(new.image)
        else:
            self.draw()
        if (new.mode, new.tool) != (old.mode, old.tool):
            self._show_mode()
        if (new.look, new.outline, new.stroke) != (old.look, old.outline, old.stroke):
            self.viewport().update()  # the texts in the corners too

    def _await(self, state: ViewState) -> bool:
        """Whether the picture that is shown stays until there is one of the next image."""
        if not self._awaiting.begin(state):
            return False
        self.editor.hide()
        self.draw()
        self.viewport().update()
        return True

    @property
    def awaited(self) -> str:
        """The image that is to be shown as soon as there is any picture of it; see `Awaiting`."""
        return self._awaiting.image

    @property
    def editable(self) -> bool:
        """Whether landmarks can be placed and masks be corrected here."""
        return self.active and not self.pane.predicted

    def set_active(self, active: bool) -> None:
        """Let commands act on this view, or no longer."""
        if self.active and not active and self.awaited:
            self.show_image(self.awaited)
        self.active = active
        self.setObjectName("imageView" if active else f"imageView{self.pane.number + 1}")
        self.setAccessibleName("Image" if active else "Image beside")
        self.editor.hide()
        self._show_mode()

    def set_pane(self, pane: Pane) -> None:
        """Show the image plain, mirrored, or with its prediction alone."""
        turned = pane.mirrored != self.pane.mirrored
        self.pane = pane
        if turned:
            self._show_turn()
        self.draw(anew=True)

    def unseen(self) -> bool:
        """Whether what counts of the chosen image is not on the screen: says that nothing was done to it."""
        if self.pane.predicted and self.isVisible():
            self.tell(PREDICTED)
            return True
        unseen = bool(self.awaited) and self.isVisible()
        if unseen:
            self.tell(f"“{self.awaited}” is not on the screen yet: nothing was done to it. Try again.")
        return unseen

    def show_image(self, name: str) -> None:
        """Show an image from the beginning: fitted, with the window level and turn it had before."""
        self._awaiting.end(name)
        self.laying_out = True
        self._show_image(name)
        self.laying_out = False
        self.laidOut.emit()

    def _show_image(self, name: str) -> None:
        session = self._controller.session
        self.image, self.trouble = name if session is not None else "", ""
        self.editor.hide()
        if session is None or not name:
            self.frame_of_image = None
            self.grey.set_picture(None)
            self.draw(anew=True)
            self.viewport().update()
            return
        self._show_picture(name)
        self.draw(anew=True)
        if not self._controller.passing:
            self.pointing.stand()

    def _show_picture(self, name: str) -> None:
        self.frame_of_image = self._controller.open_session().image(name).frame
        self.fitted = True
        self._show_turn()
        self._take_picture(self._pictures.anything(name), keep_view=False)
        if self.grey.picture is None:
            self.viewport().update()

    def _take_picture(self, picture: GreyPicture | None, keep_view: bool) -> None:
        self.grey.set_picture(picture)
        if picture is None:
            return
        size = QRectF(0, 0, picture.frame.width, picture.frame.height).size()
        same = self.frame_of_image is not None and self.content.size() == size
        self.frame_of_image = picture.frame
        if not (keep_view and same):
            bounds = QRectF(0, 0, picture.frame.width, picture.frame.height)
            self.markers.set_bounds(bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height()))
            self._show_turn()
            self.set_content(bounds)
        self.pictureShown.emit([name for name, _ in picture.presets])
        window = None if picture.coarse else self._windows.get(self.image)
        self.set_window(window or picture.presets[0][1], remember=False)

    def _on_picture(self, name: str) -> None:
        if self._awaiting.take(name):
            return
        if name == self.image:
            self.trouble = ""
            had_frame, before, self.laying_out = self.frame_of_image is not None, self.content, True
            self._take_picture(self._pictures.picture(name), keep_view=True)
            self.laying_out = False
            if self.content != before:
                self.laidOut.emit()
            if not had_frame:
                self.draw(anew=True)

    def _on_failed(self, name: str, sentence: str) -> None:
        if name == self.awaited:
            self.show_image(name)
        if name == self.image:
            self.trouble = sentence
            self.viewport().update()

    def _on_change(self, change: Change) -> None:
        """Whatever concerns this image is shown anew: what changed is the session's to know, not guessed from words."""
        if self.awaited and (not change.images or self.awaited in change.images):
            there = self.awaited in self._controller.open_session().images
            if not there or self._pictures.anything(self.awaited) is not None:
                self.show_image(self._controller.image)
                return
        name = self.image
        if isinstance(change, OrientationChanged):
            for read in change.images:
                self._turns.pop(read, None)
        if (
            not name
            or (change.images and name not in change.images)
            or name not in self._controller.open_session().images
        ):
            return
        if isinstance(change, OrientationChanged):
            self.show_image(name)
            return
        frame = self._controller.open_session().image(name).frame or self.frame_of_image
        if frame != self.frame_of_image:
            self.frame_of_image = frame
            self._show_turn()
        if self.grey.picture is None:
            self._take_picture(self._pictures.anything(name), keep_view=True)
        self.draw(anew=True)
        if isinstance(change, PlacementsChanged) and self.isVisible():
            self.viewport().repaint()  # now: lists and contact sheet follow the same change, and take their time

    def draw(self, anew: bool = False) -> None:
        """Draw what belongs over the picture now, as far as it differs from what is drawn.

        Parameters
        ----------
        anew : bool
            Whether something in the project may have changed.
        """
        stored = None if anew else self.drawn.stored
        old, controller = self.drawn, self._controller
        new = resolve(controller.session, controller.state, self.image, self.frame_of_image, stored, self.pane)
        self.drawn = new
        self.overlay.set_drawn(new)
        if new.markers != old.markers or new.labels != old.labels:
            self.markers.set_markers(list(new.markers), new.labels)
        if new.regions != old.regions or new.labels != old.labels:
            self.regions.set_lines(new.regions, new.labels)
        if (new.spot, new.pinned) != (old.spot, old.pinned):
            self.markers.set_spot(QPointF(*new.spot) if new.spot is not None else None, new.pinned)
        if anew or new.overlay != old.overlay:
            self.viewport().update()  # the texts in the corners too

    def _show_mode(self, *_: object) -> None:
        pointing = self.tool is not None or (self.editable and self._controller.mode is not Mode.NAVIGATE)
        self.viewport().setCursor(Qt.CursorShape.CrossCursor if pointing else Qt.CursorShape.ArrowCursor)
        if pointing and self.editable:
            self.setFocus()  # arrows nudge from now on
        self.viewport().update()

    # --- how it is seen --------------------------------------------------------------------------------------------

    def set_window(self, window: VoiWindow, remember: bool = True) -> None:
        """Show with this window level; remembered for the image while the program runs."""
        picture = self.grey.picture
        if remember and self.image and picture is not None and not picture.coarse:
            self._windows[self.image] = window
        self.grey.set_window(window, self.invert != self.orientation.inverted)
        self.viewport().update()

    def set_invert(self, invert: bool) -> None:
        """Show black as white."""
        self.invert = invert
        self.set_window(self.grey.voi_window, remember=False)
        self.viewport().update()

    def set_gamma(self, gamma: float) -> None:
        """Brighten (above 1) or darken the middle greys."""
        self.set_window(replace(self.grey.voi_window, gamma=float(np.clip(gamma, *GAMMAS))))

    def set_magnifier(self, on: bool) -> None:
        """Show a lens under the mouse."""
        self.lens = Lens(self) if on else None
        self.viewport().update()

    def set_crosshair(self, on: bool) -> None:
        """Show lines through the place under the mouse."""
        self.crosshair = on
        self.viewport().update()

    def use_tool(self, tool: Tool | None) -> None:
        """Let the left button do what a tool does, or no longer."""
        if tool is not self.tool:
            self._controller.interaction.cancel()
            self._tool = tool
            self._controller.set_tool(tool.name if tool is not None else "")
        self._show_mode()

    @property
    def tool(self) -> Tool | None:
        """What has the left button for a while; None where the mode says what it does."""
        tool = self._tool
        return tool if tool is not None and tool.name == self._controller.state.tool else None

    @property
    def window_level(self) -> VoiWindow:
        """What is shown between black and white."""
        return self.grey.voi_window

    def ask_menu(self, event: QMouseEvent) -> None:
        """Offer what can be done with the marker under the mouse, or with the image."""
        self.pointing.keep_for_menu(event.position())
        self.markerMenu.emit(self.marker_at(event.position()), event.globalPosition().toPoint())

    def ask_name(self, at: QPointF, structure: str, uv: tuple[float, float]) -> None:
        """Ask for the name of a new landmark at a template point; its field stands at a position in the viewport."""
        suggestion = free_name(mark.name for mark in self._controller.open_session().landmarks)
        self.editor.ask(at.toPoint(), suggestion, lambda name: self._controller.define_landmark(name, structure, uv))

    def tell(self, sentence: str) -> None:
        """Let a sentence stand over this image."""
        self._controller.tell(sentence, self)

    def tell_suspicion(self, elsewhere: bool) -> None:
        """Whether what makes the image suspect is told elsewhere and need not stand on it."""
        self.texts.suspicion_is_told = elsewhere
        self.viewport().update()

    def set_turn(self, turn: Turn) -> None:
        """Turn or mirror the view of this image; remembered for it while the program runs."""
        self._controller.interaction.cancel()
        self._turns[self.image] = turn
        self._show_turn()

    def _show_turn(self) -> None:
        """The reader's turn of this image, else the one in which it is read, or that one's mirror image."""
        as_read = Turn.of(self.orientation)
        self.turn = self._turns.get(self.image, as_read.mirror() if self.pane.mirrored else as_read)
        aspect = self.frame_of_image.aspect if self.frame_of_image is not None else 1.0
        self.turn_plane(QTransform.fromScale(1, aspect) * self.turn.transform)  # square pixels, then turned
        self.viewport().update()

    # --- coordinates and placements --------------------------------------------------------------------------------

    def viewport_of(self, x: float, y: float) -> QPointF:
        """Native pixel (0, 0 is the centre of the first) to a position in the viewport."""
        frame = self.frame_of_image
        return self.from_plane(*(frame.to_corner([x, y]) if frame else (x, y)))

    def native_of(self, at: QPointF) -> np.ndarray | None:
        """Position in the viewport to native pixels [2]; None while there is no image."""
        if self.frame_of_image is None:
            return None
        plane = self.to_plane(at)
        return self.frame_of_image.from_corner([plane.x(), plane.y()])

    @property
    def orientation(self) -> Orientation:
        """How the image is read."""
        return self.frame_of_image.orientation if self.frame_of_image is not None else AS_STORED

    @property
    def mm_across(self) -> float:
        """Millimetres per unit of the turned plane, a native pixel's width, across the screen; NaN where unknown."""
        frame = self.frame_of_image
        if frame is None or frame.spacing is None:
            return float("nan")
        return frame.spacing.row_mm / frame.aspect if self.turn.quarters % 2 else frame.spacing.column_mm

    def marker_at(self, at: QPointF) -> str:
        """Name of the landmark whose marker is close to a viewport position, or empty."""
        found = self.nearest([marker.xy for marker in self.markers.markers], at, HIT_RADIUS)
        return self.markers.markers[found].name if found >= 0 else ""

    def state_of(self, landmark: str) -> PlacementState | None:
        """Who says where a landmark is in this image, None where nobody does."""
        return self.drawn.stored.state_of(landmark)

    def drawn_at(self, landmark: str) -> np.ndarray:
        """Where the marker of a landmark is drawn now, native pixels [2]; NaN where it is not drawn."""
        frame = self.frame_of_image
        drawn = [marker.xy for marker in self.markers.markers if marker.name == landmark]
        return frame.from_corner(drawn[0]) if drawn and frame is not None else np.full(2, np.nan)

    @property
    def _held(self) -> tuple[str, np.ndarray | None]:
        """The landmark that is dragged in this image and where it is now, native pixels; a case script asks for it."""
        held = self._controller.held
        if held is None or held.image != self.image:
            return "", None
        return held.landmark, np.array(held.xy)

    # --- events ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # The press that makes a pane the active one edits nothing; its menu is that of the active one.
        running, was_active = self._controller.interaction.running, self.active
        if not running and event.button() != Qt.MouseButton.LeftButton:
            self.pressed.emit()
        self.image_input.press(event)
        if not running:
            self.pressed.emit()
            self._activated_by_press = self.active and not was_active
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.image_input.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.image_input.release(event)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._activated_by_press or not self.active:  # its first click only went over to this pane
            self.mousePressEvent(event)
        else:
            self.image_input.double_click(event)
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason and not self._controller.interaction.running:
            self.pressed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pointing.move(event.position())  # the mouse is here, moved or not
            super().wheelEvent(event)
        else:
            self.image_input.wheel(event)
            event.accept()

    def event(self, event: QEvent) -> bool:
        if self._made and self.image_input.keeps(event):
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What is none of ours is the window's: the scene has no use for keys.
        event.setAccepted(self.image_input.key(event))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._made:
            self.pointing.stand()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointing.leave()
        self.viewport().update()
        super().leaveEvent(event)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        painter.save()
        painter.resetTransform()
        paint_foreground(painter, self)
        painter.restore()
