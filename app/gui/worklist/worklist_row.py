"""How a row of the worklist is painted: thumbnail, name, words, review sign and confidence bar."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.core.landmark import ReviewState
from app.gui.state.pictures import Pictures
from app.gui.widgets import theme
from app.gui.worklist.worklist_model import Index, WorklistModel

ROW = 56
THUMB = 44
BAR = 32


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
            if index == self._view.currentIndex():
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
        painter.setPen(QColor(theme.MUTED))
        beside = text.adjusted(metrics.horizontalAdvance(short) + 8, 0, 0, 0)
        if row.patient and beside.width() >= painter.fontMetrics().horizontalAdvance(row.patient):
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.patient)
        looked_at = row.review is ReviewState.ACCEPTED  # what a reader took as it is needs no red any more
        doubtful = theme.CAUTION if row.suspect and looked_at else theme.MUTED
        painter.setPen(QColor(theme.BAD if row.trouble and not looked_at else doubtful))
        second = QRect(left, rect.y() + 32, right - left, 17)
        words = painter.fontMetrics().elidedText(row.words, Qt.TextElideMode.ElideRight, second.width())
        painter.drawText(second, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        draw_sign(painter, QPointF(right - sign / 2, rect.y() + 17.5), row.review)
        if row.confidence is not None:
            line = QRectF(right - BAR, rect.y() + 28, BAR, 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.LINE))
            painter.drawRoundedRect(line, 1.5, 1.5)
            line.setWidth(max(4.0, BAR * row.confidence))
            painter.setBrush(QColor(theme.lowest_colour(row.confidence)))
            painter.drawRoundedRect(line, 1.5, 1.5)
        painter.restore()

    def _paint_thumb(self, painter: QPainter, rect: QRect, name: str) -> None:
        pixmap = self._thumbs.get(name)
        painter.fillRect(rect, QColor(0, 0, 0))
        if pixmap is None:
            if name not in self._wanted:
                self._wanted.append(name)
            self._timer.start()
            return
        size = pixmap.deviceIndependentSize()
        at = QRectF(rect).center() - QPointF(size.width() / 2, size.height() / 2)
        painter.drawPixmap(at, pixmap)

    def _load(self) -> None:
        """Make a few thumbnails, then give the window its turn."""
        for name in self._wanted[-4:]:
            listed = self._model.index_of(name).isValid()  # it may have been removed meanwhile
            preview = self._pictures.as_read(name) if listed else None
            if preview is not None:
                height, width = preview.shape
                image = QImage(preview.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
                ratio = self._view.devicePixelRatioF()
                size = QSize(THUMB, THUMB) * ratio
                keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                thumb = QPixmap.fromImage(image.scaled(size, keep, smooth))
                thumb.setDevicePixelRatio(ratio)
                self._thumbs[name] = thumb
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
