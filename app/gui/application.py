"""Starts the window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.gui import faults, theme
from app.gui.settings import NAME
from app.gui.window import Window

_alive: list[Window] = []
"""Open windows: Python must hold them, whether or not the caller keeps what `launch` returned."""


@dataclass
class App:
    """The running program.

    Attributes
    ----------
    qt_app : QApplication
    window : Window
    """

    qt_app: QApplication
    window: Window


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="main.py", description="Review segmentations and landmarks on radiographs.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="images or folders to open")
    parser.add_argument("--project", metavar="FILE", help="project file to open, or to make")
    parser.add_argument("--model", metavar="NAME|FOLDER", help="model bundle (default: chest, or the project's own)")
    return parser.parse_args(list(argv))


def launch(argv: Sequence[str] = ()) -> App:
    """Show the window and open what the arguments name, without entering the event loop.

    Parameters
    ----------
    argv : sequence of str
        The arguments without the program's name: ``[PATH...] [--project FILE] [--model NAME|FOLDER]``. Without any,
        the project that was open last is opened again; if there is none, the window offers ways to begin.
    """
    given = _arguments(argv)
    running = QApplication.instance()
    qt_app = running if isinstance(running, QApplication) else QApplication([sys.argv[0]])
    qt_app.setApplicationName(NAME)
    theme.start(qt_app)
    window = Window(model=given.model)
    faults.install(window.desk.say, faults.start_log())
    _alive.append(window)
    window.closed.connect(lambda: _alive.remove(window) if window in _alive else None)
    window.show()
    projects = window.projects
    last = projects.last()
    if given.project:
        projects.open_or_create(Path(given.project))
    elif not given.paths and last is not None:
        projects.open(last)
    if given.paths and (window.desk.session is not None or not given.project):
        projects.add(given.paths)
    return App(qt_app, window)


def run(argv: Sequence[str]) -> int:
    """Start the window and stay until it is closed; returns the exit code."""
    faults.watch_threads()
    app = launch(argv)
    # Python sees Ctrl+C only when it gets a turn.
    beat = QTimer(app.window)
    beat.start(500)
    beat.timeout.connect(lambda: None)
    return int(app.qt_app.exec())


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
