"""The arguments that the window is started with. Reads them without Qt, so that wrong ones are told at once."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from difflib import get_close_matches

from app.core.text import one_line


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read ``[PATH...] [--project FILE] [--model NAME|FOLDER]``; an unknown option ends the program (exit code 2).

    Returns
    -------
    argparse.Namespace
        `paths` (list of str), `project` and `model` (str or None).
    """
    parser = argparse.ArgumentParser(prog="main.py", description="Review segmentations and landmarks on radiographs.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="images or folders to open")
    parser.add_argument("--project", metavar="FILE", help="project file to open, or to make")
    parser.add_argument("--model", metavar="NAME|FOLDER", help="model bundle (default: chest, or the project's own)")
    return parser.parse_args(list(argv))


def missing_paths(argv: Sequence[str], commands: Sequence[str]) -> list[str]:
    """What is wrong with the PATHs among the arguments: one sentence for each that does not exist.

    Parameters
    ----------
    argv : sequence of str
        The arguments without the program's name.
    commands : sequence of str
        Names of the sub-commands: a first argument that is a plain word was perhaps meant to be one. Then nothing
        else is looked at, since what follows are that command's arguments.
    """
    first = argv[0] if argv else ""
    is_word = first and not first.startswith("-") and not any(sign in first for sign in ("/", os.sep, "."))
    if is_word and not _exists(first):
        likely = get_close_matches(first.lower(), commands, n=1)
        meant = f"Did you mean “{likely[0]}”?" if likely else f"The commands are {', '.join(commands)}."
        return [one_line(f"“{first}” is neither a command nor an existing file or folder. {meant}")]
    return [
        one_line(f"There is no file or folder “{path}”. Check how it is spelled.")
        for path in read_arguments(argv).paths
        if not _exists(path)
    ]


def _exists(path: str) -> bool:
    """Path.exists would raise where a name is too long or a folder may not be read."""
    return os.path.exists(path)  # noqa: PTH110
