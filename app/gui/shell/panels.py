"""The toolbar, the status line and what they are made of: layout and captions only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app.gui.shell.actions import Actions
from app.gui.shell.job_panel import JobPanel
from app.gui.state.controller import Controller
from app.gui.widgets.key_button import KeyButton
from app.gui.widgets.plain_text import PlainLabel, caption, tip
from app.project.changes import Change, ImagesChanged, ReviewsChanged
from app.project.session import Session
from app.store.errors import ProjectError, Trouble

NEWEST_SHOWN_MS = 8000
NOT_KEPT = {
    Trouble.GONE: "Not kept: the project file is gone",
    Trouble.FULL: "Not kept: the disk is full",
    Trouble.READ_ONLY: "Not kept: the file may not be written",
    Trouble.DEVICE: "Not kept: the disk does not answer",
    Trouble.BUSY: "Not kept: another program holds the file",
}


def label(text: str = "", small: bool = False, muted: bool = False, heading: bool = False) -> QLabel:
    """A label in one of the few styles."""
    made = PlainLabel(text)
    for name, on in (("small", small), ("muted", muted), ("heading", heading)):
        made.setProperty(name, "true" if on else "false")
    return made


def stacked(*widgets: QWidget) -> QWidget:
    """Widgets below each other without a gap; the last one has the room."""
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    column.setStretchFactor(widgets[-1], 1)
    return whole


def heading_row(title: QLabel, remark: QWidget) -> QHBoxLayout:
    """A heading on the left and something quiet on the right."""
    row = QHBoxLayout()
    row.setContentsMargins(12, 0, 12, 0)
    row.addWidget(title)
    row.addStretch()
    row.addWidget(remark)
    return row


def width_wanted(whole: QWidget) -> int:
    """What a row needs to show all of it that is not hidden."""
    layout = whole.layout()
    assert layout is not None
    layout.invalidate()
    return layout.sizeHint().width()


def give_way(whole: QWidget, widgets: Sequence[QWidget]) -> None:
    """Hide some of a row, in this order, until the rest has room."""
    for widget in widgets:
        if width_wanted(whole) <= whole.width():
            return
        widget.hide()


def separator() -> QFrame:
    """A thin upright line."""
    line = QFrame()
    line.setFixedSize(1, 18)
    line.setProperty("separator", "true")
    return line


class Toolbar(QWidget):
    """The commands that a reader's eye looks for; all are in the menus too."""

    def __init__(self, controller: Controller, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._keyed: list[KeyButton] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(4)
        groups: tuple[tuple[str, ...], ...] = (
            ("navigate", "landmarkMode", "maskMode"),
            ("fit", "actualSize", "invert"),
            ("outlines", "fills", "uvColours"),
        )
        for group in groups:
            for verb in group:
                self._keyed.append(KeyButton(actions[verb]))
                row.addWidget(self._keyed[-1])
            row.addSpacing(4)
            if group[-1] != "uvColours":
                row.addWidget(separator())
                row.addSpacing(4)
        name = label("Opacity", small=True, muted=True)
        row.addWidget(name)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(round(controller.look.opacity * 100))
        self.opacity.setFixedWidth(88)
        self.opacity.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.opacity.setAccessibleName("Opacity of fills and uv colours")
        self.value = label(f"{self.opacity.value()} %", small=True, muted=True)
        self.value.setFixedWidth(36)
        self.opacity.valueChanged.connect(lambda value: controller.set_look(opacity=value / 100))
        self.opacity.valueChanged.connect(lambda value: self.value.setText(f"{value} %"))
        row.addWidget(self.opacity)
        row.addWidget(self.value)
        row.addStretch()
        self._gives_way = (name, self.value, self.opacity)
        self._keyed.append(KeyButton(actions["accept"], good=True))
        row.addWidget(self._keyed[-1])
        row.addSpacing(4)
        second, reject = KeyButton(actions["secondOpinion"]), KeyButton(actions["reject"])
        for button in (second, reject):
            button.show_key = False
            row.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.make_room()

    def make_room(self) -> None:
        """Keys stand beside the words where there is room; the longest give way first, and all are in the tips.

        Where that is not enough, what belongs to the opacity goes: the words, the number, at last the slider.
        """
        for widget in self._gives_way:
            widget.show()
        hidden = sum(button.key_width() for button in self._keyed if not button.show_key)
        wanted = self._wanted() + hidden
        for button in sorted(self._keyed, key=KeyButton.key_width, reverse=True):
            button.set_show_key(wanted <= self.width())
            wanted -= 0 if button.show_key else button.key_width()
        give_way(self, self._gives_way)

    def _wanted(self) -> int:
        return width_wanted(self)


class StatusLine(QWidget):
    """What runs, what is reviewed, which bundle, who reads, that every change is kept, and that this is research."""

    messagesWanted = Signal()
    readerWanted = Signal()

    def __init__(self, controller: Controller, job_panel: JobPanel) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(30)
        self._controller = controller
        self.messages, self.reader = QPushButton(), QPushButton()
        self.reviewed, self.bundle, self.kept = (label(small=True, muted=True) for _ in range(3))
        for button in (self.messages, self.reader):
            button.setProperty("flat", "true")
            button.setProperty("small", "true")
        self.research = label("Research use only", small=True)
        self.research.setProperty("caution", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(20)
        row.addWidget(job_panel)
        row.addWidget(self.messages)
        row.addStretch()
        self.last = label(small=True, muted=True)
        self.last.setToolTip("When the last change was kept")
        for widget in (self.reviewed, self.bundle, self.reader, self.kept, self.last, self.research):
            row.addWidget(widget)
        self.messages.clicked.connect(self.messagesWanted)
        self.reader.clicked.connect(self.readerWanted)
        self.messages.hide()
        self._count_text = self._newest = ""
        self._settle = QTimer(self, singleShot=True, interval=NEWEST_SHOWN_MS)
        self._settle.timeout.connect(self._show_count)
        for runner_label in job_panel.findChildren(QLabel):
            runner_label.setMinimumWidth(0)
        self._soon = QTimer(self, singleShot=True, interval=100)
        self._soon.timeout.connect(self.refresh)
        controller.sessionChanged.connect(self.refresh)
        controller.changed.connect(self._on_change)
        controller.refused.connect(self._show_kept)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """Nothing is cut: what can be read elsewhere too goes where there is no room for it."""
        there = self._controller.session is not None
        self.bundle.setVisible(there)
        self.last.setVisible(there and bool(self.last.text()))
        self.reviewed.setVisible(there)
        if self._newest:  # a sentence stands here whole or not at all
            self.messages.setText(caption(self._newest))
        give_way(self, [self.bundle, self.last])
        if self._newest and width_wanted(self) > self.width():
            self.messages.setText(caption(f"{self._count_text}, read the newest"))
            self._newest = ""
            self._make_room()
        else:
            give_way(self, [self.reviewed])

    def _show_count(self) -> None:
        self._newest = ""
        self.messages.setText(self._count_text)
        self._make_room()

    def _show_kept(self, trouble: ProjectError | None) -> None:
        words = "Every change is kept"
        self.last.setText("")
        self.kept.setText(words if trouble is None else NOT_KEPT.get(trouble.trouble, "Not kept: see the message"))
        self.kept.setToolTip(tip(str(trouble or "")))

    def _on_change(self, change: Change) -> None:
        session = self._controller.session
        if session is None:
            return
        if change.label:  # an action; predictions and looks at files have none
            self._show_kept(session.trouble)
            self.last.setText(f"{datetime.now():%H:%M:%S}" if session.trouble is None else "")
            self._make_room()
        if isinstance(change, ImagesChanged):
            self._soon.start()
        elif isinstance(change, ReviewsChanged):
            self._show_reviewed(session)

    def _show_reviewed(self, session: Session) -> None:
        self.reviewed.setText(f"{len(session.reviewed)} of {len(session.images)} reviewed")

    def refresh(self) -> None:
        """Show the session's state."""
        session = self._controller.session
        for widget in (self.reviewed, self.bundle, self.kept):
            widget.setVisible(session is not None)
        if session is None:
            self.kept.setText("")
            self.last.setText("")
            self._make_room()
            return
        self._show_reviewed(session)
        self.bundle.setText(f"{session.bundle.name} bundle {session.bundle.sha256[:8]}")
        if session.read_only:
            self.kept.setText("Open for reading only")
        elif not self.kept.text() or session.trouble is not None:
            self._show_kept(session.trouble)
        self._make_room()

    def show_reader(self, name: str) -> None:
        """Who is reading; a click changes it."""
        self.reader.setText(caption(f"Reader: {name}") if name else "Reader: not named")

    def show_messages(self, count: int, newest: str) -> None:
        """How many messages there are."""
        self.messages.setVisible(count > 0)
        self._count_text = f"{count} message{'' if count == 1 else 's'}"
        self.messages.setToolTip(tip(newest))
        self._newest = newest if count else ""
        self.messages.setText("")
        self._make_room()
        self._settle.start()
