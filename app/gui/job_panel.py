"""The left part of the status line: what runs, how far it is, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.gui import theme
from app.gui.predicting import Predicting


def time_left(seconds: float) -> str:
    """Seconds in words that do not jump about."""
    if seconds < 0:
        return ""
    if seconds < 60:
        return f"{max(1, round(seconds))} s left"
    return f"{round(seconds / 60)} min left"


class Bar(QWidget):
    """A thin progress bar that is painted with everything else; QProgressBar repaints the window at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(136, 6)
        self._share = 0.0

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self._share

    def set_share(self, share: float) -> None:
        """Show how much is done."""
        self._share = min(max(share, 0.0), 1.0)
        self.setAccessibleDescription(f"{self._share * 100:.0f} %")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, width in ((theme.LINE, self.width()), (theme.ACCENT, self.width() * self._share)):
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(0, 0, width, self.height()), 3, 3)
        painter.end()


class JobPanel(QWidget):
    """Shows the prediction job; empty and quiet while none runs."""

    def __init__(self, predicting: Predicting) -> None:
        super().__init__()
        self.setObjectName("jobPanel")
        self.label, self.left = QLabel(), QLabel()
        self.bar = Bar()
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("cancelJob")
        self.cancel.setProperty("flat", "true")
        self.cancel.setAccessibleName("Cancel the running prediction")
        self.cancel.clicked.connect(predicting.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * theme.STEP)
        for widget in (self.label, self.bar, self.left, self.cancel):
            row.addWidget(widget)
        for label in (self.label, self.left):
            label.setProperty("small", "true")
            label.setProperty("muted", "true")
        predicting.started.connect(self._on_start)
        predicting.progressed.connect(self._on_progress)
        predicting.ended.connect(self._on_end)
        self._on_end("")

    def _on_start(self, title: str, total: int) -> None:
        self.label.setText(title)
        self.bar.set_share(0)
        self.left.setText("")
        for widget in (self.bar, self.left, self.cancel):
            widget.show()

    def _on_progress(self, done: int, total: int, left: float) -> None:
        self.label.setText(f"Predicting {done} of {total}")
        self.bar.set_share(done / max(total, 1))
        self.left.setText(time_left(left))

    def _on_end(self, sentence: str) -> None:
        self.label.setText(sentence or "Ready")
        for widget in (self.bar, self.left, self.cancel):
            widget.hide()
