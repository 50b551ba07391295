"""The commands of the contact sheet as a whole; what is said of tiles is said by those of landmarks and reviews."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.gui.commands.command import Command
from app.gui.contact_sheet.contact_sheet_view import ContactSheet

MENU = "View/Contact sheet"


def sheet_commands(sheet: ContactSheet, show_page: Callable[[bool], object]) -> Sequence[Command]:
    """The lines of the menu; `show_page` gives the sheet the whole centre of the window, or takes it back."""
    turned, needs = "Each crop is turned and scaled so that its structure lies as on the template", "landmark"
    small = "Small tiles; Esc leads back to the image"

    def select_all() -> None:
        sheet.setFocus()
        sheet.select_all()

    return [
        Command("sheetPage", MENU, "Full page", show_page, "F8", needs, "own", small),
        Command("alignCrops", MENU, "Aligned crops", sheet.set_aligned, "Shift+F8", group="own", tip=turned),
        Command("sortTiles", MENU, "Sort again", sheet.sort_again, "", needs, tip="Worst first, as they are now"),
        Command("selectTiles", MENU, "Select all tiles", select_all, "", needs, tip="Ctrl+A in the sheet"),
    ]
