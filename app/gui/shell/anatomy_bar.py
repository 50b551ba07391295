"""Offers to open images with the model that they look right for, where the project's own is for something else."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.gui.shell.projects import Projects
from app.gui.state.controller import Controller
from app.gui.widgets.offer_bar import OfferBar
from app.project.changes import Change, ImagesChanged, OrientationChanged, PredictionChanged

if TYPE_CHECKING:
    from app.project.session import Session


SOON_MS = 300
"""Many predictions come at once."""
IN_ONE_GO = 1000
"""So many images are looked at before the event loop has its turn: 5 ms."""


class AnatomyBar(OfferBar):
    """A line across the window, until the reader hides it or opens another project."""

    def __init__(self, controller: Controller, projects: Projects) -> None:
        super().__init__("anatomyBar", "", "openWithOther")
        self._controller, self._projects = controller, projects
        self._anatomy, self._hidden = "", False
        self._shown: dict[str, str] = {}  # image → the other anatomy that it shows
        self._unread: set[str] = set()
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        self.left.connect(self._leave_it)
        self.taken.connect(self._open)
        controller.sessionChanged.connect(self._begin)
        controller.changed.connect(self._on_change)

    def _begin(self) -> None:
        self._hidden = False
        self.hide()
        self._read_all()

    def _read_all(self) -> None:
        session = self._controller.session
        self._shown.clear()
        self._unread = set(session.images if session is not None else ())
        self._soon.start(SOON_MS)

    def _leave_it(self) -> None:
        self._hidden = True

    def _on_change(self, change: Change) -> None:
        if self._hidden:
            return
        if isinstance(change, PredictionChanged) and change.images:
            self._unread.update(change.images)
            if not self._soon.isActive():
                self._soon.start(SOON_MS)
        elif isinstance(change, PredictionChanged | ImagesChanged | OrientationChanged):
            self._read_all()

    def refresh(self) -> None:
        """Look at some of the images that may show something else by now; after the last, offer what most show."""
        session = self._controller.session
        if session is None or self._hidden:
            self.hide()
            return
        for _ in range(min(IN_ONE_GO, len(self._unread))):
            name = self._unread.pop()
            self._shown.pop(name, None)
            if anatomy := session.looks_like(name):
                self._shown[name] = anatomy
        if self._unread:
            self._soon.start(0)
        else:
            self._offer(session)

    def _offer(self, session: Session) -> None:
        shown = Counter(self._shown.values())
        if not shown:
            self.hide()
            return
        ((self._anatomy, count),) = shown.most_common(1)
        total = len(session.images)
        them = "it" if count == 1 else "them"
        self.open.setText(f"Open {them} with the {self._anatomy} model")
        self.say(
            f"{_looks(count, total, self._anatomy)}; this project's model is made for {session.template.anatomy}s."
        )

    def _open(self) -> None:
        session = self._controller.open_session()
        files = [session.image(name).path for name in session.images if self._may_show(session, name)]
        self._projects.open_apart(files, self._anatomy)

    def _may_show(self, session: Session, image: str) -> bool:
        """Whether an image shows the anatomy, or nothing that any model knows: another view of it, for example."""
        shown = session.looks_like(image)
        return shown == self._anatomy or bool(not shown and session.suspect(image) and session.remedy(image) is None)


def _looks(count: int, total: int, anatomy: str) -> str:
    """How many images look like radiographs of an anatomy."""
    if count == 1:
        return f"{'This image' if total == 1 else f'1 of {total} images'} looks like a radiograph of a {anatomy}"
    return f"{'All' if count == total else f'{count} of'} {total} images look like radiographs of a {anatomy}"
