"""The line above the image while one walks: how far, how strict, and the way out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QWidget

from app.core.outliers import OUTLIER
from app.core.quality import ERROR_MM, LEAST_SCORE
from app.gui.walk.walk import MOST_STRICT, Walk
from app.gui.walk.words import strictness_words
from app.gui.widgets.plain_text import PlainLabel, tip

STEPS = 20
"""Steps of the slider for a score of 1."""


class WalkBar(QWidget):
    """Shown while there is a walk."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.setObjectName("walkBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._walk = walk
        self.progress, self.leaves = PlainLabel(), PlainLabel()
        self.leaves.setProperty("muted", "true")
        self.back, self.next, self.end = (QPushButton(words) for words in ("Back", "Next", "End"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(LEAST_SCORE * STEPS), round(MOST_STRICT * STEPS))
        self.slider.setValue(round(walk.strictness * STEPS))
        self.slider.setFixedWidth(120)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setAccessibleName("How strict: which errors are shown")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        left: tuple[QWidget, ...] = (self.back, self.next, self.progress)
        right: tuple[QWidget, ...] = (self.leaves, self.slider, self.end)
        for widget in (*left, *right):
            if widget is self.leaves:
                row.addStretch()
            row.addWidget(widget)
        for button, name in ((self.back, "walkBack"), (self.next, "walkNext"), (self.end, "walkEnd")):
            button.setObjectName(name)
            button.setProperty("flat", "true")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space stays the walk's
        self.back.setToolTip("The place before (Shift+Space)")
        self.next.setToolTip("The next place that is worth a look (Space)")
        self.end.setToolTip("End the walk; what was looked at is forgotten")
        self.back.clicked.connect(walk.step_back)
        self.next.clicked.connect(walk.step)
        self.end.clicked.connect(walk.stop)
        self.slider.valueChanged.connect(lambda value: walk.set_strictness(value / STEPS))
        walk.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say how far the walk is."""
        walk = self._walk
        self.setVisible(walk.running)
        if not walk.running:
            return
        told = f"{walk.looked} of {walk.total} looked at"
        self.progress.setText(told if walk.complete else f"{told} · looking through the images …")
        words = strictness_words(walk.strictness, ERROR_MM, OUTLIER)
        self.leaves.setText(words)
        self.slider.setToolTip(tip(f"Now {words}. To the left smaller errors are shown too"))
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """Words give way before the slider does."""
        self.leaves.show()
        if self.sizeHint().width() > self.width():
            self.leaves.hide()
