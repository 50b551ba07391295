"""The template's structures: colour, confidence in this image, a switch each; the chosen one shows its uv colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.landmark import ReviewState
from app.core.masks import MaskState
from app.core.prediction import confidence, reachable
from app.core.template import Structure
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode, Spot
from app.gui.widgets import theme
from app.gui.widgets.drawing import draw_eye, draw_focus, with_pattern
from app.gui.widgets.key_button import keeps_key
from app.project.changes import Change, LandmarksChanged, PlacementsChanged, ReviewsChanged

if TYPE_CHECKING:
    from app.project.session import Session
    from app.store.row_types import StructureReview

ROW = 26
EYE = 28
NOWHERE, ALL = -2, -1
"""Rows that are none, and the one above the structures."""


def mean_confidences(session: Session, image: str) -> dict[str, float]:
    """Confidence of each structure in one image: of its nodes' median expected error. Absent ones are left out."""
    prediction, frame = session.prediction(image), session.image(image).frame
    if prediction is None or frame is None:
        return {}
    found = {}
    for c, structure in enumerate(session.template.structures):
        if prediction.present[c]:
            error = float(np.median(prediction.expected_error[c][reachable(structure)]))
            found[structure.name] = float(confidence(error, frame.diagonal))
    return found


def corrected_masks(session: Session, image: str) -> dict[str, str]:
    """What readers said of the masks of one image, in a word each."""
    masks = session.masks(image)
    return {
        name: MaskState.ABSENT if said.native is None else MaskState.CORRECTED for name, said in masks.by_reader.items()
    }


class StructureList(QWidget):
    """One painted row for all and one per structure: a click chooses it for the uv colours, its eye switches it."""

    heightChanged = Signal()

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("structureList")
        self.setAccessibleName("Structures")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Click a structure to see its uv colours, its eye to switch it. Shift+H switches all.\n"
            "M edits the mask of the chosen one; uv colours are the model’s"
        )
        self._controller = controller
        self._confidence: dict[str, float] = {}
        self._said: dict[str, StructureReview] = {}
        self._corrected: dict[str, str] = {}
        self._over, self._pointed = NOWHERE, ""
        controller.sessionChanged.connect(self._on_session)
        controller.imageChanged.connect(self._collect)
        controller.changed.connect(self._on_change)
        controller.structureChanged.connect(self.update)
        controller.spotChanged.connect(self._show_pointed)
        controller.lookChanged.connect(self.update)
        controller.modeChanged.connect(self.update)

    def _show_pointed(self, spot: Spot | None) -> None:
        """Light up the structure under the mouse; most of its ways lie within one."""
        name = spot.structure if spot is not None else ""
        if name != self._pointed:
            self._pointed = name
            self.update()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, PlacementsChanged | LandmarksChanged) and not isinstance(change, ReviewsChanged):
            return  # confidences and reviews of structures do not depend on points
        if not change.images or self._controller.image in change.images:
            self._collect()

    def _structures(self) -> tuple[Structure, ...]:
        return self._controller.session.template.structures if self._controller.session else ()

    def _on_session(self) -> None:
        self._collect()
        self.updateGeometry()
        self.update()

    def _collect(self, *_: object) -> None:
        session, image = self._controller.session, self._controller.image
        there = session is not None and image in session.images  # it may just have been removed
        self._confidence = mean_confidences(session, image) if session is not None and there else {}
        said = session.image(image).structures if session is not None and there else ()
        self._said = {review.structure: review for review in said if review.state is not ReviewState.IN_PROGRESS}
        self._corrected = corrected_masks(session, image) if session is not None and there else {}
        self.update()

    def sizeHint(self) -> QSize:
        count = len(self._structures())
        return QSize(240, ROW * (count + 1) if count else 0)

    def row_at(self, y: float) -> int:
        """The structure under a height, or `ALL`, or `NOWHERE`."""
        row = int(y // ROW) - 1
        return row if row < len(self._structures()) else NOWHERE

    def toggle(self, name: str) -> None:
        """Switch a structure on or off; while all are off, show this one alone."""
        look = self._controller.look
        if look.structures:
            self._controller.set_look(hidden=look.hidden ^ {name})
        else:
            self._controller.set_look(structures=True, hidden={s.name for s in self._structures()} - {name})

    def toggle_all(self) -> None:
        """Hide all structures, or show what was hidden."""
        look = self._controller.look
        if look.structures and not look.hidden:
            self._controller.set_look(structures=False)
        else:
            self._controller.set_look(structures=True, hidden=frozenset())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        row = self.row_at(event.position().y())
        if row == ALL:
            self.toggle_all()
        if row < 0:
            return
        name = self._structures()[row].name
        if event.position().x() > self.width() - EYE - 12:
            self.toggle(name)
        elif self._controller.mode is Mode.MASK:
            self._controller.choose_structure(name)
        elif name == self._controller.structure and self._controller.look.uv:
            self._controller.set_look(uv=False)
        else:
            self._controller.choose_structure(name)
            self._controller.set_look(uv=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._over = self.row_at(event.position().y())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = NOWHERE
        self.update()

    def event(self, event: QEvent) -> bool:
        if keeps_key(event, (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space)):
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        names = [s.name for s in self._structures()]
        if not names:
            return
        row = names.index(self._controller.structure) if self._controller.structure in names else 0
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self._controller.choose_structure(names[min(max(row + step, 0), len(names) - 1)])
        elif event.key() == Qt.Key.Key_Space:
            self.toggle(names[row])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._structures():
            self._paint_all(painter)
        look = self._controller.look
        for i, structure in enumerate(self._structures()):
            rect = self.row_rect(i)
            chosen = structure.name == self._controller.structure and (look.uv or self._controller.mode is Mode.MASK)
            if chosen or structure.name == self._pointed or i == self._over:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(theme.SELECTED if chosen else theme.RAISED))
                painter.drawRoundedRect(rect.adjusted(4, 1, -4, -1), 4, 4)
            hidden = not look.shows(structure.name)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.LINE if hidden else structure.colour))
            if look.patterns and not hidden:  # a piece of its outline
                painter.setPen(with_pattern(QPen(QColor(structure.colour), 2), i))
                painter.drawLine(QPointF(8, rect.center().y() + 1), QPointF(30, rect.center().y() + 1))
            else:
                painter.drawRoundedRect(QRectF(12, rect.center().y() - 5, 12, 12), 3, 3)
            painter.setFont(theme.font())
            painter.setPen(QColor(theme.MUTED if hidden else theme.TEXT))
            middle = int(Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(rect.adjusted(36, 0, -96, 0), middle, structure.title)
            words, colour = self.remark(structure.name)
            painter.setPen(QColor(colour))
            painter.setFont(theme.font(small=True))
            numbers = rect.adjusted(0, 0, -EYE - 16, 0)
            painter.drawText(numbers, middle | int(Qt.AlignmentFlag.AlignRight), words)
            draw_eye(painter, _eye(rect), not hidden)
        if self.hasFocus():
            draw_focus(painter, self.rect())
        painter.end()

    def remark(self, name: str) -> tuple[str, str]:
        """What stands beside a structure, and its colour: a reader's word before the confidence."""
        if name in self._said:
            state = self._said[name].state
            return state.value.replace("_", " "), theme.BAD if state is ReviewState.REJECTED else theme.CAUTION
        if name in self._corrected:
            return self._corrected[name], theme.TEXT
        value = self._confidence.get(name)
        return f"{value:.2f}" if value is not None else "absent" if self._confidence else "", theme.MUTED

    def row_rect(self, row: int) -> QRect:
        """Where the row of a structure is, or that of `ALL`."""
        return QRect(0, (row + 1) * ROW, self.width(), ROW)

    def _paint_all(self, painter: QPainter) -> None:
        rect, look = self.row_rect(ALL), self._controller.look
        if self._over == ALL:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.RAISED))
            painter.drawRoundedRect(rect.adjusted(4, 1, -4, -1), 4, 4)
        painter.setFont(theme.font())
        painter.setPen(QColor(theme.MUTED))
        painter.drawText(rect.adjusted(36, 0, -96, 0), int(Qt.AlignmentFlag.AlignVCenter), "All")
        draw_eye(painter, _eye(rect), look.structures and not look.hidden)


def _eye(rect: QRect) -> QRectF:
    return QRectF(rect.right() - 12 - 16, rect.y() + 5, 16, 16)
