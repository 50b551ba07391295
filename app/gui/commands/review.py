"""The commands of the Review menu: what the reader says of this image, and which one is next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.core.landmark import ReviewState
from app.gui.commands.command import Command
from app.gui.commands.dialogs import ask_note
from app.gui.commands.selection import AT_ONCE, SelectionCommands
from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.template.structure_review import StructureReviewDialog
from app.gui.worklist.worklist_model import OPEN
from app.gui.worklist.worklist_view import Worklist

WRITABLE = "image writable"


def review_commands(
    parent: QWidget,
    controller: Controller,
    worklist: Worklist,
    sheet: ContactSheet,
    images: ImagesPane,
    selection_commands: SelectionCommands,
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    parent : QWidget
        Of the dialogs.
    controller : Controller
    worklist : Worklist
        Whose order and filter say which image is next.
    sheet : ContactSheet
        What is selected in it, or else in the worklist, is decided on together.
    images : ImagesPane
        What is accepted must have been on the screen there.
    selection_commands : SelectionCommands
        Accepts.
    """

    def chosen() -> list[str]:
        return sheet.selected() or _chosen(controller, worklist)

    menu, accept = "Review", partial(_accept, controller, worklist, images, selection_commands, chosen)
    show_new, note = partial(_show_new, controller), partial(_edit_note, parent, controller)
    show_next = partial(_show_next_open, controller, worklist)
    later, remark = "Landmarks defined after it was accepted", "A remark to the review of this image"
    return [
        Command("accept", menu, "Accept and next", accept, "Ctrl+Return Ctrl+Enter", WRITABLE),
        *_decisions(parent, controller, chosen, selection_commands),
        Command("showNew", menu, "Show what is new here", show_new, "Ctrl+J", "image", tip=later),
        Command("note", menu, "Note…", note, "Ctrl+Shift+N", WRITABLE, tip=remark),
        Command("nextOpen", menu, "Next unread image", show_next, "Ctrl+PgDown", "image", line=True),
    ]


def _chosen(controller: Controller, worklist: Worklist) -> list[str]:
    """The shown image, and all that are selected with it, in the order of the list."""
    selected = worklist.selected()
    return selected if controller.image in selected else [controller.image]


def _decisions(
    parent: QWidget, controller: Controller, chosen: Callable[[], list[str]], selection_commands: SelectionCommands
) -> Sequence[Command]:
    def review(state: ReviewState) -> None:
        if controller.session is None or not controller.image:
            return
        names = chosen()
        if len(names) > 1:
            selection_commands.review(names, state)
        else:
            controller.do(controller.session.set_review, names[0], state)

    def reject_structure() -> None:
        StructureReviewDialog(parent, controller).open()

    menu, ask = "Review", partial(review, ReviewState.SECOND_OPINION)
    reject, reopen = partial(review, ReviewState.REJECTED), partial(review, ReviewState.IN_PROGRESS)
    which, unlock = "One structure, and why", "Unlock an accepted image"
    return [
        Command("secondOpinion", menu, "Second opinion", ask, "Ctrl+Shift+S", WRITABLE),
        Command("reject", menu, "Reject", reject, "Ctrl+Shift+R", WRITABLE),
        Command("rejectStructure", menu, "Reject a structure…", reject_structure, "Ctrl+Shift+X", WRITABLE, tip=which),
        Command("reopen", menu, "Reopen", reopen, "Ctrl+Shift+U", WRITABLE, tip=unlock),
    ]


def _accept(
    controller: Controller,
    worklist: Worklist,
    images: ImagesPane,
    selection_commands: SelectionCommands,
    chosen: Callable[[], list[str]],
) -> None:
    """Accept the shown image, or all that are selected with it; go on behind them, or to one that was refused."""
    names = chosen()
    following = worklist.behind(names[-1])
    images.active.viewport().repaint()  # what is accepted is on the screen now, not in a moment
    if not controller.image or not selection_commands.accept(names):
        return
    session = controller.open_session()
    at_once = len(names) <= AT_ONCE  # else nobody knows yet
    refused = [name for name in names if session.review(name) is not ReviewState.ACCEPTED] if at_once else []
    if refused:
        controller.show_image(refused[0])  # it has been said why
    elif following:
        controller.show_image(following)
    else:
        controller.tell("That was the last image of the list.", images.active)
        _show_next_open(controller, worklist)


def _show_new(controller: Controller) -> None:
    """Choose one after the other of the landmarks that came after this image was accepted."""
    session, name = controller.session, controller.image
    new = session.new_since_accepted(name) if session is not None and name else ()
    if not new:
        controller.tell(f"Nothing is new in {name} since it was accepted." if name else "No image is shown.")
        return
    controller.choose_landmark(
        new[(new.index(controller.landmark) + 1) % len(new) if controller.landmark in new else 0]
    )
    controller.tell(f"“{controller.landmark}” is new since this image was accepted. Reopen to make it part of it.")


def _edit_note(parent: QWidget, controller: Controller) -> None:
    session, name = controller.session, controller.image
    if session is None or not name:
        return
    entry = session.image(name)
    text = ask_note(parent, name, entry.note)
    if text is not None:
        controller.do(session.set_review, name, entry.review, text)


def _show_next_open(controller: Controller, worklist: Worklist) -> None:
    model = worklist.model
    here = model.index_of(controller.image).row()
    order = model.shown[here + 1 :] + model.shown[: here + 1]
    found = next((name for name in order if model.standing(name).review in OPEN), "")
    if found:
        controller.show_image(found)
    else:
        controller.tell(_nothing_open(controller, order))


def _nothing_open(controller: Controller, listed: Sequence[str]) -> str:
    """That nothing in the list is open; a filter may hide images that are."""
    hidden = set(controller.open_session().images).difference(listed)
    count = sum(controller.open_session().review(name) in OPEN for name in hidden)
    if not count:
        asked = sum(controller.open_session().review(name) is ReviewState.SECOND_OPINION for name in listed)
        waiting = f", but {asked} {'waits' if asked == 1 else 'wait'} for a second opinion" if asked else ""
        return f"Every image in the worklist has been reviewed{waiting}."
    rest = "1 image has" if count == 1 else f"{count} images have"
    return f"Every image that the filter lets through has been reviewed; {rest} not been."
