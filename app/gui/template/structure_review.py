"""The dialog that rejects a single structure with a reason."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app.core.landmark import ReviewState
from app.gui.state.controller import Controller
from app.gui.widgets import theme
from app.gui.widgets.plain_text import PlainLabel


class StructureReviewDialog(QDialog):
    """Which structure is rejected and why; what was said before can be changed or taken back."""

    def __init__(self, parent: QWidget, controller: Controller) -> None:
        super().__init__(parent)
        self._controller, self._image = controller, controller.image
        session = controller.open_session()
        self.setObjectName("structureReviewDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Reject a structure")
        self.setMinimumWidth(400)
        self._said = {said.structure: said for said in session.image(controller.image).structures}
        self.structure = QComboBox()
        for structure in session.template.structures:
            self.structure.addItem(structure.title, structure.name)
        self.structure.setCurrentIndex(max(0, self.structure.findData(controller.structure)))
        self.reason = QLineEdit(placeholderText="For example: mask leaks into the abdomen")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.reject_it = buttons.addButton("Reject", QDialogButtonBox.ButtonRole.AcceptRole)
        self.take_back = buttons.addButton("Take back", QDialogButtonBox.ButtonRole.DestructiveRole)
        self.take_back.setAutoDefault(False)  # else Enter is its, even where it is hidden
        self.reject_it.setDefault(True)
        form = QFormLayout()
        form.setVerticalSpacing(2 * theme.STEP)
        form.addRow("Structure", self.structure)
        form.addRow("Reason", self.reason)
        layout = QVBoxLayout(self)
        layout.setSpacing(3 * theme.STEP)
        layout.addWidget(PlainLabel(f"In {controller.image}"))
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.structure.currentIndexChanged.connect(self._show_said)
        self.reject_it.clicked.connect(lambda: self._set(ReviewState.REJECTED, self.reason.text().strip()))
        self.take_back.clicked.connect(lambda: self._set(ReviewState.UNREAD, None))
        buttons.rejected.connect(self.reject)
        self._show_said()
        self.reason.setFocus()

    def _show_said(self) -> None:
        said = self._said.get(self.structure.currentData())
        self.reason.setText(said.note if said else "")
        self.take_back.setVisible(said is not None)

    def _set(self, state: ReviewState, reason: str | None) -> None:
        session, structure = self._controller.session, self.structure.currentData()
        if session is not None and self._controller.do(session.set_review, self._image, state, reason, structure):
            self.accept()
