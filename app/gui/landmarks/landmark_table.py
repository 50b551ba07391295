"""The landmarks: marker, name, how many images show them in each state, and an eye each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.core.landmark import Landmark, PlacementState
from app.gui.landmarks.landmark_model import COUNTS, EYE, NAME, Index, LandmarkModel
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.drawing import draw_eye
from app.gui.widgets.key_button import keeps_key
from app.gui.widgets.list_table import ROW, ListTable
from app.gui.widgets.markers import draw_marker
from app.project.changes import Change, ImagesChanged, LandmarksChanged

EYE_WIDTH = 32
LEAST_COUNT_WIDTH = 20


class RowPainter(QStyledItemDelegate):
    """Paints groups' headings and the three cells of a landmark; the editor of a name is Qt's own."""

    def __init__(self, table: LandmarkTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        mark = self._table.landmarks.mark_at(index.row())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if mark is None:
            painter.setFont(theme.font(small=True))
            painter.setPen(QColor(theme.MUTED))
            if index.column() == NAME:
                bottom = int(Qt.AlignmentFlag.AlignBottom)
                painter.drawText(option.rect.adjusted(12, 0, 0, -5), bottom, index.data())
        else:
            if option.state & QStyle.StateFlag.State_Selected:
                painter.fillRect(option.rect, QColor(theme.SELECTED))
            if index.column() == NAME:
                self._paint_name(painter, option.rect, mark)
            elif index.column() == COUNTS:
                self._paint_counts(painter, option.rect, mark)
            else:
                eye = QRectF(option.rect.right() - 12 - 16, option.rect.y() + 5, 16, 16)
                draw_eye(painter, eye, not mark.hidden)
        painter.restore()

    def _paint_name(self, painter: QPainter, rect: QRect, mark: Landmark) -> None:
        at = QPointF(rect.x() + 18, rect.center().y() + 0.5)
        draw_marker(painter, at, PlacementState.CORRECTED, theme.MUTED if mark.hidden else mark.colour, radius=4.5)
        text = rect.adjusted(32, 0, -20 if mark.locked else -4, 0)
        painter.setFont(theme.font())
        painter.setPen(QColor(theme.MUTED if mark.hidden else theme.TEXT))
        short = painter.fontMetrics().elidedText(mark.name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), short)
        if mark.locked:
            left = text.left() + painter.fontMetrics().horizontalAdvance(short) + 6
            draw_lock(painter, QPointF(left + 4, rect.center().y() + 1))

    def _paint_counts(self, painter: QPainter, rect: QRect, mark: Landmark) -> None:
        """Four numbers below the four signs of the heading; zeros step back."""
        painter.setFont(theme.font(small=True))
        width = self._table.count_width
        for i, number in enumerate(self._table.landmarks.counts(mark.name)):
            cell = QRect(rect.x() + i * width, rect.y(), width, rect.height())
            painter.setPen(QColor(theme.TEXT if number else theme.FAINT))
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), str(number))

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(28, 0, 0, 0))
        editor.setStyleSheet("padding: 0 4px;")


def draw_lock(painter: QPainter, at: QPointF) -> None:
    """A small padlock."""
    painter.setPen(QPen(QColor(theme.MUTED), 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(at.x() - 2.5, at.y() - 5.5, 5, 7), 0, 180 * 16)
    painter.setBrush(QColor(theme.MUTED))
    painter.drawRoundedRect(QRectF(at.x() - 3.5, at.y() - 1.5, 7, 5), 1, 1)


class StateHeads(QWidget):
    """The signs of the four states, above the numbers of the table."""

    def __init__(self, table: LandmarkTable) -> None:
        super().__init__()
        self._table = table
        self.setFixedHeight(18)
        self.setToolTip(
            "In how many images a landmark is predicted (dashed), corrected (solid), confirmed (filled) and absent "
            "(crossed out). A corrected point does not move the outline; Ctrl+B takes it along"
        )
        table.landmarks.modelReset.connect(self._fit)
        table.horizontalHeader().sectionResized.connect(self.update)
        self._fit()

    def _fit(self) -> None:
        self.setFixedWidth(4 * self._table.count_width + EYE_WIDTH)
        self.setVisible(bool(self._table.landmarks.rows))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, column = self._table.count_width, QPoint(self._table.columnViewportPosition(COUNTS), 0)
        left = self.mapFromGlobal(self._table.viewport().mapToGlobal(column)).x()
        for i, state in enumerate(PlacementState):
            draw_marker(painter, QPointF(left + (i + 0.5) * width, 9), state, theme.MUTED, radius=3.5, halo=False)
        painter.end()


class LandmarkTable(ListTable):
    """Click chooses, double click renames, dragging puts in order, the eye hides; the rest is in the Landmark menu."""

    hiddenCounted = Signal(int)

    def __init__(self, controller: Controller) -> None:
        super().__init__("landmarkTable", "Landmarks", editable=True)
        self._controller = controller
        self.landmarks = LandmarkModel(controller, self)
        self.show_model(self.landmarks, stretched=NAME, widths={COUNTS: 4 * self.count_width, EYE: EYE_WIDTH})
        self.setItemDelegate(RowPainter(self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self._recount = QTimer(self, singleShot=True, interval=250)
        self._recount.timeout.connect(self.landmarks.recount)
        self.clicked.connect(self._on_click)
        self.selectionModel().currentRowChanged.connect(self._row_chosen)
        controller.sessionChanged.connect(self.reload)
        controller.landmarkChanged.connect(self._show_chosen)
        controller.changed.connect(self._on_change)

    def event(self, event: QEvent) -> bool:
        if keeps_key(event, (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)):
            return True
        return bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.landmarks.rows and self._controller.session is not None:
            self.paint_words(self.words_of_none)

    @property
    def words_of_none(self) -> str:
        """What stands here while no landmark is listed: accepted images may keep some that were deleted."""
        session = self._controller.session
        if session is None:
            return ""
        kept = session.deleted_landmarks
        place = "" if session.read_only else " Click on the template."
        if not kept:
            return f"None{' yet' if place else ''}.{place}"
        marks = f"“{next(iter(kept))}”" if len(kept) == 1 else f"{len(kept)} landmarks"
        was = "was" if len(kept) == 1 else "were"
        return f"None.{place} {marks} {was} deleted, but accepted images keep what they were accepted with."

    @property
    def count_width(self) -> int:
        """Of one of the four numbers: as wide as the number of images needs it."""
        count = len(self._controller.session.images) if self._controller.session else 0
        return max(LEAST_COUNT_WIDTH, self.fontMetrics().horizontalAdvance(str(count)) + 6)

    def reload(self) -> None:
        """Take the landmarks anew and keep the chosen one chosen."""
        self.landmarks.reload()
        self.horizontalHeader().resizeSection(COUNTS, 4 * self.count_width)
        self._show_chosen(self._controller.landmark)
        session = self._controller.session
        self.hiddenCounted.emit(len(session.landmarks) - len(self.landmarks.marks) if session else 0)

    def set_show_hidden(self, show: bool) -> None:
        """Show the bundle's hidden landmarks too."""
        self.landmarks.show_hidden = show
        self.reload()

    def _on_change(self, change: Change) -> None:
        if isinstance(change, LandmarksChanged | ImagesChanged):
            self.reload()
        else:  # an undo, a reopened image, a new prediction: any of them may change states
            self._recount.start()

    def _on_click(self, index: QModelIndex) -> None:
        mark = self.landmarks.mark_at(index.row())
        if mark is None:
            return
        self._controller.choose_landmark(mark.name)
        if index.column() == EYE and self._controller.session is not None:
            self._controller.do(self._controller.session.update_landmark, mark.name, hidden=not mark.hidden)

    def _row_chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        mark = self.landmarks.mark_at(index.row()) if index.isValid() else None
        if mark is not None:
            self._controller.choose_landmark(mark.name)

    def _show_chosen(self, name: str) -> None:
        row = self.landmarks.row_of(name)
        if row >= 0:
            self.setCurrentIndex(self.landmarks.index(row, NAME))
        else:
            self.selectionModel().clear()

    def rename_chosen(self) -> None:
        """Edit the chosen landmark's name in place."""
        index = self.currentIndex()
        if index.isValid():
            self.edit(self.landmarks.index(index.row(), NAME))
