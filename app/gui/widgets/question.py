"""A question with two answers."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from app.gui.widgets.plain_text import show_plainly


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
