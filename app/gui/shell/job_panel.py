"""The left part of the status line: what runs, how far it is, and a way to stop it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.state.job_runner import JobRunner
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel


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


@dataclass
class _Shown:
    """What is said of one running job."""

    title: str
    share: float = 0.0
    left: float = -1.0


class JobPanel(QWidget):
    """Shows the job that began last; empty and quiet while none runs."""

    def __init__(self, *runners: JobRunner) -> None:
        super().__init__()
        self.setObjectName("jobPanel")
        self._running: dict[JobRunner, _Shown] = {}
        self.label, self.left = PlainLabel(), PlainLabel()
        self.bar = Bar()
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("cancelJob")
        self.cancel.setProperty("flat", "true")
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * theme.STEP)
        for widget in (self.label, self.bar, self.left, self.cancel):
            row.addWidget(widget)
        for label in (self.label, self.left):
            label.setProperty("small", "true")
            label.setProperty("muted", "true")
        for runner in runners:
            runner.started.connect(partial(self._on_start, runner))
            runner.progressed.connect(partial(self._on_progress, runner))
            runner.ended.connect(partial(self._on_end, runner))
        self._show("")

    def _cancel(self) -> None:
        if self._running:
            list(self._running)[-1].cancel()

    def _on_start(self, runner: JobRunner, title: str, total: int) -> None:
        self._running.pop(runner, None)
        self._running[runner] = _Shown(title)
        self._show("")

    def _on_progress(self, runner: JobRunner, done: int, total: int, left: float) -> None:
        of = f" of {total}" if total else ""  # of a search nobody knows how long it is
        self._running[runner] = _Shown(f"{runner.verb} {done}{of}", done / max(total, 1), left)
        self._show("")

    def _on_end(self, runner: JobRunner, sentence: str) -> None:
        self._running.pop(runner, None)
        self._show(sentence)

    def _show(self, sentence: str) -> None:
        for widget in (self.bar, self.left, self.cancel):
            widget.setVisible(bool(self._running))
        if not self._running:
            self.label.setText(sentence or "Ready")
            return
        shown = list(self._running.values())[-1]
        self.label.setText(shown.title)
        self.bar.set_share(shown.share)
        self.left.setText(time_left(shown.left))
        self.cancel.setAccessibleName(f"Cancel: {shown.title}")
