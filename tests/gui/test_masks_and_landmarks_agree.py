"""What masks and landmarks say of each other: in the image, the lists, the sheet and the sentences."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.core.landmark import PlacementState
from app.gui.application import App
from app.gui.state.view_state import Mode
from tests.gui.conftest import name_landmark


@pytest.fixture
def apex(app: App, qtbot) -> App:
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    app.window.controller.choose_structure("heart")
    app.window.image_view.setFocus()
    return app


def marker(app: App, name: str = "Apex"):
    return next(m for m in app.window.image_view.markers.markers if m.name == name)


def test_an_absent_structure_takes_its_landmarks_along_everywhere_and_gives_them_back(apex: App, qtbot) -> None:
    window, image = apex.window, apex.window.controller.image
    before = marker(apex)
    assert before.state is PlacementState.PREDICTED
    window.actions_["maskAbsent"].trigger()
    assert marker(apex).state is PlacementState.ABSENT
    assert marker(apex).xy == pytest.approx(before.xy), "it is crossed out where it was"
    assert window.contact_sheet.words_of(image)[0] == "absent"
    qtbot.waitUntil(lambda: window.landmark_table.landmarks.counts("Apex").absent == 1)
    assert window.worklist.model.row(image).words.endswith(" · 1 absent")
    window.actions_["undo"].trigger()
    assert marker(apex).state is PlacementState.PREDICTED
    window.actions_["redo"].trigger()
    window.actions_["resetMask"].trigger()
    assert marker(apex).state is PlacementState.PREDICTED
    assert window.contact_sheet.words_of(image)[0] != "absent"


def test_the_window_tells_which_contour_points_lie_off_a_corrected_outline(apex: App) -> None:
    window, session, image = apex.window, apex.window.controller.session, apex.window.controller.image
    bar = window.findChild(type(window.toolbar).__mro__[1], "maskBar")
    window.actions_["maskPush"].trigger()
    assert bar.words.text() == "Heart: predicted"
    placed = {p.landmark.name: p.xy for p in session.placements_in(image) if p.landmark.structure == "heart"}
    middle = np.mean([placed[f"heart_{i:02d}"] for i in range(26)], axis=0)
    session.move_placement(image, "heart_05", tuple(placed["heart_05"] + 0.35 * (placed["heart_05"] - middle)))
    assert bar.words.text() == "Heart: predicted · 1 contour point off"
    told: list[str] = []
    window.controller.said.connect(told.append)
    window.actions_["maskThroughPoints"].trigger()
    off = session.off_outline(image, "heart")
    assert off
    assert "heart_05" not in off, "the outline runs through it now"
    assert {"heart_04", "heart_06"} & set(off), "its neighbours stay where they were predicted"
    assert told == [
        f"The outline runs through what you corrected. {len(off)} contour points are off it now: editing a mask moves "
        "no landmark. Exports mark them."
    ]
    assert bar.words.text() == f"Heart: corrected · {len(off)} contour points off"
    words = window.image_view.image_input.words_of
    window.controller.choose_landmark(off[0])
    assert words(off[0]) == (
        f"{off[0]}: predicted\nThe outline was corrected; this point stays where it is, since editing a mask moves no "
        "landmark."
    )
    window.actions_["resetMask"].trigger()
    assert session.off_outline(image, "heart") == ("heart_05",)


def test_a_confirmed_point_tells_that_it_had_been_moved_and_by_whom(apex: App) -> None:
    window, session, image = apex.window, apex.window.controller.session, apex.window.controller.image
    words = window.image_view.image_input.words_of
    session.set_spacing(image, 0.5, 0.25)
    x, y = session.placements("Apex").xy[session.images.index(image)]
    session.confirm_placement(image, "Apex")
    assert words("Apex") == "Apex: confirmed by Tester"
    session.move_placement(image, "Apex", (x + 12, y - 8))
    session.confirm_placement(image, "Apex")
    assert words("Apex") == "Apex: confirmed by Tester, 5.0 mm from its prediction"
    assert marker(apex).state is PlacementState.CONFIRMED


def test_uv_colours_can_not_be_asked_for_where_none_are_drawn(apex: App, qtbot) -> None:
    window, action = apex.window, apex.window.actions_["uvColours"]
    assert action.isChecked()
    window.actions_["maskMode"].trigger()
    assert not action.isChecked()
    assert not action.isEnabled()
    list_ = window.structures
    row = [s.name for s in window.controller.session.template.structures].index("heart")
    for _ in range(2):
        qtbot.mouseClick(list_, Qt.MouseButton.LeftButton, pos=list_.row_rect(row).center())
    assert window.controller.structure == "heart"
    window.actions_["navigate"].trigger()
    assert window.controller.mode is Mode.NAVIGATE
    assert action.isChecked()
    assert action.isEnabled()
