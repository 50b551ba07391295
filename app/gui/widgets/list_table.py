"""What the lists of landmarks, measurements and regions have in common: rows to choose from, words where none are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QAbstractTableModel, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView

from app.gui.widgets import theme
from app.gui.widgets.one_button import OneButton

ROW = 26
"""Height of a row in pixels."""


class ListTable(QTableView):
    """One row is chosen, Tab leads on, and a right click asks for a menu.

    Parameters
    ----------
    name : str
        The object name.
    title : str
        What a screen reader says of it.
    editable : bool
        Whether a double click or F2 edits a name in its place.
    """

    menuWanted = Signal(object)
    """A menu is wanted here, in global pixels."""

    def __init__(self, name: str, title: str, *, editable: bool) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        OneButton(self)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        by_hand = QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        self.setEditTriggers(by_hand if editable else QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setMinimumHeight(3 * ROW)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menuWanted.emit(self.viewport().mapToGlobal(at)))

    def show_model(self, model: QAbstractTableModel, stretched: int, widths: Mapping[int, int]) -> None:
        """Show the rows of a model: one column takes the room that the others, of fixed widths, leave."""
        self.setModel(model)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(min((header.minimumSectionSize(), *widths.values())))
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        for column, width in widths.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)

    def paint_words(self, words: str) -> None:
        """Write what stands here while there is no row; called while the list is painted."""
        painter = QPainter(self.viewport())
        painter.setPen(QColor(theme.MUTED))
        area = self.viewport().rect().adjusted(12, 2, -12, 0)
        painter.drawText(area, int(Qt.TextFlag.TextWordWrap), words)
        painter.end()


def foot_of(buttons: Iterable[QPushButton], left: int, right: int) -> QHBoxLayout:
    """Small flat buttons in a row below a list, with so many pixels beside them."""
    foot = QHBoxLayout()
    foot.setContentsMargins(left, 0, right, 0)
    for button in buttons:
        button.setProperty("flat", "true")
        button.setProperty("small", "true")
        foot.addWidget(button)
    foot.addStretch()
    return foot
