"""The measurements beside the landmarks: what each is in the shown image, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from app.gui.measurements.measurement_dialog import MeasurementDialog
from app.gui.measurements.measurement_model import ERROR, NAME, VALUE, MeasurementModel
from app.gui.state.controller import Controller
from app.gui.widgets.list_table import ListTable, foot_of
from app.gui.widgets.plain_text import caption
from app.project.measured import MeasurementEntry

WORDS_OF_NONE = "None yet. Add one: the width of the heart over that of the thorax, a distance of two landmarks."


class MeasurementTable(ListTable):
    """A double click or Enter changes a measurement, a right click has the rest."""

    changeWanted = Signal(object)

    def __init__(self, controller: Controller) -> None:
        super().__init__("measurementTable", "Measurements in this image", editable=False)
        self._controller = controller
        self.measurements = MeasurementModel(controller, self)
        self.show_model(self.measurements, stretched=NAME, widths={VALUE: 96, ERROR: 64})
        self.doubleClicked.connect(self._change)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._measure)
        for told in (controller.sessionChanged, controller.imageChanged, controller.changed):
            told.connect(self._soon.start)
        controller.heldChanged.connect(self._follow_marker)

    @property
    def chosen(self) -> MeasurementEntry | None:
        """The measurement whose row is chosen."""
        row = self.currentIndex().row()
        return self.measurements.rows[row].entry if 0 <= row < len(self.measurements.rows) else None

    def _measure(self) -> None:
        """Measure anew, where that is seen."""
        if self.isVisible():
            self.measurements.reload()

    def _follow_marker(self) -> None:
        if self.isVisible():
            self.measurements.preview()

    def showEvent(self, event: object) -> None:
        self._soon.start()

    def _change(self, index: QModelIndex) -> None:
        self.changeWanted.emit(self.measurements.rows[index.row()].entry)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        session = self._controller.session
        if session is not None and not self.measurements.rows and not session.measurements:
            self.paint_words(WORDS_OF_NONE)


class MeasurementSection(QWidget):
    """The table with what can be done below it."""

    allImagesWanted = Signal()
    dialogOpened = Signal(object)

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self.table = MeasurementTable(controller)
        self.add, self.offered, self.all_images = (QPushButton(words) for words in ("Add…", "", "All images…"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self.table)
        layout.addLayout(foot_of((self.add, self.offered, self.all_images), left=0, right=4))
        self.add.clicked.connect(lambda: self.open_dialog(None))
        self.offered.clicked.connect(self._add_offered)
        self.all_images.clicked.connect(self.allImagesWanted)
        self.table.changeWanted.connect(self.open_dialog)
        self.table.menuWanted.connect(self._open_menu)
        for told in (controller.sessionChanged, controller.changed):
            told.connect(self._show_what_can_be_done)
        self._show_what_can_be_done()

    def _show_what_can_be_done(self) -> None:
        session = self._controller.session
        count = len(session.offered_measurements) if session is not None and self._controller.writable else 0
        self.add.setEnabled(self._controller.writable)
        self.all_images.setEnabled(session is not None)
        self.offered.setVisible(bool(count))
        self.offered.setText(f"Add the model’s {count}" if count > 1 else "Add the model’s")

    def open_dialog(self, entry: MeasurementEntry | None) -> None:
        """Ask for a new measurement, or change one."""
        if not self._controller.writable:
            return
        for before in self.window().findChildren(MeasurementDialog):
            before.reject()  # one at a time: clicks in the image write into it
        dialog = MeasurementDialog(self.window(), self._controller, entry)
        dialog.show()  # not modal: what it is about can be clicked
        self.dialogOpened.emit(dialog)

    def _add_offered(self) -> None:
        if self._controller.session is not None:
            self._controller.do(self._controller.session.add_offered_measurements)

    def _delete(self, entry: MeasurementEntry) -> None:
        session = self._controller.session
        if session is not None and self._controller.do(session.delete_measurement, entry.name):
            self._controller.say(f"Deleted the measurement “{entry.name}”. Undo brings it back.")

    def _open_menu(self, at: QPoint) -> None:
        menu, entry = QMenu(self), self.table.chosen
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("New measurement…", lambda: self.open_dialog(None)).setEnabled(self._controller.writable)
        if entry is not None:
            change = menu.addAction(caption(f"Change “{entry.name}”…"), lambda: self.open_dialog(entry))
            delete = menu.addAction(caption(f"Delete “{entry.name}”"), lambda: self._delete(entry))
            for action in (change, delete):
                action.setEnabled(self._controller.writable)
        menu.addSeparator()
        menu.addAction("All images…", self.allImagesWanted.emit)
        menu.popup(at)
