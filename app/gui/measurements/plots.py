"""The histogram of one measurement, and beside it a scatter of that and any other one, whose points open images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.core.measure import Unit
from app.gui.measurements.words import SIGNS
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel
from app.project.measured import Measurement

if TYPE_CHECKING:
    from pyqtgraph import PlotWidget, ScatterPlotItem

Flags = npt.NDArray[np.bool_]
POINT, CHOSEN_POINT = 7, 13


def most_common_unit(one: Measurement) -> Unit:
    """The unit that most of the known values have."""
    known = [unit for unit, value in zip(one.units, one.values, strict=True) if not np.isnan(value)]
    return next((unit for unit, _ in Counter(known or one.units).most_common(1)), Unit.RATIO)  # of no image: none


def comparable(one: Measurement) -> Flags:
    """Where values [N] are known and have the unit that most have."""
    unit = most_common_unit(one)
    there: Flags = ~np.isnan(one.values) & np.array([other is unit for other in one.units], bool)
    return there


def axis_words(one: Measurement) -> str:
    """What stands at an axis: “heart_width (mm)”."""
    sign = SIGNS[most_common_unit(one)]
    return f"{one.entry.name} ({sign})" if sign else one.entry.name


class Plots(QSplitter):
    """Histogram on the left, scatter on the right."""

    imageWanted = Signal(int)
    """The place of the image whose point was clicked."""

    _found: Sequence[Measurement] = ()  # while Qt makes the widget it tells of its style already

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        import pyqtgraph  # takes a third of a second, which the window's start can do without

        self.histogram, self.scatter = (_plain(pyqtgraph, name) for name in ("Histogram", "Scatter"))
        self.against = QComboBox()
        self.against.setAccessibleName("Second measurement of the scatter")
        self.against.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.against.currentIndexChanged.connect(lambda *_: self._draw_scatter())
        head = QHBoxLayout()
        head.addStretch()
        head.addWidget(PlainLabel("against"))
        head.addWidget(self.against)
        right = QWidget()
        layout = QVBoxLayout(right)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.scatter)
        self.addWidget(self.histogram)
        self.addWidget(right)
        self.setChildrenCollapsible(False)
        self.points: ScatterPlotItem = pyqtgraph.ScatterPlotItem(
            pxMode=True, hoverable=True, hoverPen=theme.TEXT, tip=self._tip
        )
        self.points.sigClicked.connect(self._clicked)
        self.chosen: ScatterPlotItem = pyqtgraph.ScatterPlotItem(
            pxMode=True, size=CHOSEN_POINT, pen=theme.TEXT, brush=None
        )
        self.scatter.addItem(self.points)
        self.scatter.addItem(self.chosen)
        self._outlying: Sequence[Flags] = ()
        self._column, self._chosen = 0, ""
        self._wear_theme()
        self._names: Sequence[str] = ()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._found:  # another theme
            self._wear_theme()
            self._draw_histogram()
            self._draw_scatter()

    def _wear_theme(self) -> None:
        for plot in (self.histogram, self.scatter):
            plot.setBackground(theme.PANEL)
            for side in ("bottom", "left"):
                plot.getAxis(side).setPen(theme.MUTED)
                plot.getAxis(side).setTextPen(theme.MUTED)
        self.chosen.setPen(theme.TEXT)

    def show_values(
        self, names: Sequence[str], found: Sequence[Measurement], outlying: Sequence[Flags], column: int, chosen: str
    ) -> None:
        """Draw a column of measurements.

        Parameters
        ----------
        names : sequence of str
            Of the images.
        found, outlying : sequence
            Measurements, and which values lie far from the others.
        column : int
        chosen : str
            The image that is shown; its point is larger.
        """
        self._names, self._found, self._outlying = names, found, outlying
        self._column, self._chosen = column, chosen
        words = [one.entry.name for one in found]
        if words != [self.against.itemText(i) for i in range(self.against.count())]:
            before = self.against.currentText()
            self.against.blockSignals(True)
            self.against.clear()
            self.against.addItems(words)
            self.against.setCurrentIndex(words.index(before) if before in words else min(1, len(words) - 1))
            self.against.blockSignals(False)
        self._draw_histogram()
        self._draw_scatter()

    def _draw_histogram(self) -> None:
        one, there = self._found[self._column], comparable(self._found[self._column])
        known, far = one.values[there], one.values[there & self._outlying[self._column]]
        self.histogram.clear()
        self.histogram.setLabel("bottom", axis_words(one))
        if len(known):
            counts, edges = np.histogram(known, bins=min(40, max(5, int(np.sqrt(len(known))))))
            self.histogram.plot(edges, counts, stepMode="center", fillLevel=0, brush=theme.ACCENT, pen=theme.ACCENT)
            self.histogram.plot(
                far, np.zeros(len(far)), pen=None, symbol="t1", symbolBrush=theme.CAUTION, symbolPen=None
            )

    def _draw_scatter(self) -> None:
        other = self.against.currentIndex()
        if not 0 <= other < len(self._found):
            return
        x, y = self._found[self._column], self._found[other]
        there = np.flatnonzero(comparable(x) & comparable(y))
        far = (self._outlying[self._column] | self._outlying[other])[there]
        self.scatter.setLabel("bottom", axis_words(x))
        self.scatter.setLabel("left", axis_words(y))
        self.points.setData(
            x=x.values[there],
            y=y.values[there],
            data=there,
            size=POINT,
            brush=[theme.CAUTION if odd else theme.ACCENT for odd in far.tolist()],
            pen=None,
        )
        self.mark(self._chosen)
        self.scatter.autoRange()

    def mark(self, image: str) -> None:
        """The point of the image that is shown is larger; the others stay as they are: drawing them takes long."""
        self._chosen, other = image, self.against.currentIndex()
        if image not in self._names or not 0 <= other < len(self._found):
            self.chosen.clear()
            return
        place, x, y = list(self._names).index(image), self._found[self._column], self._found[other]
        there = bool(comparable(x)[place] and comparable(y)[place])
        self.chosen.setData(x=x.values[[place]] if there else [], y=y.values[[place]] if there else [])

    def _tip(self, x: float, y: float, data: int) -> str:
        return f"{self._names[int(data)]}\n{x:.4g}, {y:.4g}"

    def _clicked(self, _: object, points: Sequence[Any], __: object = None) -> None:
        if len(points):
            self.imageWanted.emit(int(points[0].data()))


def _plain(pyqtgraph: Any, name: str) -> PlotWidget:
    plot = pyqtgraph.PlotWidget()
    plot.setAccessibleName(name)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    for side in ("bottom", "left"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    return plot
