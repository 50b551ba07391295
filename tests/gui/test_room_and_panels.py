"""Nothing is cut or overlaps on a small screen; panels, texts and the sheet make room for the image; rings and keys."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialogButtonBox, QLabel, QTextBrowser, QWidget

from app.gui.landmarks.landmark_table import StateHeads
from app.gui.shell.keys_dialog import KeysDialog
from app.gui.state.view_state import MaskStyle
from app.gui.widgets import theme
from tests.gui.conftest import name_landmark, shown_fully

SMALL = (1016, 728)
"""A screen of 1024 x 768 without the window's frame."""


def visible_parts(row: QWidget) -> list[QWidget]:
    parts = [*row.findChildren(QAbstractButton), *row.findChildren(QLabel)]
    return [part for part in parts if part.isVisible() and (part.text() or part.accessibleName())]


def assert_nothing_is_cut(row: QWidget) -> None:
    seen: list[tuple[str, QRect]] = []
    for part in visible_parts(row):
        rect = QRect(part.mapTo(row, part.rect().topLeft()), part.size())
        assert row.rect().contains(rect), part.text()
        assert part.width() >= part.sizeHint().width(), part.text()
        for other, there in seen:
            assert not there.intersects(rect), (other, part.text())
        seen.append((part.text(), rect))


def pixels(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.array(image.constBits()).reshape(image.height(), image.width(), 4)[:, :, 2::-1].astype(int)


@pytest.mark.parametrize("width", [SMALL[0], 1000, 1440])
def test_toolbar_and_status_line_are_whole(app, qtbot, width: int) -> None:
    window = app.window
    window.resize(width, SMALL[1])
    session = window.controller.session
    session.set_review(session.images[0], "rejected")
    QApplication.processEvents()
    assert_nothing_is_cut(window.toolbar)
    assert_nothing_is_cut(window.status)
    for sentence in ("Short.", "A sentence that is too long for the line " * 4):
        window.controller.say(sentence)
        QApplication.processEvents()
        assert_nothing_is_cut(window.status)
        whole = window.status.messages.text() == sentence
        assert whole or window.status.messages.text().endswith("read the newest")
        assert whole is (sentence == "Short.") or width == 1440


@pytest.mark.parametrize("width", [SMALL[0], 1000, 1440])
def test_the_words_above_the_lists_and_the_bar_of_the_mask_are_whole(app, qtbot, width: int) -> None:
    window = app.window
    window.resize(width, SMALL[1])
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")  # from now on the signs of the states stand there too
    QApplication.processEvents()
    column = window.right_column
    tabs = [column.findChild(QAbstractButton, name) for name in ("landmarksTab", "measurementsTab", "regionsTab")]
    signs = column.findChild(StateHeads)
    assert signs.isVisible()
    *places, below = [QRect(part.mapTo(column, part.rect().topLeft()), part.size()) for part in (*tabs, signs)]
    assert all(tab.width() >= tab.sizeHint().width() for tab in tabs)
    assert all(one.right() < other.left() for one, other in pairwise(places))
    assert all(column.rect().contains(part) and part.bottom() < below.top() for part in places)
    for structure in ("right_clavicle", "heart"):
        window.controller.choose_structure(structure)
        window.actions_["maskPush"].trigger()
        window.actions_["maskAbsent"].trigger()
        QApplication.processEvents()
        assert_nothing_is_cut(window.findChild(QWidget, "maskBar"))


def test_the_caption_of_the_sheet_and_the_hint_of_the_template_are_whole(app, qtbot) -> None:
    window = app.window
    window.resize(*SMALL)
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "A rather long name for an apex, so that two are told apart")
    window.columns.setSizes([256, 440, 300])
    QApplication.processEvents()
    assert_nothing_is_cut(window.sheet_panel)
    for part in (window.right_column.title, window.right_column.hint):
        assert not part.isVisible() or part.width() >= part.sizeHint().width()


def test_the_sheet_takes_no_room_while_there_is_no_landmark(app, qtbot) -> None:
    window = app.window
    assert not window.sheet_panel.isVisible()
    before = window.image_view.height()
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    qtbot.waitUntil(lambda: window.sheet_panel.isVisible())
    assert window.image_view.height() < before
    window.actions_["deleteLandmark"].trigger()
    assert not window.sheet_panel.isVisible()
    window.controller.choose_landmark("heart_03")  # one of the model's own
    assert window.sheet_panel.isVisible()


def test_one_key_shows_the_image_alone_and_everything_again(app, qtbot) -> None:
    window = app.window
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    panels = (window.worklist, window.right_column, window.sheet_panel, window.toolbar)
    sizes = window.columns.sizes()
    window.worklist.list.setFocus()
    QTest.keyClick(window.worklist.list, Qt.Key.Key_F11)
    assert [panel.isVisible() for panel in panels] == [False] * 4
    assert window.image_view.hasFocus()
    QTest.keyClick(window.image_view, Qt.Key.Key_F11)
    assert [panel.isVisible() for panel in panels] == [True] * 4
    assert window.columns.sizes() == sizes


def test_hidden_panels_stay_hidden_the_next_time(start, predicted) -> None:
    window = start("--project", predicted / "project.dsr").window
    window.actions_["panelLists"].trigger()
    assert not window.right_column.isVisible()
    assert window.worklist.isVisible()
    window.close()
    again = start("--project", predicted / "project.dsr").window
    assert not again.right_column.isVisible()
    assert again.worklist.isVisible()


def test_texts_in_the_corners_can_be_hidden_and_make_way_for_the_mouse(app, qtbot) -> None:
    window, view = app.window, app.window.image_view
    corner = (slice(8, 50), slice(8, 120))  # beside the picture, where the name stands
    window.resize(1440, 600)
    QApplication.processEvents()
    assert pixels(view)[corner].max() > 150
    QTest.keyClick(view, Qt.Key.Key_T)
    assert pixels(view)[corner].max() < 30
    QTest.keyClick(view, Qt.Key.Key_T)
    assert pixels(view)[corner].max() > 150
    QTest.mouseMove(view.viewport(), view.viewport().rect().topLeft() + QRect(0, 0, 40, 20).bottomRight())
    qtbot.waitUntil(lambda: view.pointing.mouse is not None)
    assert pixels(view)[corner].max() < 30


def test_a_line_pattern_tells_a_structure_apart_without_its_colour(app, qtbot) -> None:
    window, view = app.window, app.window.image_view
    window.controller.set_look(uv=False, masks=MaskStyle.OUTLINE, opacity=0.0)

    def lengths() -> list[int]:
        seen = pixels(view)
        colours = [QColor(s.colour).getRgb()[:3] for s in window.controller.session.template.structures[:3]]
        return [int((np.abs(seen - colour).max(axis=2) < 40).sum()) for colour in colours]

    whole = lengths()
    window.actions_["linePatterns"].trigger()
    right_lung, left_lung, heart = lengths()
    assert whole[0] <= right_lung < 1.1 * whole[0]  # more of it is seen where others lay over it
    assert 0.5 * whole[1] < left_lung < 0.9 * whole[1]
    assert heart < 0.75 * whole[2]


def test_an_image_stays_beside_any_other_and_the_active_one_has_a_frame(app, qtbot) -> None:
    window, (first, second, third) = app.window, app.window.controller.session.images
    QTest.keyClick(window.image_view, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    kept = window.images.views[1]
    for name in (second, third):
        window.controller.show_image(name)
        assert (window.image_view.image, kept.image) == (name, first)
    qtbot.waitUntil(lambda: shown_fully(app) and kept.isVisible())

    def framed(view) -> bool:
        return (np.abs(pixels(view)[60:120, 0] - QColor(theme.ON_IMAGE.accent).getRgb()[:3]) < 40).all()

    worked = window.image_view
    worked.setFocus()
    assert (framed(worked), framed(kept)) == (True, False)
    kept.setFocus()
    assert (framed(worked), framed(kept)) == (False, True)
    worked.setFocus()
    window.controller.session.remove_images(first)
    assert kept.image == ""
    window.actions_["compareNone"].trigger()
    assert not framed(window.image_view)


def test_tab_leaves_the_list_of_landmarks(app, qtbot) -> None:
    window = app.window
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    window.landmark_table.setFocus()
    QTest.keyClick(window.landmark_table, Qt.Key.Key_Tab)
    assert not window.landmark_table.hasFocus()


def test_the_keys_can_be_closed_and_about_tells_version_and_licence(app, qtbot) -> None:
    window = app.window
    window.actions_["setKeys"].trigger()
    dialog = window.findChild(KeysDialog, "keysDialog")
    close = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Close)
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    window.actions_["about"].trigger()
    (text,) = [browser for browser in window.findChildren(QTextBrowser) if browser.isVisible()]
    assert "Version 0.1.0" in text.toPlainText()
    assert "Apache License 2.0" in text.toPlainText()
    text.window().close()


def test_deleting_a_landmark_says_in_how_many_images(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), "Apex")
    session.set_review(session.images[0], "accepted")
    table = window.landmark_table
    window.actions_["deleteLandmark"].trigger()
    expected = "“Apex” was deleted in 2 images. 1 accepted one keeps it. Undo brings it back."
    assert window.notices.label.text() == expected
    assert table.words_of_none == (
        "None. Click on the template. “Apex” was deleted, but accepted images keep what they were accepted with."
    )
    for verb, words in (("undo", "Undone"), ("redo", "Done again"), ("undo", "Undone")):
        window.actions_[verb].trigger()
        assert window.notices.label.text() == f"{words}: Delete “Apex”, in 2 images."  # as many as it said at first
    session.undo()
    session.undo()
    assert table.words_of_none == "None yet. Click on the template."


def test_the_name_of_each_image_stands_in_a_narrow_view_too(app, qtbot) -> None:
    window = app.window
    window.resize(*SMALL)
    window.actions_["compareNext"].trigger()
    qtbot.waitUntil(lambda: window.images.views[1].isVisible() and window.images.views[1].grey.picture is not None)
    QApplication.processEvents()
    for view in window.images.views:
        assert view.width() < 300
        name = pixels(view)[12:56, 12:100]  # below what stands in the pane's corner
        assert (name.min(axis=2) > 150).sum() > 60
