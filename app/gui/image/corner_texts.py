"""The quiet texts in the corners of the image: name, window, spacing, what is under the mouse, scale bar, sides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.core.landmark import PlacementState, ReviewState
from app.core.laterality import has_sides
from app.core.orientation import AS_STORED
from app.gui.image.pointing import Pointing
from app.gui.image.turn import Side, Turn
from app.gui.image.viewport import Surface
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode
from app.gui.widgets import theme
from app.gui.widgets.cached_pictures import paint_text, text_size
from app.gui.widgets.markers import draw_text
from app.gui.widgets.theme import ON_IMAGE
from app.store.row_types import StructureReview

if TYPE_CHECKING:
    from app.core.frame import Frame
    from app.core.template import Template
    from app.project.session import ImageEntry

MARGIN = 12.0
REVIEW_WORDS = {
    ReviewState.UNREAD: ("unread", ON_IMAGE.muted),
    ReviewState.IN_PROGRESS: ("in progress", ON_IMAGE.text),
    ReviewState.ACCEPTED: ("accepted · locked", ON_IMAGE.good),
    ReviewState.REJECTED: ("rejected", ON_IMAGE.bad),
    ReviewState.SECOND_OPINION: ("second opinion", ON_IMAGE.caution),
}
LINE = 20.0
READ_ONLY = "open for reading only"
SIDE_BY_SIDE = 368.0
"""In a narrower view the texts of the right corner stand below those of the left one."""
BAR_PIXELS = 140.0
"""The longest scale bar on the screen."""
BARS_MM = (1, 2, 5, 10, 20, 50, 100, 200)
BARS_PX = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)

_MIDDLE, _CENTRE = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
_EDGES: dict[Side, Qt.AlignmentFlag] = {
    "left": _MIDDLE | Qt.AlignmentFlag.AlignLeft,
    "right": _MIDDLE | Qt.AlignmentFlag.AlignRight,
    "top": _CENTRE,
    "bottom": Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
}

Line = tuple[str, str, bool]


def read_out(xy: Sequence[float], grey: float | None, frame: Frame) -> tuple[str, str]:
    """A place in words: native pixels with the grey value, and mm with their provenance (empty where unknown)."""
    value = "" if grey is None else f"  grey {grey:.0f}"
    pixels = f"x {xy[0]:.1f}  y {xy[1]:.1f} px{value}"
    if frame.spacing is None:
        return pixels, ""
    x, y = frame.to_mm(xy)
    return pixels, f"{x:.1f}, {y:.1f} mm {frame.spacing.provenance.value}"


def fold(text: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """A text in lines that fit; a single word that does not is cut."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(metrics.elidedText(word, Qt.TextElideMode.ElideMiddle, width))
    return lines


@lru_cache(maxsize=256)
def _folded(text: str, bold: bool, width: float) -> tuple[str, ...]:
    return tuple(fold(text, QFontMetricsF(theme.font(small=not bold, bold=bold)), width))


def bar_length(zoom: float, mm_per_pixel: float, longest: float = BAR_PIXELS) -> tuple[float, str]:
    """Screen length and caption of a round scale bar; in px where the spacing is unknown."""
    if np.isfinite(mm_per_pixel):
        per_unit = zoom / mm_per_pixel
        size = max((b for b in BARS_MM if b * per_unit <= longest), default=BARS_MM[0])
        return size * per_unit, f"{size // 10} cm" if size >= 10 else f"{size} mm"
    size = max((b for b in BARS_PX if b * zoom <= longest), default=BARS_PX[0])
    return size * zoom, f"{size} px"


class ImageTexts:
    """Paints over the image view in screen pixels.

    Attributes
    ----------
    suspicion_is_told : bool
        Whether what makes the image suspect stands elsewhere already.
    taken : tuple of float
        Width and height of what something else takes of the top right corner, screen pixels.
    boxes : list of QRectF
        Where texts stand that do not follow the mouse; names of landmarks go elsewhere.
    """

    def __init__(self, view: Surface, pointing: Pointing, controller: Controller) -> None:
        self._view, self._pointing, self._controller = view, pointing, controller
        self.suspicion_is_told = False
        self.taken = 0.0, 0.0
        self.boxes: list[QRectF] = []

    def paint(self, painter: QPainter, port: QRectF) -> None:
        """Paint all texts into the viewport."""
        self.boxes = []
        view, session = self._view, self._controller.session
        area = port.adjusted(MARGIN, MARGIN - 2, -MARGIN, -MARGIN + 2)
        if session is None or not view.image:
            painter.setFont(theme.font())
            painter.setPen(QColor(ON_IMAGE.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, view.nothing)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        texts = self._controller.look.texts
        lines, (wide, high) = self._wanted(self._top_left()), self.taken
        beside_it = wide and max(map(_advance, lines), default=0.0) > area.width() - wide
        at = area.adjusted(0, high, 0, 0) if beside_it else area
        below = self._block(painter, at, lines, right=False, bottom=False)
        under = area.adjusted(0, high, 0, 0)
        there = under if area.width() >= SIDE_BY_SIDE else area.adjusted(0, below - area.top(), 0, 0)
        below = max(below, self._block(painter, there, self._wanted(self._top_right()), right=True, bottom=False))
        if view.grey.picture is None or self._passing:
            return
        self._turn_sign(painter, QRectF(area.left(), below + 4, area.width(), LINE))
        if not texts:
            return
        beside = area.width() > 3 * BAR_PIXELS  # else the read-out stands above the scale bar
        over = area if beside else area.adjusted(0, 0, 0, -44)
        self._block(painter, over, self._bottom_right(), right=True, bottom=True)
        entry = self._entry
        if has_sides(session.template) and entry.status == "predicted" and not entry.suspect:  # else nobody knows them
            painter.setFont(theme.font(bold=True))
            # A patient's right is on the left of the image as read (design 2).
            x, y = np.array([-1, 0]) @ view.orientation.linear
            for letter, sign in (("R", 1), ("L", -1)):
                draw_text(painter, area, letter, align=_EDGES[view.turn.side(sign * x, sign * y)])
        self._scale_bar(painter, area)

    def _wanted(self, lines: list[Line]) -> list[Line]:
        """All lines, or only the warnings where the reader has switched the texts off."""
        if self._controller.look.texts:
            return lines
        return [line for line in lines if line[1] in (ON_IMAGE.bad, ON_IMAGE.caution)]

    @property
    def _passing(self) -> bool:
        """Whether this image is only stepped over: its name is all that can be read in so short a time."""
        return self._controller.passing and self._view.image == self._controller.image

    @property
    def _entry(self) -> ImageEntry:
        """What is known of the image: what its markers were drawn with, before that what the session says."""
        stored = self._view.drawn.stored
        if stored.entry is not None and stored.image == self._view.image:
            return stored.entry
        return self._controller.open_session().image(self._view.image)

    def _turn_sign(self, painter: QPainter, box: QRectF) -> None:
        """Plainly: what is seen is not what is stored, or not as it is read."""
        as_read = Turn.of(self._view.orientation)
        if self._view.turn == (as_read.mirror() if self._view.pane.mirrored else as_read):
            return
        words = self._view.turn.words or "as stored"
        painter.setFont(theme.font(bold=True))
        draw_text(painter, box, f"View {words}", ON_IMAGE.caution, Qt.AlignmentFlag.AlignCenter)

    def _unnamed(self) -> list[Line]:
        """What may be seen by everybody: which image of how many, whether it is decided, whether it looks odd."""
        session, entry = self._controller.open_session(), self._entry
        place = session.images.index(self._view.image) + 1
        word, colour = REVIEW_WORDS[entry.review]
        lines: list[Line] = [(f"Image {place} of {len(session.images)}", ON_IMAGE.text, True), (word, colour, False)]
        if entry.message or self._view.trouble:
            lines.append(("It cannot be shown.", ON_IMAGE.bad, False))
        if self._view.orientation != AS_STORED:
            lines.append((f"orientation: {self._view.orientation.words}", ON_IMAGE.caution, False))
        if entry.suspect and not self.suspicion_is_told:
            lines.append((str(entry.suspect), ON_IMAGE.caution, False))
        return lines

    def _top_left(self) -> list[Line]:
        if self._controller.look.private:
            return self._unnamed()
        if self._passing:
            return [(self._view.image, ON_IMAGE.text, True)]
        entry = self._entry
        word, colour = REVIEW_WORDS[entry.review]
        lines: list[Line] = [(entry.name, ON_IMAGE.text, True), (word, colour, False)]
        if trouble := entry.message or self._view.trouble:
            lines.append((trouble, ON_IMAGE.bad, False))
        elif entry.status == "waiting":
            lines.append(("waiting for its prediction", ON_IMAGE.muted, False))
        if self._view.orientation != AS_STORED:
            lines.append((f"orientation: {self._view.orientation.words}", ON_IMAGE.caution, False))
        if later := self._view.drawn.stored.later:
            lines.append((f"{later} new since accepted · Review, Show what is new", ON_IMAGE.caution, False))
        if entry.suspect and not self.suspicion_is_told:
            lines.append((str(entry.suspect), ON_IMAGE.caution, False))
        if entry.remark:
            doubtful = entry.changed_since_accepted or entry.replaced  # what is drawn may belong to another picture
            lines.append((entry.remark, ON_IMAGE.caution if doubtful else ON_IMAGE.muted, False))
        for said in entry.structures:
            words = _review_sentence(said, self._controller.open_session().template)
            lines.append((words, ON_IMAGE.bad if said.state is ReviewState.REJECTED else ON_IMAGE.caution, False))
        if entry.note:
            lines.append((f"Note: {entry.note}", ON_IMAGE.text, False))
        if self._view.awaited:
            lines.append((f"next: {self._view.awaited}, loading …", ON_IMAGE.text, False))
        if self._view.grey.picture is None and not trouble:
            lines.append(("loading …", ON_IMAGE.muted, False))
        return lines

    def _top_right(self) -> list[Line]:
        view = self._view
        if view.grey.picture is None or self._passing:
            return []
        window = view.grey.voi_window
        gamma = f"  γ {window.gamma:.2f}" if window.gamma != 1 else ""
        inverted = " · inverted" if view.invert else ""
        words = f"W {window.width:.0f}  L {window.level:.0f}{gamma}{inverted}"
        # Of a preview the greys are none of the file's: there is no window to tell.
        lines: list[Line] = [] if view.grey.picture.coarse else [(words, ON_IMAGE.text, False)]
        frame = view.frame_of_image
        spacing = frame.spacing if frame is not None else None
        if frame is None or spacing is None:
            lines.append(("pixel size unknown", ON_IMAGE.muted, False))
        else:
            size = f"{spacing.column_mm:.3g}"
            if spacing.row_mm != spacing.column_mm:
                size += f" x {spacing.row_mm:.3g}"
            lines.append((f"{size} mm/px · {spacing.provenance.value}", ON_IMAGE.muted, False))
        lines.append((f"{view.zoom * 100:.0f} %", ON_IMAGE.muted, False))
        if view.editable and self._controller.state.outline is not None:
            lines += [("Enter closes · Esc", ON_IMAGE.accent, False), ("Backspace: one back", ON_IMAGE.accent, False)]
        if view.drawn.overlay.compared and self._controller.look.texts:
            lines.append(("dashed: predicted", ON_IMAGE.text, False))
            lines += [("green: added", ON_IMAGE.good, False), ("red: taken away", ON_IMAGE.bad, False)]
        if view.editable and self._controller.mode == Mode.LANDMARK:
            lines.append((self._landmark_hint(), ON_IMAGE.accent, False))
        return lines

    def _landmark_hint(self) -> str:
        session, landmark = self._controller.session, self._controller.landmark
        if session is not None and session.read_only:
            return READ_ONLY
        if self._entry.review is ReviewState.ACCEPTED:
            return "locked: reopen it first (Review menu)"  # “accepted · locked” stands in the other corner
        if not landmark:
            return "double click: a new landmark"
        state = self._view.state_of(landmark)
        if state in (None, PlacementState.ABSENT):
            return f"click to place “{landmark}”"
        return "drag corrects · arrows nudge"

    def _bottom_right(self) -> list[Line]:
        view, pointing = self._view, self._pointing
        frame = view.frame_of_image
        xy = view.native_of(pointing.mouse) if pointing.mouse is not None else None
        if xy is None or frame is None or not frame.contains(xy):
            return []
        value = view.grey.picture.value(float(xy[0]), float(xy[1])) if view.grey.picture else None
        pixels, mm = read_out(xy.tolist(), value, frame)
        lines: list[Line] = []
        if pointing.spot is not None:
            structure, (u, v) = pointing.spot.structure, pointing.spot.uv
            title = self._controller.open_session().template.structure(structure).title.lower()
            if len(pointing.under) > 1:
                place = f"{pointing.under.index(structure) + 1} of {len(pointing.under)} here"
                lines.append((f"{place} · Tab: the next", ON_IMAGE.muted, False))
            lines.append((f"{title}  u {u:.2f}  v {v:.2f}", ON_IMAGE.text, False))
        lines.append((pixels, ON_IMAGE.text, False))
        return [*lines, (mm, ON_IMAGE.text, False)] if mm else lines

    def _block(self, painter: QPainter, area: QRectF, lines: list[Line], right: bool, bottom: bool) -> float:
        """Paint lines into a corner, folded where they are too long; returns where the block ends.

        What the mouse points at is looked at, perhaps the film's own side marker: there the block makes way.
        """
        narrow = max(0.4 * area.width(), 184)
        alone = bottom or area.width() < SIDE_BY_SIDE
        width = area.width() if alone else narrow if right else area.width() - narrow
        folded: list[Line] = []
        for line in lines:
            fits = _advance(line) <= width
            folded += [line] if fits else [(part, *line[1:]) for part in _folded(line[0], line[2], width)]
        top = area.bottom() - LINE * len(folded) if bottom else area.top()
        left = area.right() - width if right else area.left()
        longest = max((_advance(line) for line in folded), default=0.0)
        box = QRectF(area.right() - longest if right else left, top, longest, LINE * len(folded))
        if folded and not bottom:
            self.boxes.append(box)
        mouse = self._pointing.mouse
        if mouse is not None and not bottom and box.adjusted(-LINE, -LINE, LINE, LINE).contains(mouse):
            return top + LINE * len(folded)
        for i, (text, colour, bold) in enumerate(folded):
            at = QRectF(left, top + i * LINE, width, LINE)
            paint_text(painter, at, text, colour, small=not bold, bold=bold, right=right)
        return top + LINE * len(folded)

    def _scale_bar(self, painter: QPainter, area: QRectF) -> None:
        view = self._view
        length, caption = bar_length(view.zoom, view.mm_across)
        y = area.bottom() - 26
        left = area.left()
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(ON_IMAGE.text), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(left, y), QPointF(left + length, y))
            for x in (left, left + length):
                painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
        paint_text(painter, QRectF(left + 2, y + 7, 120, 18), caption, small=True)


def _advance(line: Line) -> float:
    text, _, bold = line
    return text_size(text, small=not bold, bold=bold)[0]


def _review_sentence(said: StructureReview, template: Template) -> str:
    """One review of a structure with its reason: “Heart rejected: mask leaks”."""
    words = f"{template.structure(said.structure).title} {said.state.value.replace('_', ' ')}"
    return f"{words}: {said.note}" if said.note else words
