"""Measurements in the image: the chosen one of the list, or all, as calipers with their values."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.gui.commands.command import Command
from app.gui.image.caliper_note import CaliperLine, CaliperNote
from app.gui.image.split_view import ImagesPane
from app.gui.measurements.measurement_model import previewed
from app.gui.measurements.measurement_table import MeasurementTable
from app.gui.measurements.words import caliper_words
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode


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
        controller.modeChanged.connect(self._ask)
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

    def reset_command(self) -> Command:
        """The line of the menu that takes dragged ends back."""
        tip = "Widths and heights that are drawn in the image are measured where the masks end again"
        return Command(
            "resetCalipers",
            "Landmark",
            "Reset the calipers to the prediction",
            self.reset,
            needs="image writable",
            tip=tip,
        )

    def reset(self) -> None:
        """Take back what a reader said of the ends of the calipers that are drawn in the shown image."""
        session, image = self._controller.session, self._controller.image
        drawn = [line for note in self._notes if note.image == image for line in note.calipers]
        moved = dict.fromkeys((line.shape, line.axis) for line in drawn if line.corrected and line.axis is not None)
        if session is None or not moved:
            self._controller.tell("No end was moved of the calipers that are drawn in this image.")
            return
        (shape, axis), *more = moved
        self._controller.do(session.reset_ends, image, shape, axis, *more)  # one undo step

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
        grips = self._controller.mode is Mode.LANDMARK
        self._notes = [CaliperNote(image, self._calipers(image, wanted), grips) for image in shown]
        for view in views:
            view.image_input.tools.calipers.note = next(
                (note for note in self._notes if note.image == view.image and view.editable), None
            )
            if not view.pane.predicted:  # they are measured on what counts now
                view.annotations.extend(self._notes)
            view.viewport().update()

    def _calipers(self, image: str, wanted: Sequence[str]) -> list[CaliperLine]:
        session, held, ends = self._controller.session, self._controller.held, self._controller.state.held_ends
        if session is None or image not in session.images:
            return []
        placed = (held.landmark, held.xy) if held is not None and held.image == image else None
        ended = (ends.shape, ends.axis, ends.ends) if ends is not None and ends.image == image else None
        values = {one.entry.name: one for one in session.measurements_in(image)}
        values |= {one.entry.name: one for one in previewed(self._controller, image) or ()}
        found = []
        for name in wanted:
            calipers = session.calipers(image, name, placed, ended)
            for number, caliper in enumerate(calipers):
                words = caliper_words(caliper, values[name], alone=len(calipers) == 1, first=number == 0)
                what = caliper.names[0], caliper.axis, caliper.places, caliper.corrected
                found.append(CaliperLine(caliper.lines, caliper.guides, words, *what))
        return found
