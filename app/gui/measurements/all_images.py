"""One measurement in all images: a table to sort and filter, its histogram, and the outliers marked in both."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
)
from PySide6.QtGui import QColor, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.core.outliers import OUTLIER, robust_z
from app.gui.measurements.plots import Plots, comparable, most_common_unit
from app.gui.measurements.words import error_text, told, value_text
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel, tip
from app.project.measured import Measurement, MeasurementState

if TYPE_CHECKING:
    pass

Index: TypeAlias = QModelIndex | QPersistentModelIndex
_SLICE_S = 0.008


def outliers(one: Measurement) -> npt.NDArray[np.bool_]:
    """Which values [N] of a measurement lie far from the others of the same unit."""
    units, found = np.array([unit.value for unit in one.units]), np.zeros(len(one.values), bool)
    for unit in set(units.tolist()):
        with np.errstate(invalid="ignore"):
            found[units == unit] = np.abs(robust_z(one.values[units == unit])) > OUTLIER
    return found


class AllImagesModel(QAbstractTableModel):
    """Images by measurements."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.images: tuple[str, ...] = ()
        self.found: list[Measurement] = []
        self.outlying: list[npt.NDArray[np.bool_]] = []

    def reload(self) -> None:
        """Measure all images anew; where rows and columns are the same, what is chosen stays chosen."""
        session = self._controller.session
        images = session.images if session is not None else ()
        found = session.measure() if session is not None else []
        same = images == self.images and [one.entry for one in found] == [one.entry for one in self.found]
        if not same:
            self.beginResetModel()
        self.images, self.found, self.outlying = images, found, list(map(outliers, found))
        if not same:
            self.endResetModel()
        elif images and found:
            self.dataChanged.emit(self.index(0, 1), self.index(len(images) - 1, len(found)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.images)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 1 + len(self.found)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.found[section - 1].entry.name if section else "Image"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = index.row(), index.column()
        if column == 0:
            return self.images[row] if role == Qt.ItemDataRole.DisplayRole else None
        one = self.found[column - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return value_text(float(one.values[row]), one.units[row])
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._told(self.images[row], column - 1)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and self.outlying[column - 1][row]:
            return QColor(theme.CAUTION)
        if role == Qt.ItemDataRole.FontRole and one.states[row] is MeasurementState.CORRECTED:
            return theme.font(bold=True)
        return None

    def _told(self, image: str, place: int) -> str:
        """All that is known of one value, with the error that is expected of it: of one image alone that is quick."""
        session, entry = self._controller.session, self.found[place].entry
        if session is None or image not in session.images:
            return ""
        one = next((one for one in session.measurements_in(image) if one.entry == entry), None)
        if one is None:
            return ""
        error = error_text(one.expected_error, one.unit)
        return tip(f"{value_text(one.value, one.unit)} {error}\n{told(one)}" if error else told(one))


class _Sorted(QSortFilterProxyModel):
    """Sorts by numbers of one unit, then of the next; what is not known comes last, whichever way."""

    def lessThan(self, left: Index, right: Index) -> bool:
        model = self.sourceModel()
        assert isinstance(model, AllImagesModel)
        if left.column() == 0:
            return bool(model.images[left.row()] < model.images[right.row()])
        one, other = (model.found[left.column() - 1].values[index.row()] for index in (left, right))
        if np.isnan(one) or np.isnan(other):
            down = self.sortOrder() == Qt.SortOrder.DescendingOrder
            return bool(np.isnan(one) != np.isnan(other)) and bool(np.isnan(one)) is down
        units = model.found[left.column() - 1].units
        return bool((units[left.row()].value, one) < (units[right.row()].value, other))


class AllImages(QDialog):
    """A window of its own beside the main one; it follows every change while it is seen."""

    def __init__(self, parent: QWidget, controller: Controller) -> None:
        super().__init__(parent)
        parent.installEventFilter(self)
        self._controller = controller
        self.setObjectName("measurementsOfAll")
        self.setWindowTitle("Measurements of all images")
        self.resize(840, 560)
        self.model = AllImagesModel(controller, self)
        self.sorted = _Sorted(self)
        self.sorted.setSourceModel(self.model)
        self.sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = QTableView()
        self.table.setAccessibleName("Measurements of all images")
        self.table.setModel(self.sorted)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setDefaultSectionSize(128)
        self.table.doubleClicked.connect(self._open_image)
        self.table.selectionModel().currentColumnChanged.connect(lambda *_: self._draw())
        self.filter = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter by name")
        self.filter.textChanged.connect(self.sorted.setFilterFixedString)
        self.copy = QPushButton("Copy as text")
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(self.copy_text)
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy_text, context=Qt.ShortcutContext.WidgetShortcut)
        self.remark = PlainLabel(wordWrap=True)
        self.remark.setProperty("muted", "true")
        self.plots: Plots | None = None
        self._lay_out()
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self._measure)
        controller.changed.connect(self._soon.start)
        controller.sessionChanged.connect(self._soon.start)
        controller.imageChanged.connect(self._mark_image)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.filter, stretch=1)
        head.addWidget(self.copy)
        self.parts = QSplitter(Qt.Orientation.Vertical)
        self.parts.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * theme.STEP)
        layout.addLayout(head)
        layout.addWidget(self.parts, stretch=1)
        layout.addWidget(self.remark)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close:  # the main window's
            self.close()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        self._soon.start()
        super().showEvent(event)

    def _measure(self) -> None:
        """Measure anew where that is seen, once everything that it needs was read, little by little."""
        if not self.isVisible():
            return
        session = self._controller.session
        if session is not None and not session.measure_ahead(_SLICE_S):
            self.remark.setText("Reading the predictions …")
            self._soon.start()
            return
        self.model.reload()
        self._draw()

    @property
    def column(self) -> int:
        """Which measurement the histogram shows."""
        index = self.table.currentIndex()
        return max(index.column() - 1, 0) if index.isValid() else 0

    def _draw(self) -> None:
        if not self.model.found:
            self.remark.setText("Nothing is measured in this project yet.")
            if self.plots is not None:
                self.plots.hide()
            return
        one, outlying = self.model.found[self.column], self.model.outlying[self.column]
        unit, there = most_common_unit(one), comparable(one)
        known, far, rest = one.values[there], one.values[there & outlying], int(np.sum(~np.isnan(one.values) & ~there))
        others = f"; {rest} in another unit, for want of a pixel size or with one" if rest else ""
        self.remark.setText(
            f"{one.entry.name}: {len(known)} of {len(one.values)} images, median "
            f"{value_text(float(np.median(known)), unit)}, {len(far)} far from the others (robust z above "
            f"{OUTLIER}, in colour){others}. A double click or a point shows the image; bold "
            "values depend on a correction."
            if len(known)
            else f"{one.entry.name} is known in no image."
        )
        if self.plots is None:
            self.plots = Plots()
            self.plots.imageWanted.connect(self._open_place)
            self.parts.addWidget(self.plots)
            self.parts.setSizes([300, 240])
        self.plots.show()
        model = self.model
        self.plots.show_values(model.images, model.found, model.outlying, self.column, self._controller.image)

    def _mark_image(self, *_: object) -> None:
        if self.isVisible() and self.plots is not None and self.model.found:
            self.plots.mark(self._controller.image)

    def _open_place(self, place: int) -> None:
        """Show the image of a point; it may have gone meanwhile."""
        session = self._controller.session
        images = self.model.images
        if session is not None and place < len(images) and images[place] in session.images:
            self._controller.show_image(images[place])

    def _open_image(self, index: QModelIndex) -> None:
        self._controller.show_image(self.model.images[self.sorted.mapToSource(index).row()])

    def copy_text(self) -> None:
        """Put the selected rows, or all that are listed, on the clipboard: with tabs, for a spreadsheet."""
        chosen = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        text = io.StringIO()
        writer = csv.writer(text, delimiter="\t", lineterminator="\n")
        columns = range(self.sorted.columnCount())
        writer.writerow([self.sorted.headerData(column, Qt.Orientation.Horizontal) for column in columns])
        for row in chosen or range(self.sorted.rowCount()):
            writer.writerow([self.sorted.index(row, column).data() for column in columns])
        QGuiApplication.clipboard().setText(text.getvalue())


def show_all_images(window: QWidget, controller: Controller) -> None:
    """Open the table over all images beside the main window, or bring it to the front."""
    found = window.findChild(AllImages) or AllImages(window, controller)
    found.show()
    found.raise_()
