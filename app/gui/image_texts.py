"""The quiet texts in the corners of the image: name, window, spacing, what is under the mouse, scale bar, sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.core.landmark import ReviewState
from app.gui import structure_review, theme
from app.gui.desk import Mode
from app.gui.markers import draw_text
from app.gui.theme import ON_IMAGE

if TYPE_CHECKING:
    from app.gui.image_view import ImageView

MARGIN = 12.0
REVIEW_WORDS = {
    ReviewState.UNREAD: ("unread", ON_IMAGE.muted),
    ReviewState.IN_PROGRESS: ("in progress", ON_IMAGE.text),
    ReviewState.ACCEPTED: ("accepted · locked", ON_IMAGE.good),
    ReviewState.REJECTED: ("rejected", ON_IMAGE.bad),
    ReviewState.SECOND_OPINION: ("second opinion", ON_IMAGE.caution),
}
BARS_MM = (1, 2, 5, 10, 20, 50, 100, 200)
BARS_PX = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)

Line = tuple[str, str, bool]


def bar_length(zoom: float, mm_per_pixel: float, longest: float = 140) -> tuple[float, str]:
    """Screen length and caption of a round scale bar; in px where the spacing is unknown."""
    if np.isfinite(mm_per_pixel):
        per_unit = zoom / mm_per_pixel
        size = max((b for b in BARS_MM if b * per_unit <= longest), default=BARS_MM[0])
        return size * per_unit, f"{size // 10} cm" if size >= 10 else f"{size} mm"
    size = max((b for b in BARS_PX if b * zoom <= longest), default=BARS_PX[0])
    return size * zoom, f"{size} px"


class ImageTexts:
    """Paints over the image view in screen pixels."""

    def __init__(self, view: ImageView) -> None:
        self._view = view

    def paint(self, painter: QPainter, port: QRectF, mouse: QPointF | None) -> None:
        view = self._view
        desk = view._desk
        if desk.session is None or not desk.image:
            return
        area = port.adjusted(MARGIN, MARGIN - 2, -MARGIN, -MARGIN + 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._block(painter, area, self._top_left(), right=False, bottom=False)
        self._block(painter, area, self._top_right(), right=True, bottom=False)
        if view.grey.picture is None:
            return
        self._block(painter, area, self._bottom_right(mouse), right=True, bottom=True)
        painter.setFont(theme.font(bold=True))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        draw_text(painter, area, "R", align=middle | int(Qt.AlignmentFlag.AlignLeft))
        draw_text(painter, area, "L", align=middle | int(Qt.AlignmentFlag.AlignRight))
        self._scale_bar(painter, area)

    def _top_left(self) -> list[Line]:
        desk = self._view._desk
        entry = desk.open_session().image(desk.image)
        word, colour = REVIEW_WORDS[entry.review]
        lines: list[Line] = [(desk.image, ON_IMAGE.text, True), (word, colour, False)]
        if entry.message:
            lines.append((entry.message, ON_IMAGE.bad, False))
        elif entry.status == "waiting":
            lines.append(("waiting for its prediction", ON_IMAGE.muted, False))
        if entry.suspect:
            lines.append((str(entry.suspect), ON_IMAGE.caution, False))
        if entry.remark:
            lines.append((entry.remark, ON_IMAGE.muted, False))
        for said in entry.structures:
            words = structure_review.sentence(said, desk.open_session().template)
            lines.append((words, ON_IMAGE.bad if said.state is ReviewState.REJECTED else ON_IMAGE.caution, False))
        if entry.note:
            lines.append((f"Note: {entry.note}", ON_IMAGE.text, False))
        if self._view.grey.picture is None and not entry.message:
            lines.append(("loading …", ON_IMAGE.muted, False))
        return lines

    def _top_right(self) -> list[Line]:
        view = self._view
        if view.grey.picture is None:
            return []
        window = view.grey.window
        inverted = " · inverted" if view.invert else ""
        lines: list[Line] = [(f"W {window.width:.0f}  L {window.level:.0f}{inverted}", ON_IMAGE.text, False)]
        frame = view.frame_of_image
        spacing = frame.spacing if frame is not None else None
        if frame is None or spacing is None:
            lines.append(("pixel size unknown", ON_IMAGE.muted, False))
        else:
            mm = frame.mm_per_pixel
            lines.append((f"{mm:.3g} mm/px · {spacing.provenance.value}", ON_IMAGE.muted, False))
        lines.append((f"{view.zoom * 100:.0f} %", ON_IMAGE.muted, False))
        if view._desk.mode == Mode.LANDMARK:
            lines.append(("Landmark mode: drag corrects", ON_IMAGE.accent, False))
        return lines

    def _bottom_right(self, mouse: QPointF | None) -> list[Line]:
        view = self._view
        xy = view.native_of(mouse) if mouse is not None else None
        if xy is None or view.frame_of_image is None or not view.frame_of_image.contains(xy):
            return []
        value = view.grey.picture.value(float(xy[0]), float(xy[1])) if view.grey.picture else None
        grey = "" if value is None else f"  grey {value:.0f}"
        lines: list[Line] = [(f"x {xy[0]:.1f}  y {xy[1]:.1f} px{grey}", ON_IMAGE.text, False)]
        spot = view._desk.spot
        if spot is not None and spot.source == "image":
            title = view._desk.open_session().template.structure(spot.structure).title.lower()
            lines.append((f"{title}  u {spot.uv[0]:.2f}  v {spot.uv[1]:.2f}", ON_IMAGE.text, False))
        return lines

    def _block(self, painter: QPainter, area: QRectF, lines: list[Line], right: bool, bottom: bool) -> None:
        height = 20.0
        top = area.bottom() - height * len(lines) if bottom else area.top()
        align = Qt.AlignmentFlag.AlignVCenter | (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft)
        for i, (text, colour, bold) in enumerate(lines):
            painter.setFont(theme.font(small=not bold, bold=bold))
            width = area.width() * (0.4 if right else 0.6)
            left = area.right() - width if right else area.left()
            short = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, width)
            draw_text(painter, QRectF(left, top + i * height, width, height), short, colour, align)

    def _scale_bar(self, painter: QPainter, area: QRectF) -> None:
        view = self._view
        mm = view.frame_of_image.mm_per_pixel if view.frame_of_image else float("nan")
        length, caption = bar_length(view.zoom, mm)
        y = area.bottom() - 26
        left = area.left()
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(ON_IMAGE.text), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(left, y), QPointF(left + length, y))
            for x in (left, left + length):
                painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
        painter.setFont(theme.font(small=True))
        draw_text(painter, QRectF(left + 2, y + 7, 120, 18), caption)
