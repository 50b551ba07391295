"""A new landmark from clicks on the same place in several images: a bar lists the clicks and asks for the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.core.click_average import ClickAverage, click_average
from app.core.propagate import FARTHEST_SHARE
from app.core.template import FIELD
from app.gui.image.image_view import ImageView
from app.gui.image.split_view import ImagesPane
from app.gui.image.tools.multi_click import ClickTool
from app.gui.state.controller import Controller
from app.gui.state.view_state import Click
from app.gui.widgets.name_editor import free_name
from app.gui.widgets.plain_text import PlainLabel, caption, tip
from app.project.changes import Change

if TYPE_CHECKING:
    from app.project.session import Session

FARTHEST_MM = 10.0
"""How far outside its mean shape a structure's place may be clicked, in mm of the template."""
FEWEST = 2
MOST_CHIPS = 4


def click_on_chart(
    session: Session, image: str, xy: tuple[float, float], structure: str | None, shown: Callable[[str], bool]
) -> Click:
    """A click in native pixels as a template point; raises ValueError with a sentence where it means no place.

    Without a `structure` the smallest one is meant that is there and that `shown` says is switched on.
    """
    if session.image(image).status != "predicted":
        raise ValueError(f"{image} is not predicted yet: a click there has no place on the template.")
    there = session.structures_at(image, xy)
    meant = structure or next(filter(shown, there), None if there else FIELD)
    found = session.template_point(image, xy, meant) if meant is not None else None
    if found is None and structure is not None:
        title = session.template.structure(structure).title
        raise ValueError(f"{title} was not found in {image}. Click in another image.")
    if found is None:
        raise ValueError("The structure here is switched off. Click on one of the outlined structures, or beside them.")
    name, uv, miss = found
    title = session.template.structure(name).title.lower()
    outside = float(session.template.structure(name).distance_mm(uv))
    if outside > FARTHEST_MM:
        raise ValueError(f"This is {outside:.0f} mm outside the {title}. Click the same place as in the other images.")
    frame = session.image(image).frame
    if frame is not None and miss > FARTHEST_SHARE * frame.diagonal:  # what was read off lies elsewhere
        raise ValueError(f"This is far outside the {title}. Click the same place as in the other images.")
    return Click(image, xy, name, uv)


class MultiClick(QWidget):
    """The bar: what to do, the clicks as chips that take themselves back, how well they agree, the name."""

    def __init__(self, controller: Controller, pane: ImagesPane) -> None:
        super().__init__()
        self.setObjectName("severalClicks")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._controller = controller
        self._pane, self._tool = pane, ClickTool(self)
        self.words, self.agreement = PlainLabel(), PlainLabel()
        self.agreement.setProperty("muted", "true")
        self.chips: list[QPushButton] = []
        self.name = QLineEdit(placeholderText="Name of the landmark")
        self.name.setObjectName("severalClicksName")
        self.name.setFixedWidth(184)
        self.define, cancel = QPushButton("Define"), QPushButton("Cancel")
        cancel.setProperty("flat", "true")
        self._list = QHBoxLayout()
        self._list.setSpacing(4)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.words)
        row.addLayout(self._list)
        row.addWidget(self.agreement)
        row.addStretch()
        for widget in (self.name, self.define, cancel):
            row.addWidget(widget)
        pane.viewAdded.connect(self._give_tool)
        self._tool.clicked.connect(self.add)
        self._tool.escaped.connect(self.end)
        self.define.clicked.connect(self.keep)
        self.name.returnPressed.connect(self.keep)
        cancel.clicked.connect(self.end)
        controller.sessionChanged.connect(self.end)
        controller.changed.connect(self._on_change)
        self.hide()

    def _give_tool(self, view: ImageView) -> None:
        """A second view came while clicks are collected."""
        if self._controller.state.tool == self._tool.name:
            view.use_tool(self._tool)

    def _listen(self, on: bool) -> None:
        """Begin or end to take clicks."""
        for view in self._pane.made:
            if on or view.tool is self._tool:
                view.use_tool(self._tool if on else None)

    def begin(self) -> None:
        """Start to collect clicks."""
        session = self._controller.session
        if session is None:
            return
        self._controller.set_clicks(())
        self.name.setText(free_name(mark.name for mark in session.landmarks))
        self._listen(True)
        self._show()
        self.show()

    def end(self) -> None:
        """Stop; nothing is defined."""
        self._listen(False)
        self._controller.set_clicks(())
        self.hide()

    def add(self, image: str, at: QPointF) -> None:
        """Take a click in native pixels; a second one in the same image takes the first one's place."""
        session, others = self._controller.session, [click for click in self._controller.clicks if click.image != image]
        if session is None:
            return
        structure = others[0].structure if others else None
        try:
            click = click_on_chart(session, image, (at.x(), at.y()), structure, self._controller.look.shows)
        except ValueError as error:
            self._controller.tell(str(error))
            return
        self._controller.set_clicks((*others, click))
        self._show()

    def take_back(self, image: str) -> None:
        """Forget the click in an image."""
        self._controller.set_clicks(tuple(click for click in self._controller.clicks if click.image != image))
        self._show()

    def _on_change(self, change: Change) -> None:
        """Images went, or what they show of the template is another place by now: clicks stay where they were made."""
        session = self._controller.open_session()
        for click in self._controller.clicks:
            if click.image not in session.images:
                self.take_back(click.image)
            elif not change.images or click.image in change.images:
                self._read_again(session, click)

    def _read_again(self, session: Session, click: Click) -> None:
        if session.status(click.image) == "waiting":  # its next prediction will say
            return
        try:
            now = click_on_chart(session, click.image, click.xy, click.structure, self._controller.look.shows)
        except ValueError as error:
            self.take_back(click.image)
            self._controller.tell(f"The click in {click.image} was taken back. {error}")
            return
        if now != click:
            self._controller.set_clicks(tuple(now if c.image == click.image else c for c in self._controller.clicks))
            self._show()

    def keep(self) -> None:
        """Define the landmark where the clicks agree, if there are enough of them and a name."""
        session, clicks, name = self._controller.session, self._controller.clicks, self.name.text().strip()
        if session is None or len(clicks) < FEWEST:
            return
        if self._controller.define_landmark(name, clicks[0].structure, agreement(self._controller).uv):
            self.end()

    def _show(self) -> None:
        clicks = self._controller.clicks
        ask = (
            "Click the same place in two or more images",
            "Click it in another image",
            "Click in more images, or name it",
        )
        self.words.setText(ask[min(len(clicks), FEWEST)])
        agreed = len(clicks) >= FEWEST
        spread = agreement(self._controller).spread_mm if agreed else 0.0
        self.agreement.setText(f"{len(clicks)} clicks, spread {spread:.1f} mm on the template" if agreed else "")
        self.define.setEnabled(agreed)
        for chip in self.chips:
            self._list.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for click in clicks[-MOST_CHIPS:]:
            short = self.fontMetrics().elidedText(click.image, Qt.TextElideMode.ElideMiddle, 110)
            chip = QPushButton(caption(f"{short}  ×"))
            chip.setProperty("chip", "true")
            chip.setToolTip(tip(f"Take the click in {click.image} back"))
            chip.clicked.connect(lambda _=False, image=click.image: self.take_back(image))
            self._list.addWidget(chip)
            self.chips.append(chip)


def agreement(controller: Controller) -> ClickAverage:
    """Where the clicks agree; there must be one at least."""
    structure = controller.open_session().template.structure(controller.clicks[0].structure)
    return click_average(structure, [click.uv for click in controller.clicks])
