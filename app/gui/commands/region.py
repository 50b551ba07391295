"""The commands of regions and curves, in the Landmark menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.gui.commands.command import Command


def region_commands(draw: Callable[[], object]) -> Sequence[Command]:
    """The lines of the menu; `draw` begins to draw one."""
    return [
        Command(
            "newRegion",
            "Landmark",
            "Draw a region or a curve…",
            draw,
            "Ctrl+R",
            "writable",
            tip="A polygon or a line on the template, or in an image: it is in every image at once",
            line=True,
        )
    ]
