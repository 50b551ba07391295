"""Images that look turned or inverted: the window offers the way back, and shows them as they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from app.core.frame import Frame
from app.core.orientation import AS_STORED, Orientation
from app.gui.application import App
from app.gui.image.orientation_preview import OrientationDialog
from app.gui.image.overlays import network_corners
from app.gui.image.turn import Turn
from app.io.image import decode_image, read_bytes
from tests.gui.conftest import SAMPLES, drag, settled, shown_fully

SAMPLE = "rendered_5.png"


@pytest.fixture
def odd(start: Callable[..., App], tmp_path: Path, qtbot) -> App:
    """A sample as it is, two copies turned to the left and one inverted; all are predicted."""
    films = tmp_path / "films"
    films.mkdir()
    pixels = decode_image(read_bytes(SAMPLES / SAMPLE), SAMPLE).pixels
    turned = np.ascontiguousarray(Orientation(3).turned(pixels))
    pictures = {
        "a_left": turned,
        "b_left": turned - turned // 9,
        "c_plain": pixels,
        "d_inverted": pixels.max() - pixels,
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(films / f"{name}.png"), picture)
    app = start("--project", tmp_path / "p.dsr", films)
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    return app


def orientation(app: App, image: str) -> Orientation:
    return app.window.controller.frame(image).orientation


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_all_turned_images_are_read_upright_at_once(odd: App, qtbot):
    window, session = odd.window, odd.window.controller.session
    bar, view = window.orientation_bar, window.image_view
    assert window.controller.image == "a_left.png"
    assert bar.isVisible()
    assert bar.words.text() == "This frontal chest radiograph looks turned to the left by 90°."
    qtbot.waitUntil(bar.mend_all.isVisible)  # counted a little after the predictions
    assert [b.text() for b in (bar.mend, bar.mend_all)] == ["Read it upright", "Read all 2 like this…"]
    assert view.texts.suspicion_is_told
    click(qtbot, bar.mend_all)
    click(qtbot, listed(bar).read)
    assert not bar.isVisible()
    qtbot.waitUntil(lambda: settled(odd), timeout=20_000)
    assert orientation(odd, "a_left.png") == orientation(odd, "b_left.png") == Orientation(1)
    assert orientation(odd, "c_plain.png") == AS_STORED
    assert view.turn == Turn(1)
    assert session.image("a_left.png").suspect == ""
    window.actions_["undo"].trigger()
    assert window.actions_["redo"].text() == "Redo: Orientation of 2 images: turned right by 90°"
    assert bar.isVisible()  # the earlier prediction is there at once
    assert view.turn == Turn()
    click(qtbot, bar.mend)
    assert session.undo_label == "Orientation of a_left: turned right by 90°"


def listed(bar) -> OrientationDialog:
    return bar.findChild(OrientationDialog)


def test_the_images_are_shown_before_many_are_turned(odd: App, qtbot):
    bar, session = odd.window.orientation_bar, odd.window.controller.session
    qtbot.waitUntil(bar.mend_all.isVisible)
    known = len(session.history())
    click(qtbot, bar.mend_all)
    dialog = listed(bar)
    assert dialog.isVisible()
    assert len(session.history()) == known  # nothing is done yet
    rows = [dialog.model.index(row) for row in range(dialog.model.rowCount())]
    assert [row.data() for row in rows] == ["a_left.png", "b_left.png"]
    shown = rows[0].data(Qt.ItemDataRole.DecorationRole).toImage()
    upright = session.preview("c_plain.png")
    wide = cv2.resize(upright, (shown.width(), shown.height()), interpolation=cv2.INTER_AREA).astype(float)
    seen = np.array([[shown.pixelColor(x, y).red() for x in range(shown.width())] for y in range(shown.height())])
    assert np.abs(seen - wide).mean() < 6  # as it would be read: upright
    assert np.abs(seen[:, ::-1] - wide).mean() > 12
    dialog.model.setData(rows[0], Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert dialog.read.text() == "Read 1 image so"
    click(qtbot, dialog.read)
    assert orientation(odd, "a_left.png") == AS_STORED
    assert orientation(odd, "b_left.png") == Orientation(1)


def test_thinking_better_of_it_turns_nothing(odd: App, qtbot):
    bar, session = odd.window.orientation_bar, odd.window.controller.session
    qtbot.waitUntil(bar.mend_all.isVisible)
    known = len(session.history())
    click(qtbot, bar.mend_all)
    dialog = listed(bar)
    for row in range(2):
        dialog.model.setData(dialog.model.index(row), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert not dialog.read.isEnabled()
    dialog.reject()
    assert len(session.history()) == known
    assert bar.isVisible()


def test_an_offer_that_was_left_does_not_come_again(odd: App, qtbot):
    window = odd.window
    window.controller.show_image("d_inverted.png")
    bar = window.orientation_bar
    assert bar.words.text() == "The grey values of this frontal chest radiograph look inverted."
    assert bar.mend.text() == "Invert the grey values"
    assert not bar.mend_all.isVisible()
    click(qtbot, bar.leave)
    assert not bar.isVisible()
    window.controller.show_image("a_left.png")
    assert bar.isVisible()
    window.controller.show_image("d_inverted.png")
    assert not bar.isVisible()
    assert not window.image_view.texts.suspicion_is_told
    window.actions_["accept"].trigger()
    window.controller.show_image("d_inverted.png")
    window.actions_["readInverted"].trigger()
    assert "accepted and locked" in window.messages.sentences()[-1]


def test_the_menu_reads_in_any_way(odd: App, qtbot):
    window = odd.window
    window.controller.show_image("d_inverted.png")
    window.actions_["readInverted"].trigger()
    assert window.image_view.grey.invert
    window.actions_["invert"].trigger()  # the reader's own inversion comes on top
    assert not window.image_view.grey.invert
    window.actions_["readMirrored"].trigger()
    window.actions_["readTurnedLeft"].trigger()
    assert orientation(odd, "d_inverted.png") == Orientation(inverted=True).then(Orientation(mirrored=True)).then(
        Orientation(-1)
    )
    window.actions_["readAsStored"].trigger()
    assert orientation(odd, "d_inverted.png") == AS_STORED


def test_several_images_of_the_worklist_are_read_otherwise(odd: App):
    window, session = odd.window, odd.window.controller.session
    names = ["b_left.png", "d_inverted.png"]
    menu = window.selection_commands.menu(window, names)
    ways = next(action.menu() for action in menu.actions() if action.text() == "Orientation of 2 images")
    by_words = {action.text(): action for action in ways.actions()}
    by_words["Turned right by 90°"].trigger()
    by_words["With grey values inverted"].trigger()
    assert orientation(odd, names[0]) == orientation(odd, names[1]) == Orientation(1, inverted=True)
    assert session.undo_label == "Orientation of 2 images: turned right by 90°, inverted"
    by_words["As stored"].trigger()
    assert orientation(odd, names[1]) == AS_STORED
    menu.deleteLater()


def test_the_contact_sheet_shows_and_moves_as_read(odd: App, qtbot):
    window, session = odd.window, odd.window.controller.session
    session.define_landmark("hilum", "right_lung", (0.6, 0.1))
    window.controller.choose_landmark("hilum")
    session.set_orientation("a_left.png", quarter_turns=1)
    qtbot.waitUntil(lambda: settled(odd), timeout=20_000)
    sheet = window.contact_sheet
    sheet.collect()
    rows = {tile.image: row for row, tile in enumerate(sheet.tiles)}
    qtbot.waitUntil(lambda: all(sheet.crop_of(row) is not None for row in rows.values()))
    upright, turned = (grey(sheet.crop_of(rows[name])) for name in ("c_plain.png", "a_left.png"))
    assert np.abs(upright - turned).mean() < 2
    window.controller.show_image("a_left.png")
    window.actions_["landmarkMode"].trigger()
    before = session.placements("hilum").xy[0]
    middle = sheet.tile_rect(rows["a_left.png"]).center()
    drag(qtbot, sheet.viewport(), middle, middle + QPoint(20, 0))
    moved = window.controller.frame("a_left.png").to_network([before, session.placements("hilum").xy[0]])
    assert moved[1, 0] - moved[0, 0] > 2  # to the right as seen
    assert abs(moved[1, 1] - moved[0, 1]) < 1


def grey(image) -> np.ndarray:
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine()).astype(float)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_what_lies_on_the_networks_grid_is_drawn_where_it_is_in_the_image(turns: int, mirrored: bool):
    way = Orientation(turns, mirrored)
    frame = Frame(300, 500, 64, 48, orientation=way)
    transform = network_corners(frame)
    for x, y in ((0.0, 0.0), (10.0, 3.5), (47.0, 60.0)):
        expected = frame.to_corner(frame.from_network((x - 0.5, y - 0.5)))
        np.testing.assert_allclose(transform.map(QPointF(x, y)).toTuple(), expected, atol=1e-6)
    shown = Turn.of(way).transform
    for step in ((1.0, 0.0), (0.0, 1.0)):
        np.testing.assert_allclose(shown.map(QPointF(*step)).toTuple(), way.linear @ step, atol=1e-9)
