"""The commands below File ▸ Recent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app.gui.commands.command import Command
from app.gui.state.recent_projects import MOST, RecentProjects, folder_words


def title(path: Path) -> str:
    """A project in the menu: its name and its folder."""
    return f"{path.stem}  ({folder_words(path)})"


def recent_commands(
    recent: RecentProjects, open_project: Callable[[Path], bool], changed: Callable[[], None]
) -> Sequence[Command]:
    """The lines of the menu.

    Parameters
    ----------
    recent : RecentProjects
    open_project : callable
        Opens a project file; whether that went well.
    changed : callable
        Called when the list changed here.
    """

    def open_one(number: int) -> None:
        paths = recent.paths()
        if number <= len(paths):
            open_project(paths[number - 1])

    def clear() -> None:
        recent.clear()
        changed()

    def remember(on: bool) -> None:
        recent.switch(on)
        changed()

    menu, tip = "File/Recent", "Forget these projects and how they were shown"
    ids = "Paths and ids only, on this machine"
    return [
        *(Command(f"recent{n}", menu, f"Recent project {n}", partial(open_one, n)) for n in range(1, MOST + 1)),
        Command("clearRecent", menu, "Clear the list", clear, tip=tip, line=True),
        Command("rememberProjects", menu, "Remember projects", remember, group="own", tip=ids),
    ]
