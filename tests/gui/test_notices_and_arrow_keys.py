"""Sentences stand whole where the eye is and go with their image; an arrow key means one thing in all widgets."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.gui.state.view_state import Mode
from app.store.lock import ProjectLock
from tests.gui.conftest import SAMPLES, name_landmark

BUNDLES = SAMPLES.parent / "bundles"
LONG = "This could not be done, for a reason that takes many words to tell: " + "and there is more to say, " * 9


@pytest.fixture
def apex(app, qtbot):
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    app.window.controller.choose_landmark("Apex")
    return app


def place(app):
    session = app.window.controller.session
    return session.placements("Apex").xy[session.images.index(app.window.controller.image)].tolist()


def focusable(app) -> dict[str, QWidget]:
    window = app.window
    return {
        "image": window.image_view,
        "worklist": window.worklist.list,
        "sheet": window.contact_sheet,
        "structures": window.structures,
        "landmarks": window.landmark_table,
    }


@pytest.mark.parametrize("where", ["image", "worklist", "sheet", "structures", "landmarks"])
def test_arrows_nudge_in_landmark_mode_wherever_the_focus_is(apex, qtbot, where: str) -> None:
    window, widget = apex.window, focusable(apex)[where]
    window.actions_["landmarkMode"].trigger()
    image, structure = window.controller.image, window.controller.structure
    widget.setFocus()
    x, y = place(apex)
    QTest.keyClick(widget, Qt.Key.Key_Right)
    assert place(apex) == pytest.approx([x + 0.25, y])
    QTest.keyClick(widget, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert place(apex) == pytest.approx([x + 0.25, y + 2])
    assert (window.controller.image, window.controller.landmark, window.controller.structure) == (
        image,
        "Apex",
        structure,
    )


def test_up_and_down_choose_a_row_in_the_lists_in_every_mode(apex, qtbot) -> None:
    name_landmark(apex, qtbot, "heart", (-0.2, 0.4), "Base")
    window, before = apex.window, place(apex)
    for mode in ("landmarkMode", "navigate"):
        window.actions_[mode].trigger()
        window.controller.choose_landmark("Apex")
        window.controller.choose_structure("right_lung")
        for widget, chosen, other in (
            (window.landmark_table, lambda: window.controller.landmark, ("Base", "Apex")),
            (window.structures, lambda: window.controller.structure, ("left_lung", "right_lung")),
        ):
            widget.setFocus()
            QTest.keyClick(widget, Qt.Key.Key_Down)
            assert chosen() == other[0]
            QTest.keyClick(widget, Qt.Key.Key_Up)
            assert chosen() == other[1]
    assert place(apex) == before


@pytest.mark.parametrize("where", ["image", "worklist"])
def test_arrows_step_through_images_in_navigate_mode(apex, qtbot, where: str) -> None:
    window, widget = apex.window, focusable(apex)[where]
    window.controller.set_mode(Mode.NAVIGATE)
    images = window.controller.session.images
    window.controller.show_image(images[0])
    widget.setFocus()
    before = place(apex)
    QTest.keyClick(widget, Qt.Key.Key_Down)
    assert window.controller.image == images[1]
    QTest.keyClick(widget, Qt.Key.Key_Up)
    assert window.controller.image == images[0]
    assert place(apex) == before


def test_page_keys_go_through_the_tiles_of_the_sheet_in_both_modes(apex, qtbot) -> None:
    window, sheet = apex.window, apex.window.contact_sheet
    order = [tile.image for tile in sheet.tiles]
    for mode in ("landmarkMode", "navigate"):
        window.actions_[mode].trigger()
        window.controller.show_image(order[0])
        sheet.setFocus()
        QTest.keyClick(sheet, Qt.Key.Key_PageDown)
        assert window.controller.image == order[1]
        QTest.keyClick(sheet, Qt.Key.Key_PageUp)
        assert window.controller.image == order[0]
        QTest.keyClick(sheet, Qt.Key.Key_End)
        assert window.controller.image == order[-1]
        QTest.keyClick(sheet, Qt.Key.Key_Home)
        assert window.controller.image == order[0]


@pytest.mark.parametrize("where", ["image", "sheet"])
def test_a_long_sentence_stands_whole_in_the_window(apex, qtbot, where: str) -> None:
    window, notice = apex.window, apex.window.notices.label
    window.controller.tell(LONG, focusable(apex)[where])
    assert notice.isVisible()
    assert notice.text() == LONG
    host = notice.parentWidget()
    assert host.rect().contains(notice.geometry())
    assert notice.height() >= notice.heightForWidth(notice.width())
    assert notice.height() > 2 * notice.fontMetrics().height()


def test_a_refusal_to_accept_stands_in_the_image(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    unseen = list(session.images[1:])
    qtbot.waitUntil(lambda: session.images[0] in window.seen.shown)
    window.selection_commands.accept(list(session.images))
    notice = window.notices.label
    assert notice.isVisible()
    assert notice.parent() is window.image_view
    assert all(name in notice.text() for name in unseen)


def test_what_was_said_of_an_image_goes_when_another_is_shown(apex, qtbot) -> None:
    window, notice = apex.window, apex.window.notices.label
    session = window.controller.session
    session.move_placement(session.images[0], "Apex", (30, 40))
    window.actions_["undo"].trigger()
    window.actions_["redo"].trigger()
    assert notice.text().startswith("Done again: ")
    qtbot.wait(1)  # one turn of the event loop
    window.controller.show_image(session.images[0])
    assert notice.isVisible()  # the same image: nothing has changed
    window.controller.show_image(session.images[1])
    assert not notice.isVisible()


def test_what_is_said_on_the_way_to_an_image_stays_on_it(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    session.set_review(session.images[0], "accepted")
    window.actions_["landmarkMode"].trigger()
    sheet, notice = window.contact_sheet, window.notices.label
    window.controller.show_image(session.images[0])
    row = next(i for i, tile in enumerate(sheet.tiles) if tile.image == session.images[0])
    sheet.setFocus()
    qtbot.wait(1)
    QTest.keyClick(sheet, Qt.Key.Key_Return)  # refused, and goes on
    assert notice.isVisible()
    assert session.images[0] in notice.text()
    assert row == len(sheet.tiles) - 1 or window.controller.image != session.images[0]


def test_an_error_of_undo_leaves_no_listener_behind(app, qtbot, monkeypatch) -> None:
    window, session = app.window, app.window.controller.session
    session.move_placement(session.images[0], session.landmarks[0].name, (30, 40))
    before = window.controller.receivers("2changed(PyObject)")
    assert before > 5

    def broken(*_: object) -> None:
        raise RuntimeError("nobody expects this")

    with monkeypatch.context() as patch:
        patch.setattr(session, "undo", broken)
        with pytest.raises(RuntimeError, match="nobody"):
            next(command for command in window.actions_.commands if command.verb == "undo").run()
    assert window.controller.receivers("2changed(PyObject)") == before


def test_a_project_that_is_open_elsewhere_is_shown_with_the_model_that_was_asked_for(
    start, predicted, tmp_path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(predicted, folder)
    bundle = tmp_path / "another"
    shutil.copytree(BUNDLES / "chest", bundle)
    lock = ProjectLock(folder / "project.dsr", "Somebody")
    try:
        app = start("--project", folder / "project.dsr", "--model", bundle)
    finally:
        lock.release()
    session = app.window.controller.session
    assert session.read_only
    assert session.bundle.folder == bundle


def test_a_sentence_goes_with_the_readers_next_action(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    notice = window.notices.label
    window.controller.tell("Something was refused.", window.image_view)
    QTest.qWait(1)  # the moment in which it was said is over
    session.move_placement(session.images[0], "Apex", (50, 60))
    assert not notice.isVisible()
    window.actions_["undo"].trigger()
    assert notice.isVisible()
    assert notice.text().startswith("Undone: Move “Apex”")  # said in the same moment as the change


def test_predicting_again_says_when_it_is_done_and_why_an_accepted_image_is_left_alone(apex, qtbot) -> None:
    window, session = apex.window, apex.window.controller.session
    first = session.images[0]
    window.actions_["predictAgain"].trigger()
    qtbot.waitUntil(lambda: not window.predicting.running, timeout=30_000)
    assert window.notices.label.text() == f"“{first}” was predicted again."
    session.set_review(first, "accepted")
    window.actions_["predictAgain"].trigger()
    assert not window.predicting.running
    assert window.notices.label.text() == f"“{first}” is accepted and locked. Reopen it first (Review menu)."


def test_why_an_image_can_not_be_read_stands_on_it_once(start, qtbot, tmp_path) -> None:
    (tmp_path / "broken.dcm").write_bytes((SAMPLES / "rendered_1.dcm").read_bytes()[:3000])
    window = start(tmp_path).window
    session = window.controller.session
    qtbot.waitUntil(lambda: session.image("broken.dcm").status == "failed", timeout=30_000)
    qtbot.waitUntil(lambda: bool(window.image_view.trouble), timeout=30_000)
    assert not window.notices.label.isVisible()
    assert window.messages.sentences().count(session.image("broken.dcm").message) == 1
