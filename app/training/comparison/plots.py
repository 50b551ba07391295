"""Plots of a comparison as SVG: landmarks within so many mm, Dice per structure, errors on the template."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from app.core.template import STRUCTURE_COLOURS, Template
from app.training.comparison.scores import Line

INK, GRID_LINE = "#30353b", "#d9dde2"
FARTHEST_MM = 12.0
"""Right end of the first plot, and brightest colour of the error maps."""
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 620, 320, 46, 36
_SCALE, _MARGIN = 1.1, 8.0
"""Pixels of an error map per mm of the template, and mm around it."""
_COLD, _WARM, _HOT = np.array([63, 182, 139]), np.array([224, 163, 58]), np.array([196, 40, 40])

Values = npt.NDArray[np.float64]


def colour_of(number: int) -> str:
    """A system's colour."""
    return STRUCTURE_COLOURS[number % len(STRUCTURE_COLOURS)]


def error_colour(mm: float) -> str:
    """Green where nothing is wrong, amber halfway, red from `FARTHEST_MM`."""
    part = min(max(mm, 0.0) / FARTHEST_MM, 1.0) * 2
    low, high = (_COLD, _WARM) if part <= 1 else (_WARM, _HOT)
    red, green, blue = np.rint(low + (high - low) * (part if part <= 1 else part - 1)).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}" font-size="12">{escape(words)}</text>'


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    inside = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{inside}\n</svg>'


def cumulative_plot(systems: Sequence[tuple[str, Values]]) -> str:
    """Share of landmarks within so many mm, of systems' errors (any shape, mm) by their labels."""
    across, down = _WIDTH - _LEFT - 16, _HEIGHT - _BOTTOM - 12
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = 12 + down * (1 - share)
        parts += [_line(_LEFT, y, _LEFT + across, y, GRID_LINE, 1), _text(_LEFT - 6, y + 4, f"{share:.0%}", "end")]
    for mm in range(0, int(FARTHEST_MM) + 1, 2):
        parts.append(_text(_LEFT + across * mm / FARTHEST_MM, _HEIGHT - _BOTTOM + 18, str(mm)))
    parts.append(_text(_LEFT + across / 2, _HEIGHT - 4, "landmark error at most, mm"))
    steps = np.linspace(0, FARTHEST_MM, 121)
    for number, (label, errors) in enumerate(systems):
        shares = (errors.reshape(-1, 1) <= steps).mean(axis=0)
        corners = " ".join(
            f"{_LEFT + across * mm / FARTHEST_MM:.1f},{12 + down * (1 - share):.1f}"
            for mm, share in zip(steps, shares, strict=True)
        )
        parts.append(f'<polyline points="{corners}" fill="none" stroke="{colour_of(number)}" stroke-width="2"/>')
        y = 12 + down - 18 * (len(systems) - number)
        parts += [_line(_LEFT + across - 190, y, _LEFT + across - 166, y, colour_of(number), 3)]
        parts += [_text(_LEFT + across - 160, y + 4, label, "start")]
    return _svg(_WIDTH, _HEIGHT, parts)


def interval_plot(groups: Sequence[str], systems: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """Means with their intervals, side by side in each group; `systems` have one line per group."""
    across, down = _WIDTH - _LEFT - 16, _HEIGHT - _BOTTOM - 12
    known = [bound for _, lines in systems for line in lines for bound in (line.low, line.high) if np.isfinite(bound)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low, high = low - 0.05 * (high - low) - 1e-3, high + 0.05 * (high - low) + 1e-3

    def height(value: float) -> float:
        return 12 + down * (high - value) / (high - low)

    parts = []
    for value in np.linspace(low, high, 6)[1:-1]:
        parts += [_line(_LEFT, height(value), _LEFT + across, height(value), GRID_LINE, 1)]
        parts += [_text(_LEFT - 6, height(value) + 4, f"{value:.2f}", "end")]
    wide = across / max(len(groups), 1)
    for g, group in enumerate(groups):
        parts.append(_text(_LEFT + wide * (g + 0.5), _HEIGHT - _BOTTOM + 18, group))
        for number, (_, lines) in enumerate(systems):
            line, x = lines[g], _LEFT + wide * (g + (number + 1) / (len(systems) + 1))
            if np.isfinite(line.mean):
                parts.append(_line(x, height(line.low), x, height(line.high), colour_of(number), 2))
                parts.append(f'<circle cx="{x:.1f}" cy="{height(line.mean):.1f}" r="4" fill="{colour_of(number)}"/>')
    return _svg(_WIDTH, _HEIGHT, parts)


def error_map(template: Template, point_mm: Values) -> str:
    """The template with a disc at each contour point [K]: the redder and larger, the larger its mean error."""
    outlines = [structure.outline for structure in template.structures]
    everything = np.concatenate(outlines)
    low, high = everything.min(axis=0) - _MARGIN, everything.max(axis=0) + _MARGIN
    width, height = (_SCALE * (high - low)).tolist()
    parts = []
    for outline in outlines:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in _SCALE * (outline - low))
        parts.append(f'<polygon points="{corners}" fill="none" stroke="#8b949e" stroke-width="1"/>')
    for (x, y), mm in zip((_SCALE * (everything - low)).tolist(), point_mm.tolist(), strict=True):
        radius = 1.5 + 0.35 * min(mm, 2 * FARTHEST_MM)
        told = f"<title>{mm:.1f} mm</title>"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{error_colour(mm)}">{told}</circle>')
    return _svg(width, height, parts)
