"""The column on the right: template, structures, and the lists of landmarks and measurements."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.gui.commands.cohort import SHORT
from app.gui.landmarks.landmark_table import LandmarkTable, StateHeads
from app.gui.measurements.all_images import show_all_images
from app.gui.measurements.measurement_table import MeasurementSection
from app.gui.regions.region_table import RegionSection
from app.gui.shell.panels import heading_row, label, stacked
from app.gui.state.controller import Controller
from app.gui.state.view_state import Layer
from app.gui.template.structure_list import StructureList
from app.gui.template.template_foot import TemplateFoot
from app.gui.template.template_view import TemplateView


class ListTabs(QStackedWidget):
    """Landmarks, measurements or regions, under the words that choose."""

    def __init__(self, landmarks: QWidget, measurements: QWidget, regions: QWidget) -> None:
        super().__init__()
        self.buttons = QButtonGroup(self)
        self.heading = QHBoxLayout()
        self.heading.setContentsMargins(8, 0, 12, 0)
        self.heading.setSpacing(4)
        parts = ("Landmarks", landmarks), ("Measurements", measurements), ("Regions", regions)
        for place, (name, part) in enumerate(parts):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setChecked(place == 0)
            button.setObjectName(f"{name.lower()}Tab")
            button.setProperty("chip", "true")
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)  # a word is never cut
            self.buttons.addButton(button, place)
            self.heading.addWidget(button)
            self.addWidget(part)
        self.heading.addStretch()
        self.buttons.idClicked.connect(self.setCurrentIndex)
        self.currentChanged.connect(lambda place: self.buttons.button(place).setChecked(True))


class RightColumn(QWidget):
    """Template, structures, and landmarks, measurements or regions."""

    def __init__(
        self, controller: Controller, template: TemplateView, structures: StructureList, table: LandmarkTable
    ) -> None:
        super().__init__()
        self._controller, self._table = controller, table
        self.title = label("Template", heading=True)
        self.uv = label(small=True, muted=True)
        self.hidden = QPushButton()
        self.hidden.setProperty("flat", "true")
        self.hidden.setProperty("small", "true")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 0, 8)
        layout.setSpacing(8)
        self.hint = label(small=True, muted=True)
        self.layers = QPushButton("All images ▾")
        self.layers.setObjectName("layers")
        self.layers.setProperty("chip", "true")
        self.layers.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.layers.setToolTip("Grey values and corrections of all images together on the template")
        self._heading = QWidget()
        row = heading_row(self.title, self.hint)
        row.addSpacing(8)
        row.addWidget(self.layers)
        self._heading.setLayout(row)
        layout.addWidget(self._heading)
        template.setMinimumHeight(120)
        whole = QVBoxLayout()
        whole.setSpacing(0)
        whole.addWidget(template)
        whole.addWidget(TemplateFoot(controller, template))
        layout.addLayout(whole, stretch=3)
        layout.addSpacing(4)
        layout.addLayout(heading_row(label("Structures", heading=True), self.uv))
        layout.addWidget(structures)
        layout.addSpacing(4)
        self.measurements = MeasurementSection(controller)
        self.regions = RegionSection(controller)
        self.tabs = ListTabs(self._landmarks(), self.measurements, self.regions)
        layout.addLayout(self.tabs.heading)
        layout.addWidget(self.tabs, stretch=2)
        self.measurements.allImagesWanted.connect(lambda: show_all_images(self.window(), controller))
        table.hiddenCounted.connect(self._show_hidden)
        template.layerShown.connect(lambda: self._show_layer(template.cohorts.layer))
        controller.sessionChanged.connect(self._show_title)
        controller.structureChanged.connect(self._show_uv)
        controller.lookChanged.connect(self._show_uv)
        self._show_hidden(0)

    def _landmarks(self) -> QWidget:
        """The list, the signs of the states above its numbers, and what stands below it."""
        signs = QWidget()
        row = QHBoxLayout(signs)
        row.setContentsMargins(0, 0, 12, 0)
        row.addStretch()
        row.addWidget(StateHeads(self._table))
        whole = stacked(signs, self._table, self._foot())
        if (layout := whole.layout()) is not None and isinstance(layout, QVBoxLayout):
            layout.setStretch(1, 1)
            layout.setStretch(2, 0)
        return whole

    def _foot(self) -> QWidget:
        """What stands below the landmarks."""
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(8, 8, 12, 0)
        row.addWidget(self.hidden)
        row.addStretch()
        return foot

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """The hint stands beside the heading where there is room for both."""
        wanted = sum(widget.sizeHint().width() for widget in (self.title, self.hint, self.layers))
        self.hint.setVisible(wanted + 44 <= self.width())

    def _show_title(self) -> None:
        session = self._controller.session
        self.title.setText(f"Template · {session.template.anatomy}" if session else "Template")
        placing = "open for reading only" if session and session.read_only else "click to place a landmark"
        self.hint.setText(placing if session else "")
        self._make_room()
        self._show_uv()

    def _show_layer(self, layer: Layer) -> None:
        """The button says what is shown."""
        self.layers.setText(f"{SHORT[layer]} ▾")
        self._make_room()

    def _show_uv(self, *_: object) -> None:
        session, look = self._controller.session, self._controller.look
        on = session is not None and look.uv and bool(self._controller.structure)
        self.uv.setText(
            f"uv: {session.template.structure(self._controller.structure).title.lower()}" if on and session else ""
        )

    def _show_hidden(self, count: int) -> None:
        listed = self._table.landmarks.show_hidden
        self.hidden.setVisible(bool(count) or listed)
        self.hidden.setText(
            "Take the model’s own points off the list" if listed else f"{count} points of the model · list them"
        )
