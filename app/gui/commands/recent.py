"""The commands below File ▸ Recent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app.gui.commands.command import Command
from app.gui.state.recent_projects import MOST, RecentProjects

LONGEST = 48
"""Characters of a folder in the menu."""


def title(path: Path) -> str:
    """A project in the menu: its name and folder, the home folder as ~, the beginning left out where it is long."""
    folder, home = path.parent, Path.home()
    text = f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
    return f"{path.stem} · {text if len(text) <= LONGEST else f'…{text[-LONGEST:]}'}"


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
        if number <= len(paths) and not open_project(paths[number - 1]) and not paths[number - 1].exists():
            recent.forget(paths[number - 1])
            changed()

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
