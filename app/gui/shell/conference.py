"""Hides everything personal while others look on: one key, until the same key, or the end of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDialog, QMainWindow, QWidget

from app.gui.commands.mask import TOOLS
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller

if TYPE_CHECKING:
    from app.project.session import Session

NAME = "DenseSeg Review"
SILENT = "What there is to say stands in the messages."
"""In place of every sentence over the image: any may name somebody."""
GOES_ON = frozenset(
    (
        *("conference", "quit", "nextImage", "previousImage", "firstImage", "lastImage", "nextOpen", "nextFinding"),
        *("previousFinding", "fit", "actualSize", "zoomIn", "zoomOut", "invert", "autoWindow", "gammaDown", "gammaUp"),
        *("gammaReset", "turnLeft", "turnRight", "mirror", "resetTurn", "magnifier", "structures", "outlines", "fills"),
        *("noMasks", "uvColours", "corrections", "labels", "cornerTexts", "linePatterns", "navigate", "landmarkMode"),
        *("maskMode", "brushSmaller", "brushLarger", "fillHoles", "keepLargest", "growMask", "shrinkMask"),
        *("nextStructure", "confirmPlacement"),
        *(
            "absentPlacement",
            "resetPlacement",
            "accept",
            "secondOpinion",
            "reject",
            "linkViews",
            "nextPane",
            "closePane",
        ),
        *(f"preset{number}" for number in range(1, 7)),
        *(verb for verb, *_ in TOOLS.values()),
    )
)
"""What shows no name, and leads to none: all other commands rest."""
_ANY_HEIGHT = 16777215  # QWIDGETSIZE_MAX


def title_of(session: Session | None, private: bool) -> str:
    """The window's title."""
    if private:
        return f"{NAME} · research use only"
    return f"{session.path.stem} · {NAME}" if session is not None else NAME


class Conference(QObject):
    """What besides the image itself may show a name goes: menus, panels, status line, messages, open dialogs.

    The image's own texts ask `Look.private` themselves. Commands of `GOES_ON` go on, by their keys.

    Parameters
    ----------
    window : QMainWindow
    controller : Controller
    hidden : sequence of QWidget
        What is hidden, stays so, and comes back where it was there.
    actions : Actions
    show : callable
        Puts panels and title as they are to be now.
    refresh : callable
        Makes commands ready for what is shown, and calls `lock`.
    """

    def __init__(
        self,
        window: QMainWindow,
        controller: Controller,
        hidden: Sequence[QWidget],
        actions: Actions,
        show: Callable[[], None],
        refresh: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        self._hidden, self._actions, self._show, self._refresh = hidden, actions, show, refresh
        self._before: list[QWidget] = []
        self.on = False
        actions["conference"].setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)  # from any of its windows
        for widget in hidden:
            widget.installEventFilter(self)
        controller.lookChanged.connect(self._follow)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.on and event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            QTimer.singleShot(0, watched, watched.hide)  # a line that something just made known
        return False

    def _follow(self) -> None:
        if self._controller.look.private == self.on:
            return
        self.on = self._controller.look.private
        # With a height of nothing its keys work; those of a menu bar that is hidden do not.
        self._window.menuBar().setMaximumHeight(0 if self.on else _ANY_HEIGHT)
        if self.on:
            self._before = [widget for widget in self._hidden if not widget.isHidden()]
            for dialog in self._window.findChildren(QDialog):
                dialog.reject()  # what it had begun ends with it
            self._window.activateWindow()  # the same key is to end it
        for widget in self._before:
            widget.setVisible(not self.on)
        self._show()
        self._refresh()

    def lock(self) -> None:
        """Let what rests rest on: commands were just made ready for what is shown."""
        if self.on:
            for verb, action in self._actions.by_verb.items():
                if verb not in GOES_ON:
                    action.setEnabled(False)
