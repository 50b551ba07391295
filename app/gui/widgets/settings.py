"""What is remembered between sessions: reader, last project, window geometry, keys. Nothing about images."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from PySide6.QtCore import QSettings

NAME = "DenseSeg Review"
SETTINGS_VARIABLE = "DENSESEG_SETTINGS"
"""Names another settings file: for tests, and for a program that shall leave no traces."""
PROJECT_SUFFIX = ".dsr"


def settings() -> QSettings:
    """The settings file, always an ini that a reader can look into."""
    given = os.environ.get(SETTINGS_VARIABLE)
    file = Path(given) if given else Path(platformdirs.user_config_dir(NAME, appauthor=False)) / "settings.ini"
    return QSettings(str(file), QSettings.Format.IniFormat)


def data_folder() -> Path:
    """Where projects are made when the reader names no place."""
    folder = Path(platformdirs.user_data_dir(NAME, appauthor=False)) / "projects"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log_folder() -> Path:
    """Where the log lies."""
    folder = Path(platformdirs.user_log_dir(NAME, appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def new_project_path(stem: str) -> Path:
    """A file in the data folder that does not exist yet, named after what is opened."""
    safe = "".join(c if c.isalnum() or c in " -_." else "-" for c in stem).strip(" .") or "project"
    folder = data_folder()
    number = 1
    while True:
        path = folder / (f"{safe}{PROJECT_SUFFIX}" if number == 1 else f"{safe} {number}{PROJECT_SUFFIX}")
        if not path.exists():
            return path
        number += 1
