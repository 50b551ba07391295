"""The commands of the Edit and Help menus: undo and redo, the history, the reader's name, keys and help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from app.gui.commands import dialogs
from app.gui.commands.command import Command
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.state.stepped import SteppedRunner
from app.project.entries import Step
from app.project.session import Session

MANY_IMAGES = 20
"""Undo and redo ask before they change more."""
AT_ONCE = 100
"""What was done to more images is undone little by little."""


def edit_commands(
    controller: Controller,
    images: ImagesPane,
    show_history: Callable[[], object],
    ask_reader: Callable[[], object],
    show_keys: Callable[[], object],
    stepped: SteppedRunner,
) -> Sequence[Command]:
    """The lines of the Edit menu.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane
        Where it is said what was undone.
    show_history, ask_reader, show_keys : callable
        Open the history, the line for the reader's name, and the dialog of the keys.
    stepped : SteppedRunner
        Undoes and redoes what was done to very many images.
    """

    def undo() -> None:
        _step(controller, images, stepped, undo=True)

    def redo() -> None:
        _step(controller, images, stepped, undo=False)

    everything = "Everything that was done, by whom and when"
    return [
        Command("undo", "Edit", "Undo", undo, "Ctrl+Z"),
        Command("redo", "Edit", "Redo", redo, "Ctrl+Shift+Z Ctrl+Y"),
        Command("history", "Edit", "History…", show_history, "Ctrl+H", "project", tip=everything),
        Command("setReader", "Edit", "Reader’s name…", ask_reader, line=True),
        Command("setKeys", "Edit", "Keys…", show_keys),
    ]


def _step(controller: Controller, images: ImagesPane, stepped: SteppedRunner, undo: bool) -> None:
    """Undo or redo: asks before many images change, goes to the image it is about, and says what it did there."""
    session = controller.session
    if session is None:
        return
    if controller.interaction.cancel() or (undo and controller.take_back_corner()):
        return  # what is under the mouse is what a reader takes back first, as with Escape
    if stepped.running:  # before anything is asked for: that would end it at once
        controller.tell("That is being undone or done again. Wait until it has ended, or cancel it.", images.active)
        return
    step = session.next_undo if undo else session.next_redo
    if step is None:
        return
    if len(step.images) > MANY_IMAGES and not dialogs.ask_step(images.window(), step):
        return
    if len(step.images) > AT_ONCE and not step.landmarks:
        start = session.start_undo if undo else session.start_redo

        def tell(_: object) -> None:
            controller.tell(dialogs.step_done(step, 0), images.active)

        controller.do(lambda: stepped.start(start(step), tell))
        return
    before = _images_by_landmark(session, step)
    act = session.undo if undo else session.redo
    if not controller.do(lambda: act(step)):
        return
    after = _images_by_landmark(session, step)
    came_or_went = max(((before | after)[name] for name in before.keys() ^ after.keys()), default=0)
    there = [name for name in step.images if name in session.images]
    if len(step.images) == 1 and there:
        images.go_to(there[0])  # in another one nobody would see what happened
    controller.tell(dialogs.step_done(step, came_or_went), images.active)


def _images_by_landmark(session: Session, step: Step) -> dict[str, int]:
    """In how many images the landmarks of a step are, as far as they are there."""
    there = {mark.name for mark in session.landmarks} if step.landmarks else set()
    return {name: dialogs.images_of(session, name) for name in step.landmarks if name in there}


def help_commands(parent: QWidget, controller: Controller, find_command: Callable[[], object]) -> Sequence[Command]:
    """The lines of the Help menu; `parent` is that of the dialogs, `find_command` lets one search all commands."""

    def about() -> None:
        dialogs.show_about(parent, controller.session)

    return [
        Command("help", "Help", "How it works", lambda: dialogs.show_help(parent), "F1"),
        Command("commandPalette", "Help", "Find a command…", find_command, "Ctrl+K"),
        Command("about", "Help", "About DenseSeg Review", about),
    ]
