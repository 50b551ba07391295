"""What stands in the middle while no image is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.gui.shell.recent_list import RecentList
from app.gui.widgets.key_button import key_text
from app.gui.widgets.plain_text import PlainLabel


class Welcome(QWidget):
    """Three ways to begin, and the projects that were open last.

    Parameters
    ----------
    actions : list of QAction
    recent : RecentList
    """

    def __init__(self, actions: list[QAction], recent: RecentList) -> None:
        super().__init__()
        self.recent = recent
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = PlainLabel("DenseSeg Review")
        title.setProperty("heading", "true")
        words = PlainLabel(
            "Open a folder of chest radiographs, or drop one here.\n"
            "Masks and landmarks are predicted on this machine;\n"
            "click on the template to place a landmark in all images."
        )
        words.setProperty("muted", "true")
        research = PlainLabel("Research use only. Not a medical device.")
        research.setProperty("caution", "true")
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(4)
        for action in actions:
            key = key_text(action)
            button = QPushButton(f"{action.text()}    {key}" if key else action.text())
            button.setObjectName(f"welcome.{action.objectName()}")
            button.setMinimumWidth(280)
            button.setMinimumHeight(34)
            button.clicked.connect(action.trigger)
            column.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(4)
        self.heading = PlainLabel("Recent projects")
        self.heading.setProperty("heading", "true")
        column.addWidget(self.heading)
        column.addWidget(recent, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(research)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        middle = QWidget()
        middle.setLayout(column)
        outer.addWidget(middle, alignment=Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)
        self.show_projects(())

    def show_projects(self, paths: Sequence[Path]) -> None:
        """List the projects that were open last, the last one first."""
        for widget in (self.heading, self.recent):
            widget.setVisible(bool(paths))
        self.recent.show_projects(paths)
