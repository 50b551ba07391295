"""A measurement's name and formula, in one dialog and one undo step; names are completed, what is wrong is told."""

from __future__ import annotations

import re

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCompleter, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app.core.formula import FUNCTIONS, FormulaError, quoted
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.measured import MeasurementEntry
from app.project.session import Session
from app.store.errors import ProjectError

HINT = (
    "distance(a, b)   angle(a, b, c)   perpendicular(p, a, b) of landmarks; width, height and area of structures and "
    "regions; length of curves and of regions’ outlines; mean and sd of the grey values inside regions; numbers, "
    "+ - * / and brackets. A click on a landmark or a structure, in the image or on the template, writes its name. "
    "Other names than of letters, digits and _ stand in double quotes."
)
_WORD = re.compile(r'"[^"]*$|\w*$')


def words_of(session: Session) -> list[str]:
    """What can stand in a formula: functions, structures, groups, regions, landmarks; shown ones before hidden ones."""
    things = session.measurable
    shapes = [*(structure.name for structure in things.template.structures), *things.groups, *things.regions]
    marks = sorted(session.landmarks, key=lambda mark: mark.hidden)
    return [*(f"{name}(" for name in FUNCTIONS), *map(quoted, shapes), *(quoted(mark.name) for mark in marks)]


class FormulaLine(QLineEdit):
    """A line for a formula that completes the word before the cursor."""

    def __init__(self, text: str, words: list[str]) -> None:
        super().__init__(text)
        self.setAccessibleName("Formula")
        self.setPlaceholderText("width(heart) / width(thorax)")
        self.words = QCompleter(words, self)
        self.words.setWidget(self)
        self.words.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.words.setFilterMode(Qt.MatchFlag.MatchContains)
        self.words.activated.connect(self.complete)
        self.textEdited.connect(self._offer)

    def _before(self) -> str:
        found = _WORD.search(self.text()[: self.cursorPosition()])
        return found.group() if found is not None else ""

    def _offer(self) -> None:
        before = self._before()
        if len(before.strip('"')) < 1:
            self._hide_words()
            return
        self.words.setCompletionPrefix(before)
        self.words.complete()

    def _hide_words(self) -> None:
        popup = self.words.popup()
        if popup is not None:
            popup.hide()

    def complete(self, word: str) -> None:
        """Put a word in place of what is typed of it."""
        before, at = self._before(), self.cursorPosition()
        start = at - len(before)
        self.setText(self.text()[:start] + word + self.text()[at:])
        self.setCursorPosition(start + len(word))
        self.textEdited.emit(self.text())
        self._hide_words()


class MeasurementDialog(QDialog):
    """A new measurement, or one that is changed; what the session refuses is said at the foot and the dialog stays."""

    def __init__(self, parent: QWidget, controller: Controller, entry: MeasurementEntry | None = None) -> None:
        super().__init__(parent)
        self._controller, self._entry = controller, entry
        self.setObjectName("measurementDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Measurement “{entry.name}”" if entry is not None else "New measurement")
        self.setMinimumWidth(520)
        self.name = QLineEdit(entry.name if entry is not None else "")
        self.name.setAccessibleName("Name")
        session = controller.open_session()
        self.formula = FormulaLine(entry.formula if entry is not None else "", words_of(session))
        self.remark = PlainLabel(wordWrap=True)
        self.remark.setProperty("caution", "true")
        self.remark.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.formula.textEdited.connect(self._check)
        controller.sessionChanged.connect(self.reject)
        self._lay_out()
        self.adjustSize()
        corner = QPoint(16, parent.height() - self.height() - 40)  # what is picked in image and template stays in sight
        self.move(parent.mapToGlobal(corner))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(12)
        form.addRow("Name", self.name)
        form.addRow("Formula", self.formula)
        hint = PlainLabel(HINT, wordWrap=True)
        hint.setProperty("muted", "true")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.keep)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(hint)
        layout.addWidget(self.remark)
        layout.addWidget(buttons)

    def write(self, name: str) -> None:
        """Put a name at the text cursor, in quotes where it needs them, and a comma before it after another name."""
        before = self.formula.text()[: self.formula.cursorPosition()].rstrip()
        comma = ", " if before and (before[-1].isalnum() or before[-1] in '_"') else ""
        self.formula.insert(comma + quoted(name))
        self._check()
        self.activateWindow()
        self.formula.setFocus()

    def _check(self) -> None:
        """Tell what is wrong while one types, without moving the cursor."""
        session, text = self._controller.session, self.formula.text()
        self.remark.setText("")
        if session is not None and text.strip():
            try:
                session.check_formula(text)
            except FormulaError as error:
                self.remark.setText(str(error))

    def keep(self) -> None:
        """Keep the measurement and close, unless the session refuses: then the place that is wrong is selected."""
        session = self._controller.session
        if session is None:
            self.reject()
            return
        name, formula = self.name.text().strip(), self.formula.text()
        try:
            if self._entry is None:
                session.define_measurement(name, formula)
            else:
                session.update_measurement(self._entry.name, name=name, formula=formula)
        except FormulaError as error:
            self.remark.setText(str(error))
            self.formula.setFocus()
            self.formula.setSelection(error.place, max(1, len(formula) - error.place))
            return
        except (ValueError, ProjectError) as error:
            self.remark.setText(str(error))
            return
        self.accept()
