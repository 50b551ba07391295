"""Mask mode: strokes of real mouse events, what ends them, and what is drawn and stored afterwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from scipy import ndimage

from app.core.masks import Mask, MaskState
from app.gui.application import App
from app.gui.state.view_state import MaskStyle, MaskTool, Mode
from tests.gui.conftest import Hand, drag, hover, in_image, shown_fully

SHIFT, ALT, CTRL = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)
RIGHT = Qt.MouseButton.RightButton


def edit_heart(app: App) -> App:
    window = app.window
    window.controller.choose_structure("heart")
    window.activateWindow()
    window.image_view.setFocus()
    return app


@pytest.fixture
def heart(app: App) -> App:
    """The heart's mask is about to be edited."""
    return edit_heart(app)


def use(app: App, verb: str) -> None:
    app.window.actions_[verb].trigger()


def mask(app: App, structure: str = "heart") -> Mask:
    found = app.window.controller.session.mask(app.window.controller.image, structure)
    assert found is not None
    return found


def edge(app: App) -> np.ndarray:
    """The rightmost pixel of the heart's mask in the row of its middle."""
    ys, _ = np.nonzero(mask(app))
    row = int(np.median(ys))
    return np.array([np.flatnonzero(mask(app)[row]).max(), row], float)


def middle(app: App) -> np.ndarray:
    ys, xs = np.nonzero(mask(app))
    return np.array([np.median(xs), np.median(ys)])


def assert_drawn_is_stored(app: App) -> None:
    window = app.window
    assert window.controller.state.stroke is None
    drawn, image = window.image_view.drawn.masks, window.controller.image
    stored = window.controller.session.masks(image)
    assert drawn is not None
    for structure in (one.name for one in drawn.template.structures):
        assert drawn.state(structure) is stored.state(structure)
        one, other = drawn.native(structure), stored.native(structure)
        assert (one is None) == (other is None)
        assert one is None or bool((one == other).all())


def last_line(app: App) -> str:
    return app.window.controller.session.history()[-1].label


def test_pushing_takes_the_border_along_and_is_one_undo_step(heart, qtbot):
    before, start = mask(heart).copy(), edge(heart)
    use(heart, "maskPush")
    lines = len(heart.window.controller.session.history())
    end = np.add(start, (14, 3))
    drag(qtbot, heart.window.image_view.viewport(), in_image(heart, start), in_image(heart, end))
    assert edge(heart)[0] - start[0] == pytest.approx(14, abs=3)
    changed = before != mask(heart)
    ys, xs = np.nonzero(changed)
    reach = heart.window.controller.state.brush / heart.window.image_view.zoom
    assert np.hypot(xs - start[0], ys - start[1]).max() <= reach + 20
    assert len(heart.window.controller.session.history()) == lines + 1
    assert last_line(heart).startswith("Correct the heart in rendered_")
    words = heart.window.worklist.model.row(heart.window.controller.image).words
    assert "1 corrected" in words
    assert heart.window.controller.session.mask_state(heart.window.controller.image, "heart") is MaskState.CORRECTED
    assert_drawn_is_stored(heart)
    use(heart, "undo")
    np.testing.assert_array_equal(mask(heart), before)
    assert_drawn_is_stored(heart)


@pytest.mark.parametrize(
    ("verb", "button", "keys", "adds"),
    [
        ("maskBrush", Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, True),
        ("maskBrush", RIGHT, Qt.KeyboardModifier.NoModifier, False),
        ("maskBrush", Qt.MouseButton.LeftButton, SHIFT, False),
        ("maskEraser", Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, False),
        ("maskEraser", RIGHT, Qt.KeyboardModifier.NoModifier, True),
        ("maskEraser", Qt.MouseButton.LeftButton, SHIFT, True),
    ],
)
def test_brush_and_eraser_add_or_take_away_within_their_ring(heart, qtbot, verb: str, button, keys, adds: bool):
    before, at = mask(heart).copy(), edge(heart)
    use(heart, verb)
    heart.window.controller.set_brush(20.0)
    hand = Hand(heart.window.image_view.viewport())
    hand.press(in_image(heart, at), button, keys)
    hand.release(in_image(heart, at), button, keys)  # a click
    ys, xs = np.mgrid[: before.shape[0], : before.shape[1]]
    away = np.hypot(xs - at[0], ys - at[1])
    radius = 20.0 / heart.window.image_view.zoom
    now = mask(heart)
    assert (now[away < radius - 2] == adds).all()
    np.testing.assert_array_equal(now[away > radius + 2], before[away > radius + 2])
    assert_drawn_is_stored(heart)


@pytest.mark.parametrize("keys", [Qt.KeyboardModifier.NoModifier, SHIFT])
def test_a_lasso_adds_what_it_encircles_or_takes_it_away(heart, keys):
    before, at = mask(heart).copy(), edge(heart)
    use(heart, "maskLasso")
    corners = [at + d for d in ((-20, -14), (26, -10), (18, 22), (-12, 17))]
    hand = Hand(heart.window.image_view.viewport())
    hand.press(in_image(heart, corners[0]), keys=keys)
    for corner in (*corners[1:], corners[0]):
        hand.move(in_image(heart, corner), keys)
    np.testing.assert_array_equal(mask(heart), before)  # nothing before the button is up
    hand.release(in_image(heart, corners[0]), keys=keys)
    inside = np.zeros_like(before)
    inside[int(at[1]) - 5 : int(at[1]) + 10, int(at[0]) - 8 : int(at[0]) + 12] = True
    assert (mask(heart)[inside] == (keys is not SHIFT)).all()
    _, xs = np.nonzero(mask(heart) != before)
    assert xs.min() >= at[0] - 23
    assert xs.max() <= at[0] + 29
    assert_drawn_is_stored(heart)


def test_smoothing_takes_a_spike_off(heart, qtbot):
    window, at = heart.window, edge(heart)
    spiky = mask(heart).copy()
    spiky[int(at[1]) : int(at[1]) + 2, int(at[0]) : int(at[0]) + 12] = True
    window.controller.session.set_mask(window.controller.image, "heart", spiky)
    use(heart, "maskSmooth")
    spot = in_image(heart, np.add(at, (6, 0)))
    drag(qtbot, window.image_view.viewport(), spot, spot + QPoint(12, 0))
    assert not mask(heart)[int(at[1]), int(at[0]) + 8 : int(at[0]) + 12].any()
    assert_drawn_is_stored(heart)


# --- what happens in the middle of a stroke


def escape(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    qtbot.keyClick(app.window.image_view, Qt.Key.Key_Escape)


def other_image(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    qtbot.keyClick(app.window.image_view, Qt.Key.Key_PageDown)


def lost_focus(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    QApplication.sendEvent(app.window.image_view, QFocusEvent(QFocusEvent.Type.FocusOut))


def undo(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    use(app, "undo")


def accepted(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    app.window.controller.session.set_review(app.window.controller.image, "accepted", although_suspect=True)


def other_mode(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    use(app, "navigate")


def other_tool(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    use(app, "maskEraser")


@pytest.mark.parametrize("verb", ["maskPush", "maskBrush", "maskLasso"])
@pytest.mark.parametrize("end", [escape, other_image, lost_focus, undo, accepted, other_mode, other_tool])
def test_whatever_interrupts_a_stroke_leaves_what_is_stored(heart, qtbot, verb: str, end: Callable[..., None]):
    window, at = heart.window, edge(heart)
    session, image = window.controller.session, window.controller.image
    session.define_landmark("Apex", "heart", (0.3, 0.2))  # something to undo
    before = mask(heart).copy()
    use(heart, verb)
    hand, start = Hand(window.image_view.viewport()), in_image(heart, at)
    hand.press(start)
    for step in (QPoint(12, 2), QPoint(20, 9), QPoint(9, 20)):
        hand.move(start + step)
    assert window.controller.state.stroke is not None
    if verb != "maskLasso":
        assert bool((window.image_view.drawn.masks.native("heart") != before).any())
    end(heart, hand, start + QPoint(9, 20), qtbot)
    hand.release(start + QPoint(9, 20))
    np.testing.assert_array_equal(session.mask(image, "heart"), before)
    window.controller.show_image(image)
    assert_drawn_is_stored(heart)


def test_a_second_button_does_not_disturb_a_stroke(heart):
    window, at = heart.window, edge(heart)
    use(heart, "maskBrush")
    hand, start = Hand(window.image_view.viewport()), in_image(heart, at)
    hand.press(start)
    hand.move(start + QPoint(16, 0))
    hand.press(start + QPoint(16, 0), RIGHT)
    hand.release(start + QPoint(16, 0), RIGHT)
    hand.move(start + QPoint(20, 12))
    hand.release(start + QPoint(20, 12))
    assert last_line(heart).startswith("Correct the heart")
    assert mask(heart)[int(at[1]), int(at[0])]
    assert_drawn_is_stored(heart)


def test_an_accepted_image_says_that_it_is_locked_and_keeps_its_mask(heart, qtbot):
    window, at, before = heart.window, edge(heart), mask(heart).copy()
    session, image = window.controller.session, window.controller.image
    session.set_review(image, "accepted", although_suspect=True)
    told: list[str] = []
    window.controller.said.connect(told.append)
    use(heart, "maskBrush")
    drag(qtbot, window.image_view.viewport(), in_image(heart, at), in_image(heart, np.add(at, (20, 5))))
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(heart, at))
    for verb in ("growMask", "fillHoles", "maskAbsent", "resetMask"):
        use(heart, verb)
    assert len(told) == 6
    assert all("accepted and locked" in words for words in told)
    np.testing.assert_array_equal(mask(heart), before)
    assert_drawn_is_stored(heart)


# --- whole masks


def test_what_changes_a_whole_mask_is_what_its_name_says(heart):
    window, session = heart.window, heart.window.controller.session
    image, whole = window.controller.image, mask(heart).copy()
    at = middle(heart).astype(int)
    torn = whole.copy()
    torn[at[1] - 4 : at[1] + 3, at[0] - 5 : at[0] + 2] = False
    torn[2:6, 3:9] = True
    session.set_mask(image, "heart", torn)
    use(heart, "fillHoles")
    np.testing.assert_array_equal(mask(heart), ndimage.binary_fill_holes(torn))
    use(heart, "keepLargest")
    np.testing.assert_array_equal(mask(heart), whole)
    use(heart, "growMask")
    grown = mask(heart).copy()
    assert grown.sum() > whole.sum()
    assert (grown | whole == grown).all()
    use(heart, "shrinkMask")
    assert abs(int(mask(heart).sum()) - int(whole.sum())) < 0.01 * whole.sum()
    use(heart, "resetMask")
    assert session.mask_state(image, "heart") is MaskState.PREDICTED
    use(heart, "maskAbsent")
    assert session.mask_state(image, "heart") is MaskState.ABSENT
    assert_drawn_is_stored(heart)
    for _ in range(7):
        use(heart, "undo")
    assert session.mask_state(image, "heart") is MaskState.PREDICTED


def test_growing_goes_by_one_mm(heart):
    window, session = heart.window, heart.window.controller.session
    session.set_spacing(window.controller.image, 0.25, 0.5)
    whole = mask(heart).copy()
    use(heart, "growMask")
    expected = ndimage.distance_transform_edt(~whole, sampling=(0.25, 0.5)) <= 1 + 1e-9
    np.testing.assert_array_equal(mask(heart), expected)


def test_a_missing_structure_is_drawn_and_an_erased_one_is_absent(heart, qtbot):
    window, session, at = heart.window, heart.window.controller.session, middle(heart)
    image = window.controller.image
    use(heart, "maskAbsent")
    told: list[str] = []
    window.controller.said.connect(told.append)
    use(heart, "growMask")
    assert told == ["There is no heart in this image yet. Draw it with the brush (B) or the lasso (Q)."]
    use(heart, "maskBrush")
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(heart, at))
    assert session.mask_state(image, "heart") is MaskState.CORRECTED
    assert mask(heart)[int(at[1]), int(at[0])]
    use(heart, "maskEraser")
    window.controller.set_brush(120.0)
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton, pos=in_image(heart, at))
    assert session.mask_state(image, "heart") is MaskState.ABSENT
    assert_drawn_is_stored(heart)


@pytest.mark.parametrize("verb", ["maskPush", "maskEraser", "maskSmooth", "maskLasso"])
def test_where_nothing_is_a_tool_that_draws_nothing_says_so_and_nothing_of_the_structure(heart, qtbot, verb: str):
    """It may wait for its prediction, which must show when it comes."""
    window, session = heart.window, heart.window.controller.session
    image, at = window.controller.image, in_image(heart, middle(heart))
    session.set_orientation(image, quarter_turns=1)
    told: list[str] = []
    window.controller.said.connect(told.append)
    use(heart, verb)
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    drag(qtbot, window.image_view.viewport(), at, at + QPoint(30, 5))
    assert session.masks(image).by_reader == {}
    assert window.controller.state.stroke is None
    if verb != "maskLasso":  # that one may encircle something
        assert set(told) == {"There is no heart in this image yet. Draw it with the brush (B) or the lasso (Q)."}


def test_a_short_push_counts_too(heart):
    """A finger's breadth of the mouse, below what else would be a click."""
    before, at = mask(heart).copy(), edge(heart)
    use(heart, "maskPush")
    hand, start = Hand(heart.window.image_view.viewport()), in_image(heart, at)
    hand.press(start)
    for step in (2, 4, 6):
        hand.move(start + QPoint(step, 0))
    hand.release(start + QPoint(6, 0))
    assert (mask(heart) != before).sum() > 10
    assert last_line(heart).startswith("Correct the heart")


def test_large_pixels_grow_by_one_at_least(heart):
    window, whole = heart.window, mask(heart).copy()
    window.controller.session.set_spacing(window.controller.image, 1.4, 1.4)
    use(heart, "growMask")
    np.testing.assert_array_equal(mask(heart), ndimage.binary_dilation(whole))


def test_a_landmark_that_comes_meanwhile_ends_no_stroke(heart):
    window, at = heart.window, edge(heart)
    use(heart, "maskBrush")
    hand, start = Hand(window.image_view.viewport()), in_image(heart, at)
    hand.press(start)
    hand.move(start + QPoint(14, 0))
    window.controller.session.define_landmark("Apex", "heart", (0.3, 0.2))
    assert window.controller.state.stroke is not None
    hand.release(start + QPoint(20, 4))
    assert last_line(heart).startswith("Correct the heart")
    assert_drawn_is_stored(heart)


def test_a_corrected_contour_point_takes_the_outline_along_when_asked(heart):
    window, session = heart.window, heart.window.controller.session
    image, before = window.controller.image, mask(heart).copy()
    told: list[str] = []
    window.controller.said.connect(told.append)
    use(heart, "maskThroughPoints")
    assert told == ["No contour point of the heart was corrected in this image."]
    placed = next(p for p in session.placements_in(image) if p.landmark.name == "heart_05")
    target = placed.xy + (placed.xy - middle(heart)) * 0.2
    session.move_placement(image, "heart_05", tuple(target))
    np.testing.assert_array_equal(mask(heart), before)  # editing a landmark moves no mask by itself
    use(heart, "maskThroughPoints")
    rim = mask(heart) & ~ndimage.binary_erosion(mask(heart))
    ys, xs = np.nonzero(rim)
    assert np.hypot(xs - target[0], ys - target[1]).min() <= 1.5
    changed = np.argwhere(mask(heart) != before)[:, ::-1]
    assert np.linalg.norm(changed - target, axis=1).max() < 6 * np.linalg.norm(target - placed.xy) + 80
    np.testing.assert_allclose(
        next(p.xy for p in session.placements_in(image) if p.landmark.name == "heart_05"), target
    )


# --- which tool, how large, whose mask


def test_keys_choose_the_tool_and_the_bar_shows_whose_mask_is_edited(heart, qtbot):
    window = heart.window
    bar = window.findChild(type(window.toolbar).__mro__[1], "maskBar")
    assert not bar.isVisible()
    for key, tool in ((Qt.Key.Key_B, MaskTool.BRUSH), (Qt.Key.Key_W, MaskTool.PUSH), (Qt.Key.Key_Q, MaskTool.LASSO)):
        qtbot.keyClick(window.image_view, key)
        assert (window.controller.mode, window.controller.state.mask_tool) == (Mode.MASK, tool)
    assert bar.isVisible()
    assert bar.words.text() == "Heart: predicted"
    assert window.actions_["maskMode"].isChecked()
    assert window.actions_["maskLasso"].isChecked()
    use(heart, "maskAbsent")
    assert bar.words.text() == "Heart: absent"
    window.controller.choose_structure("left_lung")
    assert bar.words.text() == "Left lung: predicted"
    qtbot.keyClick(window.image_view, Qt.Key.Key_V)
    assert not bar.isVisible()
    qtbot.keyClick(window.image_view, Qt.Key.Key_M)
    assert window.controller.state.mask_tool is MaskTool.LASSO  # the last one


def test_brackets_and_alt_with_the_wheel_change_the_brush(heart, qtbot):
    window = heart.window
    use(heart, "maskBrush")
    window.controller.set_brush(40.0)
    qtbot.keyClick(window.image_view, Qt.Key.Key_BracketRight)
    assert window.controller.state.brush == pytest.approx(50.0)
    qtbot.keyClick(window.image_view, Qt.Key.Key_BracketLeft)
    image, at = window.controller.image, QPointF(200, 200)
    everywhere = window.image_view.viewport().mapToGlobal(at)
    for delta in (QPoint(120, 0), QPoint(0, -240)):  # Qt exchanges the axes with Alt, some systems do not
        wheel = QWheelEvent(
            at, everywhere, QPoint(), delta, Qt.MouseButton.NoButton, ALT, Qt.ScrollPhase.NoScrollPhase, False
        )
        QApplication.sendEvent(window.image_view.viewport(), wheel)
    assert window.controller.state.brush == pytest.approx(40.0 / 1.15)
    assert window.controller.image == image
    for _ in range(40):
        use(heart, "brushSmaller")
    assert window.controller.state.brush == 3.0


def test_a_hidden_structure_is_shown_when_its_mask_is_edited(heart):
    window = heart.window
    window.controller.set_look(hidden=frozenset({"heart"}))
    use(heart, "noMasks")
    use(heart, "maskPush")
    assert window.controller.look.shows("heart")
    assert window.image_view.overlay.outlined is not None


def test_what_is_edited_is_drawn_whatever_is_hidden_meanwhile(heart):
    window = heart.window
    use(heart, "maskBrush")
    place = window.controller.session.template.index("heart")
    for hide in ({"structures": False}, {"hidden": frozenset({"heart"})}, {"masks": MaskStyle.OFF}):
        window.controller.set_look(**hide)
        overlay = window.image_view.drawn.overlay
        assert place in overlay.outlined, hide
        assert overlay.strong == place
    use(heart, "navigate")
    assert window.image_view.drawn.overlay.outlined == ()


def test_ctrl_click_chooses_the_structure_under_the_mouse(heart, qtbot):
    window, session = heart.window, heart.window.controller.session
    ys, xs = np.nonzero(session.mask(window.controller.image, "right_lung"))
    at = in_image(heart, (np.median(xs), np.median(ys)))
    use(heart, "maskBrush")
    lines = len(session.history())
    hover(window.image_view.viewport(), at)
    qtbot.waitUntil(lambda: window.image_view.pointing.spot is not None)
    qtbot.mouseClick(window.image_view.viewport(), Qt.MouseButton.LeftButton, CTRL, at)
    assert window.controller.structure == "right_lung"
    assert len(session.history()) == lines
    assert shown_fully(heart)
