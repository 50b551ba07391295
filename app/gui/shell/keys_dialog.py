"""The dialog in which every command gets the key that the reader wants: by menu, searchable, clashes told."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.gui.commands.command import Command
from app.gui.shell.actions import Actions
from app.gui.widgets.plain_text import PlainLabel, caption
from app.gui.widgets.settings import settings

RECENT = "File/Recent"
"""Its lines change with every project, so they get no keys."""


FIXED = (
    "Always: arrows go to the next image, in Landmark mode they nudge the chosen landmark. In the contact sheet Enter "
    "confirms, Shift+Enter says absent, and both go on. Escape cancels."
)
NOTHING = "No command and no key is called like that."


TAKEN = tuple(QKeySequence(key) for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter))
"""Escape cancels what is being done, Enter keeps it: a command on them would take them away from that."""


class KeysDialog(QDialog):
    """Every command with its key, under the name of its menu; clicking a key and pressing another one rebinds it.

    Attributes
    ----------
    search : QLineEdit
        Leaves the commands whose words or keys hold what is typed.
    edits, resets : dict of str
        The field of each command's key, by verb, and what gives it back its original one, shown where it has another.
    take_over : QPushButton
        Takes a key that was typed from the command that has it.
    """

    def __init__(self, parent: QWidget, actions: Actions) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle("Keys")
        self.setObjectName("keysDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 600)
        self.search = QLineEdit(placeholderText="Find a command or a key", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a command or a key")
        self.search.textChanged.connect(self._filter)
        self.edits: dict[str, QKeySequenceEdit] = {}
        self.resets: dict[str, QPushButton] = {}
        self._groups: list[tuple[QWidget, dict[str, QWidget]]] = []
        self._clash: tuple[str, str, QKeySequence] | None = None
        self.remark = PlainLabel()
        self.remark.setProperty("muted", "true")
        self.remark.setWordWrap(True)
        self.take_over = QPushButton()
        self.take_over.setObjectName("takeKeyOver")
        self.take_over.hide()
        self.take_over.clicked.connect(self._take_over)
        self._lay_out()
        for verb in self.edits:
            self._show_key(verb)

    def _lay_out(self) -> None:
        fixed = PlainLabel(FIXED)
        fixed.setProperty("muted", "true")
        fixed.setWordWrap(True)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setSpacing(12)
        listed = [command for command in self._actions.commands if command.menu != RECENT]
        for menu, commands in groupby(listed, key=lambda command: command.menu.partition("/")[0]):
            column.addWidget(self._group(menu, list(commands)))
        self.nothing = PlainLabel(NOTHING)
        self.nothing.setProperty("muted", "true")
        self.nothing.hide()
        column.addWidget(self.nothing)
        column.addStretch()
        area = QScrollArea(widgetResizable=True)
        area.setWidget(inner)
        area.setAccessibleName("Commands and their keys")
        foot = QHBoxLayout()
        foot.addWidget(self.remark, stretch=1)
        foot.addWidget(self.take_over)
        restore = QPushButton("Back to the original keys")
        restore.clicked.connect(self.restore)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(restore, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.reject)
        for button in (restore, buttons.button(QDialogButtonBox.StandardButton.Close), self.take_over):
            button.setAutoDefault(False)  # Return ends a key that is being typed
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.search)
        layout.addWidget(fixed)
        layout.addWidget(area, stretch=1)
        layout.addLayout(foot)
        layout.addWidget(buttons)

    def _group(self, menu: str, commands: list[Command]) -> QWidget:
        """The commands of one menu under its name."""
        group, rows = QWidget(), {}
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        title = PlainLabel(menu)
        title.setProperty("heading", "true")
        column.addWidget(title)
        for command in commands:
            rows[command.verb] = self._row(command)
            column.addWidget(rows[command.verb])
        self._groups.append((group, rows))
        return group

    def _row(self, command: Command) -> QWidget:
        verb, row = command.verb, QWidget()
        line = QGridLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setColumnStretch(0, 1)
        edit = self.edits[verb] = QKeySequenceEdit()
        edit.setMaximumSequenceLength(1)
        edit.setFixedWidth(148)
        edit.setAccessibleName(f"Key of {command.text}")
        edit.editingFinished.connect(lambda: self.rebind(verb))
        reset = self.resets[verb] = QPushButton("Original")
        reset.setProperty("flat", "true")
        reset.setAutoDefault(False)
        reset.clicked.connect(lambda: self.reset(verb))
        where = f", {command.key_words}" if command.key_words else ""
        under = "".join(f"{menu} · " for menu in command.menu.split("/")[1:])
        line.addWidget(PlainLabel(f"{under}{command.text}{where}"), 0, 0)
        line.addWidget(reset, 0, 1)
        line.addWidget(edit, 0, 2)
        return row

    def _filter(self, text: str) -> None:
        """Show the commands whose words or keys hold what is typed, and the menus that have any."""
        wanted, found = text.casefold().strip(), False
        commands = {command.verb: command for command in self._actions.commands}
        for group, rows in self._groups:
            any_here = False
            for verb, row in rows.items():
                command = commands[verb]
                keys = " ".join(key.toString() for key in self._actions[verb].shortcuts())
                fits = wanted in f"{command.menu} {command.text} {command.tip} {keys}".casefold()
                row.setVisible(fits)
                any_here |= fits
            group.setVisible(any_here)
            found |= any_here
        self.nothing.setVisible(not found)

    def _show_key(self, verb: str) -> None:
        command = next(one for one in self._actions.commands if one.verb == verb)
        keys = self._actions[verb].shortcuts()
        self.edits[verb].setKeySequence(keys[0] if keys else QKeySequence())
        self.resets[verb].setVisible(keys != _original(command))
        self.resets[verb].setToolTip("Give it back its original key")

    def _tell(self, sentence: str, clash: tuple[str, str, QKeySequence] | None = None) -> None:
        self._clash = clash
        self.remark.setText(sentence)
        self.take_over.setVisible(clash is not None)
        if clash is not None:
            self.take_over.setText(caption(f"Take {clash[2].toString()} over"))

    def rebind(self, verb: str) -> None:
        """Take the typed key over, unless another command has it: that is told, and the key can be taken from it."""
        key, now = self.edits[verb].keySequence(), self._actions[verb].shortcut()
        if key == now:
            return
        if key in TAKEN:
            self._tell(f"{key.toString()} has a fixed meaning in this program. Choose another key.")
            self.edits[verb].setKeySequence(now)
            return
        owner = next((v for v, a in self._actions.by_verb.items() if v != verb and key in a.shortcuts()), "")
        if not key.isEmpty() and owner:
            words = self._actions[owner].text()
            self._tell(f"{key.toString()} belongs to “{words}”. Give that another key first.", (verb, owner, key))
            self.edits[verb].setKeySequence(now)
            return
        self._tell("")
        self._set(verb, [key, *self._actions[verb].shortcuts()[1:]])

    def _take_over(self) -> None:
        if self._clash is None:
            return
        verb, owner, key = self._clash
        self._set(owner, [other for other in self._actions[owner].shortcuts() if other != key])
        self._set(verb, [key, *self._actions[verb].shortcuts()[1:]])
        rest = self._actions[owner].shortcut().toString()
        left = f"has {rest} left" if rest else "has no key now"
        self._tell(f"{key.toString()} is taken over. “{self._actions[owner].text()}” {left}.")

    def _set(self, verb: str, keys: list[QKeySequence]) -> None:
        kept = [key for key in keys if not key.isEmpty()]
        self._actions[verb].setShortcuts(kept)
        settings().setValue(f"keys/{verb}", " ".join(key.toString() for key in kept))
        if verb in self.edits:
            self._show_key(verb)

    def reset(self, verb: str) -> None:
        """Give a command its original keys back, as far as no other command has them now."""
        command = next(one for one in self._actions.commands if one.verb == verb)
        taken = {key.toString(): v for v, a in self._actions.by_verb.items() if v != verb for key in a.shortcuts()}
        keys = _original(command)
        clashes = [key for key in keys if key.toString() in taken]
        if clashes:
            owner = taken[clashes[0].toString()]
            words = f"{clashes[0].toString()} belongs to “{self._actions[owner].text()}” now."
            self._tell(words, (verb, owner, clashes[0]))
            return
        self._tell("")
        self._actions[verb].setShortcuts(keys)
        settings().remove(f"keys/{verb}")
        self._show_key(verb)

    def restore(self) -> None:
        """Forget every rebinding."""
        settings().remove("keys")
        for command in self._actions.commands:
            self._actions[command.verb].setShortcuts(_original(command))
            if command.verb in self.edits:
                self._show_key(command.verb)
        self._tell("The original keys are back.")


def _original(command: Command) -> list[QKeySequence]:
    return [QKeySequence(key) for key in command.keys.split()]
