"""The switches of the View menu say what is drawn."""

from __future__ import annotations

from app.gui.shell.actions import Actions
from app.gui.state.view_state import Look, MaskStyle, Mode

MASKS = {MaskStyle.OUTLINE: "outlines", MaskStyle.FILL: "fills", MaskStyle.OFF: "noMasks"}


def show_look(actions: Actions, look: Look, mode: Mode) -> None:
    """Check what is on; in Mask mode no uv colours are drawn."""
    actions[MASKS[look.masks]].setChecked(True)
    actions["uvColours"].setChecked(look.uv and mode is not Mode.MASK)
    actions["labels"].setChecked(look.labels)
    actions["structures"].setChecked(look.structures)
    actions["cornerTexts"].setChecked(look.texts)
    actions["linePatterns"].setChecked(look.patterns)
    actions["conference"].setChecked(look.private)
    actions["corrections"].setChecked(look.corrections)
    actions["layerOverImage"].setChecked(look.z)
