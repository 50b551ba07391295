"""The menus by right click: on a marker, an image, a row of the worklist or of the landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller

PLACEMENT = (
    ("confirmPlacement", "absentPlacement", "resetPlacement"),
    ("renameLandmark", "colourLandmark", "hideLandmark", "deleteLandmark"),
)
IMAGE = (("newLandmark",), ("fit", "actualSize", "invert"))
LANDMARK = (
    ("leastConfident", "editLandmark", "renameLandmark", "colourLandmark", "hideLandmark"),
    ("lockLandmark", "moveLandmarkUp", "moveLandmarkDown", "deleteLandmark"),
)


class ContextMenus:
    """Opens them over a window, made of its actions.

    Parameters
    ----------
    window : QWidget
    controller : Controller
    actions : Actions
    images_menu : callable
        Makes the menu of images of the worklist, by their names.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        actions: Actions,
        images_menu: Callable[[QWidget, Sequence[str]], QMenu],
    ) -> None:
        self._window, self._controller, self._actions, self._images_menu = window, controller, actions, images_menu

    def show_marker(self, name: str, at: QPoint) -> None:
        """What can be done with a landmark in this image, or with the image where there is none."""
        if name:
            self._controller.choose_landmark(name)
        self._open(self._made(PLACEMENT if name else IMAGE), at)

    def show_landmark(self, at: QPoint) -> None:
        """What can be done with a landmark in all images."""
        self._open(self._made(LANDMARK), at)

    def show_images(self, names: Sequence[str], at: QPoint) -> None:
        """What can be done with images."""
        self._open(self._images_menu(self._window, names), at)

    def _made(self, groups: Sequence[Sequence[str]]) -> QMenu:
        menu = QMenu(self._window)
        for number, group in enumerate(groups):
            if number:
                menu.addSeparator()
            for verb in group:
                menu.addAction(self._actions[verb])
        return menu

    def _open(self, menu: QMenu, at: QPoint) -> None:
        menu.setObjectName("contextMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)
