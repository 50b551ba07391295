"""Hides everything personal while others look on: one key, until the same key, or the end of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QMainWindow, QWidget

from app.gui.commands.view import PANELS
from app.gui.shell.actions import Actions
from app.gui.state.controller import Controller

if TYPE_CHECKING:
    from app.project.session import Session

NAME = "DenseSeg Review"
PERSONAL = "What is to be said names an image or a person: it stands in the messages."
RESTING = (
    *(verb for verb, *_ in PANELS.values()),
    *(
        "sheetPage",
        "commandPalette",
        "showMessages",
        "history",
        "undo",
        "redo",
        "openProject",
        "openFolder",
        "closeProject",
    ),
)
"""Commands that show names, or lead to them."""
_ANY_HEIGHT = 16777215  # QWIDGETSIZE_MAX


def title_of(session: Session | None, private: bool) -> str:
    """The window's title."""
    if private:
        return f"{NAME} · research use only"
    return f"{session.path.stem} · {NAME}" if session is not None else NAME


class Conference(QObject):
    """What besides the image itself may show a name goes: menus, panels, status line, messages, open dialogs.

    The image's own texts ask `Look.private` themselves. Keys go on doing what they do, but for those that would show a
    name again.

    Parameters
    ----------
    window : QMainWindow
    controller : Controller
    hidden : sequence of QWidget
        What is hidden and comes back.
    actions : Actions
        All commands: those of `RESTING` would show such a thing again, and rest meanwhile.
    show : callable
        Puts panels and title as they are to be now.
    """

    def __init__(
        self,
        window: QMainWindow,
        controller: Controller,
        hidden: Sequence[QWidget],
        actions: Actions,
        show: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        self._hidden, self._resting, self._show = hidden, [actions[verb] for verb in RESTING], show
        self._before: list[QWidget] = []
        self.on = False
        controller.lookChanged.connect(self._follow)

    def _follow(self) -> None:
        if self._controller.look.private == self.on:
            return
        self.on = self._controller.look.private
        # With a height of nothing its keys work; those of a menu bar that is hidden do not.
        self._window.menuBar().setMaximumHeight(0 if self.on else _ANY_HEIGHT)
        if self.on:
            self._before = [widget for widget in self._hidden if not widget.isHidden()]
            for dialog in self._window.findChildren(QDialog):
                dialog.hide()
            self._window.activateWindow()  # the same key is to end it
        for widget in self._before:
            widget.setVisible(not self.on)
        for action in self._resting:
            action.setEnabled(not self.on)
        self._show()

    def lock(self) -> None:
        """Let what rests rest on: commands were just made ready for what is shown."""
        if self.on:
            for action in self._resting:
                action.setEnabled(False)
