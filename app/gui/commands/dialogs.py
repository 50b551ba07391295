"""The small dialogs of the commands: note, colour, many images, help and about."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QInputDialog,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.gui.widgets import theme
from app.gui.widgets.plain_text import markdown, show_plainly

if TYPE_CHECKING:
    from app.project.entries import Step
    from app.project.session import Session

HELP = Path(__file__).resolve().parents[3] / "resources" / "help"


def ask_note(parent: QWidget, name: str, note: str) -> str | None:
    """A remark, or None if the reader thinks better of it."""
    return ask_line(parent, "Note", f"Note to {name}", note)


def ask_line(parent: QWidget, title: str, words: str, text: str) -> str | None:
    """A line of text, which is `text` at first; None if the reader thinks better of it."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    show_plainly(dialog)
    dialog.setTextValue(text)
    dialog.resize(480, dialog.sizeHint().height())  # a sentence is in sight
    kept = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.textValue() if kept else None


def images_of(session: Session, landmark: str) -> int:
    """In how many images a landmark is and would be no more if it were deleted: accepted ones keep theirs."""
    shown = sum(state is not None for state in session.placements(landmark).states)
    return shown - session.accepted_with(landmark)


def step_done(step: Step, of_landmark: int = 0) -> str:
    """What undo or redo did, and in how many images; `of_landmark` in how many a landmark came or went."""
    done, count = "Undone" if step.undo else "Done again", max(len(step.images), of_landmark)
    where = f", in {count} image{'' if count == 1 else 's'}" if count > 1 or of_landmark else ""
    return f"{done}: {step.label}{where}."


def ask_step(parent: QWidget, step: Step) -> bool:
    """Whether undo or redo shall change so many images; No is what Enter says."""
    verb, count = ("Undo" if step.undo else "Redo"), len(step.images)
    dialog = QMessageBox(parent)
    dialog.setObjectName("askStep")
    dialog.setWindowTitle(f"{verb} in {count} images?")
    dialog.setTextFormat(Qt.TextFormat.PlainText)
    dialog.setText(f"{verb} “{step.label}”?")
    named = ", ".join(sorted(step.images)[:3])
    dialog.setInformativeText(f"This changes {count} images: {named} and {count - 3} more.")
    show_plainly(dialog)
    yes = dialog.addButton(f"{verb} in {count} images", QMessageBox.ButtonRole.AcceptRole)
    no = dialog.addButton("Leave them", QMessageBox.ButtonRole.RejectRole)
    dialog.setDefaultButton(no)
    dialog.setEscapeButton(no)
    dialog.exec()
    dialog.deleteLater()
    return dialog.clickedButton() is yes


def ask_colour(parent: QWidget, colour: str) -> str:
    """A colour as #rrggbb, or empty if the reader thinks better of it."""
    chosen = QColorDialog.getColor(QColor(colour), parent, "Colour of the landmark")
    return chosen.name() if chosen.isValid() else ""


def _space(text: QTextBrowser) -> None:
    """Air between paragraphs and above headings; Markdown brings none."""
    block = text.document().begin()
    while block.isValid():
        style = block.blockFormat()
        style.setTopMargin(3 * theme.STEP if style.headingLevel() else 0)
        style.setBottomMargin(theme.STEP if block.textList() else 2 * theme.STEP)
        QTextCursor(block).setBlockFormat(style)
        block = block.next()


def _text_dialog(parent: QWidget, title: str, markdown: str) -> QDialog:
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.resize(560, 560)
    text = QTextBrowser()
    text.setOpenExternalLinks(False)
    text.setMarkdown(markdown)
    _space(text)
    text.setStyleSheet("padding: 8px;")
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.open()
    return dialog


def version() -> str:
    """The program's own version."""
    pyproject = HELP.parents[1] / "pyproject.toml"
    try:
        return str(tomllib.loads(pyproject.read_text("utf-8"))["project"]["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"


def show_help(parent: QWidget) -> None:
    """The page that explains the window."""
    _text_dialog(parent, "How it works", (HELP / "help.md").read_text("utf-8"))


def show_about(parent: QWidget, session: Session | None) -> None:
    """What this is, and what it is not."""
    lines = [
        "## DenseSeg Review",
        "Review of dense segmentations and landmarks on radiographs.",
        "**Research use only. Not a medical device; not for diagnosis or treatment.**",
        "Nothing leaves this machine.",
        f"Version {markdown(version())}. The code is under the Apache License 2.0 (the file LICENSE); a bundle has a "
        "licence note of its own.",
    ]
    if session is not None:
        bundle = f"{session.bundle.title} ({session.bundle.name}), SHA-256 {session.bundle.sha256}"
        lines += [f"Model bundle: {markdown(bundle)}", f"Project: {markdown(str(session.path))}"]
    _text_dialog(parent, "About DenseSeg Review", "\n\n".join(lines))
