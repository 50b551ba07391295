"""The commands of what the template shows of all images together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.gui.commands.command import Command
from app.gui.state.cohorts import Cohorts
from app.gui.state.controller import Controller
from app.gui.state.view_state import Layer

MENU = "View/All images"
SHORT = {
    Layer.NONE: "All images",
    Layer.MEDIAN: "Median grey",
    Layer.SPREAD: "Spread",
    Layer.Z: "This image",
    Layer.CORRECTIONS: "Corrections",
}
"""What stands on the button above the template."""
LAYERS = {
    Layer.NONE: ("layerNone", "Structures alone", "The template as it is"),
    Layer.MEDIAN: ("layerMedian", "Median grey", "The grey that images have at each place of the template"),
    Layer.SPREAD: ("layerSpread", "Spread of the grey", "How much images differ at each place of the template"),
    Layer.Z: ("layerZ", "This image against the others", "Where the shown image is darker or brighter than the others"),
    Layer.CORRECTIONS: (
        "layerCorrections",
        "Where readers corrected",
        "Which landmarks and outlines were moved, how far",
    ),
}
"""Verb, words and tip by what is shown."""


def cohort_commands(controller: Controller, cohorts: Cohorts) -> Sequence[Command]:
    """The lines of the menu."""

    def show(layer: Layer, _: bool) -> None:
        cohorts.show(layer)

    def over_image(on: bool) -> None:
        controller.set_look(z=on)

    filtered = "Of the images that the worklist shows now; without it, of all"
    lays = "While the template shows this image against the others"
    return [
        *(
            Command(verb, MENU, words, partial(show, layer), "", "project", "layer", tip)
            for layer, (verb, words, tip) in LAYERS.items()
        ),
        Command("layerOverImage", MENU, "Over the image too", over_image, "Z", group="own", tip=lays, line=True),
        Command(
            "layerOfFiltered", MENU, "Of the filtered images", cohorts.set_filtered, "", "project", "own", filtered
        ),
        Command(
            "layerAgain", MENU, "Work out again", cohorts.again, "", "project", tip="As images and corrections are now"
        ),
    ]
