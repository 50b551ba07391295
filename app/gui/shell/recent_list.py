"""The projects that were open last, on the welcome page: a click or Enter opens one, Delete takes it off the list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.gui.state.bridge import Bridge
from app.gui.state.recent_projects import folder_words
from app.gui.widgets import theme
from app.gui.widgets.plain_text import tip
from app.jobs import Event, Job, Result
from app.project.overview import FoundProject, start_looking

ROW = 48
WIDTH = 520
CROSS = 28
"""Width of the place at the right end of a row where a click takes it off the list."""
FOUND = Qt.ItemDataRole.UserRole + 1
NOT_THERE = "not there any more"


def holds_words(found: FoundProject) -> str:
    """What a project holds, in words: images, how many are reviewed, and when something was done last."""
    if not found.there:
        return NOT_THERE
    if found.holds is None:
        return "can’t be read"
    images, reviewed, changed, _ = found.holds
    words = [f"{images} image{'' if images == 1 else 's'}", f"{reviewed} reviewed"]
    if changed:
        words.append(f"{datetime.fromisoformat(changed).astimezone():%d %b %Y}")
    return " · ".join(words)


class _Row(QStyledItemDelegate):
    """Name and folder on the left, what the project holds on the right; dim where its file is gone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(WIDTH, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        path, found = Path(index.data(Qt.ItemDataRole.UserRole)), index.data(FOUND)
        gone = isinstance(found, FoundProject) and not found.there
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        under = bool(option.state & QStyle.StateFlag.State_MouseOver)
        dim = theme.MUTED if chosen else theme.FAINT
        painter.save()
        if chosen or under:
            painter.fillRect(option.rect, QColor(theme.SELECTED if chosen else theme.RAISED))
        box = option.rect.adjusted(12, 6, -12 - CROSS, -6)
        upper, lower = (
            QRect(box.topLeft(), QSize(box.width(), 18)),
            QRect(box.left(), box.bottom() - 16, box.width(), 17),
        )
        words = holds_words(found) if isinstance(found, FoundProject) else ""
        right, left = int(Qt.AlignmentFlag.AlignRight), int(Qt.AlignmentFlag.AlignLeft)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setFont(theme.font(small=True))
        painter.setPen(QColor(dim if gone else theme.MUTED))
        painter.drawText(upper, right | middle, words)
        elide, metrics = Qt.TextElideMode.ElideMiddle, painter.fontMetrics()
        painter.drawText(lower, left | middle, metrics.elidedText(folder_words(path), elide, lower.width()))
        room = upper.width() - metrics.horizontalAdvance(words) - 12
        painter.setFont(theme.font())
        painter.setPen(QColor(dim if gone else theme.TEXT))
        painter.drawText(upper, left | middle, painter.fontMetrics().elidedText(path.stem, elide, room))
        if chosen or under:
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(cross_rect(option.rect), int(Qt.AlignmentFlag.AlignCenter), "×")
        painter.restore()


def cross_rect(row: QRect) -> QRect:
    """Where a click takes a row off the list."""
    return QRect(row.right() - CROSS - 4, row.top(), CROSS, row.height())


class RecentList(QListWidget):
    """One row per project.

    Signals: `wanted(path)` where one is to be opened, `unwanted(path)` where it is to be taken off the list.
    """

    wanted = Signal(Path)
    unwanted = Signal(Path)

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.setObjectName("recentProjects")
        self.setAccessibleName("Recent projects: Enter opens, Delete takes off the list")
        self._bridge = bridge
        self._job: Job | None = None
        self._paths: list[Path] = []
        self.setItemDelegate(_Row(self))
        self.setMouseTracking(True)
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.clicked.connect(lambda index: self.wanted.emit(self._path(index.row())))

    def show_projects(self, paths: Sequence[Path]) -> None:
        """List project files, and look into them on a thread."""
        row = self.currentRow()
        self._paths = list(paths)
        self.clear()
        for path in paths:
            item = QListWidgetItem(path.stem)
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setToolTip(tip(str(path)))
            self.addItem(item)
        if paths:
            self.setCurrentRow(min(max(row, 0), len(paths) - 1))
        self.setFixedHeight(min(len(paths), 6) * ROW + 2)
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Find out what the projects hold now."""
        if self._job is not None:
            self._job.cancel()
        job = self._job = start_looking(self._paths) if self._paths else None
        if job is not None:
            self._bridge.job(job, lambda event: self._take(job, event))

    def _take(self, job: Job, event: Event) -> None:
        if job is not self._job or not isinstance(event, Result) or not isinstance(event.value, FoundProject):
            return
        for row in range(self.count()):
            if self._path(row) == event.value.path:
                self.item(row).setData(FOUND, event.value)
                words = f"{event.value.path.stem}, {holds_words(event.value)}"
                self.item(row).setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def _path(self, row: int) -> Path:
        return Path(self.item(row).data(Qt.ItemDataRole.UserRole))

    def words_of(self, path: Path) -> str:
        """What a row says of its project; empty until it was looked into."""
        rows = (self.item(row) for row in range(self.count()) if self._path(row) == path)
        found = next((item.data(FOUND) for item in rows), None)
        return holds_words(found) if isinstance(found, FoundProject) else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.wanted.emit(self._path(row))
        elif row >= 0 and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.unwanted.emit(self._path(row))
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if left and index.isValid() and cross_rect(self.visualRect(index)).contains(event.position().toPoint()):
            self.unwanted.emit(self._path(index.row()))
        elif left:
            super().mouseReleaseEvent(event)

    def _show_menu(self, at: QPoint) -> None:
        index = self.indexAt(at)
        if not index.isValid():
            return
        path, menu = self._path(index.row()), QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Open", lambda: self.wanted.emit(path))
        menu.addAction("Take off the list", lambda: self.unwanted.emit(path))
        menu.popup(self.viewport().mapToGlobal(at))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self.look()
        return bool(super().event(event))
