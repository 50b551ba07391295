"""The commands below Image ▸ Orientation: how the model sees the image, on top of how it does now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from functools import partial

from app.core.orientation import Reading
from app.gui.commands.command import Command
from app.gui.image.image_view import ImageView
from app.gui.state.desk import Desk

TIP = "What the model sees changes; the file and its coordinates do not"
WAYS = {
    "readTurnedRight": ("Turned right by 90°", Reading(quarter_turns=1)),
    "readTurnedLeft": ("Turned left by 90°", Reading(quarter_turns=-1)),
    "readUpsideDown": ("Turned by 180°", Reading(quarter_turns=2)),
    "readMirrored": ("With right and left swapped", Reading(mirrored=True)),
    "readInverted": ("With grey values inverted", Reading(inverted=True)),
}
"""Words and orientation by verb."""
MENU = "Image/Orientation"


def orientation_commands(desk: Desk, view: ImageView) -> Sequence[Command]:
    """The lines of the menu, for the image that is shown."""
    return [
        *(
            Command(verb, MENU, words, partial(_add, desk, reading), needs="image writable", tip=TIP)
            for verb, (words, reading) in WAYS.items()
        ),
        Command(
            "readAsSeen",
            MENU,
            "As the view shows it now",
            lambda: _set(desk, view.turn.reading(view.grey.invert)),
            needs="image writable",
            tip=TIP,
            line=True,
        ),
        Command("readAsStored", MENU, "As stored", lambda: _set(desk, Reading()), needs="image writable"),
    ]


def _add(desk: Desk, reading: Reading) -> None:
    if desk.session is not None and desk.image:
        desk.do(desk.session.set_reading, desk.image, *astuple(reading), more=True)


def _set(desk: Desk, reading: Reading) -> None:
    if desk.session is not None and desk.image:
        desk.do(desk.session.set_reading, desk.image, *astuple(reading))
