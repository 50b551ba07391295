"""One image, or two to four side by side: each its own, one of them the active one, on which all commands act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.gui.image.image_view import ImageView
from app.gui.state.controller import Controller
from app.gui.state.pictures import Pictures
from app.gui.state.view_state import Pane
from app.project.changes import Change, ImagesChanged

MOST = 4
"""So many images at most stand side by side."""
PLACES = {1: ((0, 0),), 2: ((0, 0), (0, 1)), 3: ((0, 0), (0, 1), (0, 2)), 4: ((0, 0), (0, 1), (1, 0), (1, 1))}
"""Row and column of each pane by how many there are: halves, columns, two by two."""
GAP = 4
NO_NEIGHBOUR = {1: "There is no next image.", -1: "There is no image before."}
REMOVED = "The image that was here was removed. Undo brings it back."


class Beside(StrEnum):
    """What stands beside the image that is worked in."""

    NOTHING = "nothing"
    NEXT = "next"
    PREVIOUS = "previous"
    OTHERS = "others"


STEPS = {Beside.NEXT: 1, Beside.PREVIOUS: -1}
"""How many rows of the worklist further the neighbour is."""


class ImagesPane(QWidget):
    """Image views in a grid.

    The active one shows the image that is chosen. Each other one keeps its own, but for the neighbour, which follows
    the worklist, and for panes that show the same image in two ways: they go on to another image together.

    Attributes
    ----------
    views : tuple of ImageView
        What is shown, in the order of the panes.
    active : ImageView
        The view on which commands act.
    """

    overlapChanged = Signal()
    stepped = Signal(int)
    viewAdded = Signal(object)
    pictureShown = Signal(list)
    """Names of the window presets of the active view's picture."""
    markerMenu = Signal(str, QPoint)
    compared = Signal()
    """Other panes than before are shown, or another one is active."""

    def __init__(self, controller: Controller, pictures: Pictures, neighbour: Callable[[int], str]) -> None:
        super().__init__()
        self.setObjectName("imagesPane")
        self._controller, self._pictures, self._neighbour = controller, pictures, neighbour
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self.made: list[ImageView] = []
        self._wanted: dict[ImageView, str] = {}
        self._twins: dict[ImageView, int] = {}
        self._follower: ImageView | None = None
        self._step = 0
        self.active = self._make()
        self.views: tuple[ImageView, ...] = (self.active,)
        self.active.set_active(True)
        self.setFocusProxy(self.active)
        self._arrange()
        controller.sessionChanged.connect(self._on_session)
        controller.imageChanged.connect(self._follow_image)
        controller.imagePassed.connect(self._follow_image)
        controller.changed.connect(self._on_change)

    def _make(self) -> ImageView:
        view = ImageView(self._controller, self._pictures)
        view.set_pane(Pane(len(self.made)))
        view.hide()
        self.made.append(view)
        view.pointing.overlapChanged.connect(self.overlapChanged)
        view.stepped.connect(lambda by: self._step_in(view, by))
        view.pressed.connect(lambda: self.activate(view))
        view.pictureShown.connect(lambda names: self.pictureShown.emit(names) if view is self.active else None)
        view.markerMenu.connect(self.markerMenu)
        self.viewAdded.emit(view)
        return view

    # --- what is shown

    @property
    def beside(self) -> Beside:
        """What stands beside the active image."""
        if len(self.views) == 1:
            return Beside.NOTHING
        return {1: Beside.NEXT, -1: Beside.PREVIOUS}.get(self._step, Beside.OTHERS)

    @property
    def pointed(self) -> ImageView:
        """The view under the mouse, else the active one."""
        return next((view for view in self.views if view.pointing.mouse is not None), self.active)

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images that are shown, that of the active view first."""
        shown = (self.active, *(view for view in self.views if view is not self.active))
        return tuple(dict.fromkeys(view.image for view in shown if view.image))

    def is_shown(self, image: str) -> bool:
        """Whether an image stands in a pane, or is about to be."""
        return image in (self._controller.image, *self.images)

    def show_neighbour_beside(self, step: int) -> None:
        """Show the image after the active one (1) or before it (-1) beside it, as the worklist is ordered."""
        if self._follower is None:
            self._follower = self._open() or self._last_but_active
        self._step = step
        self._twins.pop(self._follower, None)
        self._make_plain(self._follower)
        self.show_neighbour()
        self.compared.emit()

    def keep(self) -> None:
        """Let the active image stay beside whatever is gone to from here."""
        name = self._controller.image
        if self._follower is not None:
            view, self._follower, self._step = self._follower, None, 0
        elif any(self._wanted.get(view) == name and view not in self._twins for view in self.views) or not name:
            return
        elif (opened := self._open()) is not None:
            view = opened
        else:
            self._controller.tell(self.no_room(1), self.active)
            return
        self._show(view, name)
        self.compared.emit()

    def show_beside(self, names: Sequence[str]) -> None:
        """Show other images beside those that are shown; too many are told and left out."""
        new = [name for name in names if not self.is_shown(name)]
        room = MOST - len(self.views)
        for name in new[:room]:
            view = self._open()
            assert view is not None
            self._show(view, name)
        if len(new) > room:
            self._controller.tell(self.no_room(len(new) - max(room, 0)), self.active)
        if new:
            self.compared.emit()

    def show_twin(self, mirrored: bool = False, predicted: bool = False) -> None:
        """Show the active image a second time, mirrored or with its prediction alone; once more takes that away."""
        same = self._twins.get(self.active)
        if same is not None and (self.active.pane.mirrored, self.active.pane.predicted) == (mirrored, predicted):
            self.close_view(self.active)
            return
        for view in self.views:
            alike = (view.pane.mirrored, view.pane.predicted) == (mirrored, predicted)
            if view is not self.active and same is not None and self._twins.get(view) == same and alike:
                self.close_view(view)
                return
        opened = self._open()
        if opened is None:
            self._controller.tell(self.no_room(1), self.active)
            return
        group = self.active.pane.number if same is None else same
        self._twins[self.active] = self._twins[opened] = group
        opened.set_pane(replace(opened.pane, mirrored=mirrored, predicted=predicted))
        self._show(opened, self._controller.image)
        self.compared.emit()

    def no_room(self, left_out: int) -> str:
        """Why images are not shown, in a sentence."""
        them = "one more image has" if left_out == 1 else f"{left_out} more images have"
        return f"{MOST} images at most stand side by side: {them} no room. Escape closes the last one."

    @property
    def _last_but_active(self) -> ImageView:
        return next(view for view in reversed(self.views) if view is not self.active)

    def _open(self) -> ImageView | None:
        """Another pane, empty yet, that is seen as the active one is; None where there is no room."""
        if len(self.views) == MOST:
            return None
        view = next((view for view in self.made if view not in self.views), None) or self._make()
        view.set_invert(self.active.invert)
        view.set_magnifier(self.active.lens is not None)
        view.set_crosshair(self.active.crosshair)
        self.views = (*self.views, view)
        self._arrange()
        return view

    def _arrange(self) -> None:
        for view in self.made:
            self._grid.removeWidget(view)
        places = PLACES[len(self.views)]
        for view, (row, column) in zip(self.views, places, strict=True):
            self._grid.addWidget(view, row, column)
        for at in range(3):
            self._grid.setRowStretch(at, int(any(row == at for row, _ in places)))
            self._grid.setColumnStretch(at, int(any(column == at for _, column in places)))
        for view in self.made:
            view.setVisible(view in self.views)
            view.framed = len(self.views) > 1
            view.viewport().update()
        self._grid.activate()

    def _show(self, view: ImageView, name: str) -> None:
        """Let a pane that is not the active one show an image; one that was removed it shows again when it is back."""
        session = self._controller.session
        self._wanted[view] = name
        there = session is not None and name in session.images
        view.nothing = NO_NEIGHBOUR.get(self._step, "") if view is self._follower else REMOVED
        if view.image != (name if there else ""):
            view.show_image(name if there else "")

    def _make_plain(self, view: ImageView) -> None:
        if view.pane != Pane(view.pane.number):
            view.set_pane(Pane(view.pane.number))

    # --- closing

    def close_view(self, view: ImageView) -> None:
        """Take a pane away; where it is the active one, the one before it becomes active. The last one stays."""
        if view not in self.views or len(self.views) == 1:
            return
        if view is self.active:
            at = self.views.index(view)
            self._controller.interaction.cancel()
            self._make_active(self.views[at - 1] if at else self.views[1])
        self._forget(view)
        self._arrange()
        self.compared.emit()

    def close_last(self) -> bool:
        """Close the pane that was opened last; False where there is only one."""
        several = len(self.views) > 1
        if several:
            self.close_view(self.views[-1])
        return several

    def close_others(self) -> None:
        """Show the active image alone."""
        for view in self.views:
            if view is not self.active:
                self._forget(view)
        self._arrange()
        self.compared.emit()

    def _forget(self, view: ImageView) -> None:
        self.views = tuple(one for one in self.views if one is not view)
        self._wanted.pop(view, None)
        if view is self._follower:
            self._follower, self._step = None, 0
        group = self._twins.pop(view, None)
        left = [one for one, same in self._twins.items() if same == group]
        if len(left) == 1:
            del self._twins[left[0]]
        self._make_plain(view)
        view.show_image("")
        if len(self.views) == 1:
            self._make_plain(self.views[0])

    # --- the active one

    def activate(self, view: ImageView) -> None:
        """Let commands act on a pane: its image becomes the chosen one. One that shows nothing stays as it is."""
        if view is self.active or view not in self.views or not view.image:
            return
        self._make_active(view)
        self.compared.emit()

    def _make_active(self, view: ImageView) -> None:
        if not view.image:
            view.show_image(self._controller.image)
        before, self.active = self.active, view
        keys = before.hasFocus()
        if view is self._follower:  # both stay as they are now
            self._follower, self._step = None, 0
        self._wanted.pop(view, None)
        self._wanted[before] = before.awaited or before.image
        before.set_active(False)
        view.set_active(True)
        self.setFocusProxy(view)
        self._controller.work_in(view.image)
        if keys:
            view.setFocus()
        picture = view.grey.picture
        if picture is not None:
            self.pictureShown.emit([name for name, _ in picture.presets])

    def go_to(self, image: str) -> None:
        """Choose an image: in the pane that shows it already, else in the active one."""
        there = [view for view in self.views if view.image == image and not view.pane.predicted]
        if there and self.active.image != image:
            self.activate(there[0])
        else:
            self._controller.show_image(image)

    def _step_in(self, view: ImageView, by: int) -> None:
        """The wheel turns over a pane: that one goes on to another image; the neighbour goes on with the active one."""
        if view is not self._follower:
            self.activate(view)
        self.stepped.emit(by)

    # --- what else changes

    def _on_session(self) -> None:
        """Another project, or none: panes of the one before go; a neighbour stays one."""
        for view in self.views:
            if view not in (self.active, self._follower):
                self._forget(view)
        if self._follower is not None:
            self._wanted.pop(self._follower, None)
        self._make_plain(self.active)
        self._twins.clear()
        self._arrange()
        self.show_neighbour()
        self.compared.emit()

    def _follow_image(self, name: str) -> None:
        """Another image is chosen: its twins show it too, and its neighbour is another one."""
        group = self._twins.get(self.active)
        for view in self.views:
            if view is not self.active and group is not None and self._twins.get(view) == group:
                self._show(view, name)
        self.show_neighbour()

    def _on_change(self, change: Change) -> None:
        if not isinstance(change, ImagesChanged):
            return
        names = self._controller.open_session().images
        (renamed,) = change.images if len(change.images) == 1 and change.images[0] in names else ("",)
        for view, name in list(self._wanted.items()):
            if view is self._follower:
                continue
            gone = bool(view.image) and view.image not in names
            self._show(view, renamed if gone and renamed else name)
        self.show_neighbour()

    def show_neighbour(self, *_: object) -> None:
        """Let the neighbour's pane show the image that is the neighbour as the worklist is ordered now."""
        if self._follower is not None:
            self._show(self._follower, self._neighbour(self._step))
