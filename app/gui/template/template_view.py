"""The template: mean shapes, landmarks, the shared uv colours. A click defines a landmark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.chart import REACH
from app.core.landmark import PlacementState
from app.core.region import sizes_of
from app.core.template import FIELD, Structure, Template
from app.gui.state.bridge import Bridge
from app.gui.state.cohorts import Cohorts
from app.gui.state.controller import READ_ONLY, Controller
from app.gui.state.drags import PanDrag
from app.gui.state.interaction import Drag, StuckDrag
from app.gui.state.view_state import Layer, Mode, Spot, ViewState
from app.gui.template.cohort_layer import CohortLayer
from app.gui.widgets import theme, uv_colours
from app.gui.widgets.canvas import Canvas
from app.gui.widgets.drawing import bgra_image, cosmetic, iso_lines, polygon, with_pattern
from app.gui.widgets.marker import Marker
from app.gui.widgets.marker_item import MarkerItem
from app.gui.widgets.markers import HIT_RADIUS
from app.gui.widgets.name_editor import NameEditor, free_name
from app.gui.widgets.plain_text import tip
from app.gui.widgets.region_item import RegionItem
from app.gui.widgets.region_line import RegionLine
from app.gui.widgets.region_words import told
from app.project.changes import Change, PredictionChanged

ChartAt = Callable[[QPointF], tuple[float, float]]
GRAB = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
"""Either of them picks a marker up in any mode; many Linux desktops keep Alt and drag for themselves."""


@lru_cache(maxsize=1)
def chart_picture() -> QImage:
    """The colours of the whole chart, [-1, 1] x [-1, 1]."""
    line = (np.arange(128) + 0.5) / 64 - 1
    rgb = uv_colours.colours(np.stack(np.meshgrid(line, line), axis=-1))
    return bgra_image(np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 255, np.uint8)]))


class TemplateItem(QGraphicsItem):
    """Mean shapes in mm of the template plane."""

    def __init__(self) -> None:
        super().__init__()
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # hovering repaints markers alone
        self._template: Template | None = None
        self._bounds = QRectF()
        self._paths: list[QPainterPath] = []
        self._iso: dict[str, QPainterPath] = {}
        self.structure = ""
        self.under_mouse = ""
        self.hidden: frozenset[str] = frozenset()
        self.uv = True
        self.patterns = False
        self.plain = False
        """Whether something else lies in the structures: they are not filled then."""

    def set_template(self, template: Template | None) -> None:
        """Show another template."""
        self.prepareGeometryChange()
        self._template = template
        self._paths, self._iso = [], {}
        self._bounds = QRectF()
        for structure in template.structures if template else ():
            path = QPainterPath()
            path.addPolygon(polygon(structure.outline))
            path.closeSubpath()
            self._paths.append(path)
            self._bounds = self._bounds.united(path.boundingRect())

    def boundingRect(self) -> QRectF:
        return self._bounds.adjusted(-20, -20, 20, 20)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        template = self._template
        if template is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for structure, path in zip(template.structures, self._paths, strict=True):
            if structure.name == self.structure and self.uv and structure.name not in self.hidden and not self.plain:
                self._paint_uv(painter, structure, path)
        for number, (structure, path) in enumerate(zip(template.structures, self._paths, strict=True)):
            colour = QColor(structure.colour)
            pen = cosmetic(painter, theme.on_background(colour), 2.0 if structure.name == self.under_mouse else 1.3)
            if self.patterns:
                pen = with_pattern(pen, number)
            fill = QColor(colour)
            showing_uv = structure.name == self.structure and self.uv
            fill.setAlpha(0 if showing_uv else 60 if structure.name == self.under_mouse else 28)
            if structure.name in self.hidden:
                pen.setColor(QColor(theme.LINE))
            if structure.name in self.hidden or self.plain:
                fill.setAlpha(0)
            painter.setPen(pen)
            painter.setBrush(fill)
            painter.drawPath(path)

    def _paint_uv(self, painter: QPainter, structure: Structure, path: QPainterPath) -> None:
        painter.save()
        painter.setClipPath(path)
        (x0, y0), (x1, y1) = structure.box.tolist()
        painter.setOpacity(0.85)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), chart_picture())
        painter.restore()
        if structure.name not in self._iso:
            lines = QPainterPath()
            for line in iso_lines(structure):
                lines.addPolygon(polygon(line))
            self._iso[structure.name] = lines
        painter.setPen(cosmetic(painter, QColor(255, 255, 255, 130), 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._iso[structure.name])


class _LandmarkDrag(Drag):
    """Takes a landmark along on its chart; what that would do shows in all views until it is dropped."""

    places = True

    def __init__(self, controller: Controller, start: QPointF, landmark: str, chart_at: ChartAt) -> None:
        super().__init__(start)
        self._controller, self._landmark, self._chart_at = controller, landmark, chart_at

    def move(self, at: QPointF) -> None:
        self._controller.move(self._landmark, self._chart_at(at))

    def cancel(self) -> None:
        self._controller.end_move(keep=False)

    def drop(self, at: QPointF) -> None:
        self.move(at)
        self._controller.end_move(keep=True)

    def survives(self, change: Change) -> bool:
        if not isinstance(change, PredictionChanged):
            return False
        if self._controller.moving is not None:  # the preview is of the images as they are now
            self._controller.move(self._landmark, self._controller.moving.uv)
        return True


class TemplateView(Canvas):
    """Shows the template of the controller's session. Coordinates of the plane are mm of the template.

    Parameters
    ----------
    controller : Controller
    bridge : Bridge
    listed : callable
        The images that the worklist shows.

    Attributes
    ----------
    cohorts : Cohorts
        What it shows of all images together,
    jobs : tuple of JobRunner
        and what works that out.
    takes_clicks : bool
        Whether somebody else wants the clicks (`clicked`, mm of the plane): they define no landmark then.
    """

    clicked = Signal(float, float)
    doubleClicked = Signal()
    layerShown = Signal()
    """What it shows of all images is another, or told otherwise."""
    listWanted = Signal(str, list)
    """A place was clicked that readers corrected: words for it, and the images."""

    def __init__(self, controller: Controller, bridge: Bridge, listed: Callable[[], Sequence[str]]) -> None:
        super().__init__(margin=12)
        self.setObjectName("templateView")
        self.setAccessibleName("Template: click to place a landmark")
        self._controller = controller
        self.item, self.regions, self.markers = TemplateItem(), RegionItem(), MarkerItem()
        self.markers.stand_beside(self.regions)
        self.cohorts = Cohorts(controller, bridge, listed)
        self.jobs = self.cohorts.runners
        self.layer = CohortLayer(controller, self.cohorts)
        self.add(self.layer.below, self.item, self.layer.above, self.regions, self.markers)
        self.cohorts.updated.connect(self._show_layer)
        self.takes_clicks = False
        self.editor = NameEditor(self)
        self.editor.ended.connect(lambda: controller.point_at(None))
        self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        controller.sessionChanged.connect(self._show_template)
        controller.landmarkChanged.connect(self.show_markers)
        controller.structureChanged.connect(self._show_look)
        controller.lookChanged.connect(self._show_look)
        controller.spotChanged.connect(self._show_spot)
        controller.movingChanged.connect(self.show_markers)
        controller.clicksChanged.connect(self.show_markers)
        controller.changed.connect(self.show_markers)
        controller.changed.connect(self.show_regions)
        controller.stateChanged.connect(self._follow)

    def _follow(self, old: ViewState, new: ViewState) -> None:
        if (new.region, new.draft, new.look.labels) != (old.region, old.draft, old.look.labels):
            self.show_regions()
        if new.layer != old.layer or new.z_map is not old.z_map:
            self._show_layer()

    def _show_layer(self) -> None:
        moved = self.layer.moved
        self.layer.refresh()
        if moved != self.layer.moved:
            self.show_markers()
        plain = self._controller.state.layer is not Layer.NONE
        if plain != self.item.plain:
            self.item.plain = plain
            self.item.update()
        self.layerShown.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._laid_out:
            self.item.update()  # it is cached as a picture

    def _show_template(self) -> None:
        session = self._controller.session
        self.editor.hide()
        self.item.set_template(session.template if session else None)
        bounds = self.item.boundingRect()
        self.markers.set_bounds(bounds.adjusted(-400, -400, 400, 400))
        for part in (self.layer.below, self.layer.above):
            part.set_bounds(bounds)
        if session is not None:
            self.set_content(bounds.adjusted(16, 16, -16, -16))
        self._show_look()
        self.show_markers()
        self.show_regions()

    def show_regions(self, *_: object) -> None:
        """Every region and curve that is not hidden, and one that is being drawn."""
        session, state = self._controller.session, self._controller.state
        lines = []
        for region in session.regions if session else ():
            template = self._controller.open_session().template
            xy = template.structure(region.structure).from_chart(region.fine(template))
            if not region.hidden:
                chosen = region.name == state.region
                lines.append(RegionLine(region.name, xy, region.colour, region.closed, chosen))
        if state.draft is not None and state.draft.corners:
            corners = np.array([corner.plane for corner in state.draft.corners])
            ring = np.concatenate([corners, corners[:1]]) if state.draft.closed else corners
            lines.append(RegionLine("", ring, theme.ACCENT, state.draft.closed, True, corners))
        self.regions.set_lines(lines, state.look.labels, on_image=False)

    def _show_look(self, *_: object) -> None:
        self.item.structure, self.item.uv = self._controller.structure, self._controller.look.uv
        self.item.hidden, self.item.patterns = self._controller.look.hidden, self._controller.look.patterns
        self.item.update()

    def show_markers(self, *_: object) -> None:
        """Every landmark that is not hidden, where it is defined."""
        session = self._controller.session
        found = []
        for mark in session.landmarks if session else ():
            chosen = mark.name == self._controller.landmark
            if (mark.hidden and not chosen) or mark.name in self.layer.moved:
                continue
            moving = self._controller.moving
            uv = moving.uv if moving is not None and moving.landmark == mark.name else mark.uv
            x, y = self._controller.open_session().template.structure(mark.structure).from_chart(uv)
            place = float(x), float(y)
            found.append(Marker(mark.name, place, PlacementState.CORRECTED, mark.colour, chosen, mark.hidden))
        for click in self._controller.clicks:
            x, y = self._controller.open_session().template.structure(click.structure).from_chart(click.uv)
            found.append(Marker("", (float(x), float(y)), PlacementState.CONFIRMED, theme.ON_IMAGE.accent))
        self.markers.set_markers(found, labels=False)

    def _show_spot(self, spot: Spot | None) -> None:
        session = self._controller.session
        if spot is None or session is None or (spot.source == "template" and not spot.pinned):
            self.markers.set_spot(None)
            return
        x, y = session.template.structure(spot.structure).from_chart(spot.uv)
        self.markers.set_spot(QPointF(float(x), float(y)), spot.pinned)

    # --- coordinates -----------------------------------------------------------------------------------------------

    def viewport_of(self, structure: str, uv: tuple[float, float]) -> QPointF:
        """Where a template point is in the viewport."""
        assert self._controller.session is not None
        x, y = self._controller.session.template.structure(structure).from_chart(uv)
        return self.from_plane(float(x), float(y))

    def point_at(self, at: QPointF) -> tuple[str, tuple[float, float]] | None:
        """The smallest structure that is switched on under a viewport position, outside all the field; (u, v) there."""
        session = self._controller.session
        if session is None:
            return None
        plane = self.to_plane(at)
        here = np.array([plane.x(), plane.y()])
        template = session.template
        shown = [s for s in template.structures if s.name not in self._controller.look.hidden]
        name = Template(template.anatomy, tuple(shown)).at(here) or (FIELD if template.at(here) is None else None)
        u, v = template.structure(name).to_chart(here) if name is not None else (math.inf, math.inf)
        return (name, (float(u), float(v))) if name is not None and max(abs(u), abs(v)) <= REACH else None

    def marker_at(self, at: QPointF) -> str:
        """Name of the landmark whose marker is close to a viewport position, or empty."""
        found = self.nearest([marker.xy for marker in self.markers.markers], at, HIT_RADIUS * 0.7)
        return self.markers.markers[found].name if found >= 0 else ""

    # --- the mouse -------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._controller.interaction.press(self, event, lambda: self._begin(event))

    def _begin(self, event: QMouseEvent) -> Drag:
        at, session = event.position(), self._controller.session
        if event.button() != Qt.MouseButton.LeftButton:
            return PanDrag(self, at)
        if self.takes_clicks:
            return Drag(at, lambda _: self.clicked.emit(*self.to_plane(at).toTuple()))
        hot = self.layer.hit(self.to_plane(at), self._reach)
        if hot is not None and not event.modifiers() & GRAB:
            return Drag(at, lambda _: self.listWanted.emit(hot.title, [one.image for one in hot.moved]))
        name = self.marker_at(at)
        grab = self._controller.mode == Mode.LANDMARK or event.modifiers() & GRAB
        if not name or not grab or session is None:
            return Drag(at, self._click)
        self._controller.choose_landmark(name)
        if session.landmark(name).locked:
            words = f"“{name}” is locked on the template. Unlock it to move it (Landmark menu)."
            return StuckDrag(at, lambda: self._controller.tell(words, self))
        return self._grab(at, name)

    def _grab(self, at: QPointF, name: str) -> Drag:
        grip = next(QPointF(*m.xy) for m in self.markers.markers if m.name == name) - self.to_plane(at)
        structure = self._controller.open_session().template.structure(
            self._controller.open_session().landmark(name).structure
        )

        def chart_at(now: QPointF) -> tuple[float, float]:
            place = self.to_plane(now) + grip
            u, v = np.clip(structure.to_chart([place.x(), place.y()]), -REACH, REACH)
            return float(u), float(v)

        return _LandmarkDrag(self._controller, at, name, chart_at)

    def _click(self, event: QMouseEvent) -> None:
        name = self.marker_at(event.position())
        if name:
            self._controller.choose_landmark(name)
        else:
            self.name_landmark_at(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()  # the window has the keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._controller.interaction.move(self, event):
            return
        found = self.point_at(at)
        self._glow(found[0] if found and found[0] != FIELD else "")
        self._controller.point_at(Spot(found[0], found[1], "template") if found else None)
        name = self.marker_at(at)
        hot = self.layer.hit(self.to_plane(at), self._reach)
        grabs = self._controller.mode == Mode.LANDMARK and hot is None
        over = Qt.CursorShape.OpenHandCursor if grabs else Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(over if name or hot is not None else Qt.CursorShape.CrossCursor)
        words = self.layer.words_at(self.to_plane(at), self._reach)
        self.setToolTip(tip(words or name or self._region_under(at)))

    @property
    def _reach(self) -> float:
        """So near to what was corrected is a click on it, mm of the template."""
        return HIT_RADIUS / max(self.zoom, 1e-6)

    def _region_under(self, at: QPointF) -> str:
        """Name and size of the region under the mouse, on the mean shape; empty for none."""
        session, plane = self._controller.session, self.to_plane(at)
        name = self.regions.under(plane, 6.0 / max(self.zoom, 1e-6))
        region = next((one for one in session.regions if one.name == name), None) if session and name else None
        if region is None or session is None:
            return ""
        outline = session.template.structure(region.structure).from_chart(region.fine(session.template))
        return told(region, sizes_of(outline, region.closed, None)._replace(known=True), "on the template")

    def _glow(self, structure: str) -> None:
        if structure != self.item.under_mouse:
            self.item.under_mouse = structure
            self.item.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._controller.interaction.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._controller.interaction.running:
            event.accept()
            self.doubleClicked.emit()
        else:  # two quick presses of another button are two presses
            self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._glow("")
        if not (self._controller.spot and self._controller.spot.pinned):
            self._controller.point_at(None)
        super().leaveEvent(event)

    def name_landmark_at(self, at: QPointF) -> None:
        """Ask for the name of a new landmark here; its place shows in the image meanwhile."""
        found = self.point_at(at)
        if found is None or self._controller.session is None:
            self.editor.hide()
            return
        structure, uv = found
        self._controller.choose_structure(structure)
        if self._controller.session.read_only:
            self._controller.tell(READ_ONLY, self)
            return
        self._controller.point_at(Spot(structure, uv, "template", pinned=True))
        suggestion = free_name(mark.name for mark in self._controller.session.landmarks)
        self.editor.ask(at.toPoint(), suggestion, lambda name: self._controller.define_landmark(name, structure, uv))
