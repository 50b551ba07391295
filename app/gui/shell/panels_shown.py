"""Which panels of the window are shown; the choice is kept."""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from app.gui.commands.view import ALONE, PANELS
from app.gui.shell.actions import Actions
from app.gui.shell.sheet_panel import SheetPanel
from app.gui.state.controller import Controller
from app.gui.widgets.settings import settings


class PanelsShown:
    """Shows and hides the panels beside the image as their switches say.

    Parameters
    ----------
    window : QMainWindow
    controller : Controller
        Panels may name images and persons: while its look is private there are none.
    actions : Actions
    columns : QSplitter
        With worklist and right column beside the centre.
    beside : tuple of QWidget
        Those two.
    sheet : SheetPanel
    toolbar : QWidget
    image : QWidget
        Gets the keys of a panel that goes.
    """

    def __init__(
        self,
        window: QMainWindow,
        controller: Controller,
        actions: Actions,
        columns: QSplitter,
        beside: tuple[QWidget, QWidget],
        sheet: SheetPanel,
        toolbar: QWidget,
        image: QWidget,
    ) -> None:
        self._window, self._controller, self._actions = window, controller, actions
        self._columns, self._beside = columns, beside
        self._sheet, self._toolbar, self._image = sheet, toolbar, image
        self._widths: list[int] = []

    def restore(self) -> None:
        """Show what was shown the last time."""
        hidden = str(settings().value("hiddenPanels", "")).split()
        for key, (verb, *_) in PANELS.items():
            self._actions[verb].setChecked(key not in (*hidden, ALONE))
        self.show()

    def bring(self, panel: str) -> None:
        """Show a panel, whatever hides it."""
        verb = PANELS[panel][0]
        if not self._actions[verb].isChecked() or self._actions[PANELS[ALONE][0]].isChecked():
            self._actions[verb].setChecked(True)
            self.choose(panel, True)

    def choose(self, panel: str, _: bool) -> None:
        """Show or hide a panel; the choice is kept, but not that the image stands alone."""
        if panel != ALONE:
            self._actions[PANELS[ALONE][0]].setChecked(False)
            shown = self._actions
            hidden = [key for key, (verb, *_) in PANELS.items() if key != ALONE and not shown[verb].isChecked()]
            settings().setValue("hiddenPanels", " ".join(hidden))
        self.show()

    def show(self) -> None:
        """Show what is wanted now."""
        alone = self._actions[PANELS[ALONE][0]].isChecked() or self._controller.look.private
        wanted = {key: self._actions[verb].isChecked() and not alone for key, (verb, *_) in PANELS.items()}
        focus, (left, right) = self._window.focusWidget(), self._beside
        if left.isVisible() and right.isVisible():
            self._widths = self._columns.sizes()
        left.setVisible(wanted["worklist"])
        right.setVisible(wanted["lists"])
        self._sheet.set_wanted(wanted["sheet"])
        self._toolbar.setVisible(not alone)
        if wanted["worklist"] and wanted["lists"] and self._widths:  # as wide as they were
            self._columns.setSizes(self._widths)
        if focus is not None and not focus.isVisible():
            self._image.setFocus()
