"""The commands of the Image menu: which image is shown, in which order, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from app.gui.commands.command import Command
from app.gui.image.image_view import ImageView
from app.gui.image.spacing_dialog import SpacingDialog
from app.gui.state.desk import Desk
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
    desk: Desk,
    worklist: Worklist,
    view: ImageView,
    predicting: Predicting,
    show_least_certain: Callable[[str], None],
    orientation: Sequence[Command],
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    parent : QWidget
        Of the dialogs.
    desk : Desk
    worklist : Worklist
        Whose order and filter say which image is next.
    view : ImageView
        Where a pixel's size is measured.
    predicting : Predicting
    show_least_certain : callable
        Goes to the least certain point of an image, and says which it is.
    orientation : sequence of Command
        The lines of the submenu.
    """

    def set_spacing() -> None:
        if desk.image:
            SpacingDialog(parent, desk, view, worklist.selected()).show()

    return [
        *_steps(desk, worklist),
        Command("filter", "Image", "Filter the worklist", worklist.edit_filter, "Ctrl+F", "project", line=True),
        *_orders(worklist),
        Command(
            "leastCertain",
            "Image",
            "Least certain point here",
            lambda: show_least_certain(desk.image),
            needs="image",
            tip="The point with the lowest confidence",
        ),
        Command(
            "predictAgain",
            "Image",
            "Predict this image again",
            lambda: predicting.predict([desk.image]),
            "F5",
            "image writable",
            line=True,
        ),
        Command("cancelPrediction", "Image", "Cancel prediction", predicting.cancel),
        *orientation,
        Command("setSpacing", "Image", "Set pixel size…", set_spacing, needs="image writable", line=True),
        Command(
            "removeImage", "Image", "Remove from the project", lambda: _remove(desk, worklist), needs="image writable"
        ),
    ]


def _steps(desk: Desk, worklist: Worklist) -> Sequence[Command]:
    def step(by: int) -> None:
        name = worklist.neighbour(by)
        if name:
            desk.show_image(name)

    def jump(row: int) -> None:
        if worklist.model.shown:
            desk.show_image(worklist.model.shown[row])

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


def _remove(desk: Desk, worklist: Worklist) -> None:
    session, name = desk.session, desk.image
    if session is not None and name:
        following = worklist.neighbour(1) or worklist.neighbour(-1)
        if desk.do(session.remove_images, [name]) and following:
            desk.show_image(following)
