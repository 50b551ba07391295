"""The commands of the View menu: how images are looked at, and what is drawn over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from app.gui.commands.command import Command
from app.gui.image.image_view import ImageView
from app.gui.image.presets import use_auto_window, use_preset
from app.gui.image.split_view import ImagesPane
from app.gui.image.turn import Turn
from app.gui.state.controller import Controller
from app.gui.state.view_state import MaskStyle
from app.gui.widgets import theme

ZOOM_STEP = 1.25
GAMMA_STEP = 1.15


ALONE = "alone"
PANELS = {
    "worklist": ("panelWorklist", "Worklist", ""),
    "lists": ("panelLists", "Template and lists", ""),
    "sheet": ("panelSheet", "Contact sheet", ""),
    ALONE: ("imageAlone", "The image alone", "F11"),
}
"""Verb, words and key by panel; the last one stands for all others, hidden."""


def view_commands(
    controller: Controller,
    images: ImagesPane,
    show_hidden: Callable[[bool], object],
    show_messages: Callable[[bool], object],
    show_panel: Callable[[str, bool], object],
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane
        Most commands are for the one of its views that is active.
    show_hidden, show_messages : callable
        Whether the list of landmarks shows hidden ones, and whether the messages are shown.
    show_panel : callable
        Shows or hides one of `PANELS`.
    """
    return [
        *_zoom(images),
        Command("invert", "View", "Invert", partial(_invert, images), "I", "image", "own", "Show black as white"),
        *_window(images),
        *_turn(images),
        *_second_looks(images),
        *_overlays(controller),
        Command("themeDark", "View/Theme", "Dark", lambda _: theme.choose(theme.Theme.DARK), group="theme"),
        Command("themeLight", "View/Theme", "Light", lambda _: theme.choose(theme.Theme.LIGHT), group="theme"),
        Command(
            "themeSystem", "View/Theme", "As the system", lambda _: theme.choose(theme.Theme.SYSTEM), group="theme"
        ),
        Command(
            "showHidden",
            "View",
            "The model’s own landmarks",
            show_hidden,
            group="own",
            tip="List the points the model came with",
        ),
        Command("showMessages", "View", "Messages", show_messages, "Ctrl+M", group="own"),
        *_panels(show_panel),
    ]


def _panels(show_panel: Callable[[str, bool], object]) -> Sequence[Command]:
    def show(panel: str, on: bool) -> None:
        show_panel(panel, on)

    return [
        Command(verb, "View/Panels", words, partial(show, panel), key, group="own", line=panel == ALONE)
        for panel, (verb, words, key) in PANELS.items()
    ]


def _zoom(images: ImagesPane) -> Sequence[Command]:
    def actual_size() -> None:
        images.active.set_zoom(1.0 / images.active.devicePixelRatioF())

    def zoom(factor: float) -> None:
        images.active.set_zoom(images.active.zoom * factor)

    tip = "One image pixel per screen pixel"
    return [
        Command("fit", "View", "Fit", lambda: images.active.fit(), "F", "image", tip="Show the whole image"),
        Command("actualSize", "View", "1:1", actual_size, "Ctrl+1", "image", tip=tip),
        Command("zoomIn", "View", "Zoom in", partial(zoom, ZOOM_STEP), "Ctrl++ Ctrl+=", "image"),
        Command("zoomOut", "View", "Zoom out", partial(zoom, 1 / ZOOM_STEP), "Ctrl+-", "image"),
    ]


def _invert(images: ImagesPane, on: bool) -> None:
    for view in images.views:
        view.set_invert(on)


def _window(images: ImagesPane) -> Sequence[Command]:
    menu, tip = "View/Window", "Also: Ctrl and left drag"

    def auto() -> None:
        use_auto_window(images.active)

    def preset(number: int) -> None:
        use_preset(images.active, number)

    def gamma(factor: float) -> None:
        images.active.set_gamma(images.active.grey.voi_window.gamma * factor)

    def plain_gamma() -> None:
        images.active.set_gamma(1.0)

    return [
        *(Command(f"preset{n}", menu, f"Preset {n}", partial(preset, n), str(n), "image") for n in range(1, 7)),
        Command("autoWindow", menu, "Auto for what is on the screen", auto, "A", "image", line=True),
        Command(
            "gammaUp", menu, "Brighter middle greys", partial(gamma, GAMMA_STEP), "Ctrl+]", "image", tip=tip, line=True
        ),
        Command("gammaDown", menu, "Darker middle greys", partial(gamma, 1 / GAMMA_STEP), "Ctrl+[", "image", tip=tip),
        Command("gammaReset", menu, "Middle greys as they are", plain_gamma, "", "image"),
    ]


def _turn(images: ImagesPane) -> Sequence[Command]:
    menu, tip = "View/Turn the view", "The image stays as stored"

    def turn(how: Callable[[Turn], Turn]) -> None:
        images.active.set_turn(how(images.active.turn))

    return [
        Command("turnLeft", menu, "To the left", partial(turn, Turn.left), "Ctrl+Left", "image", tip=tip),
        Command("turnRight", menu, "To the right", partial(turn, Turn.right), "Ctrl+Right", "image", tip=tip),
        Command("mirror", menu, "Mirror", partial(turn, Turn.mirror), "X", "image", tip=tip),
        Command("resetTurn", menu, "As stored", lambda: images.active.set_turn(Turn()), "Ctrl+Up", "image", line=True),
    ]


def _second_looks(images: ImagesPane) -> Sequence[Command]:
    def everywhere(switch: Callable[[ImageView, bool], None], on: bool) -> None:
        for view in images.views:
            switch(view, on)

    magnifier, crosshair = partial(everywhere, ImageView.set_magnifier), partial(everywhere, ImageView.set_crosshair)
    lines = "Lines through the place under the mouse"
    return [
        Command("magnifier", "View", "Magnifier", magnifier, "G", "image", "own", "A round lens under the mouse"),
        Command("crosshair", "View", "Cross-hair", crosshair, "Shift+X", group="own", tip=lines),
    ]


def _overlays(controller: Controller) -> Sequence[Command]:
    def masks(style: MaskStyle, _: bool) -> None:
        """The same choice again takes the masks away: O shows and hides outlines."""
        if controller.look.masks == style:
            style = MaskStyle.OFF if style != MaskStyle.OFF else MaskStyle.OUTLINE
        controller.set_look(masks=style)

    def switch(field: str, on: bool) -> None:
        controller.set_look(**{field: on})

    def own(
        verb: str, words: str, field: str, key: str = "", tip: str = "", needs: str = "nothing", line: bool = False
    ) -> Command:
        return Command(verb, "View", words, partial(switch, field), key, needs, group="own", tip=tip, line=line)

    outlines, fills, none = (partial(masks, style) for style in (MaskStyle.OUTLINE, MaskStyle.FILL, MaskStyle.OFF))
    colours = "Colours that match between template and image; not while a mask is edited"
    tints = "The predicted outline dashed beside the corrected one; green was added, red was taken away"
    patterns = "Tell structures apart without their colours"
    conference = "The image alone, without names of images, patients, readers and projects, notes and messages"
    return [
        own("structures", "Structures", "structures", "Shift+H", "Show or hide all of them", line=True),
        Command("outlines", "View", "Outlines", outlines, "O", group="masks", tip="Masks as outlines"),
        Command("fills", "View", "Fills", fills, "Shift+O", group="masks", tip="Masks as outlines with a fill"),
        Command("noMasks", "View", "No masks", none, "Ctrl+Shift+M", group="masks"),
        own("uvColours", "uv colours", "uv", "U", colours, "colours"),
        own("corrections", "What was corrected in masks", "corrections", "Shift+E", tints),
        own("labels", "Landmark names", "labels", "N", line=True),
        own("cornerTexts", "Texts in the corners", "texts", "T", "Warnings stay"),
        own("linePatterns", "Outlines with line patterns", "patterns", tip=patterns),
        own("conference", "Nothing personal (conference)", "private", "F9", conference, line=True),
    ]
