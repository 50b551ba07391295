"""Tools see a viewport, not the widget: here they work on one that is nothing but numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.gui.image.tools.registry import Tools
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag
from app.gui.state.view_state import Mode
from app.gui.widgets.grey import VoiWindow

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


@dataclass
class Paper:
    """A picture of 80 x 60 pixels, each two screen pixels wide, with one marker at (30, 20)."""

    image: str = "a.png"
    editable: bool = True
    zoom: float = 2.0
    window_level: VoiWindow = field(default_factory=lambda: VoiWindow(100.0, 400.0))
    frame_of_image: Frame | None = field(default_factory=lambda: Frame(60, 80, 64, 64))
    offset: QPointF = field(default_factory=QPointF)
    menus: list[QPointF] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def viewport(self) -> QWidget:
        raise NotImplementedError

    def native_of(self, at: QPointF) -> np.ndarray | None:
        return np.array([at.x(), at.y()]) / self.zoom - 0.5

    def viewport_of(self, x: float, y: float) -> QPointF:
        return QPointF(x + 0.5, y + 0.5) * self.zoom

    def marker_at(self, at: QPointF) -> str:
        return "Apex" if (at - self.viewport_of(30, 20)).manhattanLength() < 12 else ""

    def drawn_at(self, landmark: str) -> np.ndarray:
        return np.array([30.0, 20.0])

    def state_of(self, landmark: str) -> PlacementState | None:
        return PlacementState.PREDICTED

    def set_window(self, window: VoiWindow) -> None:
        self.window_level = window

    def set_zoom(self, zoom: float, fixed: QPointF | None = None) -> None:
        self.zoom = zoom

    def pan(self, pixels: QPointF) -> None:
        self.offset += pixels

    def ask_menu(self, event: QMouseEvent) -> None:
        self.menus.append(event.position())

    def tell(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture
def paper(qapp) -> Paper:
    return Paper()


def begin(
    paper: Paper,
    button: Qt.MouseButton,
    mode: Mode = Mode.NAVIGATE,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    at: QPointF = QPointF(40, 50),  # noqa: B008
) -> Drag:
    event = QMouseEvent(QEvent.Type.MouseButtonPress, at, at, button, button, keys)
    tool = Tools(Controller()).tool_for(button, mode)
    assert tool is not None
    return tool.begin(paper, event)


def test_left_drags_window_and_level_and_cancelling_puts_them_back(paper) -> None:
    drag = begin(paper, LEFT)
    drag.move(QPointF(40 + 100, 50 + 20))
    assert paper.window_level == VoiWindow(120.0, 500.0)  # 400 screen pixels change them by the width at the start
    drag.cancel()
    assert paper.window_level == VoiWindow(100.0, 400.0)


def test_with_ctrl_it_drags_the_middle_greys_alone(paper) -> None:
    begin(paper, LEFT, keys=Qt.KeyboardModifier.ControlModifier).move(QPointF(90, 50 - 400 * np.log(2)))
    assert (paper.window_level.level, paper.window_level.width) == (100.0, 400.0)
    assert paper.window_level.gamma == pytest.approx(2.0)


@pytest.mark.parametrize("mode", list(Mode))
def test_middle_pans_in_any_mode_also_where_a_marker_is(paper, mode) -> None:
    drag = begin(paper, MIDDLE, mode, at=paper.viewport_of(30, 20))
    drag.move(drag.start + QPointF(7, -3))
    drag.move(drag.start + QPointF(9, 4))
    assert paper.offset == QPointF(9, 4)


def test_right_zooms_by_what_was_dragged_however_many_steps_that_took(paper) -> None:
    drag = begin(paper, RIGHT)
    for y in (45, 20, -50):
        drag.move(QPointF(40, y))
    assert paper.zoom == pytest.approx(2.0 * 1.006**100)
    drag.cancel()
    assert paper.zoom == pytest.approx(2.0)


@pytest.mark.parametrize("editable", [True, False])
def test_a_right_click_opens_the_menu_where_something_can_be_done(paper, editable) -> None:
    paper.editable = editable
    drag = begin(paper, RIGHT)
    drag.click(
        QMouseEvent(
            QEvent.Type.MouseButtonRelease,
            QPointF(41, 50),
            QPointF(41, 50),
            RIGHT,
            RIGHT,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert paper.menus == ([QPointF(41, 50)] if editable else [])


def test_a_marker_that_can_not_be_corrected_stays_and_says_why_once(paper) -> None:
    drag = begin(paper, LEFT, Mode.LANDMARK, at=paper.viewport_of(30, 20))  # there is no project at all
    drag.move(QPointF(90, 90))
    drag.move(QPointF(95, 95))
    assert paper.said == ["The project is open for reading only: nothing can be changed."]


def test_other_buttons_do_nothing(paper) -> None:
    assert Tools(Controller()).tool_for(Qt.MouseButton.BackButton, Mode.NAVIGATE) is None
