"""The main story: open, predict, click on the template, correct, undo, close, reopen, export."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.core.landmark import PlacementState, ReviewState
from app.gui.state.view_state import Mode
from tests.gui.conftest import drag, in_image, name_landmark, on_template, settled, shown_fully

ROOT = Path(__file__).resolve().parents[2]


def test_opening_a_folder_predicts_by_itself(start, samples, tmp_path, qtbot) -> None:
    app = start(samples, "--project", tmp_path / "new.dsr")
    window = app.window
    assert window.worklist.model.rowCount() == 3
    qtbot.waitUntil(lambda: settled(app), timeout=60_000)
    qtbot.waitUntil(lambda: shown_fully(app), timeout=20_000)
    assert window.job_panel.label.text() == "Ready"
    assert not window.messages.sentences()


def test_the_window_predicts_without_torch(samples, tmp_path) -> None:
    # In a process of its own: in this one another test may have imported torch.
    code = (
        "import sys, time; from app.gui.application import launch\n"
        "app = launch(sys.argv[1:]); window = app.window; end = time.monotonic() + 60\n"
        "while window.predicting.running and time.monotonic() < end: app.qt_app.processEvents()\n"
        "session = window.controller.session\n"
        "print([session.image(name).status for name in session.images], 'torch' in sys.modules)\n"
        "window.close()"
    )
    arguments = [sys.executable, "-c", code, str(samples), "--project", str(tmp_path / "new.dsr")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=90, check=True, cwd=ROOT)
    assert done.stdout.split("\n")[0] == f"{['predicted'] * 3} False"


def test_without_a_project_one_is_made_and_reopened(start, samples, qtbot) -> None:
    first = start(samples)
    path = first.window.controller.session.path
    assert path.suffix == ".dsr"
    qtbot.waitUntil(lambda: settled(first), timeout=60_000)
    first.window.close()
    again = start()
    assert again.window.controller.session.path == path


def test_with_nothing_there_is_a_welcome(start) -> None:
    app = start()
    assert app.window.controller.session is None
    assert app.window.centre.currentWidget() is app.window.welcome


def test_a_click_on_the_template_marks_all_images(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Middle of the heart")
    mark = session.landmark("Middle of the heart")
    assert mark.structure == "heart"
    assert mark.uv == pytest.approx((0.3, 0.2), abs=0.02)
    assert session.placements(mark.name).states == (PlacementState.PREDICTED,) * 3
    assert len(window.contact_sheet.tiles) == 3
    assert [m.name for m in window.image_view.markers.markers] == [mark.name]
    assert window.landmark_table.landmarks.counts(mark.name) == (3, 0, 0, 0)


def test_the_smallest_structure_is_meant(app, qtbot) -> None:
    session = app.window.controller.session
    centre = session.template.structure("right_clavicle").outline.mean(axis=0)
    uv = session.template.structure("right_clavicle").to_chart(centre)
    name_landmark(app, qtbot, "right_clavicle", tuple(uv), "On the clavicle")
    assert session.landmark("On the clavicle").structure == "right_clavicle"


def test_escape_takes_a_new_landmark_back(app, qtbot) -> None:
    view, session = app.window.template_view, app.window.controller.session
    before = session.landmarks
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=on_template(app, "heart", (0, 0)))
    assert app.window.image_view.markers.spot is not None
    qtbot.keyClicks(view.editor, "Never")
    qtbot.keyClick(view.editor, Qt.Key.Key_Escape)
    assert session.landmarks == before
    assert app.window.image_view.markers.spot is None


def test_dragging_corrects_and_undo_takes_it_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    before = session.placements("Apex").xy[0]
    window.controller.set_mode(Mode.LANDMARK)
    drag(qtbot, window.image_view.viewport(), in_image(app, before), in_image(app, before) + QPoint(40, 25))
    placed = session.placements("Apex")
    assert placed.states[0] == PlacementState.CORRECTED
    moved = (placed.xy[0] - before) * window.image_view.zoom
    assert moved == pytest.approx([40, 25], abs=1.5)
    window.actions_["undo"].trigger()
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED
    window.actions_["redo"].trigger()
    assert session.placements("Apex").xy[0] == pytest.approx(placed.xy[0])


def test_nothing_is_dragged_in_navigate_mode_or_from_afar(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    at = in_image(app, session.placements("Apex").xy[0])
    level = window.image_view.grey.voi_window
    drag(qtbot, window.image_view.viewport(), at, at + QPoint(30, 0))
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED
    assert window.image_view.grey.voi_window.width > level.width
    window.controller.set_mode(Mode.LANDMARK)
    drag(qtbot, window.image_view.viewport(), at + QPoint(20, 0), at + QPoint(50, 0))
    drag(qtbot, window.image_view.viewport(), at, at + QPoint(50, 0), Qt.MouseButton.MiddleButton)
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED


def test_closing_and_reopening_shows_the_same(app, start, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "left_lung", (0.0, 0.1), "In the lung")
    session.move_placement(session.images[1], "In the lung", (100.0, 120.0))
    session.set_review(session.images[0], ReviewState.SECOND_OPINION)
    before, path = session.placements("In the lung"), session.path
    window.close()
    again = start("--project", path).window.controller.session
    after = again.placements("In the lung")
    assert after.states == before.states
    np.testing.assert_allclose(after.xy, before.xy)
    assert again.image(again.images[0]).review == ReviewState.SECOND_OPINION
    assert again.undo_label


def test_accept_goes_on_with_the_first_open_image_after_the_last(app) -> None:
    window, session = app.window, app.window.controller.session
    first, last = window.worklist.model.shown[0], window.worklist.model.shown[-1]
    window.controller.show_image(last)
    window.actions_["accept"].trigger()
    assert window.controller.image == first
    assert "last image of the list" in window.messages.sentences()[-1]
    session.set_review(list(session.images), ReviewState.ACCEPTED)
    session.set_review(last, ReviewState.IN_PROGRESS)
    window.controller.show_image(last)
    window.actions_["accept"].trigger()
    assert window.controller.image == last
    assert "has been reviewed" in window.messages.sentences()[-1]


def test_accept_locks_and_goes_on(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.show_image(session.images[0])
    window.actions_["accept"].trigger()
    assert session.image(session.images[0]).review == ReviewState.ACCEPTED
    assert window.controller.image == session.images[1]
    window.controller.show_image(session.images[0])
    window.controller.set_mode(Mode.LANDMARK)
    at = in_image(app, session.placements("Apex").xy[0])
    drag(qtbot, window.image_view.viewport(), at, at + QPoint(30, 0))
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED
    assert "accepted and locked" in window.messages.sentences()[-1]
