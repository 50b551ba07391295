"""What the commands under Image ▸ Read it do: how the model sees the image, on top of how it does now."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from app.core.reading import Reading

if TYPE_CHECKING:
    from app.gui.window import Window


class ReadingCommands:
    """One method per verb of `actions.COMMANDS`."""

    def __init__(self, window: Window) -> None:
        self._desk = window.desk

    def _read(self, reading: Reading, more: bool = True) -> None:
        session, name = self._desk.session, self._desk.image
        if session is not None and name:
            self._desk.do(session.set_reading, name, *astuple(reading), more=more)

    def readTurnedRight(self) -> None:
        self._read(Reading(quarter_turns=1))

    def readTurnedLeft(self) -> None:
        self._read(Reading(quarter_turns=-1))

    def readUpsideDown(self) -> None:
        self._read(Reading(quarter_turns=2))

    def readMirrored(self) -> None:
        self._read(Reading(mirrored=True))

    def readInverted(self) -> None:
        self._read(Reading(inverted=True))

    def readAsStored(self) -> None:
        self._read(Reading(), more=False)
