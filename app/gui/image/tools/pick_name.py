"""While a formula is written, a click in an image picks what it names: a landmark, else the structure under it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QMouseEvent

from app.gui.image.tools.tool import PlainTool
from app.gui.image.viewport import Viewport
from app.gui.state.controller import Controller
from app.gui.state.interaction import Drag


class PickName(PlainTool, QObject):
    """Says what was clicked.

    Signals: `picked` with its name, empty where nothing was under the mouse.
    """

    picked = Signal(str)
    name = "pick"

    def __init__(self, controller: Controller, parent: QObject) -> None:
        QObject.__init__(self, parent)
        self._controller = controller

    def begin(self, view: Viewport, event: QMouseEvent) -> Drag:
        """A click counts where the button went down, once it is up again."""
        at = event.position()

        def pick(_: QMouseEvent) -> None:
            session, xy = self._controller.session, view.native_of(at)
            name = view.marker_at(at)
            if not name and session is not None and xy is not None and view.image:
                under = session.structures_at(view.image, (float(xy[0]), float(xy[1])))
                name = next((one for one in under if self._controller.look.shows(one)), "")
            self.picked.emit(name)

        return Drag(at, pick)
