"""The legend of what the template shows of all images together: colours with their numbers, and of what they are."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.core.cohort import LEAST
from app.gui.state.cohorts import Cohorts
from app.gui.state.controller import Controller
from app.gui.state.view_state import Layer
from app.gui.template.cohort_layer import CohortLayer, Range
from app.gui.widgets import theme
from app.gui.widgets.drawing import bgra_image

BAR = 96
"""Width of the colours, in pixels."""


def counted(number: int, word: str = "image") -> str:
    """“1 image”, “12 images”."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def legend_words(controller: Controller, cohorts: Cohorts, layer: CohortLayer) -> tuple[str, str]:
    """Two lines: of what the colours are, and what is to be known of it; while there are none, why."""
    runner, which = cohorts.runner, cohorts.layer
    if runner.running:
        doing = "Pooling corrections" if which is Layer.CORRECTIONS else "Reading images"
        return f"{doing}: {runner.done:,} of {runner.total:,}", "Cancel is at the bottom left"
    if which is Layer.CORRECTIONS:
        return _of_corrections(cohorts, layer)
    grey = cohorts.grey
    if grey is None:
        return "Nothing to show" if not runner.cancelled else "It was cancelled", "View, All images: Work out again"
    count = len(grey.cohort.names)
    if grey.too_few:
        return f"Too few: {counted(count)} can be compared", f"At least {LEAST} are needed"
    second = _more(cohorts, grey.skipped, len(grey.left_out))
    if which is Layer.Z:
        if cohorts.why_not:
            return "This image is not compared:", cohorts.why_not
        if layer.range is None:
            done = controller.state.z_map is not None
            return ("Too few images show what this one shows" if done else "Comparing this image…"), ""
        return f"This image against {counted(count - 1, 'other')}", second or "blue is darker, orange brighter"
    what = "Median grey" if which is Layer.MEDIAN else "Spread of grey"
    meaning = "blue is dark, yellow bright" if which is Layer.MEDIAN else "yellow is where they differ most"
    return f"{what} of {counted(count)}", second or meaning


def _of_corrections(cohorts: Cohorts, layer: CohortLayer) -> tuple[str, str]:
    pooled = cohorts.pooled
    if pooled is None:
        words = "Nothing to show" if not cohorts.runner.cancelled else "It was cancelled"
        return words, "View, All images: Work out again"
    images = {one.image for hot in layer.hot for one in hot.moved}
    if not images:
        return f"Nothing was moved in {counted(pooled.images)}", _more(cohorts, 0, 0)
    return f"Moved in {len(images):,} of {counted(pooled.images)}, mm", _more(
        cohorts, 0, 0
    ) or "Click a place: its images"


def _more(cohorts: Cohorts, skipped: int, left_out: int) -> str:
    if cohorts.old:
        return "Out of date: work it out again"
    parts = [f"{left_out:,} left out"] if left_out else []
    parts += [f"{skipped:,} more not read"] if skipped else []
    return ", ".join(parts)


def limits(colours: Range, layer: Layer) -> tuple[str, str]:
    """What stands at both ends of the colours."""
    if layer is Layer.CORRECTIONS:
        return "0", f"{colours.high:.3g} mm"
    if layer is Layer.Z:
        return f"−{colours.high:g}", f"+{colours.high:g}"
    signs = (f"{value:+.1f}".replace("-", "−") if layer is Layer.MEDIAN else f"{value:.1f}" for value in _ends(colours))
    low, high = signs
    return low, high


def _ends(colours: Range) -> tuple[float, float]:
    return colours.low, colours.high


def paint_legend(painter: QPainter, left: int, height: int, colours: Range, layer: Layer) -> int:
    """Paint the colours with their numbers below; returns where the words may begin."""
    bar = QRectF(left, 9, BAR, 8)
    values = np.linspace(colours.low, colours.high, BAR * 2)[None]
    painter.fillRect(bar, QColor(theme.BACKGROUND))
    painter.drawImage(bar, bgra_image(colours.colours(values)))
    painter.setPen(QPen(QColor(theme.LINE), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)
    painter.setFont(theme.font(small=True))
    painter.setPen(QColor(theme.MUTED))
    below = QRect(left, 19, BAR, height - 20)
    low, high = limits(colours, layer)
    painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), low)
    painter.drawText(below, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop), high)
    return left + BAR + 12
