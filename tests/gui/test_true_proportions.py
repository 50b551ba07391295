"""Pixels that are not square: shown in true proportions, clicked and kept in the pixels of the file."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app.gui.image.spacing_dialog import SpacingDialog
from app.gui.image.turn import Turn
from app.gui.state.view_state import MaskStyle
from tests.gui.conftest import drag, in_image, name_landmark
from tests.unit.pictures import write_dicom


@pytest.fixture
def app(start, tmp_path, qtbot):
    """A bright disc of 24 mm in a picture of 100 x 60 mm, in pixels of 0.5 mm down and 0.2 mm across."""
    row, column = np.mgrid[:200, :300]
    inside = np.hypot((row - 90) * 0.5, (column - 140) * 0.2) <= 12
    pixels = np.where(inside, 3000, 100 + row + column).astype(np.uint16)
    app = start(write_dicom(tmp_path / "films" / "disc.dcm", pixels, ImagerPixelSpacing=[0.5, 0.2]))
    qtbot.waitUntil(lambda: app.window.image_view.grey.picture is not None, timeout=30_000)
    qtbot.waitUntil(lambda: not app.window.image_view.grey.picture.coarse, timeout=30_000)
    return app


@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(3, True)], ids=str)
def test_a_round_thing_is_round_on_the_screen_however_turned(app, turn: Turn) -> None:
    view = app.window.image_view
    app.window.controller.set_look(masks=MaskStyle.OFF, uv=False)
    view.set_turn(turn)
    shot, port = view.grab().toImage(), view.viewport().rect()
    middle = view.viewport_of(140, 90)

    def run(dx: int, dy: int) -> int:
        """How many screen pixels are bright from the middle of the disc in a direction."""
        at, count = middle.toPoint(), 0
        while port.contains(at) and shot.pixelColor(at).red() > 200:
            at, count = QPoint(at.x() + dx, at.y() + dy), count + 1
        return count

    across, down = run(1, 0) + run(-1, 0) - 1, run(0, 1) + run(0, -1) - 1
    row = 2.5 * view.zoom + 2  # a row of the file, and at either end a pixel of the screen that is half bright
    assert across == pytest.approx(down, abs=row)
    assert across == pytest.approx(120 * view.zoom, abs=row)  # 24 mm are 120 columns
    assert across * view.mm_across / view.zoom == pytest.approx(24, abs=1)


def test_a_marker_is_dragged_in_the_file_s_pixels(app, qtbot) -> None:
    view, session = app.window.image_view, app.window.controller.session
    qtbot.waitUntil(lambda: session.prediction(view.image) is not None, timeout=60_000)
    name_landmark(app, qtbot, "heart", (0.1, 0.2), "Apex")
    app.window.actions_["landmarkMode"].trigger()
    session.move_placement(view.image, "Apex", (100.0, 80.0))
    start = in_image(app, np.array([100.0, 80.0]))
    drag(qtbot, view.viewport(), start, start + QPoint(50, 30))
    step = np.array([50, 30]) / view.zoom  # in columns; a row is 2.5 of them
    assert session.placements("Apex").xy[0] == pytest.approx([100 + step[0], 80 + step[1] / 2.5], abs=1.5 / view.zoom)


def test_the_small_picture_is_as_wide_as_the_film(app, qtbot) -> None:
    session, name = app.window.controller.session, app.window.image_view.image
    qtbot.waitUntil(lambda: session.prediction(name) is not None, timeout=60_000)
    height, width = app.window.pictures.as_read(name).shape
    assert width / height == pytest.approx(60 / 100, rel=0.02)


def test_a_length_measured_down_and_one_measured_across_give_the_same_pixel_size(app, qtbot) -> None:
    session = app.window.controller.session
    qtbot.waitUntil(lambda: session.image(session.images[0]).frame is not None, timeout=60_000)
    app.window.actions_["setSpacing"].trigger()
    dialog = app.window.findChild(SpacingDialog, "spacingDialog")
    dialog.measured.setChecked(True)
    dialog.length.setValue(48.0)  # a reader's word: the disc of 24 mm by the header is twice as large
    for ends in ([[140, 66], [140, 114]], [[80, 90], [200, 90]], [[104, 54], [176, 86.4]]):
        dialog.ruler.set_ends(np.array(ends, float))
        header = np.hypot(*(np.subtract(*ends) * (0.2, 0.5)))
        factor = 48 / header
        assert dialog.chosen == pytest.approx((0.5 * factor, 0.2 * factor), rel=1e-6)
        assert dialog.will_be.text().startswith(f"{0.2 * factor:.4g} mm")
    dialog.close()
