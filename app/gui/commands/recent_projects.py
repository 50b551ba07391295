"""What the commands below File ▸ Recent do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.gui.shell.window_state import MOST
from app.gui.widgets.plain_text import caption, tip

if TYPE_CHECKING:
    from app.gui.shell.main_window import Window

LONGEST = 48
"""Characters of a folder in the menu."""


def _short(folder: Path) -> str:
    """A folder with the home folder as ~, its beginning left out where it is long."""
    home = Path.home()
    text = f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
    return text if len(text) <= LONGEST else f"…{text[-LONGEST:]}"


class RecentCommands:
    """One method per verb: `recent1` and so on, `clearRecent`, `rememberProjects`."""

    def __init__(self, window: Window) -> None:
        self._window, self._memory = window, window.projects.memory
        for number in range(1, MOST + 1):
            setattr(self, f"recent{number}", partial(self._open, number))

    def _open(self, number: int) -> None:
        recent = self._memory.recent()
        if number > len(recent):
            return
        path = recent[number - 1]
        if not self._window.projects.open(path) and not path.exists():
            self._memory.forget(path)
            self.show()

    def clearRecent(self) -> None:
        self._memory.clear()
        self.show()

    def rememberProjects(self, on: bool) -> None:
        self._memory.switch(on)
        self.show()

    def show(self) -> None:
        """Let the menu list the projects, by name and folder."""
        recent = self._memory.recent()
        for number in range(1, MOST + 1):
            action = self._window.actions_[f"recent{number}"]
            action.setVisible(number <= len(recent))
            if number <= len(recent):
                path = recent[number - 1]
                action.setText(caption(f"{path.stem} · {_short(path.parent)}"))
                action.setToolTip(tip(str(path)))
        self._window.actions_["clearRecent"].setEnabled(bool(recent))
        self._window.actions_["rememberProjects"].setChecked(self._memory.on)
