"""The commands below Image ▸ Orientation: how the model sees the image, on top of how it does now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial

from app.core.orientation import Orientation
from app.gui.commands.command import Command
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller

TIP = "What the model sees changes; the file and its coordinates do not"
WAYS = {
    "readTurnedRight": ("Turned right by 90°", Orientation(quarter_turns=1)),
    "readTurnedLeft": ("Turned left by 90°", Orientation(quarter_turns=-1)),
    "readUpsideDown": ("Turned by 180°", Orientation(quarter_turns=2)),
    "readMirrored": ("With right and left swapped", Orientation(mirrored=True)),
    "readInverted": ("With grey values inverted", Orientation(inverted=True)),
}
"""Words and orientation by verb."""
MENU = "Image/Orientation"


def orientation_commands(
    controller: Controller, images: ImagesPane, end_inverting: Callable[[], object]
) -> Sequence[Command]:
    """The lines of the menu, for the image that is shown.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane
    end_inverting : callable
        Shows images with the greys as they are read.
    """

    def as_seen() -> None:
        view = images.active
        if _set(controller, view.turn.orientation(view.grey.invert)):
            end_inverting()  # it is read inverted now: to invert it once more would show it the other way round

    return [
        *(
            Command(verb, MENU, words, partial(_add, controller, orientation), needs="image writable", tip=TIP)
            for verb, (words, orientation) in WAYS.items()
        ),
        Command(
            "readAsSeen",
            MENU,
            "As the view shows it now",
            as_seen,
            needs="image writable",
            tip=TIP,
            line=True,
        ),
        Command("readAsStored", MENU, "As stored", lambda: _set(controller, Orientation()), needs="image writable"),
    ]


def _add(controller: Controller, orientation: Orientation) -> None:
    if controller.session is not None and controller.image:
        controller.do(controller.session.set_orientation, controller.image, *astuple(orientation), more=True)


def _set(controller: Controller, orientation: Orientation) -> bool:
    """Whether that could be done."""
    if controller.session is None or not controller.image:
        return False
    return controller.do(controller.session.set_orientation, controller.image, *astuple(orientation))
