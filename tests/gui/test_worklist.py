"""The worklist: filter, order, bulk actions on a selection, drops, and 10,000 rows."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.core.landmark import ReviewState
from app.gui.worklist.worklist_model import Order
from tests.gui.conftest import SAMPLES, name_landmark


def select(app, *names: str) -> None:
    worklist = app.window.worklist
    for name in names:
        flag = QItemSelectionModel.SelectionFlag.Select
        worklist.list.selectionModel().select(worklist.model.index_of(name), flag)


def choose(app, qtbot, words: str) -> None:
    """Right-click the current row and take one entry of the menu."""
    view = app.window.worklist.list
    at = view.visualRect(view.currentIndex()).center()
    view.customContextMenuRequested.emit(at)
    menu = app.window.findChild(QMenu, "contextMenu")
    action = next(a for a in menu.actions() if a.text() == words)
    action.trigger()
    menu.close()


def test_the_filter_knows_states_and_remarks(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    session.set_review(second, "second_opinion", "is this a fissure?")
    session.set_review(third, "rejected")
    window.worklist.model.look_up(60.0)  # else what is not known yet is compared by its name alone, for a moment
    for typed, found in (("opinion", [second]), ("FISSURE", [second]), ("rejected", [third]), ("unread", [first])):
        window.worklist.filter.clear()
        qtbot.keyClicks(window.worklist.filter, typed)
        assert window.worklist.model.shown == found
    assert "fissure" in window.worklist.model.row(second).words


def test_the_chips_show_and_count_what_is_open_and_what_is_flagged(app, qtbot) -> None:
    worklist, session = app.window.worklist, app.window.controller.session
    first, second, third = session.images
    for name, state in ((first, "in_progress"), (second, "accepted"), (third, "second_opinion")):
        session.set_review(name, state)

    def shown_by(chip) -> list[str]:
        worklist.model.look_up(60.0)  # else what is not known yet is shown too, and follows in a moment
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
        found = list(worklist.model.shown)
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
        assert worklist.model.shown == [first, second, third]
        return found

    assert shown_by(worklist.unread) == [first]
    assert shown_by(worklist.flagged) == [third]
    qtbot.waitUntil(lambda: (worklist.unread.text(), worklist.flagged.text()) == ("Open 1", "Flagged 1"))
    session.set_review(first, "rejected", structure="heart")  # the image is open still
    session.set_review(third, "unread")
    assert shown_by(worklist.unread) == [first, third]
    assert shown_by(worklist.flagged) == [first]
    qtbot.waitUntil(lambda: (worklist.unread.text(), worklist.flagged.text()) == ("Open 2", "Flagged 1"))


def test_every_order(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    session.move_placement(third, "Apex", (50, 60))
    session.set_review(first, "accepted", "b")
    session.set_review(second, "second_opinion", "a")
    model = window.worklist.model

    def shown_by(verb: str) -> list[str]:
        window.actions_[verb].trigger()
        return list(model.shown)

    assert shown_by("sortRemark") == [second, first, third]
    assert shown_by("sortState") == [third, second, first]
    assert shown_by("sortCorrections")[0] == third
    assert shown_by("sortName") == sorted(session.images, key=str.casefold)
    lowest = [session.least_certain(name).confidence for name in shown_by("worstFirst")]
    assert lowest == sorted(lowest)
    assert window.worklist.sorting.text().startswith(Order.CONFIDENCE.value)
    assert shown_by("sortAdded") == list(session.images)


def test_bulk_actions_leave_locked_images_alone_and_say_so(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    session.set_review(second, "accepted")
    select(app, first, second, third)
    choose(app, qtbot, "Reject 3 images")
    assert [session.image(n).review for n in session.images] == [
        ReviewState.REJECTED,
        ReviewState.ACCEPTED,
        ReviewState.REJECTED,
    ]
    assert window.messages.sentences()[-1].startswith("1 image is accepted and locked")
    assert window.worklist.selected() == [first, second, third]
    choose(app, qtbot, "Reopen 3 images")
    assert {session.image(n).review for n in session.images} == {ReviewState.IN_PROGRESS}
    choose(app, qtbot, "Accept 1 of 3 images")  # only the first was on the screen
    assert session.accepted == (first,)
    unseen = f"1 image was accepted. 2 images were not accepted: 2 were not on the screen yet (“{second}”, “{third}”)."
    assert window.messages.sentences()[-1] == unseen
    for name in (second, third):
        window.controller.show_image(name)
        qtbot.waitUntil(lambda name=name: window.seen.shown.get(name) == session.prediction_id(name))
    select(app, first, second, third)
    choose(app, qtbot, "Accept 2 of 3 images")  # the first is accepted already
    assert session.accepted == (first, second, third)
    window.actions_["undo"].trigger()
    assert window.messages.sentences()[-1] == "Undone: Set 2 images to accepted, in 2 images."
    assert session.accepted == (first,)


def test_the_menu_counts_what_can_be_accepted_and_says_why_the_rest_can_not(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    qtbot.waitUntil(lambda: first in window.seen.shown)
    session.set_review(third, "accepted")

    def lines(*names: str) -> dict[str, bool]:
        menu = window.selection_commands.menu(window, names)
        found = {action.text().strip(): action.isEnabled() for action in menu.actions()[1:3]}
        menu.deleteLater()
        return found

    assert lines(first, second, third) == {
        "Accept 1 of 3 images": True,
        "1 is accepted already, 1 was not on the screen yet": False,
    }
    assert lines(second, third) == {
        "Accept 0 of 2 images": False,
        "1 is accepted already, 1 was not on the screen yet": False,
    }
    window.controller.show_image(second)
    qtbot.waitUntil(lambda: second in window.seen.shown)
    assert next(iter(lines(first, second).items())) == ("Accept 2 images", True)


def test_a_file_that_changed_neither_sorts_the_list_nor_takes_the_selection(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    model = window.worklist.model
    window.actions_["sortState"].trigger()
    session.set_review(session.images[0], "second_opinion")  # it would go to the end if the list were sorted
    before = list(model.shown)
    select(app, before[0], before[1])
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    session.image(before[1]).path.write_bytes(b"torn")
    session.check_files()
    window.predicting.cancel()
    assert model.row(before[1]).words == "waiting"
    assert model.shown == before
    assert window.worklist.selected() == before[:2]
    assert not resets


def test_images_that_come_stand_last_and_undo_takes_only_them_away(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    model = window.worklist.model
    window.actions_["sortName"].trigger()
    window.predicting.cancel()
    before = list(model.shown)
    window.controller.session.add_images(SAMPLES / "rendered_2.dcm")
    assert model.shown == [*before, "rendered_2.dcm"]
    window.actions_["undo"].trigger()
    assert model.shown == before
    session.remove_images([before[0]])
    assert model.shown == before[1:]
    window.actions_["sortAdded"].trigger()
    window.actions_["undo"].trigger()
    assert model.shown == list(session.images)


def test_an_image_stays_in_view_and_in_its_list_when_its_new_name_is_taken_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    model, (first, second, third) = window.worklist.model, session.images
    window.controller.show_image(second)
    assert model.look_up(10)
    session.rename_image(second, "other.png")
    assert window.controller.image == "other.png"
    assert window.worklist.selected() == ["other.png"]
    qtbot.keyClicks(window.worklist.filter, "other")
    assert model.shown == ["other.png"]
    window.worklist.filter.clear()
    session.undo()
    assert window.controller.image == second
    assert model.shown == [first, second, third]
    assert model.look_up(10)
    assert sum(model.counts()) == 3
    session.redo()
    assert window.controller.image == "other.png"


def test_a_row_says_what_is_new_since_its_image_was_accepted(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, _ = session.images
    session.set_review(first, "accepted")
    assert window.worklist.model.row(first).words == "accepted"
    for name in ("a", "b"):
        session.define_landmark(name, "heart", (0.1, 0.3))
    assert window.worklist.model.row(first).words == "accepted · 2 new"
    assert " new" not in window.worklist.model.row(second).words
    session.set_review(first, "in_progress")
    assert " new" not in window.worklist.model.row(first).words


def test_absent_is_not_counted_as_corrected(app, qtbot) -> None:
    session, model = app.window.controller.session, app.window.worklist.model
    first, second, _ = session.images
    session.move_placement(first, "heart_00", (60, 70))
    session.set_absent(first, "heart_01")
    session.set_absent(first, "heart_02")
    assert model.row(first).words.endswith(" · 1 corrected · 2 absent")
    session.set_absent(second, "heart_01")
    assert model.row(second).words.endswith(" · 1 absent")
    session.set_review(first, "accepted")
    assert model.row(first).words == "accepted · 1 corrected · 2 absent"


def test_the_row_names_where_it_is_least_certain_and_a_click_on_it_only_shows_the_image(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name = session.images[1]
    errors = {p.landmark.name: p.expected_error for p in session.placements_in(name) if p.expected_error > 0}
    worst = max(errors, key=lambda mark: errors[mark])
    spacing = session.image(name).frame.spacing
    amount = errors[worst] * (spacing.row_mm * spacing.column_mm) ** 0.5 if spacing else errors[worst]
    words = f"±{amount:.0f}" if amount >= 10 else f"±{amount:.1f}"
    words += f" {'mm' if spacing else 'px'}"
    structure = session.landmark(worst).structure.replace("_", " ")
    assert window.worklist.model.row(name).words == f"{words} in the {structure}"  # the point itself is hidden
    tip = window.worklist.model.index_of(name).data(Qt.ItemDataRole.ToolTipRole)
    assert f"Least certain in the {structure}: {words}, confidence" in tip
    rect = window.worklist.list.visualRect(window.worklist.model.index_of(name))
    bar = QPoint(rect.right() - 12 - 16, rect.y() + 38)
    before = window.controller.landmark
    for at in (rect.center(), bar):
        window.controller.show_image(session.images[0])
        qtbot.mouseClick(window.worklist.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert (window.controller.image, window.controller.landmark) == (name, before)
    choose(app, qtbot, "Show its least certain point")
    assert (window.controller.image, window.controller.landmark) == (name, worst)
    assert window.image_view.marker_at(window.image_view.viewport_of(*session.placements(worst).xy[1])) == worst
    assert window.notices.label.text().startswith(f"Least certain at {worst}: {words}")


def test_the_command_leads_to_the_least_certain_point_of_the_image(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.set_spacing(session.images[2], 0.5, 0.25)
    window.controller.show_image(session.images[2])
    window.actions_["leastCertain"].trigger()
    lowest = session.least_certain(session.images[2])
    assert window.controller.landmark == lowest.landmark.name
    assert f"±{lowest.expected_error * 0.125**0.5:.1f} mm".rstrip() in window.notices.label.text() or (
        f"±{lowest.expected_error * 0.125**0.5:.0f} mm" in window.notices.label.text()
    )


def test_several_images_are_removed_and_come_back(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    select(app, first, third)
    choose(app, qtbot, "Remove 2 images from the project")
    assert session.images == (second,)
    assert window.controller.image == second
    window.actions_["undo"].trigger()
    assert session.images == (first, second, third)


def test_several_images_are_predicted_again(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    select(app, *session.images)
    choose(app, qtbot, "Predict 3 images again")
    assert window.predicting.running
    window.actions_["predictAgain"].trigger()
    assert "A prediction is running" in window.messages.sentences()[-1]
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=60_000)


def test_the_selection_survives_filter_and_order(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, _, third = session.images
    select(app, first, third)
    window.actions_["worstFirst"].trigger()
    assert set(window.worklist.selected()) == {first, third}
    assert window.controller.image == first


def test_images_of_one_patient_stand_together(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    model, dicom = window.worklist.model, "rendered_1.dcm"
    key = session.image(dicom).facts.patient
    assert len(key) == 8
    assert model.row(dicom).patient == key
    window.actions_["sortPatient"].trigger()
    assert model.shown == [dicom, "rendered_3.png", "rendered_4.png"]
    qtbot.keyClicks(window.worklist.filter, key)
    assert model.shown == [dicom]


def test_next_unread_says_when_there_is_none(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    session.set_review(session.images[1], "accepted")
    window.actions_["nextOpen"].trigger()
    assert window.controller.image == session.images[2]
    session.set_review(session.images, "accepted")
    window.actions_["nextOpen"].trigger()
    assert window.controller.image == session.images[2]
    assert window.messages.sentences()[-1] == "Every image in the worklist has been reviewed."


def test_what_a_filter_hides_is_not_called_reviewed(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    session.set_review(third, "rejected")
    qtbot.keyClicks(window.worklist.filter, first)
    assert window.worklist.model.shown == [first]
    session.set_review(first, "accepted")
    window.actions_["nextOpen"].trigger()
    filtered = "Every image that the filter lets through has been reviewed; 1 image has not been."
    assert window.messages.sentences()[-1] == filtered
    session.set_review(second, "accepted")
    window.actions_["nextOpen"].trigger()
    assert window.messages.sentences()[-1] == "Every image in the worklist has been reviewed."


@pytest.mark.parametrize("target", ["worklist", "imageView", "templateView", "landmarkTable", "contactSheet"])
def test_files_and_folders_can_be_dropped_anywhere(app, tmp_path, qtbot, target: str) -> None:
    from PySide6.QtWidgets import QAbstractScrollArea

    window, session = app.window, app.window.controller.session
    folder = tmp_path / "more"
    folder.mkdir()
    shutil.copy(SAMPLES / "rendered_5.png", folder)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    widget = window.findChild(QAbstractScrollArea, target).viewport()
    action, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(QPoint(5, 5), action, data, left, none))
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), action, data, left, none))
    qtbot.waitUntil(lambda: "rendered_5.png" in session.images, timeout=10_000)
    window.predicting.cancel()


def test_accepting_by_key_selects_the_next_image_alone(app, qtbot) -> None:
    """With Ctrl held a list adds to its selection; a bulk action would then touch what was accepted."""
    window = app.window
    first, second, _ = window.controller.session.images
    window.controller.show_image(first)
    key, ctrl = Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.windowHandle(), key, ctrl)
    assert window.controller.image == second
    assert window.worklist.selected() == [second]


def test_the_key_accepts_all_that_are_selected_and_goes_on_behind_them(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    for name in (second, first):
        window.controller.show_image(name)
        qtbot.waitUntil(lambda name=name: window.seen.shown.get(name) == session.prediction_id(name))
    select(app, first, second)
    assert window.actions_["accept"].text() == "Accept 2, next"
    key, ctrl = Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.windowHandle(), key, ctrl)
    assert session.accepted == (first, second)
    assert window.controller.image == third
    assert window.worklist.selected() == [third]
    assert window.actions_["accept"].text() == "Accept and next"
    assert window.messages.sentences()[-1] == "2 images were accepted."
    window.actions_["undo"].trigger()
    assert session.accepted == ()


@pytest.mark.parametrize(("verb", "state"), [("reject", "rejected"), ("secondOpinion", "second_opinion")])
def test_the_other_decisions_are_for_all_that_are_selected_too(app, verb: str, state: str) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    window.controller.show_image(first)
    window.actions_[verb].trigger()
    assert [session.review(name) for name in session.images] == [state, "unread", "unread"]
    session.set_review(third, "accepted")
    select(app, first, second, third)
    window.actions_[verb].trigger()
    assert [session.review(name) for name in session.images] == [state, state, "accepted"]
    assert window.messages.sentences()[-1] == (
        f"1 image is accepted and locked. Reopen it first (Review menu). "
        f"2 images were set to {state.replace('_', ' ')}."
    )
    window.actions_["reopen"].trigger()
    assert {session.review(name) for name in session.images} == {"in_progress"}
    assert window.messages.sentences()[-1] == "3 images were set to in progress."


def test_of_several_selected_images_those_that_were_not_seen_are_named(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    first, second, third = session.images
    qtbot.waitUntil(lambda: window.seen.shown.get(first) == session.prediction_id(first))
    select(app, first, third)
    window.actions_["accept"].trigger()
    assert session.accepted == (first,)
    assert window.messages.sentences()[-1] == (
        f"1 image was accepted. “{third}” was not accepted: its present prediction was not on the screen yet. "
        "Look at it first, with its outlines (O)."
    )
    assert window.controller.image == third
    assert second not in session.accepted


def test_enter_and_esc_lead_from_the_filter_to_the_images(app, qtbot) -> None:
    window, worklist = app.window, app.window.worklist
    first, _, third = window.controller.session.images
    window.controller.show_image(first)
    window.actions_["filter"].trigger()
    qtbot.keyClicks(worklist.filter, "nowhere")
    assert worklist.nothing.isVisible()
    worklist.filter.selectAll()
    qtbot.keyClicks(worklist.filter, third)
    assert not worklist.nothing.isVisible()
    qtbot.keyClick(worklist.filter, Qt.Key.Key_Return)
    assert window.controller.image == third
    assert window.image_view.hasFocus()
    window.actions_["filter"].trigger()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    assert worklist.filter.text() == ""
    assert window.image_view.hasFocus()


@pytest.mark.parametrize(("verb", "place"), [("nextImage", 0), ("previousImage", -1)])
def test_from_an_image_that_the_filter_hides_one_goes_to_the_first_or_the_last_shown(app, qtbot, verb, place) -> None:
    window, session = app.window, app.window.controller.session
    hidden, *others = session.images
    window.controller.show_image(hidden)
    session.set_review(others, "rejected")
    qtbot.keyClicks(window.worklist.filter, "rejected")
    assert window.worklist.model.shown == others
    assert window.controller.image == hidden
    window.actions_[verb].trigger()
    assert window.controller.image == others[place]


def test_the_chosen_image_stays_in_sight_when_the_filter_is_emptied(start, tmp_path, qtbot) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        shutil.copy(SAMPLES / "rendered_4.png", folder / f"film {number:02d}.png")
    worklist = (app := start(folder, "--project", tmp_path / "many.dsr")).window.worklist
    app.window.predicting.cancel()
    worklist.list.setBatchSize(3)  # as with 10,000 rows, the layout is not there at once
    app.window.controller.show_image("film 33.png")

    def in_sight() -> bool:
        index = worklist.model.index_of("film 33.png")
        return worklist.list.viewport().rect().contains(worklist.list.visualRect(index).center())

    qtbot.waitUntil(in_sight)
    qtbot.keyClicks(worklist.filter, "33")
    qtbot.waitUntil(in_sight)
    worklist.filter.clear()
    assert worklist.model.rowCount() == 40
    qtbot.waitUntil(in_sight)


def test_the_only_image_that_is_left_is_not_called_reviewed_while_it_is_shown(app) -> None:
    window, session = app.window, app.window.controller.session
    session.set_review(session.images[::2], "rejected")
    window.controller.show_image(session.images[1])
    window.actions_["nextOpen"].trigger()
    assert window.controller.image == session.images[1]
    assert window.messages.sentences() == []
    session.set_review(session.images[1], "rejected")
    window.actions_["nextOpen"].trigger()
    assert window.messages.sentences() == ["Every image in the worklist has been reviewed."]
