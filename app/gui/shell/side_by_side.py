"""Two to four images side by side: what links them, what is offered in their corners, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.gui.commands.command import Command
from app.gui.commands.compare import VERBS, compare_commands
from app.gui.image.earlier_studies import EarlierStudies
from app.gui.image.linked_views import LinkedViews
from app.gui.image.pane_corner import PaneCorners
from app.gui.image.split_view import ImagesPane
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller


class SideBySide:
    """Puts together what belongs to several panes.

    Parameters
    ----------
    controller : Controller
    images : ImagesPane

    Attributes
    ----------
    links : LinkedViews
    studies : EarlierStudies
    corners : PaneCorners
    """

    def __init__(self, controller: Controller, images: ImagesPane) -> None:
        self._controller, self._images = controller, images
        self.links = LinkedViews(controller, images)
        self.studies = EarlierStudies(controller, images)
        self.corners = PaneCorners(controller, images, self.links, self.studies)

    def commands(self, selected: Callable[[], Sequence[str]]) -> Sequence[Command]:
        """The lines of View, Compare; `selected` tells which images are chosen in the worklist."""
        return compare_commands(self._controller, self._images, self.links, self.studies, selected)

    def listen(self, actions: Actions, fetch: Callable[[], object]) -> None:
        """Let the menu say what stands side by side, and have its pictures decoded."""

        def show() -> None:
            actions[VERBS[self._images.beside]].setChecked(True)
            fetch()

        self._images.compared.connect(show)
        self.links.switched.connect(actions["linkViews"].setChecked)
        actions["linkViews"].setChecked(self.links.on)
        actions["compareNone"].setChecked(True)
