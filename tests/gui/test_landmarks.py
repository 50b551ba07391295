"""The landmark panel: counts, order, groups, the dialog, the least confident image, landmark sets."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from app.core.landmark import PlacementState
from app.gui.landmarks.landmark_dialog import LandmarkDialog
from app.gui.landmarks.landmark_model import NAME
from tests.gui.conftest import name_landmark


@pytest.fixture
def three(app, qtbot):
    """Landmarks “A”, “B” and “C” in the heart; “A” is chosen."""
    session = app.window.controller.session
    for i, name in enumerate("ABC"):
        session.define_landmark(name, "heart", (0.1 * i, 0.2))
    app.window.controller.choose_landmark("A")
    return app


def rows(app) -> list[str]:
    model = app.window.landmark_table.landmarks
    return [model.index(i, NAME).data() for i in range(model.rowCount())]


def test_counts_of_the_four_states(three, qtbot) -> None:
    window, session = three.window, three.window.controller.session
    first, second, third = session.images
    session.move_placement(first, "A", (10, 20))
    session.confirm_placement(second, "A")
    session.set_absent(third, "A")
    model = window.landmark_table.landmarks
    qtbot.waitUntil(lambda: model.counts("A") == (0, 1, 1, 1))
    assert model.counts("A").words() == "Predicted in 0, corrected in 1, confirmed in 1, absent in 1"
    assert model.counts("B") == (3, 0, 0, 0)


def test_rows_move_by_keys_and_by_dragging(three, qtbot) -> None:
    window, session = three.window, three.window.controller.session
    window.actions_["moveLandmarkDown"].trigger()
    assert rows(three) == ["B", "A", "C"]
    assert window.controller.landmark == "A"
    window.actions_["moveLandmarkUp"].trigger()
    window.actions_["moveLandmarkUp"].trigger()  # it is the first already
    assert rows(three) == ["A", "B", "C"]
    model = window.landmark_table.landmarks
    dragged = model.mimeData([model.index(0, NAME)])
    model.dropMimeData(dragged, Qt.DropAction.MoveAction, 3, 0, QModelIndex())
    assert rows(three) == ["B", "C", "A"]
    assert session.undo_label == "Move “A” in the list"
    window.actions_["undo"].trigger()
    assert rows(three) == ["A", "B", "C"]


def test_groups_have_headings_and_take_in_what_is_dragged_there(three, qtbot) -> None:
    session, model = three.window.controller.session, three.window.landmark_table.landmarks
    session.update_landmark("B", group="Hila")
    assert rows(three) == ["A", "C", "Hila", "B"]
    assert not model.flags(model.index(2, NAME)) & Qt.ItemFlag.ItemIsSelectable
    model.put("A", 3)
    assert rows(three) == ["C", "Hila", "A", "B"]
    assert session.landmark("A").group == "Hila"
    three.window.actions_["undo"].trigger()
    assert session.landmark("A").group == ""


def test_the_dialog_changes_everything_in_one_step(three, qtbot) -> None:
    window, session = three.window, three.window.controller.session
    window.actions_["editLandmark"].trigger()
    dialog = window.findChild(LandmarkDialog)
    dialog.name.setText("B")
    dialog.keep()
    assert dialog.isVisible()
    assert "already" in dialog.remark.text()
    for field, words in ((dialog.name, "Apex"), (dialog.group, "Heart"), (dialog.rule, "the lowest point on the left")):
        field.clear() if field is dialog.rule else field.setText("")
        qtbot.keyClicks(field, words)
    dialog.locked.setChecked(True)
    dialog.keep()
    mark = session.landmark("Apex")
    assert (mark.rule, mark.group, mark.locked) == ("the lowest point on the left", "Heart", True)
    assert window.controller.landmark == "Apex"
    window.actions_["undo"].trigger()
    assert session.landmark("A").group == ""


def test_the_least_confident_image(three, qtbot) -> None:
    window, session = three.window, three.window.controller.session
    worst, second, third = (tile.image for tile in window.contact_sheet.tiles)
    window.controller.show_image(third)
    window.actions_["leastConfident"].trigger()
    assert window.controller.image == worst
    session.set_review(worst, "accepted")
    window.actions_["leastConfident"].trigger()
    assert window.controller.image == second
    for image in (second, third):
        session.confirm_placement(image, "A")
    window.actions_["leastConfident"].trigger()
    assert window.controller.image == second
    assert "has been looked at" in window.messages.sentences()[-1]


def test_a_lock_by_menu(three, qtbot) -> None:
    window = three.window
    window.actions_["lockLandmark"].trigger()
    assert window.controller.session.landmark("A").locked
    window.actions_["lockLandmark"].trigger()
    assert not window.controller.session.landmark("A").locked


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not json", "no landmark set"),
        (b"\xff\xfe\x00", "no landmark set"),
        (b'{"anatomy": "wrist", "landmarks": []}', "anatomy"),
        (b'{"landmarks": [{"name": "x"}]}', "lacks"),
    ],
)
def test_a_wrong_landmark_set_gets_a_sentence(three, tmp_path, monkeypatch, content, words) -> None:
    file = tmp_path / "set.json"
    file.write_bytes(content)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    window = three.window
    before = window.controller.session.landmarks
    window.actions_["loadLandmarks"].trigger()
    said = window.messages.sentences()[-1]
    assert said.startswith("set.json")
    assert words in said
    assert window.controller.session.landmarks == before


def test_a_landmark_set_is_saved_whole_and_loads_again(three, tmp_path, monkeypatch) -> None:
    window, file = three.window, tmp_path / "set.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    window.actions_["saveLandmarks"].trigger()
    assert [mark["name"] for mark in json.loads(file.read_text("utf-8"))["landmarks"]] == ["A", "B", "C"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    for name in "ABC":
        window.controller.session.delete_landmark(name)
    window.actions_["loadLandmarks"].trigger()
    assert rows(three) == ["A", "B", "C"]
    assert window.controller.session.placements("A").states[0] is PlacementState.PREDICTED


def test_a_click_on_the_eye_hides(three, qtbot) -> None:
    table = three.window.landmark_table
    eye = table.visualRect(table.landmarks.index(0, 2)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(eye))
    assert three.window.controller.session.landmark("A").hidden
    assert rows(three) == ["A", "B", "C"]


def test_a_new_landmark_is_last(three, qtbot) -> None:
    three.window.actions_["moveLandmarkDown"].trigger()
    name_landmark(three, qtbot, "heart", (0.3, -0.3), "D")
    assert rows(three) == ["B", "A", "C", "D"]


def test_the_hint_says_what_can_be_done_in_this_image(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session

    def hint() -> str:
        return window.image_view.texts._top_right()[-1][0]

    window.actions_["landmarkMode"].trigger()
    assert hint() == "double click: a new landmark"
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    assert hint() == "drag corrects · arrows nudge"
    session.set_absent(session.images[0], "Apex")
    assert hint() == "click to place “Apex”"
    session.set_review(session.images[0], "accepted")
    assert hint().startswith("locked")


def test_another_landmark_shows_its_worst_image_first(app, qtbot) -> None:
    sheet = app.window.contact_sheet
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    sheet.setFixedWidth(200)
    bar = sheet.horizontalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    name_landmark(app, qtbot, "left_lung", (0.1, 0.2), "Hilum")
    assert bar.value() == 0
