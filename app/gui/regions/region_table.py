"""The list of regions and curves beside the landmarks, and what can be done with one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QColorDialog, QMenu, QPushButton, QVBoxLayout, QWidget

from app.core.region import Region
from app.gui.regions.region_model import NAME, SHOWN, SIZE, RegionModel
from app.gui.state.controller import Controller
from app.gui.state.view_state import ViewState
from app.gui.widgets.drawing import draw_eye
from app.gui.widgets.list_table import ListTable, foot_of
from app.gui.widgets.plain_text import caption, tip
from app.project.region_state import RegionIn

WORDS_OF_NONE = "None yet. Draw a polygon or a line on the template or in an image: it is in every image at once."


class RegionTable(ListTable):
    """A click chooses a region, its eye hides it, a double click or F2 renames it, a right click has the rest."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("regionTable", "Regions and curves, with their sizes in this image", editable=True)
        self._controller = controller
        self.regions = RegionModel(controller, self)
        self.show_model(self.regions, stretched=NAME, widths={SIZE: 104, SHOWN: 36})
        self.selectionModel().currentRowChanged.connect(self._choose)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._look_up)
        for told in (controller.sessionChanged, controller.imageChanged, controller.changed):
            told.connect(self._soon.start)
        controller.stateChanged.connect(self._follow)

    @property
    def chosen(self) -> Region | None:
        """The region whose row is chosen; None for one that an accepted image keeps alone."""
        one = self._at(self.currentIndex())
        return one.region if one is not None and not one.deleted else None

    def _at(self, index: QModelIndex) -> RegionIn | None:
        return self.regions.rows[index.row()] if 0 <= index.row() < len(self.regions.rows) else None

    def _look_up(self) -> None:
        """Look anew, where that is seen."""
        if self.isVisible():
            self.regions.reload()
            self._show_chosen()

    def _follow(self, old: ViewState, new: ViewState) -> None:
        if old.region != new.region:
            self._show_chosen()

    def _show_chosen(self) -> None:
        names = [one.region.name for one in self.regions.rows]
        name = self._controller.state.region
        if name in names and names.index(name) != self.currentIndex().row():
            self.updateGeometries()  # rows that have just come count when it scrolls there
            self.setCurrentIndex(self.regions.index(names.index(name), NAME))

    def _choose(self, index: QModelIndex) -> None:
        one = self._at(index)
        if one is not None:
            self._controller.choose_region(one.region.name)

    def toggle(self, region: Region) -> None:
        """Hide a region, or show it."""
        session = self._controller.session
        if session is not None:
            self._controller.do(session.update_region, region.name, hidden=not region.hidden)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        one = self._at(index)
        super().mousePressEvent(event)
        left = event.button() == Qt.MouseButton.LeftButton and event.type() == QEvent.Type.MouseButtonPress
        if left and one is not None and index.column() == SHOWN and not one.deleted:
            self.toggle(one.region)

    def showEvent(self, event: object) -> None:
        self._soon.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, one in enumerate(self.regions.rows):
            rect = self.visualRect(self.regions.index(row, SHOWN))
            draw_eye(painter, QRectF(rect.center().x() - 8, rect.center().y() - 8, 16, 16), not one.region.hidden)
        painter.end()
        session = self._controller.session
        if session is not None and not self.regions.rows and not session.regions:
            self.paint_words(WORDS_OF_NONE)


class RegionSection(QWidget):
    """The list with what can be done below it."""

    drawWanted = Signal()

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        self.table = RegionTable(controller)
        self.draw, self.offered = QPushButton("Draw…"), QPushButton()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self.table)
        layout.addLayout(foot_of((self.draw, self.offered), left=0, right=4))
        self.draw.clicked.connect(self.drawWanted)
        self.offered.clicked.connect(self._add_offered)
        self.table.menuWanted.connect(self._open_menu)
        for told in (controller.sessionChanged, controller.changed):
            told.connect(self._show_what_can_be_done)
        self._show_what_can_be_done()

    def _show_what_can_be_done(self) -> None:
        session = self._controller.session
        count = len(session.offered_regions) if session is not None and self._controller.writable else 0
        self.draw.setEnabled(self._controller.writable)
        self.offered.setVisible(bool(count))
        self.offered.setText(f"Add {count} examples" if count > 1 else "Add the example")
        names = [one.name for one in session.offered_regions] if session is not None and count else []
        self.offered.setToolTip(tip(", ".join(names)))

    def _add_offered(self) -> None:
        if self._controller.session is not None:
            self._controller.do(self._controller.session.add_offered_regions)

    def _recolour(self, region: Region) -> None:
        colour = QColorDialog.getColor(region.colour, self.window(), f"Colour of the {region.kind}")
        if colour.isValid() and self._controller.session is not None:
            self._controller.do(self._controller.session.update_region, region.name, colour=colour.name())

    def _delete(self, region: Region) -> None:
        session = self._controller.session
        if session is not None and self._controller.do(session.delete_region, region.name):
            self._controller.tell(f"“{region.name}” was deleted in all images. Undo brings it back.")

    def _open_menu(self, at: QPoint) -> None:
        menu, region, table = QMenu(self), self.table.chosen, self.table
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Draw a region or a curve…", self.drawWanted.emit).setEnabled(self._controller.writable)
        if region is not None:
            menu.addSeparator()
            words = "Show" if region.hidden else "Hide"
            index = table.regions.index(table.currentIndex().row(), NAME)
            for text, run in (
                ("Rename…", lambda: table.edit(index)),
                ("Colour…", lambda: self._recolour(region)),
                (f"{words} “{region.name}”", lambda: table.toggle(region)),
                (f"Delete “{region.name}” in all images", lambda: self._delete(region)),
            ):
                menu.addAction(caption(text), run).setEnabled(self._controller.writable)
        menu.popup(at)
