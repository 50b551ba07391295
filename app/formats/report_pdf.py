"""A report as PDF, by reportlab; letters beyond Latin become "?" (its fonts have no others), HTML has them all."""

from __future__ import annotations

import io
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from app.core.text import one_line
from app.formats.report_blocks import (
    NOTICE,
    Block,
    Document,
    Heading,
    Histogram,
    Legend,
    Picture,
    Pictures,
    Table,
    Text,
)
from app.formats.report_html import is_number

MARGIN = 40.0
"""Around a page, in points."""
WIDTH, HEIGHT = 595.28 - 2 * MARGIN, 841.89 - 2 * MARGIN
"""Of what is inside the margins of an A4 page, in points."""
LARGEST = 430.0
"""A picture is at most so high, in points."""
SMALL = 88.0
"""So wide is a small picture."""
ACROSS = 5


@cache
def _fonts() -> Any:
    """The regular font, which knows what letters it has; registered once in a process."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    regular = TTFont("Vera", "Vera.ttf")
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    return regular


def pdf_of(document: Document) -> bytes:
    """The whole file."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    _fonts()
    held = io.BytesIO()
    title = next((block.text for block in document if isinstance(block, Heading) and block.level == 1), "Report")
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
    pages = SimpleDocTemplate(held, pagesize=A4, title=_plain(title), author="DenseSeg Review", **margins)
    parts = [part for block in document for part in _block(block)]
    pages.build(parts, onFirstPage=_foot, onLaterPages=_foot)
    return held.getvalue()


def _foot(canvas: Any, pages: Any) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawString(MARGIN, 22, NOTICE)
    canvas.drawRightString(MARGIN + WIDTH, 22, f"{pages.page}")


def _plain(text: str) -> str:
    known = _fonts().face.charToGlyph
    return "".join(letter if ord(letter) in known else "?" for letter in one_line(text))


def _paragraph(text: str, size: float = 8, bold: bool = False, colour: str = "#1c1f23", **more: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    font = "VeraBd" if bold else "Vera"
    style = ParagraphStyle("text", fontName=font, fontSize=size, leading=size * 1.35, textColor=colour, **more)
    return Paragraph(escape(_plain(text)), style)


def _block(block: Block) -> list[Any]:
    if isinstance(block, Heading):
        size = {1: 15.0, 2: 11.0}.get(block.level, 9.0)
        return [_paragraph(block.text, size, True, spaceBefore=size * 0.8, spaceAfter=size * 0.4, keepWithNext=1)]
    if isinstance(block, Text):
        colour = "#8a5a00" if block.warning else "#1c1f23"
        return [_paragraph(block.text, colour=colour, bold=block.warning, spaceAfter=4)]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        return _picture(block, WIDTH, LARGEST)
    if isinstance(block, Pictures):
        return _pictures(block)
    if isinstance(block, Legend):
        return [_legend(block)]
    return _histogram(block)


def _table(table: Table) -> list[Any]:
    from reportlab.platypus import LongTable

    if not table.rows:
        return []
    numeric = [all(is_number(row[k]) or not row[k] for row in table.rows) for k in range(len(table.columns))]
    head = [_paragraph(name, 7, True, alignment=2 * right) for name, right in zip(table.columns, numeric, strict=True)]
    rows = [
        [_paragraph(cell, 7, alignment=2 * right) for cell, right in zip(row, numeric, strict=True)]
        for row in table.rows
    ]
    longest = [max(len(row[k]) for row in (table.columns, *table.rows)) for k in range(len(table.columns))]
    shares = [min(max(length, 9), 40) for length in longest]
    widths = [WIDTH * share / sum(shares) for share in shares]
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, "#c0c6cc")]
    style += [("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)]
    return [LongTable([head, *rows], colWidths=widths, repeatRows=1, style=style, spaceBefore=3, spaceAfter=6)]


def _picture(picture: Picture, width: float, height: float) -> list[Any]:
    from reportlab.platypus import Image

    scale = min(width / picture.width, height / picture.height)
    image = Image(io.BytesIO(picture.data), picture.width * scale, picture.height * scale)
    image.hAlign = "LEFT"
    return [image, *([_paragraph(picture.caption, 6, colour="#57606a")] if picture.caption else [])]


def _pictures(pictures: Pictures) -> list[Any]:
    from reportlab.platypus import Table as Grid

    cells: list[Any] = [_picture(each, SMALL, SMALL) for each in pictures.all]
    cells += [""] * (-len(cells) % ACROSS)
    rows = [cells[k : k + ACROSS] for k in range(0, len(cells), ACROSS)]
    return [Grid(rows, colWidths=[WIDTH / ACROSS] * ACROSS, style=[("VALIGN", (0, 0), (-1, -1), "TOP")])]


def _legend(legend: Legend) -> Any:
    from reportlab.graphics.shapes import Drawing, Rect, String
    from reportlab.lib.colors import HexColor

    lines = -(-len(legend.entries) // ACROSS)
    drawing = Drawing(WIDTH, 12 * lines + 4)
    for k, (colour, name) in enumerate(legend.entries):
        x, y = WIDTH / ACROSS * (k % ACROSS), 12 * (lines - 1 - k // ACROSS)
        drawing.add(Rect(x, y, 8, 8, fillColor=HexColor(colour), strokeColor=None))
        drawing.add(String(x + 11, y + 1, _plain(name), fontName="Vera", fontSize=7))
    return drawing


def _histogram(histogram: Histogram) -> list[Any]:
    from reportlab.graphics.shapes import Drawing, Line, Rect, String
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import KeepTogether

    high, wide, most = 70.0, 260.0, max(histogram.counts)
    step = wide / len(histogram.counts)
    drawing = Drawing(wide + 60, high + 22)
    for k, found in enumerate(histogram.counts):
        bar = Rect(k * step + 0.3, 12, step - 0.6, high * found / most, strokeColor=None)
        bar.fillColor = HexColor("#4ea1ff")
        drawing.add(bar)
    drawing.add(Line(0, 12, wide, 12, strokeColor=HexColor("#8b949e"), strokeWidth=0.5))
    small = {"fontName": "Vera", "fontSize": 6}
    drawing.add(String(0, high + 14, str(most), **small))
    drawing.add(String(0, 3, f"{histogram.edges[0]:.4g}", **small))
    top = f"{histogram.edges[-1]:.4g} {_plain(histogram.unit)}"
    drawing.add(String(wide, 3, top, textAnchor="end", **small))
    return [KeepTogether([drawing, _paragraph(histogram.title, 6, colour="#57606a", spaceAfter=6)])]
