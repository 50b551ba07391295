"""The contact sheet on the whole centre of the window, and the commands that act on the tiles selected in it."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.shell.actions import Actions
from app.gui.shell.panels_shown import PanelsShown
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode

SEVERAL = {
    "confirmPlacement": "Confirm in {} images",
    "absentPlacement": "Absent in {} images",
    "resetPlacement": "Reset in {} images",
    "secondOpinion": "Second opinion on {} images",
    "reject": "Reject {} images",
    "reopen": "Reopen {} images",
}
"""What the commands say that act on all selected tiles."""


class SheetPage(QObject):
    """Lets the sheet have the room of the images as long as that is wanted and nothing asks for an image.

    Parameters
    ----------
    controller : Controller
    sheet : ContactSheet
    images : QWidget
        What gives way.
    actions : Actions
    panels : PanelsShown
    """

    def __init__(
        self, controller: Controller, sheet: ContactSheet, images: QWidget, actions: Actions, panels: PanelsShown
    ) -> None:
        super().__init__(sheet)
        self._sheet, self._images, self._actions, self._panels = sheet, images, actions, panels
        self._words = {verb: actions[verb].text() for verb in SEVERAL}
        sheet.paged.connect(self._follow)
        sheet.arranged.connect(self._show_aligned)
        sheet.selectionCounted.connect(self._count)
        controller.modeChanged.connect(self._leave_for_masks)
        self._panes = 1
        self._show_aligned()

    def follow_panes(self, count: int) -> None:
        """Other images stand side by side now, or one less: that is what is looked at."""
        if count != self._panes:
            self._panes = count
            self.leave()

    def show(self, on: bool) -> None:
        """Let the sheet fill the centre, or the image be seen again."""
        if on:
            self._panels.bring("sheet")
        self._sheet.set_page(on and self._sheet.isVisible())
        self._actions["sheetPage"].setChecked(self._sheet.page)
        if self._sheet.page:
            self._sheet.setFocus()

    def leave(self, *_: object) -> bool:
        """Show the image again; False where it was not hidden."""
        was = self._sheet.page
        self._sheet.set_page(False)
        return was

    def _follow(self, page: bool) -> None:
        self._images.setVisible(not page)
        self._actions["sheetPage"].setChecked(page)

    def _leave_for_masks(self, mode: str) -> None:
        if mode == Mode.MASK.value:
            self.leave()

    def _show_aligned(self) -> None:
        self._actions["alignCrops"].setChecked(self._sheet.aligned)

    def _count(self, selected: int) -> None:
        for verb, words in SEVERAL.items():
            self._actions[verb].setText(words.format(selected) if selected else self._words[verb])
