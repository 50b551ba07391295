"""Every command as a QAction named `action.<verb>`, in the menus and with its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from app.gui.commands.command import Command
from app.gui.widgets.plain_text import tip
from app.gui.widgets.settings import settings

MENUS = ("File", "Edit", "View", "Image", "Landmark", "Mask", "Review", "Help")


class _Action(QAction):
    """An action whose key may be refused, while its menus work."""

    def __init__(self, text: str, parent: QObject, by_key: Callable[[], bool] | None) -> None:
        super().__init__(text, parent)
        self._by_key = by_key

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Shortcut and self._by_key is not None and not self._by_key():
            event.accept()
            return True
        return bool(super().event(event))


class Actions(QObject):
    """All actions and the menu bar made of them, in the order of the commands.

    Attributes
    ----------
    has : frozenset of str
        The `needs` that are met now.
    """

    def __init__(self, bar: QMenuBar, commands: Sequence[Command]) -> None:
        super().__init__(bar)
        self.commands = commands
        self.by_verb: dict[str, QAction] = {}
        self.has: frozenset[str] = frozenset()
        self._groups: dict[str, QActionGroup] = {}
        menus: dict[str, QMenu] = {}
        for name in MENUS:
            menus[name] = bar.addMenu(name)
        kept = settings()
        for command in commands:
            menu = self._menu(menus, command.menu)
            if command.line:
                menu.addSeparator()
            menu.addAction(self._make(command, bar, str(kept.value(f"keys/{command.verb}", command.keys))))
        self._menus = menus

    def _menu(self, menus: dict[str, QMenu], path: str) -> QMenu:
        if path not in menus:
            parent, _, title = path.rpartition("/")
            menus[path] = menus[parent].addMenu(title)
        return menus[path]

    def _make(self, command: Command, bar: QMenuBar, keys: str) -> QAction:
        action = _Action(command.text, bar, command.by_key)
        action.setObjectName(f"action.{command.verb}")
        action.setToolTip(tip(command.tip or command.text.rstrip("…")))
        action.setShortcuts([QKeySequence(key) for key in keys.split()])
        if command.group:
            action.setCheckable(True)
            if command.group != "own":
                group = self._groups.setdefault(command.group, QActionGroup(bar))
                group.addAction(action)
            action.triggered.connect(lambda checked=False: command.run(checked))
        else:
            action.triggered.connect(lambda checked=False: command.run())
        self.by_verb[command.verb] = action
        return action

    def __getitem__(self, verb: str) -> QAction:
        return self.by_verb[verb]

    def enable(self, has: set[str]) -> None:
        """Enable what is possible: `has` holds the `needs` that are met."""
        self.has = frozenset(has)
        for command in self.commands:
            self.by_verb[command.verb].setEnabled(set(command.needs.split()) <= has)

    def menu(self, title: str) -> QMenu:
        """One of the menus."""
        return self._menus[title]
