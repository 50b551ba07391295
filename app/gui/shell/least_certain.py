"""The way to the least certain point of an image."""

from __future__ import annotations

from app.gui.image.split_view import ImagesPane
from app.gui.state.controller import Controller
from app.gui.worklist.worklist_model import doubt_of


def show_least_certain(controller: Controller, images: ImagesPane, name: str) -> None:
    """Go to the least certain point of an image, and say which it is."""
    session = controller.session
    lowest = session.least_certain(name) if session is not None and name else None
    if session is None or lowest is None:
        controller.tell("Nothing is predicted in this image yet.", images.active)
        return
    images.go_to(name)
    controller.choose_landmark(lowest.landmark.name)
    controller.tell(doubt_of(lowest, session.image(name).frame, f"at {lowest.landmark.name}"), images.active)
