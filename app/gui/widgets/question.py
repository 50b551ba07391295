"""Questions with a few answers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QMessageBox, QWidget

from app.gui.widgets.plain_text import caption, show_plainly


def ask(parent: QWidget, question: str, answers: Sequence[str]) -> int:
    """Which of some answers the reader chooses; -1 for Cancel and Escape. Return means the first."""
    box = QMessageBox(parent)
    box.setObjectName("question")
    show_plainly(box)
    box.setText(question)
    buttons = [box.addButton(caption(words), QMessageBox.ButtonRole.AcceptRole) for words in answers]
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[0])
    box.exec()
    chosen = next((i for i, button in enumerate(buttons) if box.clickedButton() is button), -1)
    box.deleteLater()
    return chosen


def confirmed(parent: QWidget, question: str, yes: str) -> bool:
    """Whether the reader chooses the button `yes`; Escape and Return do not."""
    box = QMessageBox(parent)
    box.setObjectName("question")
    show_plainly(box)
    box.setText(question)
    button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    chosen = box.clickedButton() is button
    box.deleteLater()
    return chosen
