"""Actions, names, live link, window level, worklist, contact sheet: what the seams and the hands promise."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QWidget

from app.core.landmark import PlacementState
from app.gui.shell import crash_log
from app.gui.shell.keys_dialog import KeysDialog
from app.gui.state.view_state import Mode
from tests.gui.conftest import Hand, drag, hover, in_image, name_landmark, on_template


def in_menus(menu_bar) -> set[str]:
    found: set[str] = set()
    todo = [a.menu() for a in menu_bar.actions()]
    while todo:
        menu = todo.pop()
        assert isinstance(menu, QMenu)
        for action in menu.actions():
            if action.menu() is not None:
                todo.append(action.menu())
            elif not action.isSeparator():
                found.add(action.objectName())
    return found


def test_every_command_is_a_named_action_in_the_menus(start) -> None:
    window = start().window
    assert in_menus(window.menuBar()) == {f"action.{command.verb}" for command in window.actions_.commands}
    titles = [a.text() for a in window.menuBar().actions()]
    assert titles == ["File", "Edit", "View", "Image", "Landmark", "Mask", "Review", "Help"]


def test_no_key_is_given_twice(start) -> None:
    keys = [key for command in start().window.actions_.commands for key in command.keys.split()]
    assert len(keys) == len({QKeySequence(key).toString() for key in keys})


@pytest.mark.parametrize(
    "name", ["worklist", "imageView", "templateView", "landmarkTable", "contactSheet", "jobPanel", "messages"]
)
def test_views_carry_their_names(start, name: str) -> None:
    assert start().window.findChild(QWidget, name) is not None


def test_the_mouse_on_the_template_shows_in_the_image_and_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    hover(window.template_view.viewport(), on_template(app, "heart", (0.2, 0.1)))
    spot = window.image_view.markers.spot
    place = session.preview_places("heart", window.controller.spot.uv).xy[0]
    assert (spot.x() - 0.5, spot.y() - 0.5) == pytest.approx(tuple(place))
    hover(window.image_view.viewport(), in_image(app, place))
    qtbot.waitUntil(lambda: window.controller.spot is not None and window.controller.spot.source == "image")
    assert window.controller.spot.structure == "heart"
    assert window.controller.spot.uv == pytest.approx((0.2, 0.1), abs=0.05)
    assert window.template_view.markers.spot is not None


def test_window_level_drag_and_presets(app, qtbot) -> None:
    view = app.window.image_view
    before, middle = view.grey.voi_window, view.viewport().rect().center()
    drag(qtbot, view.viewport(), middle, middle + QPoint(100, 0))
    assert view.grey.voi_window.width > before.width
    assert view.grey.voi_window.level == before.level
    drag(qtbot, view.viewport(), middle, middle + QPoint(0, 100))
    assert view.grey.voi_window.level > before.level
    app.window.actions_["preset1"].trigger()
    assert view.grey.voi_window == view.grey.picture.presets[0][1]


def test_image_coordinates_round_trip(app) -> None:
    view = app.window.image_view
    for zoom in (0.3, 1.0, 3.7):
        view.set_zoom(zoom)
        at = view.viewport_of(123.0, 45.0)
        assert view.native_of(at) == pytest.approx([123.0, 45.0])
    corner = view.from_plane(0, 0)
    assert view.native_of(corner) == pytest.approx([-0.5, -0.5])


def test_zoom_keeps_the_place_under_the_mouse(app) -> None:
    view = app.window.image_view
    at = QPointF(200, 150)
    before = view.native_of(at)
    view.set_zoom(view.zoom * 2, at)
    assert view.native_of(at) == pytest.approx(before)
    app.window.actions_["fit"].trigger()
    assert view.fitted


def test_states_by_menu_commands(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    for verb, state in (
        ("confirmPlacement", PlacementState.CONFIRMED),
        ("absentPlacement", PlacementState.ABSENT),
        ("resetPlacement", PlacementState.PREDICTED),
    ):
        window.actions_[verb].trigger()
        assert session.placements("Apex").states[0] == state
        assert [m.state for m in window.image_view.markers.markers] == [state]


def test_rename_hide_and_delete(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.actions_["renameLandmark"].trigger()
    editor = window.landmark_table.findChild(QLineEdit)
    editor.setText("Heart apex")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: any(m.name == "Heart apex" for m in session.landmarks))
    assert window.controller.landmark == "Heart apex"
    window.actions_["hideLandmark"].trigger()
    assert session.landmark("Heart apex").hidden
    window.actions_["deleteLandmark"].trigger()
    assert window.controller.landmark == ""
    window.actions_["undo"].trigger()
    assert session.landmark("Heart apex")


def test_contact_sheet_is_sorted_and_confirms(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    sheet = window.contact_sheet
    sure = [tile.confidence for tile in sheet.tiles]
    assert sure == sorted(sure)
    qtbot.mouseClick(sheet.viewport(), Qt.MouseButton.LeftButton, pos=sheet.tile_rect(0).center() + QPoint(30, 30))
    worst = sheet.tiles[0].image
    assert window.controller.image == worst
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    slot = session.images.index(worst)
    assert session.placements("Apex").states[slot] == PlacementState.CONFIRMED
    assert sheet.tiles[0].image == worst  # the order stays until the reader asks
    again = window.findChild(QPushButton, "sortAgain")
    assert again.isVisible()
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert sheet.tiles[-1].image == worst
    assert not again.isVisible()


def test_dragging_in_the_contact_sheet_corrects(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.set_mode(Mode.LANDMARK)
    sheet = window.contact_sheet
    sheet.set_aligned(False)
    tile = sheet.tiles[1]
    centre = sheet.tile_rect(1).center()
    drag(qtbot, sheet.viewport(), centre, centre + QPoint(20, -10))
    slot = session.images.index(tile.image)
    moved = session.placements("Apex").xy[slot] - tile.xy
    assert moved[0] / -moved[1] == pytest.approx(2, rel=0.1)
    assert session.placements("Apex").states[slot] == PlacementState.CORRECTED


def test_worklist_filters_and_steps(app, qtbot) -> None:
    window = app.window
    qtbot.keyClicks(window.worklist.filter, "PNG")
    assert window.worklist.model.shown == ["rendered_3.png", "rendered_4.png"]
    window.actions_["lastImage"].trigger()
    assert window.controller.image == "rendered_4.png"
    window.actions_["previousImage"].trigger()
    assert window.controller.image == "rendered_3.png"
    window.worklist.filter.clear()
    assert window.worklist.model.rowCount() == 3


def test_structures_can_be_switched(app, qtbot) -> None:
    window = app.window
    window.structures.toggle("heart")
    assert "heart" in window.controller.look.hidden
    on_heart = window.template_view.point_at(QPointF(on_template(app, "heart", (0, 0))))
    assert on_heart is None or on_heart[0] != "heart"


def test_keys_can_be_rebound(app, qtbot) -> None:
    window = app.window
    dialog = KeysDialog(window, window.actions_)
    dialog.edits["invert"].setKeySequence(QKeySequence("Ctrl+I"))
    dialog.rebind("invert")
    assert window.actions_["invert"].shortcut() == QKeySequence("Ctrl+I")
    dialog.edits["fit"].setKeySequence(QKeySequence("Ctrl+I"))
    dialog.rebind("fit")
    assert window.actions_["fit"].shortcut() == QKeySequence("F")
    assert "Invert" in dialog.remark.text()
    dialog.restore()
    assert window.actions_["invert"].shortcut() == QKeySequence("I")
    dialog.close()


def test_a_file_that_cannot_be_read_becomes_a_message(start, tmp_path, qtbot) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"this is no picture")
    app = start(folder, "--project", tmp_path / "p.dsr")
    qtbot.waitUntil(lambda: bool(app.window.messages.sentences()), timeout=30_000)
    qtbot.waitUntil(lambda: not app.window.predicting.running, timeout=30_000)
    assert "broken.png" in app.window.messages.sentences()[0]
    assert app.window.controller.session.image("broken.png").status == "failed"


def test_faults_are_told_kindly_and_logged_without_content(app) -> None:
    secret = "Muster^Erika"
    try:
        raise ValueError(secret)
    except ValueError:
        kind, _error, trace = sys.exc_info()
        text = crash_log.describe(kind, trace)
    assert secret not in text
    assert "ValueError" in text
    assert "test_window.py" in text


def test_grey_float_pictures_keep_their_values() -> None:
    from app.core.frame import Frame
    from app.gui.widgets.grey import GreyPicture

    pixels = np.linspace(-500, 1500, 100 * 80, dtype=np.float32).reshape(100, 80)
    picture = GreyPicture.of(pixels, Frame(100, 80))
    assert picture.value(10, 20) == pytest.approx(float(pixels[20, 10]), abs=0.05)
    short = GreyPicture.of((pixels).astype(np.int16), Frame(100, 80))
    assert short.value(10, 20) == float(pixels.astype(np.int16)[20, 10])


def test_cancel_is_silent_and_leaves_what_is_there(start, samples, tmp_path, qtbot) -> None:
    app = start(samples, "--project", tmp_path / "p.dsr")
    assert app.window.predicting.running
    assert app.window.job_panel.cancel.isVisible()
    qtbot.mouseClick(app.window.job_panel.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not app.window.predicting.running, timeout=5_000)
    assert not app.window.messages.sentences()
    assert not app.window.job_panel.cancel.isVisible()


def test_opening_fails_with_a_visible_sentence(start, tmp_path) -> None:
    file = tmp_path / "no.dsr"
    file.write_bytes(b"no project at all, " * 100)
    window = start("--project", file).window
    assert window.controller.session is None
    assert window.messages.isVisible()
    assert "no.dsr" in window.messages.sentences()[0]


def test_the_reader_is_asked_once(start, qtbot) -> None:
    window = start().window
    window.ask_reader()
    qtbot.keyClicks(window.reader_bar.field, "Dr Example")
    qtbot.keyClick(window.reader_bar.field, Qt.Key.Key_Return)
    assert not window.reader_bar.isVisible()
    assert window.status.reader.text() == "Reader: Dr Example"
    window.close()
    assert start().window.projects.reader() == "Dr Example"


def test_escape_cancels_a_drag(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.controller.set_mode(Mode.LANDMARK)
    view = window.image_view
    at = in_image(app, session.placements("Apex").xy[0])
    hand = Hand(view.viewport())
    hand.press(at)
    hand.move(at + QPoint(40, 0))
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    hand.release(at + QPoint(40, 0))
    assert session.placements("Apex").states[0] == PlacementState.PREDICTED


def test_a_focused_contact_sheet_keeps_its_arrows(app, qtbot) -> None:
    window = app.window
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    sheet = window.contact_sheet
    order = [tile.image for tile in sheet.tiles]
    window.controller.show_image(order[0])
    sheet.setFocus()
    qtbot.keyClick(sheet, Qt.Key.Key_Right)
    assert window.controller.image == order[1]
    qtbot.keyClick(sheet, Qt.Key.Key_Left)
    assert window.controller.image == order[0]


def test_a_landmark_can_be_named_in_the_image(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    view = window.image_view
    place = session.preview_places("heart", (0.1, 0.1)).xy[0]
    hover(view.viewport(), in_image(app, place))
    window.actions_["newLandmark"].trigger()
    view.editor.clear()
    qtbot.keyClicks(view.editor, "Here")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
    assert session.placements("Here").xy[0] == pytest.approx(place, abs=1.5)


def test_absent_landmarks_stay_visible_crossed_out(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    before = window.image_view.markers.markers[0]
    session.set_absent(session.images[0], "Apex")
    after = window.image_view.markers.markers[0]
    assert after.state == PlacementState.ABSENT
    assert after.xy == pytest.approx(before.xy, abs=0.01)


def test_the_window_lives_without_the_caller_holding_it(start, qtbot) -> None:
    import gc

    from app.gui.application import _alive

    window = start().window
    assert window in _alive
    gc.collect()
    assert window.isVisible()
    window.close()
    assert window not in _alive


def test_a_misspelled_path_makes_no_project(start, tmp_path) -> None:
    window = start(tmp_path / "nowhere").window
    assert window.controller.session is None
    assert "does not exist" in window.messages.sentences()[0]
    assert not list(tmp_path.rglob("*.dsr"))


def test_a_folder_without_images_gets_one_sentence(app, tmp_path, qtbot) -> None:
    window, empty = app.window, tmp_path / "empty"
    empty.mkdir()
    for words in ("there is no file", "one file, but it is no image", "2 files, but none is an image"):
        window.projects.add([empty])
        window.projects.add([empty])
        qtbot.waitUntil(lambda: not window.adding.running)
        assert words in window.messages.sentences()[-1]
        (empty / f"{words[0]}.txt").write_text("words")
    assert len(window.messages.sentences()) == 3


def test_a_project_open_elsewhere_offers_nothing_that_changes_it(start, predicted, tmp_path, qtbot) -> None:
    from app.project.session import Session

    shutil.copytree(predicted, tmp_path / "project")
    with Session.open(tmp_path / "project" / "project.dsr", reader="Somebody"):
        window = start("--project", tmp_path / "project" / "project.dsr").window
        assert window.controller.session.read_only
        assert "Somebody" in window.messages.sentences()[0]
        off = ("accept", "rejectStructure", "setSpacing", "readInverted", "newLandmark", "undo", "findMoved")
        assert [verb for verb in off if window.actions_[verb].isEnabled()] == []
        assert window.actions_["fit"].isEnabled()
        assert window.actions_["export"].isEnabled()
        window.close()


def test_who_does_not_say_a_name_is_back_at_the_image(app, qtbot) -> None:
    window = app.window
    window.actions_["setReader"].trigger()
    assert window.reader_bar.field.hasFocus()
    qtbot.keyClick(window.reader_bar.field, Qt.Key.Key_Escape)
    assert not window.reader_bar.isVisible()
    assert window.image_view.hasFocus()


def test_a_note_is_written_in_a_wide_field(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session

    def write() -> None:
        dialog = QApplication.activeModalWidget()
        assert dialog.width() >= 480
        qtbot.keyClicks(dialog.findChild(QLineEdit), "which side?")
        qtbot.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)

    QTimer.singleShot(0, window, write)
    window.actions_["note"].trigger()
    assert session.image(window.controller.image).note == "which side?"
