"""What the Landmark commands do that concern the landmark itself, in all images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.core.landmark import ReviewState
from app.gui.landmarks.landmark_dialog import LandmarkDialog

if TYPE_CHECKING:
    from app.gui.shell.main_window import Window


class LandmarkListCommands:
    """One method per verb of `actions.COMMANDS`; all act on the chosen landmark."""

    def __init__(self, window: Window) -> None:
        self._window, self._desk = window, window.desk

    def newFromClicks(self) -> None:
        self._window.several_clicks.begin()

    def editLandmark(self) -> None:
        session = self._desk.session
        if session is not None:
            LandmarkDialog(self._window, self._desk, session.landmark(self._desk.landmark)).open()

    def lockLandmark(self) -> None:
        session = self._desk.session
        if session is not None:
            mark = session.landmark(self._desk.landmark)
            self._desk.do(session.update_landmark, mark.name, locked=not mark.locked)

    def moveLandmarkUp(self) -> None:
        self._window.landmark_table.landmarks.step(self._desk.landmark, -1)

    def moveLandmarkDown(self) -> None:
        self._window.landmark_table.landmarks.step(self._desk.landmark, 1)

    def leastConfident(self) -> None:
        """In the order in which the sheet would be sorted now; accepted images have been looked at."""
        session, sheet = self._desk.session, self._window.contact_sheet
        if session is None:
            return
        for tile in sheet.sorted_anew():
            if math.isnan(tile.confidence) or session.review(tile.image) is ReviewState.ACCEPTED:
                continue
            self._desk.show_image(tile.image)
            return
        self._desk.tell(f"Every placement of “{self._desk.landmark}” has been looked at.")
