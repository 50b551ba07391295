"""Review signs, confidence colours and structure swatches, looked up in the grabbed lists."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor

from app.core.landmark import ReviewState
from app.core.prediction import confidence
from app.gui.widgets import theme
from tests.gui.conftest import name_landmark
from tests.gui.test_what_is_drawn_on_the_image import array_of, near, shot_of

PALETTE = {"good": "#3fb68b", "caution": "#e0a33a", "bad": "#e5604d", "muted": "#8b949e"}  # design 10


def row_of(app, name: str) -> np.ndarray:
    """A row of the worklist as it is painted, [56, w, 3]; nothing is chosen in it."""
    rows = app.window.worklist.list
    rect: QRect = rows.visualRect(app.window.worklist.model.index_of(name))
    return array_of(shot_of(rows.viewport()))[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]


def sign_of(app, name: str) -> np.ndarray:
    """The review sign: 17 pixels around its middle."""
    row = row_of(app, name)
    right = row.shape[1] - 13  # the last pixel before the margin
    return row[9:26, right - 16 : right + 1]


def test_review_signs_have_their_colours_and_shapes(app) -> None:
    session, name = app.window.controller.session, app.window.controller.session.images[1]
    colours = {"accepted": "good", "rejected": "bad", "second_opinion": "caution", "in_progress": "muted"}
    seen = {}
    for state, colour in colours.items():
        session.set_review(name, state)
        sign = sign_of(app, name)
        seen[state] = near(sign, PALETTE[colour], 25)
        others = [near(sign, other, 25).sum() for key, other in PALETTE.items() if key != colour]
        assert seen[state].sum() > 30, state
        assert max(others) == 0, state
    _, xs = np.nonzero(seen["in_progress"])
    assert np.count_nonzero(xs > 9) > 2 * np.count_nonzero(xs < 8)  # the right half is filled
    for state in ("accepted", "rejected", "second_opinion"):
        assert seen[state].sum() > 70  # a filled disc
        assert 8 < near(sign_of(app, name), theme.BACKGROUND, 60)[4:13, 4:13].sum() < 60  # with a dark sign in it
    session.set_review(name, "unread")
    unread = near(sign_of(app, name), PALETTE["muted"], 60)
    assert not unread[5:12, 5:12].any()  # a ring


def test_tick_cross_and_question_mark_differ(app) -> None:
    session, name = app.window.controller.session, app.window.controller.session.images[1]
    marks = {}
    for state in ("accepted", "rejected", "second_opinion"):
        session.set_review(name, state)
        marks[state] = near(sign_of(app, name), theme.BACKGROUND, 90)
    corners = {
        state: [bool(mark[y : y + 2, x : x + 2].any()) for y in (5, 10) for x in (5, 10)]  # around the middle at (8, 8)
        for state, mark in marks.items()
    }
    assert corners["rejected"] == [True] * 4
    assert not corners["accepted"][0]  # a tick has nothing in its upper left
    assert corners["accepted"][1]
    assert (marks["second_opinion"] != marks["accepted"]).sum() > 8
    assert (marks["second_opinion"] != marks["rejected"]).sum() > 8


def test_the_bar_of_a_row_is_as_long_and_coloured_as_its_least_certain_point(app, qtbot) -> None:
    session, model = app.window.controller.session, app.window.worklist.model
    for name in session.images[1:]:
        lowest = session.least_certain(name).confidence
        wanted = PALETTE["bad" if lowest < 0.15 else "caution" if lowest < 0.25 else "good"]
        row = row_of(app, name)
        right = row.shape[1] - 13
        bar = row[28:31, right - 31 : right + 1]
        assert near(bar, wanted, 30).any(axis=0).sum() == pytest.approx(32 * lowest, abs=2)
        assert model.row(name).confidence == pytest.approx(lowest)


@pytest.mark.parametrize(
    ("value", "single", "lowest"),
    [
        (0.10, "bad", "bad"),
        (0.149, "bad", "bad"),
        (0.151, "bad", "caution"),
        (0.249, "bad", "caution"),
        (0.251, "bad", "good"),
        (0.399, "bad", "good"),
        (0.401, "caution", "good"),
        (0.599, "caution", "good"),
        (0.601, "good", "good"),
    ],
)
def test_colours_of_confidence_change_where_the_decisions_say(start, value, single, lowest) -> None:
    assert theme.confidence_colour(value) == PALETTE[single]
    assert theme.lowest_colour(value) == PALETTE[lowest]


def test_what_is_wrong_with_a_file_is_told_in_red(start, tmp_path, qtbot) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"this is no picture")
    app = start(folder, "--project", tmp_path / "p.dsr")
    qtbot.waitUntil(lambda: app.window.worklist.model.row("broken.png").trouble, timeout=30_000)
    qtbot.waitUntil(lambda: not app.window.predicting.running, timeout=30_000)
    row = row_of(app, "broken.png")
    assert near(row[29:46, 68:150], PALETTE["bad"], 60).sum() > 20
    assert not near(row[9:28, 68:150], PALETTE["bad"], 60).any()  # the name above is not


# --- the list of structures


def swatch(app, row: int) -> str:
    """The colour of a structure's square."""
    at = app.window.structures.row_rect(row).center()
    return shot_of(app.window.structures).pixelColor(18, at.y()).name()


def test_each_structure_has_a_square_in_its_colour(app) -> None:
    structures = app.window.controller.session.template.structures
    assert [swatch(app, i) for i in range(3)] == ["#56b4e9", "#009e73", "#e69f00"]
    app.window.structures.toggle(structures[1].name)
    assert swatch(app, 1) == QColor(theme.LINE).name()
    assert swatch(app, 0) == "#56b4e9"


def click(app, qtbot, row: int, eye: bool = False, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    widget = app.window.structures
    rect = widget.row_rect(row)
    x = rect.right() - 20 if eye else 60
    qtbot.mouseClick(widget, button, pos=QPoint(x, rect.center().y()))


def test_a_click_on_a_structure_shows_its_uv_colours_and_a_second_click_hides_them(app, qtbot) -> None:
    controller, names = app.window.controller, [s.name for s in app.window.controller.session.template.structures]
    controller.set_look(uv=False)
    click(app, qtbot, 2)
    assert (controller.structure, controller.look.uv) == (names[2], True)
    click(app, qtbot, 1)
    assert (controller.structure, controller.look.uv) == (names[1], True)
    click(app, qtbot, 1)
    assert (controller.structure, controller.look.uv) == (names[1], False)
    assert controller.look.hidden == frozenset()


@pytest.mark.parametrize("button", [Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton])
def test_only_the_left_button_chooses_or_switches_structures(app, qtbot, button) -> None:
    controller = app.window.controller
    before = (controller.structure, controller.look)
    for row, eye in ((2, False), (3, True), (-1, True)):
        click(app, qtbot, row, eye, button)
    assert (controller.structure, controller.look) == before


def test_a_click_on_an_eye_switches_that_structure_alone(app, qtbot) -> None:
    controller, names = app.window.controller, [s.name for s in app.window.controller.session.template.structures]
    before = (controller.structure, controller.look.uv)
    click(app, qtbot, 3, eye=True)
    assert controller.look.hidden == {names[3]}
    click(app, qtbot, 0, eye=True)
    assert controller.look.hidden == {names[3], names[0]}
    click(app, qtbot, 3, eye=True)
    assert controller.look.hidden == {names[0]}
    assert (controller.structure, controller.look.uv) == before
    click(app, qtbot, -1, eye=True)  # the row above them all
    assert controller.look.hidden == frozenset()
    assert controller.look.structures
    click(app, qtbot, -1)
    assert not controller.look.structures


def test_arrows_and_space_in_the_structure_list(app, qtbot) -> None:
    controller, widget = app.window.controller, app.window.structures
    names, first = [s.name for s in controller.session.template.structures], controller.image
    controller.choose_structure(names[1])
    widget.setFocus()
    for key, row in ((Qt.Key.Key_Down, 2), (Qt.Key.Key_Down, 3), (Qt.Key.Key_Up, 2)):
        qtbot.keyClick(widget, key)
        assert controller.structure == names[row]
    qtbot.keyClick(widget, Qt.Key.Key_Space)
    assert controller.look.hidden == {names[2]}
    controller.choose_structure(names[0])
    qtbot.keyClick(widget, Qt.Key.Key_Up)
    assert controller.structure == names[0]
    for _ in range(9):
        qtbot.keyClick(widget, Qt.Key.Key_Down)
    assert controller.structure == names[-1]
    assert controller.image == first  # the window's own arrows did not act


def test_a_structure_s_confidence_is_of_its_median_expected_error(app) -> None:
    session = app.window.controller.session
    prediction, frame = (
        session.prediction(app.window.controller.image),
        session.image(app.window.controller.image).frame,
    )
    for c, structure in enumerate(session.template.structures):
        words, _ = app.window.structures.remark(structure.name)
        errors = prediction.expected_error[c].ravel()
        # Between the confidences of the least and the most uncertain places, and on the side of the middle ones.
        low, high = confidence(np.percentile(errors, [65, 25]), frame.diagonal)
        assert low - 0.02 <= float(words) <= high + 0.02
    session.set_review(app.window.controller.image, ReviewState.REJECTED, "", "heart")
    assert app.window.structures.remark("heart") == ("rejected", PALETTE["bad"])


def test_tiles_are_framed_by_what_the_reader_has_to_know(app, qtbot) -> None:
    controller, sheet = app.window.controller, app.window.contact_sheet
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    pixels = array_of(shot_of(sheet.viewport()))
    for row, tile in enumerate(sheet.tiles):
        rect = sheet.tile_rect(row)
        edge = pixels[rect.top() + 30 : rect.bottom() - 30, rect.left() - 1]
        if tile.image == controller.image:
            assert near(edge, "#4ea1ff", 40).mean() > 0.8
        elif tile.confidence < 0.6:
            assert near(edge, PALETTE["bad" if tile.confidence < 0.4 else "caution"], 40).mean() > 0.8
        else:
            assert near(edge, theme.BACKGROUND, 30).mean() > 0.8 or near(edge, theme.PANEL, 30).mean() > 0.8
