"""The contact sheet with what stands above it: its caption, and what can be asked of its order."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSplitter, QVBoxLayout, QWidget

from app.gui.contact_sheet.contact_sheet_view import ContactSheet
from app.gui.shell.panels import heading_row, label
from app.gui.state.controller import Controller
from app.gui.state.view_state import Mode
from app.project.changes import LandmarksChanged

SHORTEST = 120
"""So much room the landmark's name has at the least."""


class SheetPanel(QWidget):
    """The contact sheet under its caption and what can be asked of its order; the hint shows where there is room."""

    def __init__(self, controller: Controller, sheet: ContactSheet) -> None:
        super().__init__()
        self._controller, self._sheet = controller, sheet
        self._wanted, self._words = True, ""
        self.caption = label("Contact sheet", heading=True)
        self.hint = label(small=True, muted=True)
        self.sort_again, self.suspects = QPushButton("Sort again"), QPushButton()
        self.sort_again.setObjectName("sortAgain")
        self.sort_again.setToolTip("The tiles keep their order while you work. Sort them as they are now, worst first")
        self.suspects.setObjectName("suspectsLast")
        self.suspects.setCheckable(True)
        self.no_suspects, self.no_accepted = QPushButton("Without suspect"), QPushButton("Without accepted")
        self.no_suspects.setObjectName("withoutSuspects")
        self.no_suspects.setToolTip("Leave out images that do not look like ones for this model")
        self.no_accepted.setObjectName("withoutAccepted")
        self.no_accepted.setToolTip("Leave out accepted images: they are locked")
        self.aligned = QPushButton("Aligned")
        self.aligned.setObjectName("sheetAligned")
        self.aligned.setToolTip("Each crop is turned and scaled so that its structure lies as on the template")
        for button in (self.no_suspects, self.no_accepted, self.aligned):
            button.setCheckable(True)
        row = heading_row(self.caption, self.hint)
        self._chips = (self.aligned, self.suspects, self.no_suspects, self.no_accepted, self.sort_again)
        for i, button in enumerate(self._chips):
            button.setProperty("chip", "true")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Enter and arrows stay the sheet's
            row.insertWidget(1 + i, button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(sheet)
        controller.landmarkChanged.connect(self._show_where_it_has_a_use)
        controller.sessionChanged.connect(self._show_where_it_has_a_use)
        controller.changed.connect(
            lambda change: self._show_where_it_has_a_use() if isinstance(change, LandmarksChanged) else None
        )
        self.sort_again.clicked.connect(sheet.sort_again)
        self.suspects.clicked.connect(sheet.set_suspects_last)
        self.aligned.clicked.connect(sheet.set_aligned)
        self.no_suspects.clicked.connect(sheet.leave_out_suspects)
        self.no_accepted.clicked.connect(sheet.leave_out_accepted)
        self._show_where_it_has_a_use()
        sheet.captioned.connect(self._show_caption)
        sheet.arranged.connect(self._show_order)
        controller.modeChanged.connect(self._make_room)
        self._show_order()

    def _room(self) -> int:
        """What the chips leave for words."""
        beside = [button for button in self._chips if not button.isHidden()]
        return self.width() - 24 - sum(button.sizeHint().width() + 12 for button in beside)

    def set_wanted(self, wanted: bool) -> None:
        """Whether the reader wants it to be seen."""
        self._wanted = wanted
        self._show_where_it_has_a_use()

    def _show_where_it_has_a_use(self, *_: object) -> None:
        """Without a landmark there is nothing to show, and the image can have the room."""
        session = self._controller.session
        marks = session.landmarks if session is not None else ()
        has_use = bool(self._controller.landmark) or any(not mark.hidden for mark in marks)
        shown = self._wanted and has_use
        if shown == self.isHidden():
            self.setVisible(shown)
            if isinstance(parent := self.parentWidget(), QSplitter):
                parent.refresh()  # now, not in a moment: the next click may be meant for it

    def _show_caption(self, text: str) -> None:
        self._words = text
        self._make_room()

    def _show_order(self) -> None:
        """The buttons are there only where they would do something."""
        order, count = self._sheet.order, self._sheet.order.suspects
        self.sort_again.setVisible(order.stale)
        self.suspects.setVisible(count > 0 and not order.without_suspects)
        self.no_suspects.setVisible(count > 0)
        self.no_accepted.setVisible(order.accepted > 0)
        self.no_suspects.setChecked(order.without_suspects)
        self.no_accepted.setChecked(order.without_accepted)
        self.aligned.setChecked(self._sheet.aligned)
        self.suspects.setChecked(order.suspects_last)
        images = f"{count} suspect image{'' if count == 1 else 's'}"
        self.suspects.setText(f"{images} last" if order.suspects_last else f"{images} among the others")
        self.suspects.setToolTip("What does not look like an image for this model would fill the worst places")
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room()

    def _make_room(self, *_: object) -> None:
        session = self._controller.session
        by_mouse = "drag corrects" if self._controller.mode == Mode.LANDMARK else "L to correct"
        keys = "Enter confirms · Shift+Enter: absent"
        hints = [f"worst first · {by_mouse} · {keys}", f"{by_mouse} · {keys}", keys]
        if session is not None and session.read_only:
            hints = ["worst first · open for reading only", "open for reading only"]
        if not self._controller.landmark:
            hints = [""]
        self.caption.setText(f"Contact sheet · {self._words}" if self._words else "Contact sheet")
        self.aligned.show()
        if self._room() < SHORTEST:  # it has a line in the menu too
            self.aligned.hide()
        room = self._room()
        if self.caption.sizeHint().width() > room:  # the name alone, and as much of it as there is room for
            name = self.caption.fontMetrics().elidedText(
                self._controller.landmark, Qt.TextElideMode.ElideMiddle, max(room - 12, 0)
            )
            self.caption.setText(name)
        for hint in hints:  # as much of it as there is room for
            self.hint.setText(hint)
            fits = self.caption.sizeHint().width() + 12 + self.hint.sizeHint().width() <= room
            self.hint.setVisible(fits)
            if fits:
                break
