"""The commands of View, Compare: two to four images side by side, and what links them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from app.core.laterality import has_pairs
from app.gui.commands.command import Command
from app.gui.image.earlier_studies import EarlierStudies
from app.gui.image.linked_views import LinkedViews
from app.gui.image.split_view import STEPS, Beside, ImagesPane
from app.gui.state.controller import Controller

MENU = "View/Compare"
VERBS = {
    Beside.NOTHING: "compareNone",
    Beside.NEXT: "compareNext",
    Beside.PREVIOUS: "comparePrevious",
    Beside.OTHERS: "compareKept",
}
"""The command that leads to what stands beside the image."""
SELECT = "Select more images in the worklist (Ctrl and a click), or right-click one of them: Show beside."


def compare_commands(
    controller: Controller,
    images: ImagesPane,
    links: LinkedViews,
    studies: EarlierStudies,
    selected: Callable[[], Sequence[str]],
) -> Sequence[Command]:
    """The lines of the menu; `selected` tells which images are chosen in the worklist."""
    return [*_neighbours(images), *_others(controller, images, studies, selected), *_panes(images, links)]


def _neighbours(images: ImagesPane) -> Sequence[Command]:
    def compare(beside: Beside, _: bool) -> None:
        if beside is Beside.NOTHING or images.beside is beside:  # the same choice again takes the others away
            images.close_others()
        else:
            images.show_neighbour_beside(STEPS[beside])

    def keep(_: bool) -> None:
        images.keep()

    again, kept = "The same again: one image", "It stays while you go to any other image"
    nothing, following, before, others = VERBS.values()
    one, after, previous = (partial(compare, beside) for beside in (Beside.NOTHING, Beside.NEXT, Beside.PREVIOUS))
    return [
        Command(nothing, MENU, "One image", one, group="compare"),
        Command(following, MENU, "With the next image", after, "D", group="compare", tip=again),
        Command(before, MENU, "With the image before", previous, "Shift+D", group="compare", tip=again),
        Command(others, MENU, "Keep this one beside", keep, "Ctrl+D", "image", "compare", kept),
    ]


def _others(
    controller: Controller, images: ImagesPane, studies: EarlierStudies, selected: Callable[[], Sequence[str]]
) -> Sequence[Command]:
    def show_selected() -> None:
        names = [name for name in selected() if not images.is_shown(name)]
        if names:
            images.show_beside(names)
        else:
            controller.tell(SELECT, images.active)

    def show_earlier() -> None:
        studies.show()

    def show_mirrored() -> None:
        if has_pairs(controller.open_session().template):
            images.show_twin(mirrored=True)
        else:
            controller.tell("This template has no right and left: there is nothing to mirror.", images.active)

    def show_predicted() -> None:
        images.show_twin(predicted=True)

    rows = "Two to four images side by side, linked by the template"
    found = "Found by the patient’s key and the study date of DICOM files"
    alone = "The same image again, without what readers corrected. The same again: gone"
    lungs = "The same image again, mirrored: its left lies like its right. The same again: gone"
    return [
        Command("showBeside", MENU, "Selected images beside", show_selected, "Shift+B", "image", tip=rows, line=True),
        Command(
            "compareEarlier", MENU, "Earlier study of this patient", show_earlier, "Ctrl+Shift+D", "image", tip=found
        ),
        Command("comparePredicted", MENU, "With its prediction alone", show_predicted, "Shift+P", "image", tip=alone),
        Command("compareMirrored", MENU, "With its mirror image", show_mirrored, "Shift+L", "image", tip=lungs),
    ]


def _panes(images: ImagesPane, links: LinkedViews) -> Sequence[Command]:
    def show_next() -> None:
        at = images.views.index(images.active)
        for view in (*images.views[at + 1 :], *images.views[:at]):
            if view.image:
                images.activate(view)
                images.active.setFocus()
                return

    def close() -> None:
        images.close_view(images.active)

    place = "All panes show the same place of the template, equally large"
    return [
        Command("linkViews", MENU, "Linked zoom and place", links.switch, "K", group="own", tip=place, line=True),
        Command("nextPane", MENU, "Go to the next pane", show_next, "F6", "image"),
        Command("closePane", MENU, "Close this pane", close, "", "image", tip="Esc closes the last one"),
    ]
