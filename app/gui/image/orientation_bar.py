"""Offers the orientation that mends an image which looks turned, mirrored or inverted."""

from __future__ import annotations

from dataclasses import astuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.core.landmark import ReviewState
from app.core.orientation import Orientation
from app.gui.image.orientation_preview import OrientationDialog
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel
from app.project.changes import Change, ImagesChanged, OrientationChanged, PredictionChanged, ReviewsChanged


class OrientationBar(QWidget):
    """A line above the image: what looks wrong, what would mend it, for this image or for all like it."""

    offering = Signal(bool)

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.setObjectName("readingBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._controller = controller
        self._alike: tuple[str, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=300)
        self._soon.timeout.connect(self.refresh)
        self.words = PlainLabel(wordWrap=True)
        self.mend, self.mend_all, self.leave = QPushButton(), QPushButton(), QPushButton("Leave it")
        self.leave.setProperty("flat", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.words, stretch=1)
        for name, button in (("readIt", self.mend), ("readAll", self.mend_all), ("leaveIt", self.leave)):
            button.setObjectName(name)
            row.addWidget(button)
        self.mend.clicked.connect(lambda: self._read((controller.image,), self._remedy()))
        self.mend_all.clicked.connect(self._show_all)
        self.leave.clicked.connect(self._leave)
        controller.sessionChanged.connect(self.refresh)
        controller.imageChanged.connect(self.refresh)
        controller.changed.connect(self._on_change)
        self.hide()

    def _on_change(self, change: Change) -> None:
        of_many = isinstance(change, OrientationChanged | ReviewsChanged | ImagesChanged)
        if of_many or self._controller.image in change.images:
            self.refresh()
        elif isinstance(change, PredictionChanged) and self.isVisible() and not self._soon.isActive():
            self._soon.start()  # there may be more like it; many predictions come at once

    def refresh(self, *_: object) -> None:
        """Offer what is known to help the shown image, or be hidden."""
        remedy = self._remedy()
        if remedy is not None:
            session, image = self._controller.open_session(), self._controller.image
            self._alike = session.equally_suspect(image)
            self.words.setText(spoken(session.image(image).suspect, remedy))
            self.mend.setText(offer(remedy))
            self.mend_all.setText(f"Read all {len(self._alike)} like this…")
            self.mend_all.setVisible(len(self._alike) > 1)
        self.setVisible(remedy is not None)
        self.offering.emit(remedy is not None)

    def _remedy(self) -> Orientation | None:
        session, image = self._controller.session, self._controller.image
        if session is None or session.read_only or not image:
            return None
        entry = session.image(image)
        settled = entry.review is ReviewState.ACCEPTED or entry.left_as_is
        return None if settled else session.remedy(image)

    def _read(self, images: tuple[str, ...], remedy: Orientation | None) -> None:
        if remedy is not None:
            self._controller.do(self._controller.open_session().set_orientation, images, *astuple(remedy), more=True)

    def _show_all(self) -> None:
        """Show which images would be read so, and read those that the reader keeps ticked."""
        remedy = self._remedy()
        if remedy is not None:
            dialog = OrientationDialog(self, self._controller.open_session(), self._alike, remedy, self.words.text())
            self._controller.sessionChanged.connect(dialog.reject)  # its images are gone then
            dialog.agreed.connect(lambda images: self._read(images, remedy))
            dialog.open()

    def _leave(self) -> None:
        self._controller.do(self._controller.open_session().leave_as_is, self._controller.image)


def spoken(suspect: str, remedy: Orientation) -> str:
    """What is said of a suspect image, without what would follow from it."""
    said = suspect.split(";")[0].rstrip(".")
    return f"{said}. Check the side marker before you swap right and left." if remedy.mirrored else f"{said}."


def offer(remedy: Orientation) -> str:
    """The button that does it."""
    if remedy == Orientation(mirrored=True):
        return "Swap right and left"
    if remedy == Orientation(inverted=True):
        return "Invert the grey values"
    return f"Read it {remedy.words}" if remedy.mirrored or remedy.inverted else "Read it upright"
