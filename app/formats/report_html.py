"""A report as one HTML file that needs nothing beside it: pictures and histograms are in it, no script, no network."""

from __future__ import annotations

import base64
from html import escape
from urllib.parse import quote

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

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; color: #1c1f23; max-width: 1000px; margin: 24px auto; padding: 0 16px; }
h1 { font-size: 22px; margin-bottom: 4px; } h2 { font-size: 16px; margin-top: 28px; }
table { border-collapse: collapse; margin: 8px 0; } th, td { padding: 3px 12px 3px 0; text-align: left; }
th { font-weight: 600; border-bottom: 1px solid #8b949e; } td { border-bottom: 1px solid #e3e6ea; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } a { color: #0b62c4; }
img { max-width: 100%; background: #000; } figure { margin: 8px 0; } figcaption { color: #57606a; font-size: 12px; }
.side { display: flex; flex-wrap: wrap; gap: 8px; } .side figure { width: 160px; overflow-wrap: anywhere; }
.warning { background: #fff4d6; border-left: 4px solid #e0a33a; padding: 6px 10px; }
.legend span { display: inline-block; margin-right: 16px; }
.legend i { display: inline-block; width: 14px; height: 14px; margin-right: 6px; vertical-align: -2px; }
footer { margin-top: 32px; color: #57606a; border-top: 1px solid #8b949e; padding-top: 8px; }
@media print { body { margin: 0; max-width: none; } h2, tr, figure { break-inside: avoid; } }
"""
NUMBER = ' class="number"'
HEIGHT, WIDTH = 120, 420
"""Of a histogram's bars, in its own units."""


def html_of(document: Document) -> str:
    """The whole file."""
    title = next((block.text for block in document if isinstance(block, Heading) and block.level == 1), "Report")
    body = "\n".join(_block(block) for block in document)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>\n'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"style-src 'unsafe-inline'\">\n<style>{STYLE}</style></head>\n<body>\n{body}\n"
        f"<footer>{NOTICE}</footer>\n</body></html>\n"
    )


def _text(text: str) -> str:
    return escape(one_line(text))


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        kind = ' class="warning"' if block.warning else ""
        return f"<p{kind}>{_text(block.text)}</p>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        return _picture(block)
    if isinstance(block, Pictures):
        return f'<div class="side">{"".join(map(_picture, block.all))}</div>'
    if isinstance(block, Legend):
        entries = (f'<span><i style="background:{c}"></i>{_text(name)}</span>' for c, name in block.entries)
        return f'<p class="legend">{"".join(entries)}</p>'
    return _histogram(block)


def _table(table: Table) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in table.columns)
    links = table.links or ("",) * len(table.rows)
    rows = []
    for row, link in zip(table.rows, links, strict=True):
        cells = [f"<td{NUMBER if is_number(cell) else ''}>{_text(cell)}</td>" for cell in row]
        if link:
            cells[0] = f"<td>{_linked(_text(row[0]), link)}</td>"
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _linked(inside: str, link: str) -> str:
    return f'<a href="{escape(quote(link, errors="surrogateescape"))}">{inside}</a>' if link else inside


def is_number(cell: str) -> bool:
    """Whether a cell is to be set like a number."""
    return bool(cell) and all(letter.isdigit() or letter in "+-.,%±eE " for letter in cell)


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.data).decode("ascii")
    size = f'width="{picture.width}" height="{picture.height}" style="height:auto"'
    image = f'<img src="data:image/jpeg;base64,{data}" {size} alt="{_text(picture.caption)}">'
    caption = f"<figcaption>{_text(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure>{_linked(image, picture.link)}{caption}</figure>"


def _histogram(histogram: Histogram) -> str:
    """Bars as SVG, from the lowest value to the highest; each says its range and count when pointed at."""
    most, count = max(histogram.counts), len(histogram.counts)
    step, bars = WIDTH / count, []
    for k, found in enumerate(histogram.counts):
        high = HEIGHT * found / most
        said = f"{histogram.edges[k]:.4g} to {histogram.edges[k + 1]:.4g}: {found}"
        place = f'x="{k * step + 0.5:.2f}" y="{HEIGHT - high + 14:.2f}" width="{step - 1:.2f}" height="{high:.2f}"'
        bars.append(f'<rect {place} fill="#4ea1ff"><title>{said}</title></rect>')
    low, middle, top = (f"{histogram.edges[k]:.4g}" for k in (0, count // 2, count))
    y = HEIGHT + 28
    texts = (
        f'<text x="0" y="10">{most}</text><text x="0" y="{y}">{low}</text>'
        f'<text x="{count // 2 * step:.1f}" y="{y}" text-anchor="middle">{middle}</text>'
        f'<text x="{WIDTH}" y="{y}" text-anchor="end">{top} {_text(histogram.unit)}</text>'
    )
    axis = f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT + 14}" y2="{HEIGHT + 14}" stroke="#8b949e"/>'
    box = f'width="{WIDTH}" height="{HEIGHT + 34}" viewBox="0 0 {WIDTH} {HEIGHT + 34}"'
    drawing = f'<svg {box} font-size="11" fill="#57606a">{"".join(bars)}{axis}{texts}</svg>'
    return f"<figure>{drawing}<figcaption>{_text(histogram.title)}</figcaption></figure>"
