"""All commands in one list that is searched by typing: the recent ones first, those that are not possible say why."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QAction, QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.gui.commands.command import Command
from app.gui.commands.fuzzy import match
from app.gui.shell.actions import Actions
from app.gui.widgets import theme
from app.gui.widgets.key_button import key_text
from app.gui.widgets.settings import settings

OWN = "commandPalette"
MOST_RECENT = 8
WIDTH, HEIGHT, ROW = 560, 380, 30
FROM_TOP = 64
WHY_NOT = {
    "project": "open images or a project first",
    "writable": "the project is open for reading only",
    "image": "no image is shown",
    "landmark": "choose a landmark first",
    "overlap": "point at structures that overlap",
}
"""Why a command is not possible, by what it needs."""
OTHERWISE = {"undo": "nothing to undo", "redo": "nothing to do again", "cancelPrediction": "nothing is being predicted"}
IMPOSSIBLE = 4.0
"""What a command loses while it is not possible: one that fits as well comes before it."""
OWN_WORDS = 2.0
"""What it is worth that letters stand in the command's own words."""
VERB, REASON = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


STAYS = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
"""Losing the focus so is no decision of the reader: the line's own menu opens, or another window comes to the front."""


class CommandPalette(QFrame):
    """Lies over the window while one chooses. Enter or a click does it, Escape leaves; the focus goes back."""

    def __init__(self, window: QWidget, actions: Actions) -> None:
        super().__init__(window)
        self.setObjectName(OWN)
        self.setAccessibleName("Find a command")
        self._actions = actions
        self._focus_before: QWidget | None = None
        self.line = QLineEdit(placeholderText="Find a command", clearButtonEnabled=True)
        self.line.setAccessibleName("Find a command")
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Painter(actions, self.list))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(self._do)
        window.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Show it, empty, with the commands that were used last on top."""
        window = self.parentWidget()
        assert window is not None
        focus = window.focusWidget()
        view = _view_around(focus)
        self._focus_before = view or focus  # a line in a list is gone as soon as it loses the focus
        self._place()
        self.line.clear()
        self._search("")
        self.show()
        self.raise_()
        self.line.setFocus()

    def close_palette(self) -> None:
        """Leave it; the focus goes back to where it was."""
        self.hide()
        before, self._focus_before = self._focus_before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # every key is this line's, arrows too
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        if watched is self.line and event.type() == QEvent.Type.FocusOut and self.isVisible():
            if event.reason() not in STAYS:  # type: ignore[attr-defined]
                self._focus_before = None  # something else has the focus now, by a click or by a command
                self.close_palette()
        elif event.type() == QEvent.Type.Resize and watched is self.parentWidget() and self.isVisible():
            self._place()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        rows = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
        if event.key() == Qt.Key.Key_Escape:
            self.close_palette()
        elif event.key() in rows:
            row = self.list.currentRow() + rows[Qt.Key(event.key())]
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do(self.list.currentItem())
        elif event.key() not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):  # there is nowhere else to go
            return False
        return True

    def _place(self) -> None:
        window = self.parentWidget()
        assert window is not None
        width = min(WIDTH, window.width() - 32)
        self.setGeometry((window.width() - width) // 2, FROM_TOP, width, min(HEIGHT, window.height() - FROM_TOP - 32))

    def _search(self, text: str) -> None:
        recent = _recent()
        found = []
        for place, command in enumerate(self._listed()):
            fit = _fit(text, words_of(command, self._actions[command.verb]))
            if fit is None:
                continue
            lately = recent.index(command.verb) if command.verb in recent else MOST_RECENT
            fit -= 0 if self._actions[command.verb].isEnabled() else IMPOSSIBLE
            found.append((-fit if text.strip() else 0.0, lately, place, command))
        self.list.clear()
        for _, _, _, command in sorted(found, key=lambda each: each[:3]):
            action = self._actions[command.verb]
            item = QListWidgetItem(words_of(command, action))
            item.setData(VERB, command.verb)
            item.setData(REASON, "" if action.isEnabled() else self._why_not(command))
            key = key_text(action)
            said = ", ".join(part for part in (item.text(), key, item.data(REASON)) if part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _listed(self) -> Iterator[Command]:
        for command in self._actions.commands:
            if self._actions[command.verb].isVisible() and command.verb != OWN:
                yield command

    def _why_not(self, command: Command) -> str:
        missing = [need for need in command.needs.split() if need not in self._actions.has]
        if "project" not in self._actions.has and set(missing) & {"project", "writable", "image"}:
            return WHY_NOT["project"]
        return next((WHY_NOT[need] for need in missing), OTHERWISE.get(command.verb, "not possible now"))

    def _do(self, item: QListWidgetItem | None) -> None:
        if item is None or item.data(REASON):
            return
        verb = item.data(VERB)
        settings().setValue("recentCommands", " ".join([verb, *(v for v in _recent() if v != verb)][:MOST_RECENT]))
        self.close_palette()
        self._actions[verb].trigger()


class _Painter(QStyledItemDelegate):
    """Words on the left, the key or the reason why not on the right."""

    def __init__(self, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        action, reason = self._actions[index.data(VERB)], index.data(REASON)
        rect = QRect(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.SELECTED))
        rect.adjust(10, 0, -10, 0)
        right, middle = int(Qt.AlignmentFlag.AlignRight), int(Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(theme.font(small=True))
        painter.setPen(QColor(theme.MUTED))
        beside = reason or key_text(action)
        painter.drawText(rect, right | middle, beside)
        rect.adjust(0, 0, -painter.fontMetrics().horizontalAdvance(beside) - 16, 0)
        painter.setFont(theme.font())
        painter.setPen(QColor(theme.FAINT if reason else theme.TEXT))
        tick = "✓ " if action.isCheckable() and action.isChecked() else ""
        words = painter.fontMetrics().elidedText(tick + index.data(), Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, middle, words)


def _fit(wanted: str, words: str) -> float | None:
    """How well letters fit a line; better in the command's own words than with those of its menu."""
    own, whole = match(wanted, words.rpartition(" · ")[2]), match(wanted, words)
    return whole if own is None or whole is None else max(own + OWN_WORDS, whole)


def words_of(command: Command, action: QAction) -> str:
    """A command as it stands in the list: “Review · Accept and next”."""
    text = action.text().replace("&&", "&")
    return f"{command.menu.replace('/', ' · ')} · {text}"


def _recent() -> list[str]:
    return str(settings().value("recentCommands", "")).split()


def _view_around(widget: QWidget | None) -> QAbstractItemView | None:
    """The list or table in which a widget edits a cell; None for any other widget."""
    while widget is not None:
        widget = widget.parentWidget()
        if isinstance(widget, QAbstractItemView):
            return widget
    return None
