"""The whole history of a project: when, who, what; what is undone is dim. It follows every change."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QHeaderView, QPushButton, QTreeView, QVBoxLayout, QWidget

from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel, tip
from app.project.changes import Change, PredictionChanged
from app.project.entries import HistoryEntry

Index: TypeAlias = QModelIndex | QPersistentModelIndex
COLUMNS = ("When", "Reader", "What")


def local_time(at: str) -> str:
    """A time of the history (UTC, ISO 8601) as the reader's clock shows it."""
    return f"{datetime.fromisoformat(at).astimezone():%d %b %Y  %H:%M:%S}"


class HistoryModel(QAbstractTableModel):
    """The session's history, newest first; read again as a whole, shown row by row."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.entries: list[HistoryEntry] = []

    def reload(self) -> None:
        """Take the history anew."""
        self.beginResetModel()
        self.entries = self._controller.session.history()[::-1] if self._controller.session is not None else []
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (local_time(entry.at), entry.reader or "not named", entry.label)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(theme.FAINT if entry.undone else theme.TEXT if index.column() == 2 else theme.MUTED)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 2:
            return tip(f"{entry.label} (undone)" if entry.undone else entry.label)
        return None


def _follow(button: QPushButton, action: QAction) -> None:
    button.setToolTip(tip(action.text().replace("&&", "&")))


class HistoryPanel(QDialog):
    """A window of its own beside the main one; undo and redo are the Edit menu's."""

    def __init__(self, parent: QWidget, controller: Controller, undo: QAction, redo: QAction) -> None:
        super().__init__(parent)
        self.setObjectName("historyPanel")
        self.setWindowTitle("History")
        self.resize(640, 520)
        self.model = HistoryModel(controller, self)
        self.list = QTreeView(rootIsDecorated=False, uniformRowHeights=True, itemsExpandable=False)
        self.list.setAccessibleName("History")
        self.list.setModel(self.model)
        self.list.setSelectionMode(QTreeView.SelectionMode.NoSelection)
        self.list.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.list.setStyleSheet("QTreeView::item { padding: 3px 0; }")
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((168, 112)):
            header.resizeSection(column, width)
        header.setStretchLastSection(True)
        self.remark = PlainLabel()
        self.remark.setProperty("muted", "true")
        foot = QHBoxLayout()
        foot.addWidget(self.remark, stretch=1)
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        for button, action in ((self.undo, undo), (self.redo, redo)):
            self.addAction(action)  # its keys work here too
            button.setAutoDefault(False)
            button.clicked.connect(action.trigger)
            action.enabledChanged.connect(button.setEnabled)
            action.changed.connect(lambda button=button, action=action: _follow(button, action))
            button.setEnabled(action.isEnabled())
            _follow(button, action)
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * theme.STEP)
        layout.addWidget(self.list)
        layout.addLayout(foot)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._reload)
        controller.changed.connect(self._on_change)
        controller.sessionChanged.connect(self._soon.start)

    def _on_change(self, change: Change) -> None:
        if not isinstance(change, PredictionChanged):
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        self._soon.start()
        super().showEvent(event)

    def _reload(self) -> None:
        if not self.isVisible():
            return
        self.model.reload()
        count = len(self.model.entries)
        self.remark.setText(f"{count} entries, newest first; dim ones are undone" if count else "Nothing was done yet.")
