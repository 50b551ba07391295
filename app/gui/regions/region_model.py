"""The regions and curves of the project with their sizes in the shown image, row by row."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from app.core.frame import Frame
from app.core.region import sizes_of
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import tip
from app.gui.widgets.region_words import marks_text, size_text, told
from app.project.region_state import RegionIn

Index: TypeAlias = QModelIndex | QPersistentModelIndex
NAME, SIZE, SHOWN = range(3)
COLUMNS = ("Region", "Size", "Shown")
NOTHING = "–"
_DOT = 10


def dot(colour: str) -> QIcon:
    """A small square in a colour."""
    picture = QPixmap(QSize(_DOT, _DOT))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(0, 0, _DOT, _DOT, 3, 3)
    painter.end()
    return QIcon(picture)


class RegionModel(QAbstractTableModel):
    """Name, size in the shown image, and whether it is drawn."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.rows: list[RegionIn] = []

    def reload(self) -> None:
        """Look the shown image up anew."""
        session, image = self._controller.session, self._controller.image
        rows = session.regions_in(image) if session is not None and image in session.images else []
        same = [row.number for row in rows] == [row.number for row in self.rows]
        if not same:
            self.beginResetModel()
        self.rows = rows
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags, writable = super().flags(index), self._controller.writable and not self.rows[index.row()].deleted
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME and writable else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        one, column = self.rows[index.row()], index.column()
        region = one.region
        if role == Qt.ItemDataRole.DisplayRole and column == NAME:
            return region.name
        if role == Qt.ItemDataRole.DisplayRole and column == SIZE:
            return size_text(sizes_of(one.xy, region.closed, self._frame), region.closed) if one.there else NOTHING
        if role == Qt.ItemDataRole.EditRole:
            return region.name
        if role == Qt.ItemDataRole.DecorationRole and column == NAME:
            return dot(theme.LINE if region.hidden else region.colour)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == SIZE:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(self._told(one))
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(theme.MUTED if region.hidden or one.deleted or not one.there else theme.TEXT)
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        session, name = self._controller.session, self.rows[index.row()].region.name
        wanted = str(value).strip()
        if session is None or role != Qt.ItemDataRole.EditRole or wanted in ("", name):
            return False
        chosen = self._controller.state.region == name
        done = self._controller.do(session.update_region, name, name=wanted)
        if done and chosen:
            self._controller.choose_region(wanted)
        return done

    @property
    def _frame(self) -> Frame | None:
        session, image = self._controller.session, self._controller.image
        return session.image(image).frame if session is not None and image in session.images else None

    def _told(self, one: RegionIn) -> str:
        if not one.there:
            return f"{one.region.name}\nIts structure is absent here, or not predicted yet."
        words = told(one.region, sizes_of(one.xy, one.region.closed, self._frame), "in this image")
        return f"{words}\n{marks}" if (marks := marks_text(one)) else words
