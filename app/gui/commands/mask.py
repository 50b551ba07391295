"""The commands of the Mask menu: which tool edits the chosen structure's mask, and what changes it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from app.core import mask_edit
from app.core.landmark import PlacementState
from app.core.masks import Mask
from app.gui.commands.command import Command
from app.gui.state.controller import Controller, nothing_to_edit
from app.gui.state.view_state import MaskTool

NEEDS = "image writable"
BRUSH_STEP = 1.25
GROW_MM = 1.0
GROW_PX = 3.0
"""Where nobody knows how large a pixel is."""
TOOLS = {
    MaskTool.PUSH: ("maskPush", "Push the outline", "W", "Drag the border; it follows softly"),
    MaskTool.BRUSH: ("maskBrush", "Brush", "B", "Paint; Shift or the right button erases"),
    MaskTool.ERASER: ("maskEraser", "Eraser", "E", "Erase; Shift or the right button paints"),
    MaskTool.LASSO: (
        "maskLasso",
        "Lasso",
        "Q",
        "Encircle what belongs to it; Shift or the right button: what does not",
    ),
    MaskTool.POLYGON: (
        "maskPolygon",
        "Polygon",
        "Y",
        "Click around it; Enter, a double click or the first corner closes. Shift or the right button: take away",
    ),
    MaskTool.SNAP: (
        "maskSnap",
        "Snap to edge",
        "S",
        "As the polygon, but the line runs along the edges that you see",
    ),
    MaskTool.SMOOTH: ("maskSmooth", "Smooth", "R", "Smooth the border under the brush"),
}
"""Verb, words, key and tip by tool."""


def mask_commands(controller: Controller) -> Sequence[Command]:
    """The lines of the menu."""

    def use(tool: MaskTool, _: bool) -> None:
        controller.use_mask_tool(tool)

    def resize(factor: float) -> None:
        controller.set_brush(controller.state.brush * factor)

    tools = [
        Command(verb, "Mask", words, partial(use, tool), key, NEEDS, group="maskTool", tip=tip)
        for tool, (verb, words, key, tip) in TOOLS.items()
    ]
    tip = "Also: Alt and the wheel"

    def enter(_: bool) -> None:
        controller.use_mask_tool(controller.state.mask_tool)

    how = "Left drag edits the mask of the chosen structure"
    return [
        Command("maskMode", "Mask", "Mask", enter, "M", NEEDS, group="mode", tip=how),
        *tools,
        Command(
            "brushSmaller", "Mask", "Smaller brush", partial(resize, 1 / BRUSH_STEP), "[", "image", tip=tip, line=True
        ),
        Command("brushLarger", "Mask", "Larger brush", partial(resize, BRUSH_STEP), "]", "image", tip=tip),
        *_whole(controller),
    ]


def _whole(controller: Controller) -> Sequence[Command]:
    def edit(change: Callable[[Mask], object]) -> None:
        _edit(controller, change)

    def grow(sign: int) -> None:
        _edit(controller, partial(mask_edit.grow, by=_step(controller, sign)))

    def absent() -> None:
        _act(controller, lambda: controller.open_session().set_mask_absent)

    def through() -> None:
        _through_points(controller)

    def reset() -> None:
        _act(controller, lambda: controller.open_session().reset_mask)

    how = "By 1 mm, a pixel at least; by 3 pixels where their size is unknown"
    return [
        Command("fillHoles", "Mask", "Fill holes", partial(edit, mask_edit.fill_holes), needs=NEEDS, line=True),
        Command("keepLargest", "Mask", "Keep the largest piece", partial(edit, mask_edit.keep_largest), needs=NEEDS),
        Command("growMask", "Mask", "Grow", partial(grow, 1), "Ctrl+Shift+Up", NEEDS, tip=how),
        Command("shrinkMask", "Mask", "Shrink", partial(grow, -1), "Ctrl+Shift+Down", NEEDS, tip=how),
        Command(
            "maskThroughPoints",
            "Mask",
            "Bring the outline to the corrected points",
            through,
            "Ctrl+B",
            NEEDS,
            tip="The model’s contour points that a reader moved take the outline along",
        ),
        Command("maskAbsent", "Mask", "Set absent in this image", absent, "Ctrl+Shift+A", NEEDS, line=True),
        Command("resetMask", "Mask", "Back to the predicted mask", reset, "Ctrl+Backspace", NEEDS),
    ]


def points(count: int) -> str:
    """So many points of the model's contour, in words."""
    return f"{count} contour point{'' if count == 1 else 's'}"


def _step(controller: Controller, sign: int) -> tuple[float, float]:
    """By how many pixels a border moves along x and y."""
    spacing = controller.frame(controller.image).spacing
    if spacing is None:
        return sign * GROW_PX, sign * GROW_PX
    return sign * max(GROW_MM / spacing.column_mm, 1.0), sign * max(GROW_MM / spacing.row_mm, 1.0)


def _act(controller: Controller, action: Callable[[], Callable[[str, str], object]]) -> None:
    if controller.session is not None and controller.image and controller.structure:
        controller.interaction.cancel()
        controller.do(action(), controller.image, controller.structure)


def _edit(controller: Controller, change: Callable[[Mask], object]) -> None:
    """Change the chosen structure's mask as a whole, as one undo step."""
    session, image, structure = controller.session, controller.image, controller.structure
    if session is None or not image or not structure:
        return
    controller.interaction.cancel()
    found = session.mask(image, structure)
    title = session.template.structure(structure).title.lower()
    if locked := controller.why_locked(image):
        controller.tell(locked)
    elif found is None:
        controller.tell(nothing_to_edit(title))
    else:
        mask = found.copy()
        change(mask)
        if not mask.any():
            controller.tell(f"That would leave nothing of the {title}. If it can’t be seen, set it to absent.")
        elif not (mask == found).all():
            controller.correct_mask(image, structure, mask)
        else:
            controller.tell(f"The {title} is so already.")


def _through_points(controller: Controller) -> None:
    """Bring the outline to those of the model's contour points that readers corrected in this image."""
    session, image, structure = controller.session, controller.image, controller.structure
    if session is None or not image or not structure:
        return
    own = {(mark.name, mark.structure) for mark in session.bundle.landmarks}
    if controller.is_models_own(controller.landmark):  # the point that was just moved says whose outline is meant
        structure = session.landmark(controller.landmark).structure
        controller.choose_structure(structure)
    placed = [p for p in session.placements_in(image) if (p.landmark.name, p.landmark.structure) in own]
    contour = np.array([p.xy for p in placed if p.landmark.structure == structure], float).reshape(-1, 2)
    moved = [p.xy for p in placed if p.landmark.structure == structure and p.state is PlacementState.CORRECTED]
    if not moved:
        title = session.template.structure(structure).title.lower()
        controller.tell(f"No contour point of the {title} was corrected in this image.")
        return
    apart = np.linalg.norm(np.diff(contour, axis=0, append=contour[:1]), axis=1)
    before = session.masks(image).source(structure)
    _edit(controller, partial(mask_edit.through, points=moved, reach=1.5 * float(np.nanmedian(apart))))
    off = len(session.off_outline(image, structure))
    if off and session.masks(image).source(structure) is not before:
        controller.tell(
            f"The outline runs through what you corrected. {points(off)} {'is' if off == 1 else 'are'} off it now: "
            "editing a mask moves no landmark. Exports mark them."
        )
