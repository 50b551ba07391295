"""Measurements in the image: the chosen one of the list, or all, as calipers with their values."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.gui.commands.command import Command
from app.gui.image.caliper_note import CaliperLine, CaliperNote
from app.gui.image.split_view import ImagesPane
from app.gui.measurements.measurement_table import MeasurementTable
from app.gui.measurements.words import caliper_words
from app.gui.state.controller import Controller
from app.project.measured import MeasuredIn


class Measuring(QObject):
    """Draws calipers in all image views that show the image; they follow a marker that is dragged.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane
    """

    def __init__(self, controller: Controller, images: ImagesPane) -> None:
        super().__init__(controller)
        self._controller, self._images = controller, images
        self._table: MeasurementTable | None = None
        self._all = False
        self._notes: list[CaliperNote] = []
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._draw)
        for told in (controller.sessionChanged, controller.imageChanged, controller.changed, controller.heldChanged):
            told.connect(self._ask)
        images.compared.connect(self._ask)

    def follow(self, table: MeasurementTable, tabs: QWidget) -> None:
        """Draw the measurement that is chosen in a list, while that is seen."""
        self._table = table
        table.selectionModel().currentChanged.connect(self._ask)
        table.measurements.modelReset.connect(self._ask)
        tabs.currentChanged.connect(self._ask)  # type: ignore[attr-defined]

    def command(self) -> Command:
        """The line of the menu."""
        tip = "Calipers of all measurements in the image; one alone is drawn when it is chosen in the list"
        return Command(
            "showMeasurements", "View", "All measurements in the image", self._show_all, "Shift+M", group="own", tip=tip
        )

    def _show_all(self, on: bool) -> None:
        self._all = on
        self._draw()

    def _ask(self, *_: object) -> None:
        if self._notes or self._all or self._chosen:
            self._soon.start()

    @property
    def _chosen(self) -> str:
        """The name of the measurement whose row is chosen where the list is seen."""
        table = self._table
        entry = table.chosen if table is not None and table.isVisible() else None
        return entry.name if entry is not None else ""

    def _wanted(self) -> Sequence[str]:
        session = self._controller.session
        if session is None:
            return ()
        names = [entry.name for entry in session.measurements]
        return names if self._all else [name for name in names if name == self._chosen]

    def _draw(self) -> None:
        wanted = self._wanted()
        views = list(self._images.made)
        for view in views:
            view.annotations[:] = [note for note in view.annotations if note not in self._notes]
        shown = dict.fromkeys(view.image for view in self._images.views if view.image) if wanted else {}
        self._notes = [CaliperNote(image, self._calipers(image, wanted)) for image in shown]
        for view in views:
            view.annotations.extend(self._notes)
            view.viewport().update()

    def _calipers(self, image: str, wanted: Sequence[str]) -> list[CaliperLine]:
        session, held = self._controller.session, self._controller.held
        if session is None or image not in session.images:
            return []
        placed = (held.landmark, held.xy) if held is not None and held.image == image else None
        values = {one.entry.name: one for one in session.measurements_in(image)}
        if placed is not None:
            moved: list[MeasuredIn] = session.preview_measurements(image, *placed)
            values |= {one.entry.name: one for one in moved}
        found = []
        for name in wanted:
            calipers = session.calipers(image, name, placed)
            for number, caliper in enumerate(calipers):
                words = caliper_words(caliper, values[name], alone=len(calipers) == 1, first=number == 0)
                found.append(CaliperLine(caliper.lines, caliper.guides, words))
        return found
