"""What lies in the top right corner of an image: what the pane shows, an earlier study, the link, and its end."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.gui.image.earlier_studies import EarlierStudies
from app.gui.image.image_view import ImageView
from app.gui.image.linked_views import LinkedViews
from app.gui.image.split_view import MOST, ImagesPane
from app.gui.state.controller import Controller
from app.gui.widgets.plain_text import PlainLabel, caption, tip
from app.project.changes import ImagesChanged, PredictionChanged

EDGE = 8
"""Screen pixels between the corner and the edges of the view."""
HEIGHT = 24
LINKED = "Zoom and place of all panes are linked by the template point in the middle"


class PaneCorner(QWidget):
    """Small buttons over one image view; hidden while there is nothing to show."""

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self.setObjectName("paneCorner")
        self._view = view
        self.label = PlainLabel()
        self.earlier, self.linked, self.close_button = QPushButton(), QPushButton("Linked"), QPushButton("✕")
        self.linked.setCheckable(True)
        self.linked.setToolTip(tip(LINKED))
        self.close_button.setToolTip(tip("Close this pane (Esc closes the last one)"))
        self.close_button.setAccessibleName("Close this pane")
        self.close_button.setObjectName("closePane")
        self.earlier.setObjectName("earlierStudy")
        self.linked.setObjectName("linkPanes")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.label, self.earlier, self.linked, self.close_button):
            row.addWidget(widget)
        for button in (self.earlier, self.linked, self.close_button):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay with the image
            button.setFixedHeight(HEIGHT - 4)
        view.installEventFilter(self)
        self.hide()

    def show_parts(self, words: str, earlier: str, linked: bool | None, closes: bool) -> None:
        """Show what there is: words on the pane, an offer, whether panes are linked (None: said elsewhere), the end."""
        self.label.setText(words)
        self.label.setVisible(bool(words))
        self.earlier.setText(caption(earlier))
        self.earlier.setVisible(bool(earlier))
        self.linked.setVisible(linked is not None)
        self.linked.setChecked(bool(linked))
        self.close_button.setVisible(closes)
        self.setVisible(bool(words or earlier or closes or linked is not None))
        self._place()
        self._view.viewport().update()

    def warn(self, on: bool) -> None:
        """Let the words stand out: what is seen is not as it is read."""
        if bool(self.label.property("caution")) is not on:
            self.label.setProperty("caution", "true" if on else None)
            self.label.style().unpolish(self.label)  # the sheet asks for the property then alone
            self.label.style().polish(self.label)

    def _place(self) -> None:
        if self.sizeHint().width() > self._view.width() - 2 * EDGE:
            self.earlier.hide()  # the menu of the image still offers it
        self.setFixedSize(self.sizeHint().width(), HEIGHT)
        self.move(self._view.width() - self.width() - EDGE, EDGE - 2)
        there = self.isVisibleTo(self._view)
        self._view.texts.taken = (self.width(), HEIGHT) if there else (0, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the corner."""
        if event.type() == QEvent.Type.Resize:
            self.earlier.setVisible(bool(self.earlier.text()))
            self._place()
        return False


class PaneCorners(QObject):
    """Keeps the corners of all views up to date.

    Parameters
    ----------
    controller : Controller
    pane : ImagesPane
    links : LinkedViews
    studies : EarlierStudies
    """

    def __init__(self, controller: Controller, pane: ImagesPane, links: LinkedViews, studies: EarlierStudies) -> None:
        super().__init__(controller)
        self._pane, self._links, self._studies = pane, links, studies
        self.corners: dict[ImageView, PaneCorner] = {}
        for view in pane.made:
            self._add(view)
        pane.viewAdded.connect(self._add)
        looked = controller.imageChanged, controller.lookChanged, controller.sessionChanged
        for told in (*looked, pane.compared, links.switched):
            told.connect(self.refresh)
        controller.changed.connect(self._on_change)

    def _add(self, view: ImageView) -> None:
        corner = self.corners[view] = PaneCorner(view)
        corner.close_button.clicked.connect(lambda: self._pane.close_view(view))
        corner.linked.clicked.connect(self._links.switch)
        corner.earlier.clicked.connect(lambda: self._studies.show())

    def _on_change(self, change: object) -> None:
        if isinstance(change, ImagesChanged | PredictionChanged):
            self.refresh()

    def refresh(self, *_: object) -> None:
        """Say what each pane shows, and offer an earlier study in the active one."""
        pane, several = self._pane, len(self._pane.views) > 1
        study = self._studies.offered if len(pane.views) < MOST else None
        last = pane.views[1 if len(pane.views) == MOST else -1]  # at the right edge of the first row
        for view in pane.views:
            offer = self._studies.few_words(study) if study is not None and view is pane.active else ""
            linked = self._links.on if several and view is last else None
            self.corners[view].warn(view.pane.mirrored)
            self.corners[view].show_parts(self._words(view), offer, linked, closes=several)
            self.corners[view].earlier.setToolTip(tip(f"{self._studies.words(study)}: show it beside" if study else ""))

    def _words(self, view: ImageView) -> str:
        if view.pane.predicted:
            return "predicted"
        if view.pane.mirrored:
            return "View mirrored"
        return self._studies.words_beside(view.image) if view is not self._pane.active else ""
