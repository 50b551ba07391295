"""The worklist: a filter, three chips, and one painted row per image."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.core.landmark import ReviewState
from app.gui import theme
from app.gui.desk import Desk
from app.gui.pictures import Pictures
from app.gui.worklist_model import WorklistModel
from app.store.entries import Change

Index: TypeAlias = QModelIndex | QPersistentModelIndex
ROW = 56
THUMB = 44


class RowPainter(QStyledItemDelegate):
    """Paints one row: thumbnail, name, words, review sign and confidence bar."""

    def __init__(self, model: WorklistModel, pictures: Pictures, view: QListView) -> None:
        super().__init__(view)
        self._model, self._pictures, self._view = model, pictures, view
        self._thumbs: dict[str, QPixmap] = {}
        self._wanted: list[str] = []
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._load)

    def forget(self, names: tuple[str, ...] = ()) -> None:
        """Thumbnails of these (or all) are out of date."""
        if not names:
            self._thumbs.clear()
        for name in names:
            self._thumbs.pop(name, None)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = self._model.row(self._model.shown[index.row()])
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.SELECTED))
            painter.fillRect(rect.x(), rect.y(), 3, rect.height(), QColor(theme.ACCENT))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(theme.RAISED))
        thumb = QRect(rect.x() + 12, rect.y() + (ROW - THUMB) // 2, THUMB, THUMB)
        self._paint_thumb(painter, thumb, row.name)
        left, right = thumb.right() + 12, rect.right() - 12
        sign = 16
        text = QRect(left, rect.y() + 9, right - left - sign - 8, 19)
        metrics = option.fontMetrics
        painter.setFont(theme.font())
        painter.setPen(QColor(theme.TEXT))
        short = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)
        painter.setFont(theme.font(small=True))
        painter.setPen(QColor(theme.BAD if row.trouble else theme.MUTED))
        bar = 32 if row.confidence is not None else 0
        second = QRect(left, rect.y() + 29, right - left - bar - 6, 17)
        words = painter.fontMetrics().elidedText(row.words, Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(second, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        draw_sign(painter, QPointF(right - sign / 2, rect.y() + 18.5), row.review)
        if row.confidence is not None:
            line = QRectF(right - bar, rect.y() + 36, bar, 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.LINE))
            painter.drawRoundedRect(line, 2, 2)
            line.setWidth(max(4.0, bar * row.confidence))
            painter.setBrush(QColor(theme.confidence_colour(row.confidence)))
            painter.drawRoundedRect(line, 2, 2)
        painter.restore()

    def _paint_thumb(self, painter: QPainter, rect: QRect, name: str) -> None:
        pixmap = self._thumbs.get(name)
        painter.fillRect(rect, QColor(0, 0, 0))
        if pixmap is None:
            if name not in self._wanted:
                self._wanted.append(name)
            self._timer.start()
            return
        at = rect.center() - QPointF(pixmap.width() / 2, pixmap.height() / 2).toPoint()
        painter.drawPixmap(at, pixmap)

    def _load(self) -> None:
        """Make a few thumbnails, then give the window its turn."""
        for name in self._wanted[-4:]:
            preview = self._pictures.preview(name)
            if preview is not None:
                height, width = preview.shape
                image = QImage(preview.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
                size = QSize(THUMB, THUMB)
                self._thumbs[name] = QPixmap.fromImage(
                    image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
                )
                self._view.update(self._model.index_of(name))
        self._wanted = self._wanted[:-4]
        if len(self._thumbs) > 2000:
            self._thumbs.clear()
        if self._wanted:
            self._timer.start()


def draw_sign(painter: QPainter, at: QPointF, review: ReviewState) -> None:
    """The review state as a sign of its own shape: ring, half, tick, cross or question mark."""
    radius = 6.5
    colour = {
        ReviewState.ACCEPTED: theme.GOOD,
        ReviewState.REJECTED: theme.BAD,
        ReviewState.SECOND_OPINION: theme.CAUTION,
    }.get(review, theme.MUTED)
    filled = review not in (ReviewState.UNREAD, ReviewState.IN_PROGRESS)
    painter.setPen(QPen(QColor(colour), 1.3))
    painter.setBrush(QColor(colour) if filled else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(at, radius, radius)
    dark = QPen(QColor(theme.BACKGROUND), 1.8)
    if review == ReviewState.IN_PROGRESS:
        painter.setBrush(QColor(colour))
        painter.drawPie(QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius), -90 * 16, 180 * 16)
    elif review == ReviewState.ACCEPTED:
        painter.setPen(dark)
        painter.drawPolyline([at + QPointF(-3, 0.3), at + QPointF(-0.8, 2.6), at + QPointF(3.2, -2.4)])
    elif review == ReviewState.REJECTED:
        painter.setPen(dark)
        painter.drawLine(at + QPointF(-2.5, -2.5), at + QPointF(2.5, 2.5))
        painter.drawLine(at + QPointF(-2.5, 2.5), at + QPointF(2.5, -2.5))
    elif review == ReviewState.SECOND_OPINION:
        painter.setPen(dark)
        painter.setFont(theme.font(small=True, bold=True))
        painter.drawText(QRectF(at.x() - 7, at.y() - 7, 14, 14), int(Qt.AlignmentFlag.AlignCenter), "?")


class Worklist(QWidget):
    """Filter, chips and list; the chosen row is the desk's image."""

    def __init__(self, desk: Desk, pictures: Pictures) -> None:
        super().__init__()
        self._desk = desk
        self.model = WorklistModel(desk, self)
        self.filter = QLineEdit(clearButtonEnabled=True)
        self.filter.setObjectName("worklistFilter")
        self.filter.setAccessibleName("Filter images by name")
        self.list = QListView(uniformItemSizes=True)
        self.list.setMouseTracking(True)
        self.list.setObjectName("worklist")
        self.list.setAccessibleName("Worklist")
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setModel(self.model)
        self.painter = RowPainter(self.model, pictures, self.list)
        self.list.setItemDelegate(self.painter)
        self.worst, self.unread, self.flagged = (QPushButton() for _ in range(3))
        self._recount = QTimer(self, singleShot=True, interval=120)
        self._recount.timeout.connect(self._show_counts)
        self._lay_out()
        self._listen()
        self._show_counts()

    def _lay_out(self) -> None:
        chips = QHBoxLayout()
        chips.setSpacing(theme.STEP)
        for chip in (self.worst, self.unread, self.flagged):
            chip.setCheckable(True)
            chip.setProperty("chip", "true")
            chips.addWidget(chip)
        chips.addStretch()
        self.worst.setText("Worst first")
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 0)
        top.setSpacing(8)
        top.addWidget(self.filter)
        top.addLayout(chips)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.list)

    def _listen(self) -> None:
        self.filter.textChanged.connect(self._filter_changed)
        for chip in (self.worst, self.unread, self.flagged):
            chip.toggled.connect(self._chips_changed)
        self.list.selectionModel().currentChanged.connect(self._row_chosen)
        self._desk.imageChanged.connect(self._show_current)
        self._desk.sessionChanged.connect(self._on_session)
        self._desk.changed.connect(self._on_change)

    def _on_session(self) -> None:
        self.painter.forget()
        self._show_counts()

    def _on_change(self, change: Change) -> None:
        if change.kind == "images":
            self.painter.forget(change.images)
            self.model.reload()
            self._show_current(self._desk.image)
        elif change.kind == "prediction":
            self.painter.forget(change.images)
            self.model.refresh(change.images)
        elif change.kind in ("review", "placements"):
            self.model.refresh(change.images)
        elif change.kind == "landmarks":
            self.model.refresh(())
            return
        self._recount.start()

    def _filter_changed(self, text: str) -> None:
        self.model.text = text
        self.arrange()

    def _chips_changed(self) -> None:
        self.model.worst_first = self.worst.isChecked()
        self.model.unread_only = self.unread.isChecked()
        self.model.flagged_only = self.flagged.isChecked()
        self.arrange()

    def arrange(self) -> None:
        """Filter and sort anew, keeping the chosen image chosen."""
        self.model.arrange()
        self._show_current(self._desk.image)

    def _show_current(self, name: str) -> None:
        index = self.model.index_of(name)
        if index.isValid():
            if index != self.list.currentIndex():
                self.list.setCurrentIndex(index)
                self.list.scrollTo(index)
        else:
            self.list.selectionModel().clear()

    def _row_chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid():
            self._desk.show_image(self.model.shown[index.row()])

    def _show_counts(self) -> None:
        session = self._desk.session
        count = len(session.images) if session else 0
        self.filter.setPlaceholderText(f"Filter {count} image{'' if count == 1 else 's'}" if count else "Filter images")
        unread, flagged = self.model.counts()
        self.unread.setText(f"Open {unread}")
        self.flagged.setText(f"Flagged {flagged}")

    def neighbour(self, step: int) -> str:
        """Name of the image `step` rows further, or empty at the ends."""
        names = self.model.shown
        if not names:
            return ""
        index = self.model.index_of(self._desk.image)
        row = index.row() + step if index.isValid() else (0 if step > 0 else len(names) - 1)
        return names[row] if 0 <= row < len(names) else ""

    def neighbours(self) -> list[str]:
        """The images worth decoding ahead."""
        return [name for name in (self.neighbour(1), self.neighbour(-1), self.neighbour(2)) if name]
