"""The few dialogs: colour, keys, help and about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeySequence, QTextCursor
from PySide6.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QInputDialog,
    QKeySequenceEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel, markdown, show_plainly
from app.gui.widgets.settings import settings

if TYPE_CHECKING:
    from app.gui.shell.actions import Actions
    from app.project.entries import Step
    from app.project.session import Session

HELP = Path(__file__).resolve().parents[3] / "resources" / "help"


def ask_note(parent: QWidget, name: str, note: str) -> str | None:
    """A remark, or None if the reader thinks better of it."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle("Note")
    dialog.setLabelText(f"Note to {name}")
    show_plainly(dialog)
    dialog.setTextValue(note)
    dialog.resize(480, dialog.sizeHint().height())  # a sentence is in sight
    kept = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.textValue() if kept else None


def step_done(step: Step, everywhere: int = 0) -> str:
    """What undo or redo did, and in how many images; `everywhere` is their number where a landmark shows in all."""
    done, count = "Undone" if step.undo else "Done again", max(len(step.images), everywhere)
    where = f", in {'all ' if everywhere == count else ''}{count} images" if count > 1 else ""
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


class KeysDialog(QDialog):
    """Every command with its key; clicking a key and pressing another one rebinds it."""

    def __init__(self, parent: QWidget, actions: Actions) -> None:
        super().__init__(parent)
        from app.gui.shell.actions import COMMANDS

        self._actions = actions
        self.setWindowTitle("Keys")
        self.setObjectName("keysDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 560)
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        self.edits: dict[str, QKeySequenceEdit] = {}
        listed = [command for command in COMMANDS if command.menu != "File/Recent"]  # those change with every project
        for row, command in enumerate(listed):
            edit = QKeySequenceEdit(actions[command.verb].shortcut())
            edit.setMaximumSequenceLength(1)
            edit.setMinimumWidth(148)
            edit.editingFinished.connect(lambda verb=command.verb: self.rebind(verb))
            self.edits[command.verb] = edit
            grid.addWidget(PlainLabel(f"{command.menu.replace('/', ' · ')} · {command.text}"), row, 0)
            grid.addWidget(edit, row, 1)
        inner = QWidget()
        inner.setLayout(grid)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(inner)
        self.remark = PlainLabel()
        self.remark.setProperty("muted", "true")
        self.remark.setWordWrap(True)
        restore = QPushButton("Back to the original keys")
        restore.clicked.connect(self.restore)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(area)
        layout.addWidget(self.remark)
        layout.addWidget(restore, alignment=Qt.AlignmentFlag.AlignLeft)

    def rebind(self, verb: str) -> None:
        """Take the typed key over, unless another command has it."""
        key = self.edits[verb].keySequence()
        owner = next((v for v, a in self._actions.by_verb.items() if v != verb and key in a.shortcuts()), "")
        if not key.isEmpty() and owner:
            words = self._actions[owner].text()
            self.remark.setText(f"{key.toString()} belongs to “{words}”. Give that another key first.")
            self.edits[verb].setKeySequence(self._actions[verb].shortcut())
            return
        self.remark.setText("")
        rest = self._actions[verb].shortcuts()[1:]
        keys = [k for k in (key, *rest) if not k.isEmpty()]
        self._actions[verb].setShortcuts(keys)
        settings().setValue(f"keys/{verb}", " ".join(k.toString() for k in keys))

    def restore(self) -> None:
        """Forget every rebinding."""
        from app.gui.shell.actions import COMMANDS

        settings().remove("keys")
        for command in COMMANDS:
            self._actions[command.verb].setShortcuts([QKeySequence(k) for k in command.keys.split()])
            if command.verb in self.edits:
                self.edits[command.verb].setKeySequence(self._actions[command.verb].shortcut())
        self.remark.setText("The original keys are back.")


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
    ]
    if session is not None:
        bundle = f"{session.bundle.title} ({session.bundle.name}), SHA-256 {session.bundle.sha256}"
        lines += [f"Model bundle: {markdown(bundle)}", f"Project: {markdown(str(session.path))}"]
    _text_dialog(parent, "About DenseSeg Review", "\n\n".join(lines))
