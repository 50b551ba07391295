"""A line across the window that tells what is done and offers the next step; the reader may hide it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.widgets.plain_text import PlainLabel


class OfferBar(QWidget):
    """Hidden until something is said.

    Parameters
    ----------
    name : str
        The object name.
    offer : str
        What the button says.
    offer_name : str
        The button's object name.
    """

    left = Signal()
    """The reader is done with it: hid it, or took the offer."""

    taken = Signal()
    """The reader took the offer."""

    def __init__(self, name: str, offer: str, offer_name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.open, later = QPushButton(offer), QPushButton("Hide")
        self.open.setObjectName(offer_name)
        later.setProperty("flat", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.words, stretch=1)
        for button in (self.open, later):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the next key is still the image's
            row.addWidget(button)
        self.open.clicked.connect(self._take)
        later.clicked.connect(self._leave)
        self.hide()

    def say(self, sentence: str) -> None:
        """Be there with a sentence."""
        self.words.setText(sentence)
        self.show()

    def _leave(self) -> None:
        self.hide()
        self.left.emit()

    def _take(self) -> None:
        self._leave()
        self.taken.emit()
