"""The image: picture, masks, uv colours, markers, and the hands of design 9."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QWheelEvent

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.gui.canvas import Canvas
from app.gui.desk import Desk, Mode, Spot
from app.gui.grey import GreyPicture, Window
from app.gui.grey_item import GreyItem
from app.gui.image_texts import ImageTexts
from app.gui.markers import HIT_RADIUS, Marker, MarkerItem
from app.gui.name_editor import NameEditor, define, free_name
from app.gui.overlays import OverlayItem
from app.gui.pictures import Pictures
from app.store.entries import Change

WHEEL_STEP = 120
WINDOW_PIXELS = 400.0
"""A drag of this many screen pixels changes level or width by the window's starting width."""


class ImageView(Canvas):
    """Shows the desk's image. Coordinates of the plane are the corner frame of that image."""

    windowChanged = Signal(object)
    pictureShown = Signal(list)
    stepped = Signal(int)
    markerMenu = Signal(str, QPoint)

    def __init__(self, desk: Desk, pictures: Pictures) -> None:
        super().__init__(background="#000000")
        self.setObjectName("imageView")
        self.setAccessibleName("Image")
        self._desk, self._pictures = desk, pictures
        self.frame_of_image: Frame | None = None
        self.grey, self.overlay, self.markers = GreyItem(), OverlayItem(), MarkerItem()
        for item in (self.grey, self.overlay, self.markers):
            self.box.addItem(item, ignoreBounds=True)
        self.texts = ImageTexts(self)
        self.editor = NameEditor(self)
        self.editor.ended.connect(self._naming_ended)
        self.invert = False
        self._windows: dict[str, Window] = {}
        self._press: QPointF | None = None
        self._press_button = Qt.MouseButton.NoButton
        self._press_window = Window(0, 1)
        self._last = QPointF()
        self._dragged = ""
        self._dragged_to: np.ndarray | None = None
        self._moved = False
        self._hover = QTimer(self, singleShot=True, interval=0)
        self._hover.timeout.connect(self._point_at_mouse)
        self._mouse: QPointF | None = None
        self._menu_at: QPointF | None = None
        self._wheel = 0
        self._listen()

    def _listen(self) -> None:
        desk = self._desk
        desk.sessionChanged.connect(self.show_image)
        desk.imageChanged.connect(self.show_image)
        desk.landmarkChanged.connect(self.show_markers)
        desk.structureChanged.connect(self._show_look)
        desk.lookChanged.connect(self._show_look)
        desk.modeChanged.connect(self._show_mode)
        desk.spotChanged.connect(self._show_spot)
        desk.movingChanged.connect(self.show_markers)
        desk.changed.connect(self._on_change)
        self._pictures.ready.connect(self._on_picture)

    # --- what is shown ---------------------------------------------------------------------------------------------

    def show_image(self, *_: object) -> None:
        """Show the desk's image from the beginning: fitted, with its own window level."""
        session, name = self._desk.session, self._desk.image
        if session is None or not name:
            self.frame_of_image = None
            self.grey.set_picture(None)
            self.overlay.set_prediction(None, None, None)
            self.markers.set_markers([], False)
            self.viewport().update()
            return
        entry = session.image(name)
        self.frame_of_image = entry.frame
        self._dragged = ""
        self.editor.hide()
        self._take_picture(self._pictures.anything(name), keep_view=False)
        self._show_prediction()

    def _take_picture(self, picture: GreyPicture | None, keep_view: bool) -> None:
        self.grey.set_picture(picture)
        if picture is None:
            return
        same = (
            self.frame_of_image is not None
            and self.content.size() == QRectF(0, 0, picture.frame.width, picture.frame.height).size()
        )
        self.frame_of_image = picture.frame
        if not (keep_view and same):
            bounds = QRectF(0, 0, picture.frame.width, picture.frame.height)
            self.markers.set_bounds(bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height()))
            self.set_content(bounds)
        self.pictureShown.emit([name for name, _ in picture.presets])
        window = None if picture.coarse else self._windows.get(self._desk.image)
        self.set_window(window or picture.presets[0][1], remember=False)

    def _on_picture(self, name: str) -> None:
        if name == self._desk.image:
            had_frame = self.frame_of_image is not None
            self._take_picture(self._pictures.picture(name), keep_view=True)
            if not had_frame:
                self._show_prediction()

    def _on_change(self, change: Change) -> None:
        name = self._desk.image
        concerns = name in change.images
        if change.kind == "prediction" and concerns:
            self.frame_of_image = self._desk.open_session().image(name).frame or self.frame_of_image
            if self.grey.picture is None:
                self._take_picture(self._pictures.anything(name), keep_view=True)
            self._show_prediction()
        elif change.kind == "landmarks" or (concerns and change.kind in ("placements", "spacing")):
            self.show_markers()
            self._show_spot(self._desk.spot)
        if concerns or not change.images:
            self.viewport().update()

    def _show_prediction(self) -> None:
        session = self._desk.session
        prediction = session.prediction(self._desk.image) if session and self._desk.image else None
        template = session.template if session else None
        self.overlay.set_prediction(template, prediction, self.frame_of_image)
        self._show_look()

    def _show_look(self, *_: object) -> None:
        self.overlay.set_look(self._desk.look, self._desk.structure)
        self.show_markers()
        self.viewport().update()

    def show_markers(self, *_: object) -> None:
        """Collect the placements of this image."""
        session, frame, name = self._desk.session, self.frame_of_image, self._desk.image
        if session is None or frame is None or not name:
            self.markers.set_markers([], False)
            return
        slot = session.images.index(name)
        found = []
        for placement in session.placements_in(name):
            mark = placement.landmark
            if mark.hidden and mark.name != self._desk.landmark:
                continue
            xy = np.asarray(placement.xy, float)
            if placement.state == PlacementState.ABSENT or not np.isfinite(xy).all():
                xy = session.preview_places(mark.structure, mark.uv).xy[slot]  # crossed out where it would have been
            moving = self._desk.moving_place(mark.name, slot)
            xy = xy if moving is None or np.isnan(moving[0]) else moving
            if mark.name == self._dragged and self._dragged_to is not None:
                xy = self._dragged_to
            if placement.state is None or not np.isfinite(xy).all():
                continue
            x, y = frame.to_corner(xy)
            chosen = mark.name == self._desk.landmark
            found.append(Marker(mark.name, (float(x), float(y)), placement.state, mark.colour, chosen))
        self.markers.set_markers(found, self._desk.look.labels)

    def _show_spot(self, spot: Spot | None) -> None:
        session, frame, name = self._desk.session, self.frame_of_image, self._desk.image
        if spot is None or session is None or frame is None or not name or (spot.source == "image" and not spot.pinned):
            self.markers.set_spot(None)
            return
        xy = session.preview_places(spot.structure, spot.uv).xy[session.images.index(name)]
        self.markers.set_spot(QPointF(*frame.to_corner(xy)) if np.isfinite(xy).all() else None, spot.pinned)

    def _show_mode(self, *_: object) -> None:
        landmark = self._desk.mode == Mode.LANDMARK
        self.viewport().setCursor(Qt.CursorShape.CrossCursor if landmark else Qt.CursorShape.ArrowCursor)
        self.viewport().update()

    # --- window level ----------------------------------------------------------------------------------------------

    def set_window(self, window: Window, remember: bool = True) -> None:
        """Show with this window level; remembered for the image while the program runs."""
        picture = self.grey.picture
        if remember and self._desk.image and picture is not None and not picture.coarse:
            self._windows[self._desk.image] = window
        self.grey.set_window(window, self.invert)
        self.windowChanged.emit(window)
        self.viewport().update()

    def set_invert(self, invert: bool) -> None:
        """Show black as white."""
        self.invert = invert
        self.grey.set_window(self.grey.window, invert)

    def use_preset(self, number: int) -> None:
        """Preset 1, 2, ... of the picture; those of the file come first."""
        picture = self.grey.picture
        if picture is not None and number <= len(picture.presets):
            self.set_window(picture.presets[number - 1][1])

    # --- coordinates -----------------------------------------------------------------------------------------------

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

    def marker_at(self, at: QPointF) -> str:
        """Name of the landmark whose marker is close to a viewport position, or empty."""
        close = [
            ((self.from_plane(*m.xy) - at).manhattanLength(), m.name)
            for m in self.markers.markers
            if np.hypot(*(self.from_plane(*m.xy) - at).toTuple()) <= HIT_RADIUS
        ]
        return min(close)[1] if close else ""

    # --- the mouse -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._press, self._last, self._press_button, self._moved = at, at, event.button(), False
        self._press_window = self.grey.window
        self._dragged = ""
        if event.button() == Qt.MouseButton.LeftButton:
            name = self.marker_at(at)
            if name:
                self._desk.choose_landmark(name)
            if name and self._desk.mode == Mode.LANDMARK:
                self._dragged = name
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._mouse, self._menu_at = at, None
        if self._press is None:
            self._hover.start()
            self._show_cursor(at)
            return
        step, self._last = at - self._last, at
        total = at - self._press
        if not self._moved and total.manhattanLength() < 3:
            return
        self._moved = True
        if self._press_button == Qt.MouseButton.MiddleButton:
            self.pan(step)
        elif self._press_button == Qt.MouseButton.RightButton:
            self.set_zoom(self.zoom * 1.006 ** -step.y(), self._press)
        elif self._dragged:
            self._dragged_to = self.native_of(at)
            self.show_markers()
            self.viewport().update()
        elif self._press_button == Qt.MouseButton.LeftButton and self._desk.mode == Mode.NAVIGATE:
            self._drag_window(total)
        self._hover.start()

    def _drag_window(self, total: QPointF) -> None:
        start = self._press_window
        rate = max(start.width, 1.0) / WINDOW_PIXELS
        self.set_window(Window(start.level + total.y() * rate, max(start.width + total.x() * rate, 1e-3)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        dragged, to = self._dragged, self._dragged_to
        button, moved = self._press_button, self._moved
        self._press, self._press_button, self._dragged, self._dragged_to = None, Qt.MouseButton.NoButton, "", None
        if dragged and moved and to is not None and self._desk.session is not None:
            self._desk.do(self._desk.session.move_placement, self._desk.image, dragged, (float(to[0]), float(to[1])))
            self.show_markers()
        elif button == Qt.MouseButton.RightButton and not moved:
            self._menu_at = event.position()
            self.markerMenu.emit(self.marker_at(event.position()), event.globalPosition().toPoint())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._desk.mode == Mode.LANDMARK:
            if not self.marker_at(event.position()):
                self.name_landmark_at(event.position())
        else:
            self.mousePressEvent(event)
        event.accept()

    def cancel_drag(self) -> bool:
        """Give a drag up; True if there was one."""
        if self._press is None:
            return False
        if not self._dragged and self._press_button == Qt.MouseButton.LeftButton:
            self.set_window(self._press_window)
        self._press, self._dragged, self._dragged_to = None, "", None
        self.show_markers()
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        self._wheel += event.angleDelta().y()  # touch pads send many small steps
        if abs(self._wheel) >= WHEEL_STEP:
            self.stepped.emit(-1 if self._wheel > 0 else 1)
            self._wheel = 0
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_drag():
            event.accept()
        else:
            event.ignore()  # the window has the keys; pyqtgraph's scene has no use for them

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self._hover.stop()
        self._desk.point_at(None) if not (self._desk.spot and self._desk.spot.pinned) else None
        self.viewport().update()
        super().leaveEvent(event)

    def _show_cursor(self, at: QPointF) -> None:
        if self._desk.mode == Mode.LANDMARK:
            over = bool(self.marker_at(at))
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.CrossCursor)

    def _point_at_mouse(self) -> None:
        """Tell the template what lies under the mouse (once per turn of the event loop)."""
        self.viewport().update()
        session, name = self._desk.session, self._desk.image
        xy = self.native_of(self._mouse) if self._mouse is not None else None
        if session is None or not name or xy is None:
            return
        found = session.template_point(name, (float(xy[0]), float(xy[1])))
        spot = Spot(found[0], (float(found[1][0]), float(found[1][1])), "image") if found else None
        if spot is not None or (self._desk.spot and self._desk.spot.source == "image" and not self._desk.spot.pinned):
            self._desk.point_at(spot)

    # --- naming a landmark in the image ------------------------------------------------------------------------------

    def name_landmark_at(self, at: QPointF) -> None:
        """Define a landmark at the template point that is shown here."""
        session, xy = self._desk.session, self.native_of(at)
        if session is None or xy is None or not self._desk.image:
            return
        found = session.template_point(self._desk.image, (float(xy[0]), float(xy[1])))
        if found is None:
            self._desk.say("There is no structure here. Point at one of the outlined structures to place a landmark.")
            return
        structure, uv = found[0], (float(found[1][0]), float(found[1][1]))
        self._desk.point_at(Spot(structure, uv, "image", pinned=True))
        suggestion = free_name(mark.name for mark in session.landmarks)
        self.editor.ask(at.toPoint(), suggestion, lambda name: define(self._desk, name, structure, uv))

    def name_landmark_here(self) -> None:
        """Define a landmark where the mouse is, or was when a menu opened."""
        if self._menu_at is not None:
            self.name_landmark_at(self._menu_at)
        elif self._mouse is not None:
            self.name_landmark_at(self._mouse)

    def _naming_ended(self) -> None:
        self._desk.point_at(None)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        painter.save()
        painter.resetTransform()
        self.texts.paint(painter, QRectF(self.viewport().rect()), self._mouse)
        painter.restore()
