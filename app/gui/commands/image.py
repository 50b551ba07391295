"""The commands of the Image menu: which image is shown, in which order, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.gui.commands.command import Command
from app.gui.commands.rename import rename_image
from app.gui.image.spacing_dialog import SpacingDialog
from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.state.predicting import Predicting
from app.gui.worklist.worklist_model import Order
from app.gui.worklist.worklist_view import Worklist

ORDERS = {
    Order.ADDED: ("sortAdded", "As added"),
    Order.NAME: ("sortName", "Name"),
    Order.PATIENT: ("sortPatient", "Patient"),
    Order.STATE: ("sortState", "State"),
    Order.CONFIDENCE: ("worstFirst", "Lowest confidence"),
    Order.CORRECTIONS: ("sortCorrections", "Corrections"),
    Order.REMARK: ("sortRemark", "Remark"),
}
"""Verb and words by order."""


def image_commands(
    parent: QWidget,
    controller: Controller,
    worklist: Worklist,
    images: ImagesPane,
    predicting: Predicting,
    show_least_certain: Callable[[str], None],
    orientation: Sequence[Command],
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    parent : QWidget
        Of the dialogs.
    controller : Controller
    worklist : Worklist
        Whose order and filter say which image is next.
    images : ImagesPane
        Where a pixel's size is measured.
    predicting : Predicting
    show_least_certain : callable
        Goes to the least certain point of an image, and says which it is.
    orientation : sequence of Command
        The lines of the submenu.
    """

    return [
        *_steps(controller, worklist, images),
        Command("filter", "Image", "Filter the worklist", worklist.edit_filter, "Ctrl+F", "project", line=True),
        Command("filterValue", "Image", "Filter by a measurement…", worklist.ask_condition, "Ctrl+Shift+F", "project"),
        *_orders(worklist),
        Command(
            "leastCertain",
            "Image",
            "Least certain point here",
            lambda: show_least_certain(controller.image),
            needs="image",
            tip="The point with the lowest confidence",
        ),
        Command(
            "predictAgain",
            "Image",
            "Predict this image again",
            lambda: predicting.predict([controller.image]),
            "F5",
            "image writable",
            line=True,
        ),
        Command("cancelPrediction", "Image", "Cancel prediction", predicting.cancel),
        *orientation,
        *_entries(parent, controller, worklist, images),
    ]


def _entries(parent: QWidget, controller: Controller, worklist: Worklist, images: ImagesPane) -> Sequence[Command]:
    """What the project knows of the image: the size of a pixel, its name, and that it is there at all."""

    def set_spacing() -> None:
        if controller.image:
            SpacingDialog(parent, controller, images.active, worklist.selected()).show()

    def rename() -> None:
        rename_image(parent, controller, controller.image)

    def remove() -> None:
        _remove(controller, worklist)

    needs, tip = "image writable", "The file keeps its own name"
    return [
        Command("setSpacing", "Image", "Set pixel size…", set_spacing, needs=needs, line=True),
        Command("renameImage", "Image", "Rename…", rename, needs=needs, tip=tip),
        Command("removeImage", "Image", "Remove from the project", remove, needs=needs),
    ]


def _steps(controller: Controller, worklist: Worklist, images: ImagesPane) -> Sequence[Command]:
    def step(by: int) -> None:
        name = worklist.neighbour(by)
        if name:
            controller.step_to(name)
        elif worklist.model.shown:
            controller.tell(f"This is the {'last' if by > 0 else 'first'} image of the list.", images.active)
        else:
            controller.tell("The filter lets no image through.", images.active)

    def jump(row: int) -> None:
        if worklist.model.shown:
            controller.show_image(worklist.model.shown[row])

    return [
        Command("nextImage", "Image", "Next image", partial(step, 1), "PgDown Right Down", "image"),
        Command("previousImage", "Image", "Previous image", partial(step, -1), "PgUp Left Up", "image"),
        Command("firstImage", "Image", "First image", partial(jump, 0), "Home", "image"),
        Command("lastImage", "Image", "Last image", partial(jump, -1), "End", "image"),
    ]


def _orders(worklist: Worklist) -> Sequence[Command]:
    keys = {Order.CONFIDENCE: "Ctrl+Shift+W"}
    return [
        Command(
            verb,
            "Image/Sort by",
            words,
            lambda _, order=order: worklist.set_order(order),
            keys.get(order, ""),
            group="order",
        )
        for order, (verb, words) in ORDERS.items()
    ]


def _remove(controller: Controller, worklist: Worklist) -> None:
    session, name = controller.session, controller.image
    if session is not None and name:
        following = worklist.neighbour(1) or worklist.neighbour(-1)
        if controller.do(session.remove_images, [name]) and following:
            controller.show_image(following)
