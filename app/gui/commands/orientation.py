"""What the commands under Image ▸ Read it do: how the model sees the image, on top of how it does now."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from app.core.orientation import Reading

if TYPE_CHECKING:
    from app.gui.shell.main_window import Window

WAYS = {
    "readTurnedRight": ("Turned right by 90°", Reading(quarter_turns=1)),
    "readTurnedLeft": ("Turned left by 90°", Reading(quarter_turns=-1)),
    "readUpsideDown": ("Turned by 180°", Reading(quarter_turns=2)),
    "readMirrored": ("With right and left swapped", Reading(mirrored=True)),
    "readInverted": ("With grey values inverted", Reading(inverted=True)),
}
"""Words and reading by verb."""


class ReadingCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._desk, self._view = window.desk, window.image_view

    def _read(self, verb: str) -> None:
        session, name = self._desk.session, self._desk.image
        if session is not None and name:
            self._desk.do(session.set_reading, name, *astuple(WAYS[verb][1]), more=True)

    def readTurnedRight(self) -> None:
        self._read("readTurnedRight")

    def readTurnedLeft(self) -> None:
        self._read("readTurnedLeft")

    def readUpsideDown(self) -> None:
        self._read("readUpsideDown")

    def readMirrored(self) -> None:
        self._read("readMirrored")

    def readInverted(self) -> None:
        self._read("readInverted")

    def readAsSeen(self) -> None:
        session, name, view = self._desk.session, self._desk.image, self._view
        if session is not None and name:
            self._desk.do(session.set_reading, name, *astuple(view.turn.reading(view.grey.invert)))

    def readAsStored(self) -> None:
        session, name = self._desk.session, self._desk.image
        if session is not None and name:
            self._desk.do(session.set_reading, name)
