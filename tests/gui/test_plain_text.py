"""Names, notes and rules that look like markup are shown letter by letter, wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QInputDialog,
    QLabel,
    QPushButton,
    QRadioButton,
    QTextBrowser,
    QWidget,
)

from app.gui.export.export_dialog import ExportDialog
from app.gui.widgets.plain_text import PlainLabel, caption, markdown, show_plainly, tip
from tests.gui.conftest import name_landmark

EVIL = "<img src='/etc/passwd'><b>R & L</b> &lt;i&gt;"
ODD = [EVIL, "x<1 & y>2", "plain", "<a href='http://x'>link</a>\nsecond line", "&lt;b&gt;", "a_b*c* # [x](y)", "R&D"]


def shown(text: str) -> str:
    """What Qt shows of a tool tip: HTML where it takes it for some, else the text."""
    document = QTextDocument()
    if Qt.mightBeRichText(text) if hasattr(Qt, "mightBeRichText") else text.startswith("<p "):
        document.setHtml(text)
    else:
        document.setPlainText(text)
    return document.toPlainText()


@pytest.mark.parametrize("text", ODD)
def test_a_tool_tip_shows_the_text_itself(qtbot, text: str) -> None:
    assert shown(tip(text)) == text


@pytest.mark.parametrize("text", ODD)
def test_markdown_shows_the_text_itself(qtbot, text: str) -> None:
    browser = QTextBrowser()
    qtbot.addWidget(browser)
    browser.setMarkdown(f"Name: {markdown(text)}")
    assert browser.toPlainText() == f"Name: {' '.join(text.split())}"


@pytest.mark.parametrize("text", ODD)
def test_a_label_measures_and_shows_the_text_itself(qtbot, text: str) -> None:
    mine, plain = PlainLabel(text), QLabel()
    for label in (mine, plain):
        qtbot.addWidget(label)
    plain.setTextFormat(Qt.TextFormat.PlainText)
    plain.setText(text)
    assert mine.text() == text
    assert mine.textFormat() == Qt.TextFormat.PlainText
    assert mine.grab().toImage() == plain.grab().toImage()


def test_a_caption_underlines_nothing(qtbot) -> None:
    button = QPushButton(caption("R & D"))
    qtbot.addWidget(button)
    assert button.shortcut().isEmpty()
    assert button.text() == "R && D"


def test_a_dialog_of_qts_own_shows_the_text_itself(qtbot) -> None:
    dialog = QInputDialog()
    qtbot.addWidget(dialog)
    dialog.setLabelText(EVIL)
    show_plainly(dialog)
    (label,) = [label for label in dialog.findChildren(QLabel) if label.text() == EVIL]
    assert label.textFormat() == Qt.TextFormat.PlainText


def everything_in(window: QWidget) -> Iterator[QWidget]:
    yield window
    yield from window.findChildren(QWidget)


def test_no_label_and_no_tip_of_the_window_takes_a_name_for_markup(app, qtbot) -> None:
    window, session = app.window, app.window.controller.session
    name_landmark(app, qtbot, "heart", (0.3, 0.2), EVIL)
    session.update_landmark(EVIL, rule=EVIL)
    session.set_review(session.images[0], "rejected", EVIL)
    session.set_review(session.images[0], "rejected", EVIL, structure="heart")
    window.controller.say(EVIL)
    window.actions_["export"].trigger()
    window.actions_["history"].trigger()
    seen = 0
    for top in QApplication.topLevelWidgets():
        for widget in everything_in(top):
            if isinstance(widget, QLabel):
                assert widget.textFormat() == Qt.TextFormat.PlainText or not widget.text(), widget.text()
            if EVIL[:8] in widget.toolTip() or "&lt;img" in widget.toolTip():
                assert EVIL in shown(widget.toolTip())
                seen += 1
    assert seen
    for name, columns in (("worklist", 1), ("landmarkTable", 3)):
        model = window.findChild(QAbstractItemView, name).model()
        cells = [model.index(row, column) for row in range(model.rowCount()) for column in range(columns)]
        assert any(EVIL in shown(model.data(cell, Qt.ItemDataRole.ToolTipRole) or "") for cell in cells), name
    dialog = window.findChild(ExportDialog, "exportDialog")
    assert all(button.shortcut().isEmpty() for button in dialog.findChildren(QRadioButton))
    dialog.reject()
