"""The image that is to be shown as soon as there is any picture of it; until then the one before stays."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.gui.image.viewport import Surface
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.state.view_state import ViewState

LONGEST_WAIT_MS = 400
"""So long the picture before stays where the reader rests at an image that has none yet."""


class Awaiting(QObject):
    """Keeps the picture that is shown until there is one of the next image: nobody should look at black meanwhile.

    Parameters
    ----------
    view : Surface
    controller : Controller
    pictures : Pictures
    show : callable
        Shows an image by its name.
    parent : QObject

    Attributes
    ----------
    image : str
        The awaited one; empty mostly. Until it is shown, the one before stays with its name and all that belongs to it.
    """

    def __init__(
        self,
        view: Surface,
        controller: Controller,
        pictures: Pictures,
        show: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._view, self._controller, self._pictures, self._show = view, controller, pictures, show
        self.image = ""
        self._stepped_to: set[str] = set()
        self._give_up = QTimer(self, singleShot=True, interval=LONGEST_WAIT_MS)
        self._give_up.timeout.connect(lambda: show(controller.image))

    def begin(self, state: ViewState) -> bool:
        """Whether the chosen image is waited for; where the reader rests at it, it is shown in any case after a moment.

        Then it is said there that it is loading.
        """
        session, name, shown = self._controller.session, state.image, self._view.image
        if session is None or name not in session.images or shown not in session.images or name == shown:
            return False
        hopeless = session.status(name) in ("failed", "missing")
        if self._view.grey.picture is None or hopeless or self._pictures.anything(name) is not None:
            return False
        self.image = name
        self._stepped_to.add(name)
        if state.passing:
            self._give_up.stop()
            self._pictures.fetch([name])
        else:
            self._give_up.start()
        return True

    def end(self, shown: str) -> None:
        """An image is being shown: nothing is awaited any more."""
        if shown == self._controller.image:
            self._give_up.stop()
            if not self._controller.passing:
                self._stepped_to.clear()
        self.image = ""

    def take(self, name: str) -> bool:
        """A picture has come, or can't: show the image if it is the awaited one, or was stepped over on the way."""
        if not self.image or name not in self._stepped_to:
            return False
        awaited = self.image if name != self.image else ""
        self._show(name)
        self.image = awaited
        return True
