"""The one drag that may run in the window, from the press of a button to whatever ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from app.project.changes import Change

Clicked = Callable[[QMouseEvent], None]


class Drag:
    """A press of a mouse button that may become a drag. Positions are pixels of the viewport in which it began.

    Parameters
    ----------
    start : QPointF
    clicked : callable, optional
        Called with the release where the mouse did not leave the place (`QApplication.startDragDistance`).
    """

    at_once = False
    """Whether the first pixel counts already; else a slip of the hand is a click (`QApplication.startDragDistance`)."""

    places = False
    """Whether it moves a thing to the place under the mouse: it ends where the view is laid out anew under it."""

    def __init__(self, start: QPointF, clicked: Clicked | None = None) -> None:
        self.start, self._clicked = start, clicked

    def move(self, at: QPointF) -> None:
        """Follow the mouse."""

    def drop(self, at: QPointF) -> None:
        """The button was released after a drag."""

    def click(self, event: QMouseEvent) -> None:
        """The button was released where it was pressed."""
        if self._clicked is not None:
            self._clicked(event)

    def cancel(self) -> None:
        """Everything as it was."""

    def survives(self, change: Change) -> bool:
        """Whether the drag can go on after this change of the project."""
        return True


class StuckDrag(Drag):
    """Takes nothing along and says why, once: what it was meant for is locked.

    Parameters
    ----------
    start : QPointF
    say : callable
    at_once : bool
        Whether a click would have done something too, and is told.
    """

    def __init__(self, start: QPointF, say: Callable[[], None], at_once: bool = False) -> None:
        super().__init__(start, (lambda _: say()) if at_once else None)
        self._say, self._said = say, False

    def move(self, at: QPointF) -> None:
        if not self._said:
            self._said = True
            self._say()


@dataclass
class _Running:
    """A drag with the view and the button that it belongs to."""

    drag: Drag
    view: QAbstractScrollArea
    button: Qt.MouseButton
    moved: bool = False


class Interaction(QObject):
    """Owns the running drag of all views: there is one mouse, so there is one drag.

    However it ends (release, Escape, another image, undo, lost focus, ...), nothing of it stays: what is
    drawn afterwards is what is stored. Another button that goes down meanwhile does nothing.
    """

    def __init__(self, parent: QObject, let_go: Callable[[], None], tell: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._let_go, self._tell = let_go, tell
        self._running: _Running | None = None

    @property
    def running(self) -> bool:
        """Whether a button is held down."""
        return self._running is not None

    # --- events of views

    def press(self, view: QAbstractScrollArea, event: QMouseEvent, begin: Callable[[], Drag | None]) -> None:
        """A button goes down in a view; `begin` makes the drag unless one is running."""
        event.accept()
        running = self._running
        if running is not None and running.button in event.buttons() and running.button != event.button():
            return
        self.cancel()  # its release never came
        drag = begin()
        if drag is not None:
            self._running = _Running(drag, view, event.button())
            for watched in self._watched():
                watched.installEventFilter(self)

    def move(self, view: QAbstractScrollArea, event: QMouseEvent) -> bool:
        """The mouse moves in a view; False where no drag is running."""
        running, at = self._running, event.position()
        if running is not None and running.button not in event.buttons():
            self.cancel()  # its release never came
            return False
        if running is None or running.view is not view:
            return running is not None
        distance = (at - running.drag.start).manhattanLength()
        needed = 1 if running.drag.at_once else QApplication.startDragDistance()
        running.moved = running.moved or distance >= needed
        if running.moved:
            running.drag.move(at)
        return True

    def release(self, view: QAbstractScrollArea, event: QMouseEvent) -> None:
        """A button goes up in a view."""
        event.accept()
        running = self._running
        if running is None or running.view is not view or running.button != event.button():
            return
        self._forget()
        try:
            if running.moved:
                running.drag.drop(event.position())
            else:
                running.drag.click(event)
        finally:
            self._let_go()

    # --- what else may end it

    def cancel(self) -> bool:
        """End the drag with everything as it was; True if there was one."""
        running = self._running
        if running is None:
            return False
        self._forget()
        try:
            running.drag.cancel()
        finally:
            self._let_go()
        return True

    def follow(self, change: Change) -> None:
        """The project has changed: a drag of what is not as it was ends, and the reader is told why it did."""
        running = self._running
        if running is None or running.drag.survives(change):
            return
        self.cancel()
        if running.moved:
            self._tell("The project changed while you dragged: the marker is back where it is stored.")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        running, kind = self._running, event.type()
        if running is None:
            return False
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            return self.cancel()
        lost = (
            (kind == QEvent.Type.FocusOut and watched is running.view)
            or (kind == QEvent.Type.UngrabMouse and watched is running.view.viewport())
            # A line comes or goes, a panel is hidden: the mouse, which has not moved, would mean another place.
            or (kind == QEvent.Type.Resize and watched is running.view.viewport() and running.drag.places)
            or kind in (QEvent.Type.WindowDeactivate, QEvent.Type.Hide)
        )
        if lost:
            self.cancel()
        return False

    def _watched(self) -> tuple[QObject, ...]:
        view = self._running.view if self._running is not None else None
        return () if view is None else (view, view.viewport(), view.window())

    def _forget(self) -> None:
        for watched in self._watched():
            watched.removeEventFilter(self)
        self._running = None
