"""The dialog in which every command gets the key that the reader wants."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QKeySequenceEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.gui.shell.actions import Actions
from app.gui.widgets.plain_text import PlainLabel
from app.gui.widgets.settings import settings

RECENT = "File/Recent"
"""Its lines change with every project, so they get no keys."""


FIXED = (
    "Always: arrows go to the next image, in Landmark mode they nudge the chosen landmark. In the contact sheet Enter "
    "confirms, Shift+Enter says absent, and both go on. Escape cancels."
)


class KeysDialog(QDialog):
    """Every command with its key; clicking a key and pressing another one rebinds it."""

    def __init__(self, parent: QWidget, actions: Actions) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle("Keys")
        self.setObjectName("keysDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 560)
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        self.edits: dict[str, QKeySequenceEdit] = {}
        listed = [command for command in actions.commands if command.menu != RECENT]
        for row, command in enumerate(listed):
            edit = QKeySequenceEdit(actions[command.verb].shortcut())
            edit.setMaximumSequenceLength(1)
            edit.setMinimumWidth(148)
            edit.editingFinished.connect(lambda verb=command.verb: self.rebind(verb))
            self.edits[command.verb] = edit
            where = f", {command.key_words}" if command.key_words else ""
            grid.addWidget(PlainLabel(f"{command.menu.replace('/', ' · ')} · {command.text}{where}"), row, 0)
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
        fixed = PlainLabel(FIXED)
        fixed.setProperty("muted", "true")
        fixed.setWordWrap(True)
        layout.addWidget(fixed)
        layout.addWidget(area)
        layout.addWidget(self.remark)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(restore, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.reject)
        for button in (restore, buttons.button(QDialogButtonBox.StandardButton.Close)):
            button.setAutoDefault(False)  # Return ends a key that is being typed
        layout.addWidget(buttons)

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
        settings().remove("keys")
        for command in self._actions.commands:
            self._actions[command.verb].setShortcuts([QKeySequence(k) for k in command.keys.split()])
            if command.verb in self.edits:
                self.edits[command.verb].setKeySequence(self._actions[command.verb].shortcut())
        self.remark.setText("The original keys are back.")
