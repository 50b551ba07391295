"""One command: what the menus say of it, its keys, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial


@dataclass(frozen=True)
class Command:
    """One line of the menus.

    Attributes
    ----------
    verb : str
        The action's object name is ``action.<verb>``.
    menu : str
        One of `shell.actions.MENUS`; a submenu after a slash.
    text : str
    run : callable
        Does it. That of a checkable command is told whether it is checked now.
    keys : str
        Separated by spaces.
    needs : str
        Separated by spaces: ``nothing``, a ``project``, a ``writable`` one, an ``image`` or a ``landmark`` must be
        there, or an ``overlap`` of structures under the mouse; uv ``colours`` are drawn in all modes but Mask.
    group : str
        Checkable actions of one group exclude each other; ``own`` for a switch of its own.
    tip : str
    line : bool
        Whether a separating line comes before it.
    by_key : callable or None
        Asked before a key does it: False where a key may not do it now, which it says. Menus may.
    key_words : str
        Where the key works, for the list of keys; empty: everywhere.
    """

    verb: str
    menu: str
    text: str
    run: Callable[..., object]
    keys: str = ""
    needs: str = "nothing"
    group: str = ""
    tip: str = ""
    line: bool = False
    by_key: Callable[[], bool] | None = None
    key_words: str = ""


def only_where_seen(commands: Iterable[Command], unseen: Callable[[], bool]) -> list[Command]:
    """The same commands; those that change what is said of an image ask first whether it is seen.

    Parameters
    ----------
    commands : iterable of Command
    unseen : callable
        Whether something else is on the screen than the image that is chosen; says so.
    """
    return [
        replace(command, run=partial(_if_seen, command.run, unseen)) if _of_image(command) else command
        for command in commands
    ]


def _of_image(command: Command) -> bool:
    needs = command.needs.split()
    return "writable" in needs and ("image" in needs or "landmark" in needs)


def _if_seen(run: Callable[..., object], unseen: Callable[[], bool], *arguments: object) -> None:
    if not unseen():
        run(*arguments)
