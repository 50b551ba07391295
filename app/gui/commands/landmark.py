"""The commands of the Landmark menu: the chosen landmark in this image, and in all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.core.landmark import Landmark, ReviewState
from app.gui.commands.command import Command
from app.gui.commands.dialogs import ask_colour
from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.image.split_view import ImagesPane
from app.gui.image.tools.multi_click import SeveralClicks
from app.gui.landmarks.landmark_dialog import LandmarkDialog
from app.gui.landmarks.landmark_table import LandmarkTable
from app.gui.state.desk import Desk, Mode
from app.project.session import Session


def landmark_commands(
    parent: QWidget,
    desk: Desk,
    images: ImagesPane,
    table: LandmarkTable,
    sheet: ContactSheet,
    several_clicks: SeveralClicks,
) -> Sequence[Command]:
    """The lines of the menu; `parent` is that of the dialogs."""
    return [
        *_modes(desk),
        *_placements(desk, images),
        Command(
            "newFromClicks",
            "Landmark",
            "New landmark from several clicks…",
            several_clicks.begin,
            "Shift+Ins",
            "writable",
        ),
        Command(
            "leastConfident",
            "Landmark",
            "Least confident image",
            lambda: _show_least_confident(desk, sheet),
            "J",
            "landmark",
            tip="Where it is least certain",
        ),
        *_definitions(parent, desk, table),
    ]


def _modes(desk: Desk) -> Sequence[Command]:
    def choose(mode: Mode, _: bool) -> None:
        desk.set_mode(mode)

    window, marker = "Left drag changes the window level", "Left drag of a marker corrects it"
    navigate, landmark = partial(choose, Mode.NAVIGATE), partial(choose, Mode.LANDMARK)
    return [
        Command("navigate", "Landmark", "Navigate", navigate, "V", group="mode", tip=window),
        Command("landmarkMode", "Landmark", "Landmark", landmark, "L", group="mode", tip=marker),
    ]


def _placements(desk: Desk, images: ImagesPane) -> Sequence[Command]:
    view = images.first

    def act(what: Callable[[Session], Callable[[str, str], object]]) -> None:
        if desk.session is not None:
            desk.do(what(desk.session), desk.image, desk.landmark)

    confirm = partial(act, lambda session: session.confirm_placement)
    absent = partial(act, lambda session: session.set_absent)
    reset = partial(act, lambda session: session.reset_placement)
    needs, tip = "landmark writable", "The chosen landmark is here"
    return [
        Command(
            "newLandmark",
            "Landmark",
            "New landmark under the mouse",
            lambda: images.pointed.pointing.name_landmark_here(),
            "Ins",
            "image writable",
        ),
        Command(
            "placeHere",
            "Landmark",
            "Place under the mouse",
            lambda: view.hands.place_at(view.pointing.place),
            "P",
            needs,
            tip=tip,
        ),
        Command(
            "nextStructure",
            "Landmark",
            "Next of the structures under the mouse",
            lambda: images.pointed.pointing.step(),
            "Tab",
            "overlap",
        ),
        Command("confirmPlacement", "Landmark", "Confirm here", confirm, "C", needs, line=True),
        Command("absentPlacement", "Landmark", "Absent here", absent, "Shift+A", needs),
        Command("resetPlacement", "Landmark", "Reset to the prediction", reset, "Backspace", needs),
    ]


def _show_least_confident(desk: Desk, sheet: ContactSheet) -> None:
    """In the order in which the sheet would be sorted now; accepted images have been looked at."""
    session = desk.session
    if session is None:
        return
    for tile in sheet.sorted_anew():
        if not math.isnan(tile.confidence) and session.review(tile.image) is not ReviewState.ACCEPTED:
            desk.show_image(tile.image)
            return
    desk.tell(f"Every placement of “{desk.landmark}” has been looked at.")


def _delete(desk: Desk, session: Session, mark: Landmark) -> None:
    """Delete a landmark and say so: it may be of a kind that no view shows at the moment."""
    if desk.do(session.delete_landmark, mark.name):
        kept = " Accepted images keep what they were accepted with." if session.accepted else ""
        desk.tell(f"“{mark.name}” was deleted in all images.{kept} Undo brings it back.")


def _definitions(parent: QWidget, desk: Desk, table: LandmarkTable) -> Sequence[Command]:
    def act(what: Callable[[Session, Landmark], object]) -> None:
        if desk.session is not None:
            what(desk.session, desk.session.landmark(desk.landmark))

    def recolour(session: Session, mark: Landmark) -> None:
        colour = ask_colour(parent, mark.colour)
        if colour:
            desk.do(session.update_landmark, mark.name, colour=colour)

    edit = partial(act, lambda _, mark: LandmarkDialog(parent, desk, mark).open())
    hide = partial(act, lambda session, mark: desk.do(session.update_landmark, mark.name, hidden=not mark.hidden))
    lock = partial(act, lambda session, mark: desk.do(session.update_landmark, mark.name, locked=not mark.locked))
    delete = partial(act, partial(_delete, desk))

    def move(step: int) -> None:
        table.landmarks.step(desk.landmark, step)

    up, down, needs, lines = partial(move, -1), partial(move, 1), "landmark writable", "Name, rule, group, colour"
    return [
        Command("editLandmark", "Landmark", "Landmark…", edit, "Ctrl+L", "landmark", tip=lines, line=True),
        Command("renameLandmark", "Landmark", "Rename…", table.rename_chosen, "F2", needs),
        Command("colourLandmark", "Landmark", "Colour…", partial(act, recolour), "", needs),
        Command("hideLandmark", "Landmark", "Hide or show", hide, "H", needs),
        Command("lockLandmark", "Landmark", "Lock or unlock on the template", lock, "Ctrl+K", needs),
        Command("moveLandmarkUp", "Landmark", "Move up in the list", up, "Alt+Up", needs),
        Command("moveLandmarkDown", "Landmark", "Move down in the list", down, "Alt+Down", needs),
        Command("deleteLandmark", "Landmark", "Delete in all images", delete, "Ctrl+Del", needs),
    ]
