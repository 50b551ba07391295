"""A sentence about what the eye looks at, whole and where it looks; it goes by itself, or with the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QWidget

from app.gui.image.image_view import ImageView
from app.gui.shell.conference import SILENT
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.changes import Change

SHORTEST_MS = 4000
PER_LETTER_MS = 60
"""Long enough to be read twice."""
FROM_EDGE = 64
"""Clear of the scale bar of the image."""


class Notices(QObject):
    """Shows one sentence at a time over a view; the mouse goes through it.

    What stands over an image goes when another image is shown, and every sentence with the reader's next action, unless
    it was said in the same moment: then it is about that.

    Parameters
    ----------
    controller : Controller
        Whose `told` is shown.
    home : callable
        The view where a sentence stands that belongs to no other view.
    hosts : callable
        The views over which a sentence may stand.
    """

    def __init__(
        self, controller: Controller, home: Callable[[], QWidget], hosts: Callable[[], Sequence[QWidget]]
    ) -> None:
        super().__init__(controller)
        self._home, self._hosts, self._controller = home, hosts, controller
        self.label = PlainLabel(parent=home())
        self.label.setObjectName("notice")
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.label.hide()
        self._end = QTimer(self, singleShot=True)
        self._end.timeout.connect(self.label.hide)
        controller.told.connect(self.show)
        controller.sessionChanged.connect(self.label.hide)
        controller.imageChanged.connect(self._image_changed)
        controller.changed.connect(self._acted)
        self._just_said = QTimer(self, singleShot=True, interval=0)

    def show(self, sentence: str, view: QWidget | None = None) -> None:
        """Let a sentence stand over a view, or else over the one that has the focus."""
        sentence = SILENT if self._controller.look.private else sentence
        hosts, focus = self._hosts(), QApplication.focusWidget()
        home = self._home()
        home = home if home.isVisible() or not hosts else hosts[0]
        host = view if view in hosts else focus if focus in hosts else home
        assert host is not None
        width, height = self._fit(sentence, host)
        if height > host.height() and host is not home:  # a low strip would cut it off
            host = home
            width, height = self._fit(sentence, host)
        high = host.height() > 6 * FROM_EDGE
        edge = FROM_EDGE if high else 4
        top = max(host.height() - height - edge, 0)
        # What the mouse points at is looked at: the sentence stands beside it, not on it.
        mouse = host.mapFromGlobal(QCursor.pos())
        if high and host.rect().contains(mouse) and abs(mouse.y() - top) < 2 * FROM_EDGE:
            top = edge
        self.label.move((host.width() - width) // 2, top)
        self.label.show()
        self.label.raise_()
        self._just_said.start()
        self._end.start(SHORTEST_MS + PER_LETTER_MS * len(sentence))

    def _fit(self, sentence: str, host: QWidget) -> tuple[int, int]:
        """Set the whole sentence into a view, in as many lines as it takes; returns its width and height."""
        self.label.setParent(host)
        self.label.setText(sentence)
        width = min(self.label.fontMetrics().horizontalAdvance(sentence) + 32, max(host.width() - 32, 120))
        height = self.label.heightForWidth(width)
        self.label.setFixedSize(width, height)
        return width, height

    def _acted(self, change: Change) -> None:
        if change.label and not self._just_said.isActive():  # predictions and looks at files have no label
            self.label.hide()

    def _image_changed(self, _: str) -> None:
        if isinstance(self.label.parent(), ImageView) and not self._just_said.isActive():
            self.label.hide()
