"""What readers and files wrote is shown letter by letter: never as markup, never as the underlined letter of a menu.

One helper per kind of place: `PlainLabel` for labels, `tip` for tool tips, `caption` for buttons and menus, `markdown`
for pages of Markdown. Item views and `QPainter.drawText` show plain text anyhow. `tests/unit/test_house.py` sees to it
that `app.gui` uses these alone.
"""

from __future__ import annotations

import html
import re
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class PlainLabel(QLabel):
    """A label that shows its text as it is; Qt's own guesses whether a text is HTML."""

    def __init__(self, text: str = "", **properties: Any) -> None:
        super().__init__(**properties)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def tip(text: str) -> str:
    """A text for a tool tip, which shows HTML where a text looks like it."""
    if "<" not in text and "&" not in text:
        return text
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'


def caption(text: str) -> str:
    """A text for a button or a menu, where a single "&" would underline the next letter."""
    return text.replace("&", "&&")


def markdown(text: str) -> str:
    """A text within a page of Markdown."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(text.split()), flags=re.ASCII)


def show_plainly(dialog: QWidget) -> None:
    """Let the labels that a dialog of Qt's own has made show their text as it is."""
    for label in dialog.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
