"""The menus by right click: on a marker, an image, a row of the worklist or of the landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.gui.image.earlier_studies import EarlierStudies
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import caption

PLACEMENT = (
    ("confirmPlacement", "absentPlacement", "resetPlacement"),
    ("renameLandmark", "colourLandmark", "hideLandmark", "deleteLandmark"),
)
TILES = (PLACEMENT[0], ("secondOpinion", "reject", "reopen"), ("sheetPage", "alignCrops"))
IMAGE = (("newLandmark",), ("fit", "actualSize", "invert"), ("comparePredicted", "compareMirrored"))
MOST_STUDIES = 5
"""So many earlier studies are offered, the newest of them."""
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
    studies : EarlierStudies
        What the menu of the image offers beside it.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        actions: Actions,
        images_menu: Callable[[QWidget, Sequence[str]], QMenu],
        studies: EarlierStudies,
    ) -> None:
        self._window, self._controller, self._actions, self._images_menu = window, controller, actions, images_menu
        self._studies = studies

    def show_marker(self, name: str, at: QPoint) -> None:
        """What can be done with a landmark in this image, or with the image where there is none."""
        if name:
            self._controller.choose_landmark(name)
        menu = self._made(PLACEMENT if name else IMAGE)
        for study in () if name else self._studies.earlier[:MOST_STUDIES]:
            menu.addAction(caption(self._studies.words(study)), partial(self._studies.show, study.image))
        self._open(menu, at)

    def show_tiles(self, name: str, at: QPoint) -> None:
        """What can be done with a landmark in the tiles of the contact sheet that are selected, or in one."""
        self._open(self._made(TILES), at)

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
