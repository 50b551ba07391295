"""Giving an image another name in the project; its file keeps its own."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.gui.commands.dialogs import ask_line
from app.gui.state.controller import Controller


def rename_image(parent: QWidget, controller: Controller, name: str) -> None:
    """Ask for another name of an image until it can have it, or the reader thinks better of it.

    An accepted image is locked, its name too: then it is said why, and nothing is asked.
    """
    session = controller.session
    if session is None or not name:
        return
    if locked := controller.why_locked(name):
        controller.tell(locked)
        return
    typed = name
    while True:
        wanted = ask_line(parent, "Rename", "Name in this project; the file keeps its own:", typed)
        if wanted is None or wanted.strip() == name:
            return
        typed = wanted
        if session is not controller.session or name not in session.images:
            return  # the project was closed meanwhile
        if controller.do(session.rename_image, name, wanted):
            return
