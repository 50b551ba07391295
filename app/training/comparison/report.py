"""What a comparison writes: ``comparison.csv``, ``images.csv`` and ``comparison.html`` with the plots."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from app.core.template import Template
from app.io.atomic import write_text
from app.training.comparison.plots import colour_of, cumulative_plot, error_map, interval_plot
from app.training.comparison.scores import RESAMPLES, Figure, Line, Scores, line_of

TABLE, IMAGES, PAGE = "comparison.csv", "images.csv", "comparison.html"
NONE = "-"
SURE = 0.05
"""A difference from the first system with a smaller p is marked."""


@dataclass(frozen=True)
class Cost:
    """What a system costs on this machine.

    Attributes
    ----------
    best_ms, median_ms : float or None
        Time from the network's input to the whole prediction: what else runs on the machine is in the median.
    megabytes : float or None
        Of the bundle.
    """

    best_ms: float | None = None
    median_ms: float | None = None
    megabytes: float | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """All that is told.

    Attributes
    ----------
    data : str
        What the systems were compared on, in words.
    images : list of str
        Their names.
    template : Template
    scores : list of Scores
        The first is the one that the others are tested against.
    costs : list of Cost
    threads : int
        Of the networks.
    """

    data: str
    images: list[str]
    template: Template
    scores: list[Scores]
    costs: list[Cost]
    threads: int

    @property
    def figures(self) -> list[Figure]:
        """All figures that one system has at least."""
        return list(dict.fromkeys(figure for scores in self.scores for figure in scores.values))

    def lines(self, figure: Figure) -> list[Line | None]:
        """A figure of each system; None where it has none."""
        first = self.scores[0].values.get(figure)
        found: list[Line | None] = []
        for number, scores in enumerate(self.scores):
            values = scores.values.get(figure)
            found.append(None if values is None else line_of(values, first if number else None))
        return found


def write_report(comparison: Comparison, out: Path) -> None:
    """Write all files; raises OSError."""
    write_text(out / TABLE, _table(comparison))
    write_text(out / IMAGES, _images(comparison))
    write_text(out / PAGE, _page(comparison))


def told(value: float | None, digits: int) -> str:
    """A number with so many digits, or a dash."""
    return NONE if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _table(comparison: Comparison) -> str:
    rows: list[list[object]] = [["figure", "unit", "system", "mean", "low_95", "high_95", "p_against_first", "images"]]
    for figure in comparison.figures:
        for scores, line in zip(comparison.scores, comparison.lines(figure), strict=True):
            if line is not None:
                p = "" if line.p is None else f"{line.p:.4g}"
                bounds = [f"{value:.5g}" for value in (line.mean, line.low, line.high)]
                rows.append([figure.name, figure.unit, scores.label, *bounds, p, line.images])
    for name, unit, values in _costs(comparison):
        for scores, value in zip(comparison.scores, values, strict=True):
            if value is not None:
                rows.append([name, unit, scores.label, f"{value:.4g}", "", "", "", ""])
    return _csv(rows)


def _costs(comparison: Comparison) -> list[tuple[str, str, list[float | None]]]:
    return [
        (f"time per image, {comparison.threads} threads, best", "ms", [cost.best_ms for cost in comparison.costs]),
        (f"time per image, {comparison.threads} threads, median", "ms", [cost.median_ms for cost in comparison.costs]),
        ("size of the bundle", "MB", [cost.megabytes for cost in comparison.costs]),
    ]


def _images(comparison: Comparison) -> str:
    rows: list[list[object]] = [["image", "system", "figure", "unit", "value"]]
    for scores in comparison.scores:
        for figure, values in scores.values.items():
            for image, value in zip(comparison.images, values.tolist(), strict=True):
                rows.append([image, scores.label, figure.name, figure.unit, f"{value:.5g}" if value == value else ""])
    return _csv(rows)


_STYLE = """body{font:14px/1.5 sans-serif;color:#15171a;margin:24px auto;max-width:1100px;padding:0 16px}
table{border-collapse:collapse}td,th{padding:4px 12px;text-align:right;border-bottom:1px solid #d9dde2}
td:first-child,th:first-child{text-align:left}small{color:#5a626b}.maps{display:flex;flex-wrap:wrap;gap:24px}"""


def _page(comparison: Comparison) -> str:
    labels = [scores.label for scores in comparison.scores]
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Systems compared</title>',
        f"<style>{_STYLE}</style></head><body><h1>Systems compared</h1>",
        f"<p>{escape(comparison.data)}, {len(comparison.images)} images. In each cell: mean, 95 % bootstrap interval "
        f"over images ({RESAMPLES:,} resamples); * where Wilcoxon's signed-rank test over the images tells a system "
        f"from {escape(labels[0])} (p &lt; {SURE:g}, two-sided, not corrected for the number of tests). The best mean "
        "of a line is bold. Landmarks of a structure that was called absent count as 30 mm.</p>",
        _html_table(comparison),
        *_html_plots(comparison),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _html_table(comparison: Comparison) -> str:
    heads = "".join(
        f'<th style="border-bottom:3px solid {colour_of(number)}">{escape(scores.label)}</th>'
        for number, scores in enumerate(comparison.scores)
    )
    rows = [f"<tr><th></th>{heads}</tr>"]
    for figure in comparison.figures:
        lines = comparison.lines(figure)
        means = [line.mean for line in lines if line is not None and np.isfinite(line.mean)]
        best = (max if figure.larger_is_better else min)(means) if means else None
        unit = f" ({figure.unit})" if figure.unit else ""
        cells = "".join(f"<td>{_cell(line, figure, best)}</td>" for line in lines)
        rows.append(f"<tr><td>{escape(figure.name + unit)}</td>{cells}</tr>")
    for name, unit, values in _costs(comparison):
        cells = "".join(f"<td>{told(value, 1)}</td>" for value in values)
        rows.append(f"<tr><td>{name} ({unit})</td>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _cell(line: Line | None, figure: Figure, best: float | None) -> str:
    if line is None or not np.isfinite(line.mean):
        return NONE
    mean = told(line.mean, figure.digits)
    mean = f"<b>{mean}</b>" if line.mean == best else mean
    star = "*" if line.p is not None and line.p < SURE else ""
    return f"{mean}{star}<br><small>{told(line.low, figure.digits)} to {told(line.high, figure.digits)}</small>"


def _html_plots(comparison: Comparison) -> list[str]:
    parts: list[str] = []
    pointed = [scores for scores in comparison.scores if scores.errors is not None and scores.point_mm is not None]
    everyone = [(s.label, s.errors if s.errors is not None else np.zeros(0)) for s in comparison.scores]
    if pointed:
        parts += ["<h2>Landmarks within so many mm</h2>", cumulative_plot([e for e in everyone if e[1].size])]
    titles = [structure.title for structure in comparison.template.structures]
    dice = [figure for figure in comparison.figures if figure.name in {f"Dice, {t.lower()}" for t in titles}]
    drawn = [s for s in comparison.scores if any(figure in s.values for figure in dice)]
    if drawn:
        lines = [(s.label, [line_of(s.values[figure], None) for figure in dice]) for s in drawn]
        parts += ["<h2>Dice, with 95 % intervals</h2>", interval_plot(titles, lines)]
    if pointed:
        parts.append("<h2>Mean error of each contour point on the template</h2><div class='maps'>")
        for scores in pointed:
            assert scores.point_mm is not None
            drawing = error_map(comparison.template, scores.point_mm)
            parts.append(f"<div><b>{escape(scores.label)}</b><br>{drawing}</div>")
        parts.append("</div>")
    return parts
