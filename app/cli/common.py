"""What the commands of the command line share: sentences, wrong usage, folders, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from app.core.text import one_line
from app.io.bundle import BUNDLES, Bundle, read_bundle
from app.io.errors import BundleError

AUTO = "auto"
"""In place of a model's name: each image is predicted with the one that it looks right for."""


def say(sentence: str) -> None:
    """One line on standard error, whatever names it quotes."""
    sys.stderr.write(one_line(sentence) + "\n")


def wrong_usage(sentence: str) -> NoReturn:
    """Say what is wrong and end with exit code 2."""
    say(f"Error: {sentence}")
    raise typer.Exit(2)


def check_backend(backend: str) -> None:
    """End with exit code 2 unless there is such a backend."""
    if backend not in {"auto", "openvino", "torch"}:
        wrong_usage(f"--backend is “auto”, “openvino” or “torch”, not “{backend}”.")


def bundle_named(model: str) -> Bundle:
    """The bundle of this name or in this folder; ends with exit code 2 where there is none."""
    if model == AUTO:
        wrong_usage("“--model auto” is for predict alone: landmarks and measurements belong to one model. Name it.")
    try:
        return read_bundle(model)
    except BundleError as error:
        wrong_usage(str(error))


def bundles_to_choose_from() -> list[Bundle]:
    """Of each anatomy the first of the program's own bundles that can say whether an image is one of theirs."""
    found: dict[str, Bundle] = {}
    for bundle in [bundle_named(path.parent.name) for path in sorted(BUNDLES.glob("*/bundle.json"))]:
        if bundle.plausibility is not None:
            found.setdefault(bundle.template.anatomy, bundle)
    return list(found.values())


def make_folder(out: Path) -> None:
    """Make a folder for results; ends with exit code 2 where nothing can be written to it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        wrong_usage(f"The folder {out} cannot be made or written to ({error.strerror or error}).")


def check_folder(folder: Path) -> None:
    """End with exit code 2 unless there is such a folder."""
    if not folder.is_dir():
        wrong_usage(f"There is no folder {folder}.")


@contextmanager
def reported_errors() -> Iterator[None]:
    """Turn errors over data into a sentence and exit code 1."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        say(f"Error: {error}")
        raise typer.Exit(1) from None


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, where that is a terminal; call it with done and total."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total or None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def step_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for work in several steps; call it with the step's name, done and total (0: unknown).

    Where standard error is no terminal each step is told by a line when it begins.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Starting", total=None)
            yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total or None)
        return
    told: set[str] = set()

    def tell(step: str, done: int, total: int) -> None:
        if step not in told:
            told.add(step)
            say(f"{step}: {total} images ..." if total else f"{step} ...")

    yield tell
