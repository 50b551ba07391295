"""The pixel size by the reader's word: typed, or measured on a line drawn in the image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.core.frame import Provenance
from app.gui.image.spacing_dialog import SpacingDialog
from app.gui.image.turn import Turn
from app.project.session import Session
from tests.gui.conftest import Hand, drag, in_image, shown_fully
from tests.unit.store.fakes import hand_in


@pytest.fixture
def dialog(app, qtbot) -> SpacingDialog:
    """The dialog over an image of unknown pixel size."""
    window = app.window
    window.controller.show_image("rendered_3.png")
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    window.actions_["setSpacing"].trigger()
    return window.findChild(SpacingDialog, "spacingDialog")


def spacing(app, name: str):
    return app.window.controller.session.image(name).frame.spacing


def test_typing_gives_mm_in_one_undo_step(app, dialog, qtbot) -> None:
    view, session = app.window.image_view, app.window.controller.session
    assert dialog.is_now.text() == "unknown"
    assert np.isnan(view.mm_across)
    dialog.per_pixel.setValue(0.175)
    qtbot.mouseClick(dialog.keep_button, Qt.MouseButton.LeftButton)
    assert spacing(app, "rendered_3.png").provenance == Provenance.GIVEN
    assert view.mm_across == pytest.approx(0.175)
    app.window.actions_["undo"].trigger()
    assert spacing(app, "rendered_3.png") is None
    assert np.isnan(view.mm_across)
    assert session.redo_label.startswith("Set the pixel size")


@pytest.mark.parametrize("turn", [Turn(), Turn(1, True)], ids=str)
def test_a_line_over_a_known_length_gives_mm(app, dialog, qtbot, turn) -> None:
    view = app.window.image_view
    view.set_turn(turn)
    dialog.measured.setChecked(True)
    assert not dialog.keep_button.isEnabled()
    before = view.grey.voi_window
    drag(qtbot, view.viewport(), in_image(app, (200, 300)), in_image(app, (500, 300)))
    assert view.grey.voi_window == before  # the line is drawn, the window level stays
    drag(qtbot, view.viewport(), in_image(app, (500, 300)), in_image(app, (600, 300)))  # its end is moved
    pixels = dialog.ruler.length()
    assert pixels == pytest.approx(400, abs=4 / view.zoom)
    dialog.length.setValue(80)
    assert "given by the reader" in dialog.will_be.text()
    qtbot.mouseClick(dialog.keep_button, Qt.MouseButton.LeftButton)
    assert spacing(app, "rendered_3.png").column_mm == pytest.approx(80 / pixels)
    assert view.tool is None


def test_escape_gives_a_line_up(app, dialog, qtbot) -> None:
    view = app.window.image_view
    dialog.measured.setChecked(True)
    hand = Hand(view.viewport())
    hand.press(in_image(app, (200, 300)))
    hand.move(in_image(app, (300, 300)))
    assert dialog.ruler.length() > 0
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert dialog.ruler.length() == 0


def test_all_of_unknown_size_at_once_and_back(app, dialog, qtbot) -> None:
    session = app.window.controller.session
    unknown = dialog.scope.findText("2 images of unknown pixel size")
    assert unknown == 1
    dialog.scope.setCurrentIndex(unknown)
    dialog.per_pixel.setValue(0.2)
    steps = len(session.history())
    qtbot.mouseClick(dialog.keep_button, Qt.MouseButton.LeftButton)
    assert len(session.history()) == steps + 1
    assert all(spacing(app, name).column_mm == pytest.approx(0.2) for name in ("rendered_3.png", "rendered_4.png"))
    assert spacing(app, "rendered_1.dcm").provenance == Provenance.AT_DETECTOR
    app.window.actions_["setSpacing"].trigger()
    again = app.window.findChild(SpacingDialog, "spacingDialog")
    again.scope.setCurrentIndex(again.scope.count() - 1)
    assert again.scope.currentText() == "all 3 images"
    qtbot.mouseClick(again.reset_button, Qt.MouseButton.LeftButton)
    assert spacing(app, "rendered_3.png") is None
    assert spacing(app, "rendered_4.png") is None
    again.close()


def test_the_selected_images_of_the_worklist(app, dialog, qtbot) -> None:
    window = app.window
    dialog.close()
    window.worklist.list.selectAll()
    window.actions_["setSpacing"].trigger()
    again = window.findChildren(SpacingDialog, "spacingDialog")[-1]
    again.scope.setCurrentIndex(again.scope.findText("3 selected images"))
    again.per_pixel.setValue(0.3)
    again.keep()
    assert {spacing(app, name).column_mm for name in window.controller.session.images} == {0.3}


def test_accepted_images_keep_their_size(app, dialog) -> None:
    session = app.window.controller.session
    session.set_review("rendered_4.png", "accepted")
    assert dialog.scope.findText("2 of all 3 images") == 1
    session.set_review("rendered_3.png", "accepted")
    dialog.per_pixel.setValue(0.2)
    dialog.keep()
    assert "locked" in app.window.messages.sentences()[-1]
    assert dialog.isVisible()
    dialog.close()


def test_no_pixel_size_is_set_while_nobody_knows_the_shape_of_the_pixels(start, tmp_path, qtbot) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    app = start(tmp_path / "broken.png")
    session = app.window.controller.session
    qtbot.waitUntil(lambda: session.status("broken.png") == "failed", timeout=60_000)
    app.window.actions_["setSpacing"].trigger()
    dialog = app.window.findChild(SpacingDialog, "spacingDialog")
    dialog.per_pixel.setValue(0.2)
    assert dialog.chosen is None
    assert dialog.will_be.text() == ""
    assert not dialog.keep_button.isEnabled()
    dialog.close()


def test_a_line_on_pixels_that_are_not_square_is_as_long_as_it_looks(start, tmp_path, qtbot) -> None:
    """200 pixels per inch across and 100 down: a pixel is twice as high as wide, whatever its size."""
    picture = np.random.default_rng(3).integers(0, 255, (300, 320), np.uint8)
    Image.fromarray(picture).save(tmp_path / "im.png", dpi=(200, 100))
    with Session.create(tmp_path / "p.dsr") as made:
        made.add_images([tmp_path / "im.png"])
        hand_in(made, "im.png", 5, aspect=2.0)
    app = start("--project", tmp_path / "p.dsr")
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    app.window.actions_["setSpacing"].trigger()
    dialog = app.window.findChild(SpacingDialog, "spacingDialog")
    dialog.measured.setChecked(True)
    dialog.ruler.set_ends(np.array([(50.0, 40.0), (110.0, 80.0)]))  # 60 widths across and 40 heights down
    dialog.length.setValue(25)
    assert dialog.chosen == pytest.approx((0.5, 0.25), rel=1e-6)
    dialog.keep()
    size = spacing(app, "im.png")
    assert (size.row_mm, size.column_mm) == pytest.approx((0.5, 0.25), rel=1e-6)
    assert np.hypot(60 * size.column_mm, 40 * size.row_mm) == pytest.approx(25)
