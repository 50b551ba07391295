"""The commands of the Landmark menu: the chosen landmark in this image, and in all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.core.landmark import Landmark, ReviewState
from app.gui.commands.command import Command
from app.gui.commands.dialogs import ask_colour, images_of
from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.image.multi_click_bar import MultiClick
from app.gui.image.split_view import ImagesPane
from app.gui.landmarks.landmark_dialog import LandmarkDialog
from app.gui.landmarks.landmark_table import LandmarkTable
from app.gui.measurements.all_images import show_all_images
from app.gui.measurements.measurement_table import MeasurementSection
from app.gui.state.controller import Controller
from app.gui.state.saying import Said, say_in
from app.gui.state.view_state import Mode
from app.project.session import Session


def landmark_commands(
    parent: QWidget,
    controller: Controller,
    images: ImagesPane,
    table: LandmarkTable,
    sheet: ContactSheet,
    multi_click: MultiClick,
    learn: Callable[[], None],
) -> Sequence[Command]:
    """The lines of the menu; `parent` is that of the dialogs."""
    return [
        *_modes(controller),
        *_placements(controller, images, sheet),
        Command(
            "newFromClicks",
            "Landmark",
            "New landmark from several clicks…",
            multi_click.begin,
            "Shift+Ins",
            "writable",
        ),
        Command(
            "leastConfident",
            "Landmark",
            "Least confident image",
            lambda: _show_least_confident(controller, sheet),
            "J",
            "landmark",
            tip="Where it is least certain",
        ),
        *_definitions(parent, controller, table, learn),
        Command(
            "newMeasurement",
            "Landmark",
            "New measurement…",
            lambda: _ask_measurement(parent),
            needs="writable",
            tip="A formula of landmarks and structures, measured in every image",
            line=True,
        ),
        Command(
            "allMeasurements",
            "Landmark",
            "Measurements of all images…",
            lambda: show_all_images(parent, controller),
            needs="project",
            tip="A table to sort, filter and copy, with a histogram",
        ),
    ]


def _modes(controller: Controller) -> Sequence[Command]:
    def choose(mode: Mode, _: bool) -> None:
        controller.set_mode(mode)

    window, marker = "Left drag changes the window level", "Left drag of a marker corrects it"
    navigate, landmark = partial(choose, Mode.NAVIGATE), partial(choose, Mode.LANDMARK)
    return [
        Command("navigate", "Landmark", "Navigate", navigate, "V", group="mode", tip=window),
        Command("landmarkMode", "Landmark", "Landmark", landmark, "L", group="mode", tip=marker),
    ]


IN_LANDMARK_MODE = "in Landmark mode"


def _by_key(controller: Controller, words: str) -> Callable[[], bool]:
    """A key that changes what readers said may do so in Landmark mode alone; in Navigate mode one looks."""

    def allowed() -> bool:
        if controller.mode == Mode.LANDMARK:
            return True
        controller.tell(f"“{words}” has its key in Landmark mode. Press L first, or right-click the marker.")
        return False

    return allowed


def _placements(controller: Controller, images: ImagesPane, sheet: ContactSheet) -> Sequence[Command]:
    def act(said: Said) -> None:
        say_in(controller, sheet.selected() or [controller.image], said)

    def where_seen(run: Callable[[], object]) -> None:
        if images.isVisible():
            run()
        else:
            controller.tell("The image is not on the screen now. Esc leads back to it.")

    confirm, absent, reset = (partial(act, said) for said in (Said.CONFIRMED, Said.ABSENT, Said.RESET))
    needs, tip = "landmark writable", "The chosen landmark is here"
    return [
        Command(
            "newLandmark",
            "Landmark",
            "New landmark under the mouse",
            lambda: where_seen(images.pointed.pointing.name_landmark_here),
            "Ins",
            "image writable",
        ),
        Command(
            "placeHere",
            "Landmark",
            "Place under the mouse",
            lambda: where_seen(lambda: images.active.image_input.place_here()),
            "P",
            needs,
            tip=tip,
            by_key=_by_key(controller, "Place under the mouse"),
            key_words=IN_LANDMARK_MODE,
        ),
        Command(
            "nextStructure",
            "Landmark",
            "Next of the structures under the mouse",
            lambda: images.pointed.pointing.step(),
            "Tab",
            "overlap",
        ),
        *(
            Command(
                verb,
                "Landmark",
                words,
                run,
                key,
                needs,
                line=verb == "confirmPlacement",
                by_key=_by_key(controller, words),
                key_words=IN_LANDMARK_MODE,
            )
            for verb, words, run, key in (
                ("confirmPlacement", "Confirm here", confirm, "C"),
                ("absentPlacement", "Absent here", absent, "Shift+A"),
                ("resetPlacement", "Reset to the prediction", reset, "Backspace"),
            )
        ),
    ]


def _show_least_confident(controller: Controller, sheet: ContactSheet) -> None:
    """In the order in which the sheet would be sorted now; accepted images have been looked at."""
    session = controller.session
    if session is None:
        return
    for tile in sheet.sorted_anew():
        if not math.isnan(tile.confidence) and session.review(tile.image) is not ReviewState.ACCEPTED:
            controller.show_image(tile.image)
            return
    controller.tell(f"Every placement of “{controller.landmark}” has been looked at.")


def _delete(controller: Controller, session: Session, mark: Landmark) -> None:
    """Delete a landmark and say so: it may be of a kind that no view shows at the moment."""
    kept_in, count = session.accepted_with(mark.name), images_of(session, mark.name)
    if controller.do(session.delete_landmark, mark.name):
        images = "1 image" if count == 1 else f"{count} images"
        kept = f" {kept_in} accepted {'one keeps' if kept_in == 1 else 'ones keep'} it." if kept_in else ""
        controller.tell(f"“{mark.name}” was deleted in {images}.{kept} Undo brings it back.")


def _definitions(
    parent: QWidget, controller: Controller, table: LandmarkTable, learn: Callable[[], None]
) -> Sequence[Command]:
    def act(what: Callable[[Session, Landmark], object]) -> None:
        if controller.session is not None:
            what(controller.session, controller.session.landmark(controller.landmark))

    def recolour(session: Session, mark: Landmark) -> None:
        colour = ask_colour(parent, mark.colour)
        if colour:
            controller.do(session.update_landmark, mark.name, colour=colour)

    edit = partial(act, lambda _, mark: LandmarkDialog(parent, controller, mark).open())
    hide = partial(act, lambda session, mark: controller.do(session.update_landmark, mark.name, hidden=not mark.hidden))
    lock = partial(act, lambda session, mark: controller.do(session.update_landmark, mark.name, locked=not mark.locked))
    delete = partial(act, partial(_delete, controller))

    def move(step: int) -> None:
        table.landmarks.step(controller.landmark, step)

    up, down, needs, lines = partial(move, -1), partial(move, 1), "landmark writable", "Name, rule, group, colour"
    return [
        Command("editLandmark", "Landmark", "Landmark…", edit, "Ctrl+L", "landmark", tip=lines, line=True),
        Command("renameLandmark", "Landmark", "Rename…", table.rename_chosen, "F2", needs),
        Command("colourLandmark", "Landmark", "Colour…", partial(act, recolour), "", needs),
        Command(
            "hideLandmark",
            "Landmark",
            "Hide or show",
            hide,
            "H",
            needs,
            by_key=_by_key(controller, "Hide or show"),
            key_words=IN_LANDMARK_MODE,
        ),
        Command("learnLandmark", "Landmark", "Learn from the corrections…", learn, "", needs, tip="Its better place"),
        Command("lockLandmark", "Landmark", "Lock or unlock on the template", lock, "Ctrl+Shift+K", needs),
        Command("moveLandmarkUp", "Landmark", "Move up in the list", up, "Alt+Up", needs),
        Command("moveLandmarkDown", "Landmark", "Move down in the list", down, "Alt+Down", needs),
        Command("deleteLandmark", "Landmark", "Delete in all images", delete, "Ctrl+Del", needs),
    ]


def _ask_measurement(parent: QWidget) -> None:
    """The dialog of a new measurement, as its list opens it."""
    section = parent.findChild(MeasurementSection)
    if section is not None:
        section.open_dialog(None)
