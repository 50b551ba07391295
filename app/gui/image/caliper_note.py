"""Calipers on an image: the lines of measurements with their values beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from app.core.frame import Points
from app.gui.image.annotations import PLATE
from app.gui.image.viewport import Viewport
from app.gui.widgets import theme
from app.gui.widgets.markers import HIT_RADIUS
from app.gui.widgets.palette import ON_IMAGE

TICK = 7.0
"""Half the length of what ends a line, in screen pixels."""
BESIDE = 10.0
GRIP = 4.0
"""Radius of what can be dragged, in screen pixels."""
CLOSE = 16.0
"""Lines that are nearer to each other are moved apart, in screen pixels."""


class CaliperLine(NamedTuple):
    """Lines and guides in native pixels, and what stands beside the first line.

    Of a width or a height also of what, along which axis of the file, between which `places` [2, 2], and whether a
    reader said so.
    """

    lines: tuple[Points, ...]
    guides: tuple[Points, ...]
    words: str
    shape: str = ""
    axis: int | None = None
    places: Points | None = None
    corrected: bool = False


class Grip(NamedTuple):
    """An end of a caliper that can be dragged: by the line, along which it `slides`, or by the border."""

    caliper: CaliperLine
    end: int
    slides: bool


class CaliperNote:
    """The calipers of one image; they are painted wherever it is shown.

    Parameters
    ----------
    image : str
    calipers : sequence of CaliperLine
    grips : bool
        Whether the ends of widths and heights can be dragged where the image is editable, and look so.
    """

    def __init__(self, image: str, calipers: Sequence[CaliperLine], grips: bool = False) -> None:
        self.image, self.calipers, self._grips = image, calipers, grips

    def _ends(self, view: Viewport) -> Iterator[tuple[Grip, QPointF]]:
        """What can be dragged, and where it is on the screen."""
        if not self._grips or not view.editable:
            return
        shown = _apart([_Shown.of(one, view) for one in self.calipers])
        for one, drawn in zip(self.calipers, shown, strict=True):
            if one.places is None or len(drawn.guides) != 2:
                continue
            for end, guide in enumerate(drawn.guides):
                yield Grip(one, end, slides=True), guide[-1]
                yield Grip(one, end, slides=False), guide[0]

    def grip_at(self, view: Viewport, at: QPointF) -> Grip | None:
        """The end that is closest to a position, None where none is close."""
        near = [(QLineF(at, place).length(), grip) for grip, place in self._ends(view)]
        distance, grip = min(near, key=lambda one: one[0], default=(HIT_RADIUS + 1, None))
        return grip if distance <= HIT_RADIUS else None

    def paint(self, painter: QPainter, view: Viewport) -> None:
        """See `Annotation`."""
        if view.image != self.image:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        drawn = _apart([_Shown.of(one, view) for one in self.calipers])
        for colour, add in ((QColor(0, 0, 0, 170), 2.0), (QColor(ON_IMAGE.accent), 0.0)):
            for one in drawn:
                painter.setPen(QPen(colour, 1.0 + add, Qt.PenStyle.DashLine if not add else Qt.PenStyle.SolidLine))
                for guide in one.guides:
                    painter.drawPolyline(QPolygonF(guide))
                painter.setPen(QPen(colour, 2.0 + add))
                for line in one.lines:
                    _draw(painter, line)
        for grip, place in self._ends(view):
            painter.setPen(QPen(QColor(0, 0, 0, 170), 1.0))
            painter.setBrush(QColor(ON_IMAGE.accent if grip.caliper.corrected else ON_IMAGE.text))
            painter.drawEllipse(place, GRIP, GRIP)
        taken: list[QRectF] = []
        for one in drawn:
            taken.append(_write(painter, one, QRectF(view.viewport().rect()), taken))


class _Shown(NamedTuple):
    """A caliper in screen pixels."""

    lines: list[list[QPointF]]
    guides: list[list[QPointF]]
    words: str

    @classmethod
    def of(cls, one: CaliperLine, view: Viewport) -> _Shown:
        lines, guides = ([_on_screen(line, view) for line in each] for each in (one.lines, one.guides))
        return cls(lines, guides, one.words)

    @property
    def box(self) -> QRectF:
        """Around the lines."""
        return QPolygonF([at for line in self.lines for at in line]).boundingRect()


def _apart(shown: Sequence[_Shown]) -> list[_Shown]:
    """Lines that lie on each other are moved apart where guides lead to them: down, or to the right."""
    done: list[_Shown] = []
    for one in shown:
        box, step = one.box, QPointF()
        if len(one.guides) == 2 and box.width() + box.height() > 0:
            down = QPointF(0, CLOSE) if box.width() > box.height() else QPointF(CLOSE, 0)
            around = CLOSE - 1
            for _ in done:
                moved = box.translated(step).adjusted(-around, -around, around, around)
                if any(len(other.guides) == 2 and moved.intersects(other.box.adjusted(0, 0, 1, 1)) for other in done):
                    step += down
        lines = [[at + step for at in line] for line in one.lines]
        guides = [[line[0], line[-1] + step] for line in one.guides if len(line) > 1]
        done.append(_Shown(lines, guides, one.words))
    return done


def _on_screen(line: Points, view: Viewport) -> list[QPointF]:
    return [view.viewport_of(float(x), float(y)) for x, y in line[np.isfinite(line).all(axis=1)]]


def _draw(painter: QPainter, line: list[QPointF]) -> None:
    """A line with a tick across it at both ends."""
    painter.drawPolyline(QPolygonF(line))
    if len(line) < 2:
        return
    for end, before in ((0, 1), (-1, -2)):
        along = QLineF(line[before], line[end])
        if along.length() > 0:
            across = along.normalVector().unitVector()
            step = QPointF(across.dx(), across.dy()) * TICK
            painter.drawLine(line[end] - step, line[end] + step)


def _write(painter: QPainter, one: _Shown, port: QRectF, taken: Sequence[QRectF]) -> QRectF:
    """The words beside the middle of the first line, below others that stand there; returns where."""
    first = one.lines[0]
    if not first:
        return QRectF()
    # Three points are an angle: its words stand at the corner.
    middle = first[1] if len(first) == 3 else (first[0] + first[-1]) / 2
    metrics = QFontMetricsF(theme.font(bold=True))
    box = QRectF(0, 0, metrics.horizontalAdvance(one.words) + 16, metrics.height() + 6)
    steep = abs(first[-1].y() - first[0].y()) > abs(first[-1].x() - first[0].x())
    box.moveTo(
        middle + (QPointF(BESIDE, -box.height() / 2) if steep else QPointF(-box.width() / 2, BESIDE)),
    )
    box.moveLeft(min(max(box.left(), port.left() + 4), port.right() - 4 - box.width()))
    box.moveTop(min(max(box.top(), port.top() + 4), port.bottom() - 4 - box.height()))
    for other in taken:
        if box.intersects(other):
            box.moveTop(other.bottom() + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(ON_IMAGE.text))
    painter.setFont(theme.font(bold=True))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, one.words)
    return box
