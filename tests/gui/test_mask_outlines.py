"""Outlines that are clicked corner by corner, straight or along edges, and what is seen of a corrected mask."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from scipy import ndimage

from app.core.masks import MaskState
from app.gui.application import App
from app.gui.state.view_state import Mode
from app.gui.widgets.grey import VoiWindow
from tests.gui.conftest import Hand, drag, hover, in_image
from tests.gui.test_mask_tools import (
    RIGHT,
    SHIFT,
    accepted,
    assert_drawn_is_stored,
    edge,
    edit_heart,
    escape,
    lost_focus,
    mask,
    other_image,
    other_mode,
    other_tool,
    use,
)


@pytest.fixture
def heart(app: App) -> App:
    """The heart's mask is about to be edited."""
    return edit_heart(app)


def click(app: App, xy, button=Qt.MouseButton.LeftButton, keys=Qt.KeyboardModifier.NoModifier) -> None:
    """The mouse goes there and clicks."""
    hand, at = Hand(app.window.image_view.viewport()), in_image(app, xy)
    hover(app.window.image_view.viewport(), at)
    hand.press(at, button, keys)
    hand.release(at, button, keys)


def kite(at: np.ndarray) -> list[np.ndarray]:
    """Corners of a shape without symmetry around a place, native pixels."""
    return [at + d for d in ((-40, -28), (52, -20), (36, 44), (-24, 34))]


def close_by_enter(app: App, corners, qtbot) -> None:
    qtbot.keyClick(app.window.image_view, Qt.Key.Key_Return)


def close_at_the_first(app: App, corners, qtbot) -> None:
    click(app, corners[0] + (1, 1))


def close_by_double_click(app: App, corners, qtbot) -> None:
    hand = Hand(app.window.image_view.viewport())
    hand.press(in_image(app, corners[-1]), kind=QEvent.Type.MouseButtonDblClick)
    hand.release(in_image(app, corners[-1]))


@pytest.mark.parametrize(
    ("close", "button", "keys", "adds"),
    [
        (close_by_double_click, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, True),
        (close_by_enter, Qt.MouseButton.LeftButton, SHIFT, False),
        (close_at_the_first, RIGHT, Qt.KeyboardModifier.NoModifier, False),
    ],
)
def test_a_polygon_is_clicked_corner_by_corner_and_is_one_undo_step(heart, qtbot, close, button, keys, adds: bool):
    window, before = heart.window, mask(heart).copy()
    corners = kite(edge(heart))
    lines = len(window.controller.session.history())
    use(heart, "maskPolygon")
    for corner in corners:
        click(heart, corner, button, keys)
        np.testing.assert_array_equal(mask(heart), before)  # nothing before it is closed
    close(heart, corners, qtbot)
    assert window.controller.state.outline is None
    inside = cv2.fillPoly(np.zeros(before.shape, np.uint8), [np.rint(corners).astype(np.int32)], 1) > 0
    wanted = before | inside if adds else before & ~inside
    rim = ndimage.binary_dilation(inside, iterations=3) & ~ndimage.binary_erosion(inside, iterations=3)
    np.testing.assert_array_equal(mask(heart)[~rim], wanted[~rim])
    assert len(window.controller.session.history()) == lines + 1
    assert_drawn_is_stored(heart)
    use(heart, "undo")
    np.testing.assert_array_equal(mask(heart), before)


def test_corners_are_taken_back_one_by_one(heart, qtbot):
    window, view = heart.window, heart.window.image_view
    placements = len(window.controller.session.history())
    use(heart, "maskPolygon")
    for corner in kite(edge(heart))[:3]:
        click(heart, corner)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    use(heart, "undo")
    assert len(window.controller.state.outline.corners) == 1
    assert len(window.controller.session.history()) == placements, "nothing else was undone"
    told: list[str] = []
    window.controller.said.connect(told.append)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert told == ["An outline needs three corners at least. Click the next one, or press Esc."]
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    assert window.controller.state.outline is None
    assert window.controller.mode is Mode.MASK


def another_structure(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    app.window.controller.choose_structure("left_lung")


def grown(app: App, hand: Hand, at: QPoint, qtbot) -> None:
    use(app, "growMask")
    use(app, "undo")


@pytest.mark.parametrize("end", [escape, other_image, accepted, other_mode, other_tool, another_structure, grown])
def test_whatever_interrupts_an_outline_leaves_what_is_stored(heart, qtbot, end: Callable[..., None]):
    window, session = heart.window, heart.window.controller.session
    image, before, corners = window.controller.image, mask(heart).copy(), kite(edge(heart))
    use(heart, "maskPolygon")
    for corner in corners[:3]:
        click(heart, corner)
    hover(window.image_view.viewport(), in_image(heart, corners[3]))
    assert window.controller.state.outline.tail
    end(heart, Hand(window.image_view.viewport()), QPoint(), qtbot)
    assert window.controller.state.outline is None
    np.testing.assert_array_equal(session.mask(image, "heart"), before)
    window.controller.show_image(image)
    assert_drawn_is_stored(heart)


def test_an_outline_stays_while_one_pans_zooms_or_a_landmark_comes(heart, qtbot):
    window, view = heart.window, heart.window.image_view
    use(heart, "maskPolygon")
    for corner in kite(edge(heart))[:2]:
        click(heart, corner)
    drag(qtbot, view.viewport(), QPoint(200, 200), QPoint(230, 190), Qt.MouseButton.MiddleButton)
    use(heart, "zoomIn")
    window.controller.session.define_landmark("Apex", "heart", (0.3, 0.2))
    lost_focus(heart, Hand(view.viewport()), QPoint(), qtbot)
    assert len(window.controller.state.outline.corners) == 2


def test_snapping_runs_along_the_edge_between_two_clicks(heart, qtbot):
    """A disc is painted into the picture that is shown: its rim is what the reader sees."""
    window, view = heart.window, heart.window.image_view
    picture = view.grey.picture
    height, width = picture.stored.shape
    ys, xs = np.mgrid[:height, :width]
    centre, radius = np.array([0.45 * width, 0.5 * height]), 0.18 * width
    picture.stored[:] = picture.stored.max() * np.where(np.hypot(xs - centre[0], ys - centre[1]) <= radius, 0.7, 0.3)
    picture._levels.clear()
    view.set_window(VoiWindow(picture.value(0, 0), 2 * picture.value(0, 0)))
    use(heart, "maskAbsent")  # a missing structure is drawn
    use(heart, "maskSnap")
    for angle in (0.2, 1.5, 2.8, 4.1, 5.3):
        click(heart, centre + radius * np.array([np.cos(angle), np.sin(angle)]))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    wanted = np.hypot(xs - centre[0], ys - centre[1]) <= radius
    found = mask(heart)
    assert 2 * (found & wanted).sum() / (found.sum() + wanted.sum()) > 0.985, "the pentagon of the clicks has .87"
    assert window.controller.session.mask_state(window.controller.image, "heart") is MaskState.CORRECTED
    assert_drawn_is_stored(heart)


def test_what_was_added_and_taken_away_is_tinted_when_asked_for(heart, qtbot):
    window, view, session = heart.window, heart.window.image_view, heart.window.controller.session
    image, at = window.controller.image, edge(heart).astype(int)
    corrected = mask(heart).copy()
    corrected[at[1] - 20 : at[1] + 20, at[0] + 1 : at[0] + 60] = True
    corrected[at[1] - 20 : at[1] + 20, at[0] - 90 : at[0] - 40] = False
    session.set_mask(image, "heart", corrected)
    use(heart, "maskPush")
    places = [in_image(heart, (at[0] + dx, at[1] + dy)) for dx, dy in ((30, 0), (-65, 5), (-130, 0))]

    def greener_than_red() -> np.ndarray:
        picture = view.viewport().grab().toImage()
        return np.array([picture.pixelColor(p).green() - picture.pixelColor(p).red() for p in places])

    before = greener_than_red()
    qtbot.keyClick(view, Qt.Key.Key_E, SHIFT)
    added, taken, same = greener_than_red() - before
    assert (added > 15, taken < -15, same) == (True, True, 0)
    use(heart, "maskAbsent")
    assert greener_than_red()[2] - before[2] < -15, "all of it was taken away"
    window.controller.choose_structure("left_lung")
    assert greener_than_red()[2] - before[2] < -15, "that holds for each structure"
    qtbot.keyClick(view, Qt.Key.Key_E, SHIFT)
    assert window.image_view.drawn.overlay.compared == ()
