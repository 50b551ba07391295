"""Drawing a region or a curve: a bar says what to do, the corners are clicked on the template or in any image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.core.chart import ring_mm
from app.core.region import home_of
from app.core.template import FIELD
from app.gui.image.image_view import ImageView
from app.gui.image.split_view import ImagesPane
from app.gui.image.tools.region import DrawRegion
from app.gui.state.controller import READ_ONLY, Controller
from app.gui.state.view_state import Corner, Draft
from app.gui.template.template_view import TemplateView
from app.gui.widgets.name_editor import free_name
from app.gui.widgets.plain_text import PlainLabel

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
KEYS = (*ENTER, Qt.Key.Key_Backspace, Qt.Key.Key_Escape)
FEWEST = {True: 3, False: 2}
TOO_FAR = "That is too far from everything that the model knows."


class RegionBar(QWidget):
    """Enter or a double click ends it, Backspace or undo takes the last corner back, Esc leaves nothing."""

    def __init__(self, controller: Controller, pane: ImagesPane, template: TemplateView) -> None:
        super().__init__()
        self.setObjectName("regionBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._controller, self._pane, self._template = controller, pane, template
        self._tool = DrawRegion(self)
        self.words = PlainLabel()
        self.region, self.curve = QPushButton("Region"), QPushButton("Curve")
        self.kinds = QButtonGroup(self)
        for place, button in enumerate((self.region, self.curve)):
            button.setCheckable(True)
            button.setProperty("chip", "true")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to what is drawn
            self.kinds.addButton(button, place)
        self.region.setToolTip("A closed outline, with an area")
        self.curve.setToolTip("An open line, with a length")
        self.name = QLineEdit(placeholderText="Name")
        self.name.setObjectName("regionName")
        self.name.setFixedWidth(184)
        self.done, self.back, cancel = QPushButton("Draw"), QPushButton("Last corner back"), QPushButton("Cancel")
        for button in (self.back, cancel):
            button.setProperty("flat", "true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        for widget in (self.region, self.curve, self.words):
            row.addWidget(widget)
        row.addStretch()
        for part in (self.back, self.name, self.done, cancel):
            row.addWidget(part)
        self._listen()
        self.done.clicked.connect(self.keep)
        self.back.clicked.connect(self.take_back)
        cancel.clicked.connect(self.end)
        self.hide()

    def _listen(self) -> None:
        self._pane.viewAdded.connect(self._give_tool)
        self._tool.clicked.connect(self.add_in_image)
        self._tool.ended.connect(self.keep)
        self._tool.escaped.connect(self.end)
        self._template.clicked.connect(self.add_on_template)
        self._template.doubleClicked.connect(lambda: self.keep() if self.drawing else None)
        self.kinds.idClicked.connect(lambda place: self._set(closed=place == 0))
        self.name.returnPressed.connect(self.keep)
        self.name.installEventFilter(self)
        self._controller.draw_by(self.take_back, self.end)
        self._controller.sessionChanged.connect(self.end)
        self._controller.stateChanged.connect(lambda *_: None if self._has_tool or not self.drawing else self.end())

    @property
    def drawing(self) -> bool:
        """Whether corners are being put down."""
        return self._controller.state.draft is not None

    @property
    def _has_tool(self) -> bool:
        """Another tool may have taken the left button."""
        return self._pane.active.tool is self._tool

    @property
    def _draft(self) -> Draft:
        return self._controller.state.draft or Draft()

    def _give_tool(self, view: ImageView) -> None:
        """A second view came while a region is drawn."""
        self._watch(view, True)
        if self.drawing:
            view.use_tool(self._tool)

    def begin(self) -> None:
        """Start to draw; what was begun before is let go."""
        session = self._controller.session
        if session is None:
            return
        if session.read_only:
            self._controller.tell(READ_ONLY)
            return
        self.end()
        for view in self._pane.made:
            view.use_tool(self._tool)
            self._watch(view, True)
        self._watch(self._template, True)
        self._template.takes_clicks = True
        self._controller.show_draft(Draft())
        self.region.setChecked(True)
        self.name.setText(free_name((one.name for one in session.regions), "Region"))
        self._show()
        self.show()
        self._pane.active.setFocus()

    def end(self) -> None:
        """Stop; nothing is drawn."""
        self._controller.show_draft(None)
        for view in self._pane.made:
            self._watch(view, False)
            if view.tool is self._tool:
                view.use_tool(None)
        self._watch(self._template, False)
        self._template.takes_clicks = False
        self.hide()

    def _watch(self, view: QWidget, on: bool) -> None:
        view.removeEventFilter(self)
        if on:
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the views that draw: the window's commands of the same keys wait."""
        if not self.drawing or not isinstance(event, QKeyEvent) or self._controller.interaction.running:
            return False
        undo = event.matches(QKeySequence.StandardKey.Undo) and bool(self._draft.corners)
        keys = (Qt.Key.Key_Escape,) if watched is self.name else KEYS
        if event.key() not in keys and not (undo and watched is not self.name):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif undo or event.key() == Qt.Key.Key_Backspace:
            self.take_back()
        else:
            self.keep()
        return True

    # --- corners ---------------------------------------------------------------------------------------------------

    def add_on_template(self, x: float, y: float) -> None:
        """Take a click on the template, mm of its plane."""
        self._add(Corner((x, y)))

    def add_in_image(self, image: str, at: QPointF) -> None:
        """Take a click in an image, native pixels."""
        session = self._controller.session
        if session is None:
            return
        if session.status(image) != "predicted":
            self._controller.tell(f"{image} is not predicted yet: a click there has no place on the template.")
            return
        xy = at.x(), at.y()
        found = self._template_point(image, xy)
        if found is None:
            self._controller.tell(
                "There is no structure here. Click on one of the outlined structures, or close to it."
            )
            return
        structure, uv = found
        x, y = session.template.structure(structure).from_chart(uv).tolist()
        self._add(Corner((x, y), image, xy))

    def _template_point(self, image: str, xy: tuple[float, float]) -> tuple[str, tuple[float, float]] | None:
        """The template point of a click: in the structure of the other corners where that reaches it."""
        session, look = self._controller.open_session(), self._controller.look
        under = [name for name in session.structures_at(image, xy) if look.shows(name)]
        for name in dict.fromkeys((self._draft.structure, self._controller.structure, *under)):
            found = session.template_point(image, xy, name) if name else None
            if found is None or found[2] > 1.0 or (name not in under and name != self._draft.structure):
                continue
            structure = session.template.structure(name)
            if float(structure.distance_mm(found[1])) <= ring_mm(structure):
                return name, found[1]
        found = session.template_point(image, xy, FIELD)
        return (FIELD, found[1]) if found is not None else None

    def _add(self, corner: Corner) -> None:
        self._set(corners=(*self._draft.corners, corner))

    def take_back(self) -> None:
        """Forget the last corner."""
        self._set(corners=self._draft.corners[:-1])

    def _set(self, **parts: object) -> None:
        """Show another draft, with the structure in whose chart it lies now."""
        session = self._controller.session
        if session is None or not self.drawing:
            return
        draft = replace(self._draft, **parts)  # type: ignore[arg-type]
        plane = np.array([corner.plane for corner in draft.corners]).reshape(-1, 2)
        first = self._controller.structure if draft.structure in ("", FIELD) else draft.structure
        home = home_of(session.template, plane, draft.closed, first) if len(plane) else ""
        if len(plane) and not home:
            self._controller.tell(TOO_FAR)
            return
        self._controller.show_draft(replace(draft, structure=home))
        self._show()

    # --- the end ---------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Draw the region, if there are enough corners and a name."""
        session, draft, name = self._controller.session, self._draft, self.name.text().strip()
        if session is None or not self.drawing:
            return
        if len(draft.corners) < FEWEST[draft.closed]:
            kind = "region" if draft.closed else "curve"
            self._controller.tell(f"A {kind} needs {FEWEST[draft.closed]} corners at least.")
            return
        if self._controller.do(session.define_region, name, draft.structure, self._corners(), draft.closed):
            self.end()
            self._controller.choose_region(name)

    def _corners(self) -> list[tuple[float, float]]:
        """The corners in the chart of the structure: those of an image where that image shows them."""
        session, draft = self._controller.open_session(), self._draft
        structure, found = session.template.structure(draft.structure), []
        for corner in draft.corners:
            there = corner.image in session.images
            seen = session.template_point(corner.image, corner.xy, structure.name) if there else None
            u, v = structure.to_chart(corner.plane).tolist() if seen is None else seen[1]
            found.append((u, v))
        return found

    def _show(self) -> None:
        count, closed = len(self._draft.corners), self._draft.closed
        enough = count >= FEWEST[closed]
        ask = "Click its corners on the template or in an image"
        corners = f"{count} corner{'' if count == 1 else 's'}"
        words = f"{corners} · Enter ends it" if enough else f"{corners} · click the next"
        self.words.setText(words if count else ask)
        self.done.setEnabled(enough)
        self.back.setEnabled(count > 0)
