"""Starts the window."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.engine.child import end_early
from app.gui.shell import crash_log
from app.gui.shell.arguments import read_arguments
from app.gui.shell.main_window import MainWindow
from app.gui.widgets import theme
from app.gui.widgets.settings import NAME, PROJECT_SUFFIX
from app.gui.widgets.style import Style

_alive: list[MainWindow] = []
"""Open windows: Python must hold them, whether or not the caller keeps what `launch` returned."""


@dataclass
class App:
    """The running program.

    Attributes
    ----------
    qt_app : QApplication
    window : MainWindow
    """

    qt_app: QApplication
    window: MainWindow


def launch(argv: Sequence[str] = ()) -> App:
    """Show the window and open what the arguments name, without entering the event loop.

    Parameters
    ----------
    argv : sequence of str
        The arguments without the program's name: ``[PATH...] [--project FILE] [--model NAME|FOLDER]``. A PATH that is
        a project's file is opened as such. Without any argument the project that was open last is opened again; if
        there is none, the window offers ways to begin.
    """
    given = read_arguments(argv)
    kept = [path for path in given.paths if path.lower().endswith(PROJECT_SUFFIX) and Path(path).is_file()]
    if kept and not given.project:  # a double click on a project's file
        given.project = kept[0]
        given.paths.remove(kept[0])
    running = QApplication.instance()
    qt_app = running if isinstance(running, QApplication) else QApplication([sys.argv[0]])
    qt_app.setApplicationName(NAME)
    qt_app.setStyle(Style())
    theme.start(qt_app)
    window = MainWindow(model=given.model)
    crash_log.install(window.controller.say, crash_log.start_log())
    _alive.append(window)
    window.closed.connect(lambda: _alive.remove(window) if window in _alive else None)
    window.show()
    projects = window.projects
    last = projects.last()
    if given.project:
        projects.open_or_create(Path(given.project))
    elif not given.paths and last is not None:
        projects.open(last)
    if given.paths and (window.controller.session is not None or not given.project):
        projects.add(given.paths, here=bool(given.project))
    return App(qt_app, window)


def _close_from_the_event_loop(*_: object) -> None:
    """Ctrl+C. Python may call this in the middle of a paint event, where closing would crash."""
    if not _alive:
        raise KeyboardInterrupt
    QTimer.singleShot(0, _alive[0], _alive[0].close)


def run(argv: Sequence[str]) -> int:
    """Start the window and stay until it is closed, by Ctrl+C in the terminal too; returns the exit code."""
    crash_log.watch_threads()
    signal.signal(signal.SIGINT, _close_from_the_event_loop)  # before launch, which already starts child processes
    app = launch(argv)
    crash_log.watch_threads(lambda sentence: app.window.bridge.post(app.window.controller.say, sentence))
    # Python handles a signal only when it runs: Qt's event loop lets it run at least this often.
    beat = QTimer(app.window)
    beat.start(500)
    beat.timeout.connect(lambda: None)
    code = int(app.qt_app.exec())
    end_early()
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
