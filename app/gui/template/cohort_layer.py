"""What the template shows of all images together: grey values in each structure, or where readers corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.core.cohort import SIDE, Cells
from app.core.frame import Points
from app.core.pooled import Moved, Pooled, rim_of, typical
from app.core.template import Structure, Template
from app.gui.state.cohorts import Cohorts
from app.gui.state.controller import Controller
from app.gui.state.view_state import Layer
from app.gui.widgets import theme
from app.gui.widgets.colour_maps import MOST_Z, plain, two_sided, warm
from app.gui.widgets.drawing import bgra_image, cosmetic, polygon

SPOT = 6.0
"""Radius, in screen pixels, of a landmark that was moved in one image; its area grows with their number."""
LARGEST_SPOT = 16.0
RIM = 3.0
"""Width, in screen pixels, of a rim that was moved in one image."""
WIDEST_RIM = 9.0

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Range:
    """What the colours of a layer mean: those at both ends, and which map they are of."""

    low: float
    high: float
    map: Callable[[Values, float, float], npt.NDArray[np.uint8]] = plain

    def colours(self, values: Values) -> npt.NDArray[np.uint8]:
        """Premultiplied BGRA [..., 4]."""
        return self.map(values, self.low, self.high)


@dataclass(frozen=True, eq=False)
class Hot:
    """A landmark, or a place along a rim, that readers moved.

    Attributes
    ----------
    title : str
        A landmark's name, or which rim.
    xy : array [K, 2]
        Mm of the template: one place, or the piece of the rim.
    moved : tuple of Moved
    """

    title: str
    xy: Points
    moved: tuple[Moved, ...]

    @property
    def mm(self) -> float:
        """By how much it was moved, mm of the template."""
        return typical(self.moved)

    @property
    def is_rim(self) -> bool:
        """Whether it is a place along a rim."""
        return len(self.xy) > 1


def hot_places(
    pooled: Pooled, template: Template, landmarks: Sequence[tuple[str, str, tuple[float, float]]]
) -> list[Hot]:
    """Everything that was moved: the pieces of the rims first, then the landmarks (name, structure, uv)."""
    found = []
    for name, rim in pooled.rims.items():
        structure = template.structure(name)
        ring = structure.from_chart(rim_of(structure))
        for place, moved in enumerate(rim):
            if moved:
                before, here, behind = ring[place - 1], ring[place], ring[(place + 1) % len(ring)]
                piece = np.array([(before + here) / 2, here, (here + behind) / 2])
                found.append(Hot(f"Rim of the {structure.title.lower()}", piece, moved))
    for name, structure_name, uv in landmarks:
        if name in pooled.landmarks:
            spot = template.structure(structure_name).from_chart(uv)[None]
            found.append(Hot(name, spot, pooled.landmarks[name]))
    return found


class _Item(QGraphicsItem):
    """Shares the bounds of the template."""

    def __init__(self, layer: CohortLayer) -> None:
        super().__init__()
        self._layer, self.bounds = layer, QRectF()

    def set_bounds(self, bounds: QRectF) -> None:
        """The template has another size."""
        self.prepareGeometryChange()
        self.bounds = bounds

    def boundingRect(self) -> QRectF:
        return self.bounds


class _GreyItem(_Item):
    """Below the outlines: one picture in each structure, the small structures over the large ones."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for structure, picture in self._layer.pictures():
            path = QPainterPath()
            path.addPolygon(polygon(structure.outline))
            path.closeSubpath()
            (x0, y0), (x1, y1) = structure.box.tolist()
            painter.save()
            painter.setClipPath(path)
            painter.fillPath(path, QColor(theme.BACKGROUND))  # the structure below is none of this one's
            painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), picture)
            painter.restore()


class _HotItem(_Item):
    """Above the outlines: what was moved."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        zoom = painter.worldTransform().m11() or 1.0
        for hot in self._layer.hot:
            colour = self._layer.colour_of(hot.mm)
            if hot.is_rim:
                pen = cosmetic(painter, colour, min(RIM * sqrt(len(hot.moved)), WIDEST_RIM))
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawPolyline(polygon(hot.xy))
                continue
            radius = min(SPOT * sqrt(len(hot.moved)), LARGEST_SPOT) / zoom
            painter.setPen(QPen(QColor(theme.BACKGROUND), 0))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(*hot.xy[0].tolist()), radius, radius)


class CohortLayer:
    """Both items, what lies under the mouse, and what the colours mean.

    Parameters
    ----------
    controller : Controller
    cohorts : Cohorts
    """

    def __init__(self, controller: Controller, cohorts: Cohorts) -> None:
        self._controller, self._cohorts = controller, cohorts
        self.below, self.above = _GreyItem(self), _HotItem(self)
        self.hot: list[Hot] = []
        self._pictures: list[tuple[Structure, QImage]] | None = None
        self._values: Values | None = None
        self._pooled: object = None

    @property
    def layer(self) -> Layer:
        """Which one is shown."""
        return self._controller.state.layer

    def refresh(self) -> None:
        """Show what there is now."""
        values = self._values_now()
        if values is not self._values or self._pictures is None:
            self._values, self._pictures = values, None
        pooled = self._cohorts.pooled if self.layer is Layer.CORRECTIONS else None
        self.hot = []
        if pooled is not None and (session := self._controller.session) is not None:
            marks = [(mark.name, mark.structure, mark.uv) for mark in session.landmarks]
            self.hot = sorted(hot_places(pooled, session.template, marks), key=lambda hot: (not hot.is_rim, hot.mm))
        self.below.update()
        self.above.update()

    @property
    def moved(self) -> frozenset[str]:
        """The landmarks that are drawn as spots."""
        return frozenset(hot.title for hot in self.hot if not hot.is_rim)

    def _values_now(self) -> Values | None:
        grey, state = self._cohorts.grey, self._controller.state
        if grey is None or grey.too_few:
            return None
        if self.layer is Layer.Z:
            return state.z_map.values if state.z_map is not None and state.z_map.image == state.image else None
        return {Layer.MEDIAN: grey.cohort.median, Layer.SPREAD: grey.cohort.spread}.get(self.layer)

    @property
    def _cells(self) -> Cells | None:
        return self._cohorts.grey.cohort.cells if self._cohorts.grey is not None else None

    @property
    def range(self) -> Range | None:
        """What the colours mean; None where nothing is shown."""
        if self.layer is Layer.CORRECTIONS:
            return Range(0.0, max(1.0, *(hot.mm for hot in self.hot)), warm) if self.hot else None
        if self._values is None or not np.isfinite(self._values).any():
            return None
        if self.layer is Layer.Z:
            return Range(-MOST_Z, MOST_Z, lambda values, _, most: two_sided(values, most))
        low, high = np.nanpercentile(self._values, (1, 99)).tolist()
        return Range(0.0 if self.layer is Layer.SPREAD else low, high)

    def pictures(self) -> Iterator[tuple[Structure, QImage]]:
        """Each structure with its picture, the largest first."""
        cells, values, colours = self._cells, self._values, self.range
        if cells is None or values is None or colours is None or self.layer is Layer.CORRECTIONS:
            return iter(())
        if self._pictures is None:
            structures = sorted(enumerate(cells.template.structures), key=lambda pair: -pair[1].area_mm2)
            self._pictures = [
                (structure, bgra_image(colours.colours(spread_out(cells.picture(values, channel)))))
                for channel, structure in structures
            ]
        return iter(self._pictures)

    def colour_of(self, mm: float) -> QColor:
        """The colour of a distance."""
        colours = self.range
        blue, green, red, _ = (colours or Range(0, 1, warm)).colours(np.array([mm]))[0].tolist()
        return QColor(red, green, blue)

    def hit(self, plane: QPointF, reach: float) -> Hot | None:
        """What was moved within `reach` (mm) of a place of the plane: the nearest landmark, else the nearest rim."""
        here = np.array([plane.x(), plane.y()])
        near = [(hot.is_rim, float(np.linalg.norm(hot.xy - here, axis=1).min()), i) for i, hot in enumerate(self.hot)]
        close = [one for one in near if one[1] <= reach]
        return self.hot[min(close)[2]] if close else None

    def words_at(self, plane: QPointF, reach: float) -> str:
        """What stands at a place of the plane, for a tip; empty where nothing does."""
        if self.layer is Layer.CORRECTIONS:
            hot = self.hit(plane, reach)
            return hot_words(hot) if hot is not None else ""
        cells, values, grey = self._cells, self._values, self._cohorts.grey
        if cells is None or values is None or grey is None:
            return ""
        here = np.array([plane.x(), plane.y()])
        name = cells.template.at(here)
        if name is None:
            return ""
        channel = cells.template.index(name)
        u, v = cells.template.structures[channel].to_chart(here).tolist()
        column, row = (min(max(int((value + 1) / 2 * SIDE), 0), SIDE - 1) for value in (u, v))
        value = float(cells.picture(values, channel)[row, column])
        if np.isnan(value):
            return f"{cells.template.structures[channel].title}: too few images show this place"
        what = {Layer.MEDIAN: "median grey {:+.2f}", Layer.SPREAD: "spread {:.2f}", Layer.Z: "{:+.1f} spreads"}
        return f"{cells.template.structures[channel].title}: {what[self.layer].format(value)}"


def hot_words(hot: Hot) -> str:
    """How far something was moved, in how many images, and for a rim which way."""
    count = len(hot.moved)
    words = f"{hot.title}: moved by {hot.mm:.1f} mm in {count} image{'' if count == 1 else 's'}"
    if not hot.is_rim:
        return f"{words}. Click to list them"
    outwards = sum(one.mm > 0 for one in hot.moved)
    ways = "outwards" if outwards == count else "inwards" if not outwards else f"outwards in {outwards}"
    return f"{words}, {ways}. Click to list them"


def spread_out(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A picture with its values spread one cell outwards, so that smooth scaling does not fade at the rim."""
    out = picture.copy()
    for axis in (0, 1):
        for step in (1, -1):
            moved = np.roll(picture, step, axis=axis)
            out = np.where(np.isnan(out), moved, out)
    return out
