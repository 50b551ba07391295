"""Looks now and then whether the open project file is still there, and offers a copy where it is not."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMessageBox, QWidget

from app.gui.state.bridge import Bridge
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import show_plainly
from app.jobs import Event, Finished, Job
from app.project.session import Session
from app.store.errors import ProjectError, Trouble

CHECK_MS = 5_000


class Watching(QObject):
    """Asks the session every few seconds; a reader who reads on without a change should hear of it too.

    Parameters
    ----------
    window : QWidget
    controller : Controller
    bridge : Bridge
    save_copy : QAction
        What the button of the question does.
    """

    def __init__(self, window: QWidget, controller: Controller, bridge: Bridge, save_copy: QAction) -> None:
        super().__init__(window)
        self._window, self._controller, self._bridge, self._save_copy = window, controller, bridge, save_copy
        self._gone = False
        self._job: Job | None = None
        self._timer = QTimer(self, interval=CHECK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        controller.refused.connect(self._on_refused)
        controller.sessionChanged.connect(self._forget)

    def look(self) -> None:
        """Look whether the project file is still the open one; what is known already is not told again."""
        session = self._controller.session
        if session is not None and session.trouble is None and self._job is None:
            self._controller.do(self._begin, session)

    def _begin(self, session: Session) -> None:
        job = self._job = session.start_check_kept()
        if job is not None:
            self._bridge.job(job, lambda event: self._on_event(job, session, event))

    def _on_event(self, job: Job, session: Session, event: Event) -> None:
        if job is not self._job:  # of a project that was closed meanwhile
            return
        if isinstance(event, Finished):
            self._job = None
        self._controller.do(session.take_kept, event)

    def _forget(self) -> None:
        self._gone, self._job = False, None

    def _on_refused(self, trouble: ProjectError | None) -> None:
        before, self._gone = self._gone, trouble is not None and trouble.trouble is Trouble.GONE
        if not self._gone or before:
            return
        box = QMessageBox(QMessageBox.Icon.Warning, "The project file is gone", str(trouble), parent=self._window)
        box.setObjectName("goneDialog")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show_plainly(box)
        save = box.addButton("Save a copy…", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("Not now", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        save.clicked.connect(self._save_copy.trigger, Qt.ConnectionType.QueuedConnection)
        box.open()
