"""What the template shows of all images: its button, the switches of its menu, the images of a clicked place."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton

from app.gui.commands.cohort import LAYERS, MENU
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller
from app.gui.template.template_view import TemplateView

LONGEST = 26
"""So many letters of a name fit on the worklist's chip."""


def shortened(title: str) -> str:
    """A name that fits, its middle left out where it is long."""
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 9]}…{title[-8:]}"


class Layering(QObject):
    """Lets menu and button say what is shown, and hands the images of a clicked place on.

    Parameters
    ----------
    controller : Controller
    template : TemplateView
    actions : Actions
    button : QPushButton
        Above the template.
    show_only : callable
        Lists images, with words for the reader.
    """

    def __init__(
        self,
        controller: Controller,
        template: TemplateView,
        actions: Actions,
        button: QPushButton,
        show_only: Callable[[str, Iterable[str]], None],
    ) -> None:
        super().__init__(controller)
        self._template, self._actions = template, actions
        button.setMenu(actions.menu(MENU))
        template.listWanted.connect(lambda title, names: show_only(f"{shortened(title)}: {len(names)}", names))
        template.layerShown.connect(self._show)
        self._show()

    def _show(self) -> None:
        cohorts = self._template.cohorts
        self._actions["layerOfFiltered"].setChecked(cohorts.filtered)
        self._actions[LAYERS[cohorts.layer][0]].setChecked(True)
