"""The landmarks: marker, name, how many images show them predicted and corrected, and an eye each."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.core.landmark import Landmark, PlacementState
from app.gui import theme
from app.gui.desk import Desk
from app.gui.key_button import keeps_key
from app.gui.markers import draw_marker
from app.gui.structure_list import draw_eye
from app.store.entries import Change

Index: TypeAlias = QModelIndex | QPersistentModelIndex
NAME, COUNTS, EYE = range(3)
ROW = 26
CORRECTED = (PlacementState.CORRECTED, PlacementState.CONFIRMED, PlacementState.ABSENT)


class LandmarkModel(QAbstractTableModel):
    """The session's landmarks; those of the data set only on request."""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.marks: list[Landmark] = []
        self.show_hidden = False
        self._counts: dict[str, tuple[int, int]] = {}

    def reload(self) -> None:
        """Take the landmarks anew. A reader's own stay in the list while hidden, the bundle's do not."""
        session = self._desk.session
        self.beginResetModel()
        marks = session.landmarks if session else ()
        given = {m.name for m in session.bundle.landmarks} if session else set()
        self.marks = [m for m in marks if self.show_hidden or not m.hidden or m.name not in given]
        self._counts.clear()
        self.endResetModel()

    def recount(self) -> None:
        """Predictions or placements changed."""
        self._counts.clear()
        if self.marks:
            self.dataChanged.emit(self.index(0, COUNTS), self.index(len(self.marks) - 1, COUNTS))

    def counts(self, name: str) -> tuple[int, int]:
        """In how many images a landmark is predicted, and in how many a reader has spoken."""
        if name not in self._counts:
            assert self._desk.session is not None
            states = self._desk.session.placements(name).states
            predicted = sum(state == PlacementState.PREDICTED for state in states)
            self._counts[name] = (predicted, sum(state in CORRECTED for state in states))
        return self._counts[name]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.marks)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return ("Landmark", "Predicted · by reader", "Shown")[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        mark = self.marks[index.row()]
        if index.column() == NAME and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return mark.name
        if index.column() == COUNTS and role == Qt.ItemDataRole.DisplayRole:
            predicted, spoken = self.counts(mark.name)
            return f"{predicted} · {spoken}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(mark, index.column())
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == EYE:
            return Qt.CheckState.Unchecked if mark.hidden else Qt.CheckState.Checked
        return None

    def _tip(self, mark: Landmark, column: int) -> str:
        if column == COUNTS:
            predicted, spoken = self.counts(mark.name)
            return f"Predicted in {predicted} images; corrected, confirmed or absent in {spoken}"
        if column == EYE:
            return "Show or hide this landmark"
        assert self._desk.session is not None
        title = self._desk.session.template.structure(mark.structure).title
        where = f"{title}, u {mark.u:.2f}, v {mark.v:.2f}"
        return f"{mark.rule}\n{where}" if mark.rule else f"{mark.name}\n{where}"

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        name = str(value).strip()
        before = self.marks[index.row()].name
        session = self._desk.session
        if role != Qt.ItemDataRole.EditRole or not name or name == before or session is None:
            return False
        was_chosen = self._desk.landmark == before
        if not self._desk.do(session.update_landmark, before, name=name):
            return False
        if was_chosen:
            self._desk.choose_landmark(name)
        return True


class RowPainter(QStyledItemDelegate):
    """Paints the three cells; the editor of a name is Qt's own."""

    def __init__(self, table: LandmarkTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        mark = self._table.landmarks.marks[index.row()]
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.SELECTED))
        if index.column() == NAME:
            at = QPointF(rect.x() + 18, rect.center().y() + 0.5)
            draw_marker(painter, at, PlacementState.CORRECTED, theme.MUTED if mark.hidden else mark.colour, radius=4.5)
            painter.setPen(QColor(theme.MUTED if mark.hidden else theme.TEXT))
            text = rect.adjusted(36, 0, -4, 0)
            short = option.fontMetrics.elidedText(mark.name, Qt.TextElideMode.ElideRight, text.width())
            painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), short)
        elif index.column() == COUNTS:
            painter.setFont(theme.font(small=True))
            painter.setPen(QColor(theme.MUTED))
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(rect.adjusted(0, 0, -4, 0), int(align), index.data())
        else:
            draw_eye(painter, QRectF(rect.right() - 12 - 16, rect.y() + 5, 16, 16), not mark.hidden)
        painter.restore()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(28, 0, 0, 0))
        editor.setStyleSheet("padding: 0 4px;")


class LandmarkTable(QTableView):
    """Click chooses, double click renames, the eye hides; the rest is in the Landmark menu and by right click."""

    menuWanted = Signal(object)
    hiddenCounted = Signal(int)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("landmarkTable")
        self.setAccessibleName("Landmarks")
        self._desk = desk
        self.landmarks = LandmarkModel(desk, self)
        self.setModel(self.landmarks)
        self.setItemDelegate(RowPainter(self))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(COUNTS, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(EYE, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(COUNTS, 64)
        header.resizeSection(EYE, 36)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menuWanted.emit(self.viewport().mapToGlobal(at)))
        self._recount = QTimer(self, singleShot=True, interval=250)
        self._recount.timeout.connect(self.landmarks.recount)
        self.clicked.connect(self._on_click)
        self.selectionModel().currentRowChanged.connect(self._row_chosen)
        desk.sessionChanged.connect(self.reload)
        desk.landmarkChanged.connect(self._show_chosen)
        desk.changed.connect(self._on_change)

    def event(self, event: QEvent) -> bool:
        if keeps_key(event, (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)):
            return True
        return bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.landmarks.marks:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(self.viewport().rect().adjusted(12, 2, -12, 0), 0, "None yet. Click on the template.")
            painter.end()

    def reload(self) -> None:
        """Take the landmarks anew and keep the chosen one chosen."""
        self.landmarks.reload()
        self._show_chosen(self._desk.landmark)
        session = self._desk.session
        self.hiddenCounted.emit(len(session.landmarks) - len(self.landmarks.marks) if session else 0)

    def set_show_hidden(self, show: bool) -> None:
        """Show the bundle's hidden landmarks too."""
        self.landmarks.show_hidden = show
        self.reload()

    def _on_change(self, change: Change) -> None:
        if change.kind == "landmarks":
            self.reload()
        elif change.kind in ("prediction", "placements", "images"):
            self._recount.start()

    def _on_click(self, index: QModelIndex) -> None:
        mark = self.landmarks.marks[index.row()]
        self._desk.choose_landmark(mark.name)
        if index.column() == EYE and self._desk.session is not None:
            self._desk.do(self._desk.session.update_landmark, mark.name, hidden=not mark.hidden)

    def _row_chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid():
            self._desk.choose_landmark(self.landmarks.marks[index.row()].name)

    def _show_chosen(self, name: str) -> None:
        for row, mark in enumerate(self.landmarks.marks):
            if mark.name == name:
                self.setCurrentIndex(self.landmarks.index(row, NAME))
                return
        self.selectionModel().clear()

    def rename_chosen(self) -> None:
        """Edit the chosen landmark's name in place."""
        index = self.currentIndex()
        if index.isValid():
            self.edit(self.landmarks.index(index.row(), NAME))
