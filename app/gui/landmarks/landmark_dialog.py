"""A landmark's name, rule, group, colour and lock, in one dialog and one undo step."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.landmark import Landmark
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.store.errors import ProjectError


def swatch(colour: str) -> QIcon:
    """A small square of a colour."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)


class LandmarkDialog(QDialog):
    """What a reader can say of one landmark; what the session refuses is said at the foot and the dialog stays."""

    def __init__(self, parent: QWidget, controller: Controller, mark: Landmark) -> None:
        super().__init__(parent)
        self._controller, self._mark = controller, mark
        self.setObjectName("landmarkDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Landmark “{mark.name}”")
        self.setMinimumWidth(420)
        self.colour = mark.colour
        self.name = QLineEdit(mark.name)
        self.rule = QPlainTextEdit(mark.rule)
        self.rule.setPlaceholderText("Where it is, in words: where the lower border of the heart meets ...")
        self.rule.setTabChangesFocus(True)
        self.rule.setFixedHeight(72)
        session = controller.open_session()
        self.group = QLineEdit(mark.group, placeholderText="None")
        self.group.setCompleter(QCompleter(list(dict.fromkeys(m.group for m in session.landmarks if m.group)), self))
        self.swatch = QPushButton(swatch(mark.colour), mark.colour)
        self.swatch.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.swatch.clicked.connect(self._choose_colour)
        self.locked = QCheckBox("Stays where it is on the template")
        self.locked.setChecked(mark.locked)
        self.remark = PlainLabel(wordWrap=True)
        self.remark.setProperty("caution", "true")
        title = session.template.structure(mark.structure).title
        self._lay_out(PlainLabel(f"{title}, u {mark.u:.2f}, v {mark.v:.2f}"))

    def _lay_out(self, place: QLabel) -> None:
        place.setProperty("muted", "true")
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(12)
        for words, field in (
            ("Name", self.name),
            ("Rule", self.rule),
            ("Group", self.group),
            ("Colour", self.swatch),
            ("Locked", self.locked),
            ("Place", place),
        ):
            form.addRow(words, field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.keep)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)

    def _choose_colour(self) -> None:
        chosen = QColorDialog.getColor(QColor(self.colour), self, "Colour of the landmark")
        if chosen.isValid():
            self.colour = chosen.name()
            self.swatch.setIcon(swatch(self.colour))
            self.swatch.setText(self.colour)

    def keep(self) -> None:
        """Change the landmark and close, unless the session refuses."""
        name = self.name.text().strip()
        fields = {
            "name": name,
            "rule": self.rule.toPlainText().strip(),
            "group": self.group.text().strip(),
            "colour": self.colour,
            "locked": self.locked.isChecked(),
        }
        try:
            self._controller.open_session().update_landmark(self._mark.name, **fields)
        except (ValueError, ProjectError) as error:
            self.remark.setText(str(error))
            return
        self._controller.choose_landmark(name)
        self.accept()
