"""The image under the reader's hands: turned views, the live link, placing and nudging, window level and magnifier."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.core.laterality import has_sides
from app.core.orientation import Orientation
from app.gui.image import corner_texts as image_texts
from app.gui.image.corner_texts import fold, read_out
from app.gui.image.turn import Turn
from app.gui.state.view_state import MaskStyle, Mode
from app.gui.widgets.grey import GreyPicture
from tests.gui.conftest import Hand, drag, hover, in_image, name_landmark, on_template

TURNS = [Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


@pytest.fixture
def view(app):
    return app.window.image_view


@pytest.fixture
def session(app):
    return app.window.controller.session


def landmark_mode(app, qtbot, name: str = "Apex", uv: tuple[float, float] = (0.3, 0.2)):
    """A landmark of the heart, chosen, in Landmark mode, with the image in focus."""
    name_landmark(app, qtbot, "heart", uv, name)
    app.window.actions_["landmarkMode"].trigger()
    app.window.image_view.setFocus()
    return app.window.controller.session.placements(name).xy[0]


# --- turned views


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_the_picture_lies_where_the_frame_says_however_turned(app, view, turn: Turn) -> None:
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False)
    view.set_turn(turn)
    view.set_zoom(8.0, view.viewport_of(400, 500))
    picture = view.grey.picture
    shot = view.grab().toImage()
    table = picture.table(view.grey.voi_window, invert=False)
    centre = view.native_of(QPointF(view.viewport().rect().center()))
    for dx, dy in ((-12, -9), (10, 7), (0, 15)):
        x, y = round(centre[0]) + dx, round(centre[1]) + dy
        at = view.viewport_of(x, y)
        assert view.native_of(at) == pytest.approx([x, y])
        assert shot.pixelColor(at.toPoint()).red() == pytest.approx(int(table[picture.stored[y, x]]), abs=1)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_mouse_and_markers_agree_however_turned(app, view, session, qtbot, turn: Turn) -> None:
    place = landmark_mode(app, qtbot)
    view.set_turn(turn)
    at = in_image(app, place)
    hover(view.viewport(), at)
    qtbot.waitUntil(lambda: app.window.controller.spot is not None)
    assert app.window.controller.spot.structure == "heart"
    assert app.window.controller.spot.uv == pytest.approx((0.3, 0.2), abs=0.03)
    assert view.marker_at(QPointF(at)) == "Apex"
    goal = place + np.array((30.0, -18.0))
    drag(qtbot, view.viewport(), at, in_image(app, goal))
    assert session.placements("Apex").xy[0] == pytest.approx(goal, abs=1.0 / view.zoom)
    template_spot = on_template(app, "heart", (-0.2, 0.1))
    hover(app.window.template_view.viewport(), template_spot)
    expected = session.place_in(view.image, "heart", app.window.controller.spot.uv)
    spot = view.from_plane(*view.markers.spot.toTuple())
    assert view.native_of(spot) == pytest.approx(expected)


def test_turning_by_commands_shows_a_sign_and_ends_with_one_key(app, view, qtbot) -> None:
    size = view.content.size()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert view.turn == Turn(1)
    app.window.actions_["mirror"].trigger()
    assert view.turn.words == "mirrored, then turned 90° left"
    assert view.turn.side(-1, 0) == "top"  # the patient's right went up and stayed there
    assert view.fitted
    assert view.content.size() == size
    corner = view.from_plane(0, 0)
    assert view.viewport().rect().adjusted(-1, -1, 1, 1).contains(corner.toPoint())
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert view.turn == Turn()
    assert not view.turn.words


def test_every_image_keeps_its_own_turn(app, view, session) -> None:
    app.window.actions_["turnLeft"].trigger()
    app.window.actions_["nextImage"].trigger()
    assert view.turn == Turn()
    app.window.actions_["previousImage"].trigger()
    assert view.turn == Turn(3)


def test_another_orientation_takes_the_place_of_the_turn_of_the_view(app, view, session) -> None:
    first, second = session.images[:2]
    for name in (second, first):
        app.window.controller.show_image(name)
        view.set_turn(Turn(1, mirrored=True))
    session.set_orientation(first, quarter_turns=2)
    assert view.turn == Turn(2)
    app.window.controller.show_image(second)
    assert view.turn == Turn(1, mirrored=True)


def test_turns_compose_as_seen_on_the_screen() -> None:
    for turn in TURNS:
        assert turn.left().right() == turn
        assert turn.mirror().mirror() == turn
        point = turn.transform.map(QPointF(3, 1))
        right = turn.right().transform.map(QPointF(3, 1))
        mirrored = turn.mirror().transform.map(QPointF(3, 1))
        assert (right.x(), right.y()) == (-point.y(), point.x())
        assert (mirrored.x(), mirrored.y()) == (-point.x(), point.y())


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_a_view_and_a_reading_turn_alike(turn: Turn) -> None:
    orientation = turn.orientation(inverted=False)
    assert Turn.of(orientation) == turn
    assert orientation.linear @ (3.0, 1.0) == pytest.approx(turn.transform.map(3.0, 1.0))


def test_an_image_is_read_as_the_view_shows_it(app, view, session) -> None:
    for verb in ("turnRight", "mirror", "invert", "readAsSeen"):
        app.window.actions_[verb].trigger()
    assert session.image(view.image).frame.orientation == Orientation(1, mirrored=True, inverted=True)
    assert view.turn == Turn.of(Orientation(1, mirrored=True))


def test_long_sentences_fold(app, view) -> None:
    metrics = QFontMetricsF(view.font())
    lines = fold("This PA chest radiograph looks turned to the left.", metrics, 120)
    assert len(lines) > 1
    assert " ".join(lines) == "This PA chest radiograph looks turned to the left."
    assert all(metrics.horizontalAdvance(line) <= 120 for line in lines)


# --- the live link


def test_the_chosen_structure_is_meant_and_tab_steps(app, view, session, qtbot) -> None:
    controller = app.window.controller
    place = session.place_in(view.image, "right_clavicle", (0.0, 0.0))
    assert session.structures_at(view.image, tuple(place)) == ("right_clavicle", "right_lung")
    controller.choose_structure("heart")
    view.setFocus()
    hover(view.viewport(), in_image(app, place))
    qtbot.waitUntil(lambda: view.pointing.spot is not None)
    assert view.pointing.spot.structure == "right_clavicle"
    for expected in ("right_lung", "right_clavicle"):
        QTest.keyClick(view, Qt.Key.Key_Tab)
        assert view.pointing.spot.structure == expected == controller.structure == controller.spot.structure
    controller.choose_structure("right_lung")
    assert view.pointing.spot.structure == "right_lung"
    hover(view.viewport(), in_image(app, session.place_in(view.image, "heart", (0.0, 0.2))))
    qtbot.waitUntil(lambda: view.pointing.under == ("heart",))
    assert not app.window.actions_["nextStructure"].isEnabled()


def test_switched_off_structures_are_not_meant(app, view, session, qtbot) -> None:
    place = session.place_in(view.image, "right_clavicle", (0.0, 0.0))
    app.window.structures.toggle("right_clavicle")
    hover(view.viewport(), in_image(app, place))
    qtbot.waitUntil(lambda: view.pointing.under == ("right_lung",))


def test_nothing_is_meant_while_all_structures_are_switched_off(app, view, session, qtbot) -> None:
    place = in_image(app, session.place_in(view.image, "heart", (0.0, 0.2)))
    hover(view.viewport(), place)
    qtbot.waitUntil(lambda: view.pointing.under == ("heart",))
    app.window.actions_["structures"].trigger()
    hover(view.viewport(), place + QPoint(1, 0))
    qtbot.waitUntil(lambda: view.pointing.under == () and view.pointing.spot is None)


def test_one_look_up_per_turn_of_the_event_loop(app, view, session, qtbot, monkeypatch) -> None:
    asked = []
    look = type(session).structures_at
    monkeypatch.setattr(type(session), "structures_at", lambda s, *a: asked.append(a) or look(s, *a))
    start = in_image(app, session.place_in(view.image, "heart", (0.0, 0.2)))
    for i in range(20):
        hover(view.viewport(), start + QPoint(i, 0))
    qtbot.waitUntil(lambda: view.pointing.spot is not None)
    assert len(asked) == 1


def test_the_read_out_says_where_mm_come_from(app, view) -> None:
    frame = view.frame_of_image
    pixels, mm = read_out((100.0, 40.0), 7.0, frame)
    assert pixels == "x 100.0  y 40.0 px  grey 7"
    assert mm == f"{100 * frame.spacing.column_mm:.1f}, {40 * frame.spacing.row_mm:.1f} mm at detector"
    assert has_sides(app.window.controller.session.template)


def test_sides_are_named_only_where_the_model_has_looked(app, view, session, tmp_path, monkeypatch) -> None:
    words: list[str] = []
    monkeypatch.setattr(image_texts, "draw_text", lambda painter, box, text, *rest, **more: words.append(text))
    view.grab()
    assert {"R", "L"} <= set(words)
    words.clear()
    path = session.image(view.image).path
    assert path.is_relative_to(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0\0")  # another file, of which nothing is known
    session.check_files()
    view.grab()
    assert not {"R", "L"} & set(words)


# --- placing and nudging


def test_arrows_nudge_in_landmark_mode_and_step_images_in_navigate_mode(app, view, session, qtbot) -> None:
    place = landmark_mode(app, qtbot)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert session.placements("Apex").xy[0] == pytest.approx(place + np.array((0.25, 0)))
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert session.placements("Apex").xy[0] == pytest.approx(place + np.array((0.25, -2)))
    assert session.placements("Apex").states[0] == PlacementState.CORRECTED
    first = view.image
    app.window.actions_["navigate"].trigger()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.image != first


@pytest.mark.parametrize("turn", [Turn(1), Turn(3), Turn(1, True)], ids=str)  # the last is its own inverse
def test_nudges_go_where_the_reader_sees_them_go(app, view, session, qtbot, turn) -> None:
    place = landmark_mode(app, qtbot)
    view.set_turn(turn)
    before = view.viewport_of(*place)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    step = view.viewport_of(*session.placements("Apex").xy[0]) - before
    assert step.x() == pytest.approx(2 * view.zoom)
    assert step.y() == pytest.approx(0, abs=1e-6)


def test_a_burst_of_nudges_is_undone_and_redone_together(app, view, session, qtbot) -> None:
    place = landmark_mode(app, qtbot)
    for _ in range(4):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert sum("Nudge" in line.label for line in session.history()) == 4  # each is kept at once
    app.window.actions_["undo"].trigger()
    assert session.placements("Apex").xy[0] == pytest.approx(place)
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED
    app.window.actions_["redo"].trigger()
    assert session.placements("Apex").xy[0] == pytest.approx(place + np.array((1, 0)))


def test_a_click_places_what_is_absent(app, view, session, qtbot) -> None:
    place = landmark_mode(app, qtbot)
    away = place + np.array((60.0, 40.0))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(app, away))
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED  # it has a place: a click does nothing
    app.window.actions_["absentPlacement"].trigger()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(app, away))
    assert session.placements("Apex").states[0] == PlacementState.CORRECTED
    assert session.placements("Apex").xy[0] == pytest.approx(away, abs=1 / view.zoom)


def test_place_here_acts_under_the_mouse(app, view, session, qtbot) -> None:
    place = landmark_mode(app, qtbot)
    away = place + np.array((-50.0, 10.0))
    hover(view.viewport(), in_image(app, away))
    QTest.keyClick(view, Qt.Key.Key_P)
    assert session.placements("Apex").xy[0] == pytest.approx(away, abs=1 / view.zoom)


def test_an_image_without_prediction_takes_placements_by_hand(app, view, session, qtbot, monkeypatch) -> None:
    landmark_mode(app, qtbot)
    monkeypatch.setattr(type(session._state), "predicted", lambda state, name: False)
    view.draw(anew=True)
    assert view.state_of("Apex") is None
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(app, (300, 420)))
    assert session.placements_in(view.image)[-1].xy == pytest.approx([300, 420], abs=1 / view.zoom)


# --- how it is seen


def test_gamma_by_drag_and_key_leaves_the_window_alone(app, view, qtbot) -> None:
    before, middle = view.grey.voi_window, view.viewport().rect().center()
    drag(qtbot, view.viewport(), middle, middle - QPoint(0, 100), keys=Qt.KeyboardModifier.ControlModifier)
    bright = view.grey.voi_window
    assert bright.gamma > 1
    assert (bright.level, bright.width) == (before.level, before.width)
    table, plain = (view.grey.picture.table(w, invert=False).astype(int) for w in (bright, before))
    assert (table >= plain).all()
    assert table.max() == plain.max() == 255
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.ControlModifier)
    assert view.grey.voi_window.gamma < bright.gamma
    app.window.actions_["gammaReset"].trigger()
    assert view.grey.voi_window == before


def test_auto_window_suits_what_is_on_the_screen(app, view) -> None:
    picture = view.grey.picture
    view.set_zoom(6.0, view.viewport_of(300, 300))
    app.window.actions_["autoWindow"].trigger()
    x0, y0 = (round(v) for v in view.native_of(QPointF(0, 0)))
    x1, y1 = (round(v) for v in view.native_of(QPointF(view.viewport().rect().bottomRight())))
    part = picture.stored[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] * picture.slope + picture.intercept
    window = view.grey.voi_window
    assert window.low == pytest.approx(np.percentile(part, 0.5), abs=0.02 * np.ptp(part))
    assert window.low + window.width == pytest.approx(np.percentile(part, 99.5), abs=0.02 * np.ptp(part))


def test_window_presets_of_the_header_come_first(app, view) -> None:
    names = [name for name, _ in view.grey.picture.presets]
    assert names[0] not in ("Auto", "Full range")
    assert "Auto" in names
    assert app.window.actions_["preset1"].text() == names[0]


def test_all_structures_are_hidden_and_shown_by_one_key(app, view, qtbot) -> None:
    controller, structures = app.window.controller, app.window.structures
    view.setFocus()
    structures.toggle("heart")
    QTest.keyClick(view, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert not any(controller.look.shows(s.name) for s in controller.session.template.structures)
    QTest.keyClick(view, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert [s.name for s in controller.session.template.structures if not controller.look.shows(s.name)] == ["heart"]
    qtbot.mouseClick(structures, Qt.MouseButton.LeftButton, pos=QPoint(structures.width() - 20, 10))  # All: show
    assert controller.look.shows("heart")
    qtbot.mouseClick(structures, Qt.MouseButton.LeftButton, pos=QPoint(structures.width() - 20, 10))
    assert not controller.look.structures
    structures.toggle("heart")
    assert [s.name for s in controller.session.template.structures if controller.look.shows(s.name)] == ["heart"]


def test_the_magnifier_shows_the_place_larger(app, view, qtbot) -> None:
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False)
    picture, at = view.grey.picture, in_image(app, (380, 520))
    before = view.grab().toImage()
    app.window.actions_["magnifier"].trigger()
    hover(view.viewport(), at)
    qtbot.waitUntil(lambda: view.grab().toImage() != before)
    shot = view.grab().toImage()
    table = picture.table(view.grey.voi_window, invert=False)
    middle = view.native_of(QPointF(at))
    for dx, dy in ((-40, 30), (50, 20)):  # screen pixels from the middle: a third as far in the image
        x, y = middle + np.array([dx, dy]) / (3 * view.zoom)
        around = table[picture.stored[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2]].astype(int)
        assert around.min() - 3 <= shot.pixelColor(at + QPoint(dx, dy)).red() <= around.max() + 3
    app.window.actions_["magnifier"].trigger()
    assert view.lens is None


def test_escape_gives_a_window_drag_up(app, view, qtbot) -> None:
    before, middle = view.grey.voi_window, view.viewport().rect().center()
    hand = Hand(view.viewport())
    hand.press(middle)
    hand.move(middle + QPoint(60, 10))
    assert view.grey.voi_window != before
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.grey.voi_window == before
    assert app.window.controller.mode == Mode.NAVIGATE


def test_a_mouse_that_stands_still_is_followed_when_a_line_moves_the_image(app, view, qtbot) -> None:
    port = view.viewport()
    at = in_image(app, (500, 500))
    hover(port, at)
    on_screen = port.mapToGlobal(view.pointing.mouse)
    app.window.ask_reader()
    qtbot.waitUntil(lambda: view.pointing.mouse.y() < at.y())
    assert port.mapToGlobal(view.pointing.mouse) == on_screen
    app.window.reader_bar.hide()
    qtbot.waitUntil(lambda: view.pointing.mouse.y() == at.y())


def test_pictures_open_with_the_greys_of_the_anatomy_not_of_their_frame() -> None:
    film = np.full((160, 200), 255, np.uint8)
    film[4:-4, 4:-4] = 0  # a white frame, a black edge, and the picture within
    film[18:-18, 22:-22] = np.linspace(120, 240, 156).astype(np.uint8)
    picture = GreyPicture.of(film, Frame(160, 200, 8, 8))
    name, opens = picture.presets[0]
    assert name == "Auto"
    whole = picture.auto_window(0, 0, 199, 159)
    for window in (opens, whole):
        assert window.low == pytest.approx(120, abs=5)
        assert window.low + window.width == pytest.approx(240, abs=5)
    edge = picture.auto_window(0, 0, 199, 12)  # what is on the screen is the edge: then that is looked at
    assert edge.low == 0


def test_shutters_in_the_middle_of_a_film_do_not_widen_the_automatic_window() -> None:
    """A black corner that reaches into the part that is looked at, and a few burnt-in white words."""
    rng = np.random.default_rng(5)
    film = rng.integers(120, 181, (160, 200)).astype(np.uint8)
    film[:50, :60], film[90:92, 80:100] = 0, 255
    window = dict(GreyPicture.of(film, Frame(160, 200, 8, 8)).presets)["Auto"]
    assert (window.level - window.width / 2, window.level + window.width / 2) == pytest.approx((120, 180), abs=1)
    flat = GreyPicture.of(np.full((160, 200), 7, np.uint8), Frame(160, 200, 8, 8))
    assert dict(flat.presets)["Auto"].level == 7
