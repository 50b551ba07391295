"""The measurements of the image that is shown, row by row; while a marker is dragged, as they will be."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.gui.measurements.words import error_text, told, value_text
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import tip
from app.project.measured import MeasuredIn, MeasurementState

Index: TypeAlias = QModelIndex | QPersistentModelIndex
NAME, VALUE, ERROR = range(3)
COLUMNS = ("Measurement", "Value", "±")


def previewed(controller: Controller, image: str) -> list[MeasuredIn] | None:
    """What changes by what is dragged in an image, as it would be; None where nothing is dragged in it."""
    session, held, ends = controller.session, controller.held, controller.state.held_ends
    if session is not None and held is not None and held.image == image:
        return session.preview_measurements(image, held.landmark, held.xy)
    if session is not None and ends is not None and ends.image == image:
        return session.preview_ends(image, ends.shape, ends.axis, ends.ends)
    return None


class MeasurementModel(QAbstractTableModel):
    """Name, value and expected error of each measurement in the shown image."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.rows: list[MeasuredIn] = []

    def reload(self) -> None:
        """Measure the shown image anew."""
        session, image = self._controller.session, self._controller.image
        rows = session.measurements_in(image) if session is not None and image else []
        if [row.entry.number for row in rows] == [row.entry.number for row in self.rows]:
            self._take(rows)
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def preview(self) -> None:
        """Show what follows from the marker or the end that is dragged; what does not depend on it stays."""
        found = previewed(self._controller, self._controller.image)
        if found is None:
            self.reload()
            return
        moved = {row.entry.number: row for row in found}
        self._take([moved.get(row.entry.number, row) for row in self.rows])

    def _take(self, rows: list[MeasuredIn]) -> None:
        self.rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            texts = row.entry.name, value_text(row.value, row.unit), error_text(row.expected_error, row.unit)
            return texts[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column != NAME:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(told(row))
        if role == Qt.ItemDataRole.FontRole and column == VALUE and row.state is MeasurementState.CORRECTED:
            return theme.font(bold=True)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(theme.CAUTION if row.entry.missing else theme.MUTED if column == ERROR else theme.TEXT)
        return None
