"""One image, or two beside each other: the second is for looking, the first for working."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSplitter

from app.gui.image.image_view import ImageView
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.project.changes import ImagesChanged

KEPT = 2
"""What `ImagesPane.step` is while an image stays beside whatever is shown."""


class ImagesPane(QSplitter):
    """The image view and, on request, another one: the image before or after it in the worklist, or one that stays.

    Attributes
    ----------
    first : ImageView
        Follows the controller.
    second : ImageView or None
        Made when it is first wanted. Nothing can be edited in it; a double click makes its image the shown one.
    step : int
        Which neighbour the second shows, 0 for none, `KEPT` for the image that was shown when that was asked for.
    """

    overlapChanged = Signal()
    stepped = Signal(int)
    viewAdded = Signal(object)
    compared = Signal(int)

    def __init__(self, controller: Controller, pictures: Pictures, neighbour: Callable[[int], str]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(4)
        self._controller, self._pictures, self._neighbour = controller, pictures, neighbour
        self.first = ImageView(controller, pictures)
        self.second: ImageView | None = None
        self.step, self._kept = 0, ""
        self._take(self.first)
        QGuiApplication.instance().focusObjectChanged.connect(self._show_active)  # type: ignore[union-attr]
        controller.sessionChanged.connect(self.show_neighbour)
        controller.imageChanged.connect(self.show_neighbour)
        controller.imagePassed.connect(self.show_neighbour)
        controller.changed.connect(lambda change: self.show_neighbour() if isinstance(change, ImagesChanged) else None)

    def _take(self, view: ImageView) -> None:
        self.addWidget(view)
        self.setStretchFactor(self.count() - 1, 1)
        view.pointing.overlapChanged.connect(self.overlapChanged)
        view.stepped.connect(self.stepped)
        self.viewAdded.emit(view)

    @property
    def views(self) -> tuple[ImageView, ...]:
        """What is shown."""
        return (self.first, self.second) if self.second is not None and self.step else (self.first,)

    @property
    def made(self) -> tuple[ImageView, ...]:
        """All views that there are, also one that is hidden."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def active(self) -> ImageView:
        """The view that commands of seeing act on: the second while it has the focus, else the first."""
        return next((view for view in self.views if view.hasFocus()), self.first)

    @property
    def pointed(self) -> ImageView:
        """The view under the mouse, else the first."""
        return next((view for view in self.views if view.pointing.mouse is not None), self.first)

    def compare(self, step: int) -> None:
        """Show another image beside the shown one: 1 the next, -1 the one before, `KEPT` this one for good, 0 none."""
        self.step, self._kept = step, self._controller.image
        if step and self.second is None:
            self.second = ImageView(self._controller, self._pictures, companion=True)
            self._take(self.second)
            self.setSizes([self.width() // 2] * 2)
        if self.second is not None:
            self.second.setVisible(bool(step))
            self.second.set_invert(self.first.invert)
            self.second.set_magnifier(self.first.lens is not None)
            self.second.set_crosshair(self.first.crosshair)
        self.first.mark = self._is_active if step else None
        if self.second is not None:
            self.second.mark = self._is_active if step else None
        self.show_neighbour()
        self.compared.emit(step)

    def _is_active(self, view: ImageView) -> bool:
        return self.active is view

    def _show_active(self, *_: object) -> None:
        if self.step:
            for view in self.made:
                view.viewport().update()

    def show_neighbour(self, *_: object) -> None:
        """Let the second view show the neighbour of the shown image as the worklist is ordered now."""
        if self.second is None:
            return
        session, name = self._controller.session, self._neighbour(self.step) if self.step in (1, -1) else ""
        if self.step == KEPT and session is not None and self._kept in session.images:
            name = self._kept
        words = {1: "There is no next image.", -1: "There is no image before."}
        self.second.nothing = words.get(self.step, "The image that was kept here was removed.")
        if name != self.second.image:
            self.second.show_image(name)
