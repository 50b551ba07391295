"""Formulas by picking: while the dialog of a measurement is open, clicks put names at its text cursor."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.core.template import FIELD
from app.gui.image.split_view import ImagesPane
from app.gui.image.tools.pick_name import PickName
from app.gui.measurements.measurement_dialog import MeasurementDialog
from app.gui.state.controller import Controller
from app.gui.template.template_view import TemplateView

NOTHING = "Nothing is here that a formula could name. Click on a landmark or inside a structure."


class Picking(QObject):
    """Has the left button of the images and the template as long as a dialog is open."""

    def __init__(self, controller: Controller, pane: ImagesPane, template: TemplateView) -> None:
        super().__init__(controller)
        self._controller, self._pane, self._template = controller, pane, template
        self._tool = PickName(controller, self)
        self._dialog: MeasurementDialog | None = None
        self._tool.picked.connect(self._pick)
        template.clicked.connect(self._pick_on_template)
        pane.viewAdded.connect(lambda view: view.use_tool(self._tool) if self._dialog is not None else None)

    def begin(self, dialog: MeasurementDialog) -> None:
        """Clicks write names into this dialog until it is closed."""
        self._dialog = dialog
        dialog.finished.connect(lambda _: self._end(dialog))
        for view in self._pane.made:
            view.use_tool(self._tool)
        self._template.takes_clicks = True

    def _end(self, dialog: MeasurementDialog) -> None:
        if self._dialog is not dialog:
            return
        self._dialog = None
        for view in self._pane.made:
            if view.tool is self._tool:
                view.use_tool(None)
        self._template.takes_clicks = False

    def _pick_on_template(self, x: float, y: float) -> None:
        if self._dialog is None or self._pane.active.tool is not self._tool:  # a region is drawn meanwhile
            return
        at = self._template.from_plane(x, y)
        found = self._template.point_at(at)
        self._pick(self._template.marker_at(at) or (found[0] if found is not None and found[0] != FIELD else ""))

    def _pick(self, name: str) -> None:
        if self._dialog is not None and name:
            self._dialog.write(name)
        elif self._dialog is not None:
            self._controller.tell(NOTHING)
