"""The open session and what is being looked at. Views read it and listen to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.core.landmark import ReviewState
from app.core.template import FIELD
from app.gui.state.field_words import field_words
from app.gui.state.interaction import Interaction
from app.gui.state.view_state import (
    Click,
    Draft,
    Held,
    HeldEnds,
    Layer,
    Look,
    MaskStyle,
    MaskTool,
    Mode,
    Moving,
    Outline,
    Spot,
    Stroke,
    ViewState,
    ZMap,
)
from app.project.accepting import locked_sentence
from app.project.changes import Change, ImagesChanged, LandmarksChanged, touches_masks
from app.store.errors import ProjectError

if TYPE_CHECKING:
    from app.core.frame import Frame
    from app.core.masks import Mask
    from app.project.session import Session

log = logging.getLogger(__name__)

OUTLINE_STAYS = "The outline stays where it is; the solid marker is your correction. Ctrl+B takes the outline along."


READ_ONLY = "The project is open for reading only: nothing can be changed."

BRUSHES = (3.0, 300.0)
"""The smallest and the largest radius of the mask tools, in screen pixels."""

REST_MS = 100
"""Images that follow each other faster than this are passed by: a key that is held down repeats every 30 to 40 ms."""


def nothing_to_edit(title: str) -> str:
    """What is told where a mask is to be edited that is not there."""
    return f"There is no {title.lower()} in this image yet. Draw it with the brush (B) or the lasso (Q)."


class Controller(QObject):
    """The open session and what is looked at of it. Nothing else replaces the view's state.

    `stateChanged` carries the states before and after; a signal of its own follows for each part that differs.
    `changed` and `refused` forward the session's own signals (on the GUI thread, which is the session's).

    Attributes
    ----------
    session : Session or None
    state : ViewState
    interaction : Interaction
        The drag that is running.
    """

    stateChanged = Signal(object, object)

    sessionChanged = Signal()
    imageChanged = Signal(str)
    imagePassed = Signal(str)
    """An image is stepped over: only its picture is wanted. `imageChanged` follows for the one at which it ends."""
    landmarkChanged = Signal(str)
    structureChanged = Signal(str)
    modeChanged = Signal(str)
    lookChanged = Signal()
    spotChanged = Signal(object)
    movingChanged = Signal()
    heldChanged = Signal()
    clicksChanged = Signal()
    changed = Signal(object)
    said = Signal(str)
    told = Signal(str, object)
    refused = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session: Session | None = None
        self.state = ViewState()
        self._outline_told = False
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._arrive)
        self._shown = QTimer(self, singleShot=True, interval=0)  # the time counts from when the step before was painted
        self._shown.timeout.connect(self._rest.start)
        self.interaction = Interaction(self, self.let_go, self.tell)
        self._take_back_draft: Callable[[], None] = lambda: None
        self._end_draft: Callable[[], None] = lambda: None

    # --- the state

    def _set(self, **fields: Any) -> None:
        """Replace parts of the state and say so; the same again says nothing."""
        old, new = self.state, replace(self.state, **fields)
        if new.outline is not None and not new.outline_goes_on:
            new = replace(new, outline=None)
        if new == old:
            return
        self.state = new
        self.stateChanged.emit(old, new)
        if new.image != old.image or new.passing != old.passing:
            (self.imagePassed if new.passing else self.imageChanged).emit(new.image)
        if new.landmark != old.landmark:
            self.landmarkChanged.emit(new.landmark)
        if new.structure != old.structure:
            self.structureChanged.emit(new.structure)
        if (new.mode, new.mask_tool) != (old.mode, old.mask_tool):
            self.modeChanged.emit(new.mode.value)
        if new.look != old.look:
            self.lookChanged.emit()
        if new.spot != old.spot:
            self.spotChanged.emit(new.spot)
        if new.moving != old.moving:
            self.movingChanged.emit()
        if (new.held, new.held_ends) != (old.held, old.held_ends):
            self.heldChanged.emit()
        if new.clicks != old.clicks:
            self.clicksChanged.emit()

    @property
    def image(self) -> str:
        """Name of the shown image, or empty."""
        return self.state.image

    @property
    def landmark(self) -> str:
        """Name of the chosen landmark, or empty."""
        return self.state.landmark

    @property
    def structure(self) -> str:
        """Name of the chosen structure, or empty."""
        return self.state.structure

    @property
    def mode(self) -> Mode:
        """What the left mouse button does in the image."""
        return self.state.mode

    @property
    def look(self) -> Look:
        """What is drawn over the image."""
        return self.state.look

    @property
    def passing(self) -> bool:
        """Whether images are being stepped over."""
        return self.state.passing

    @property
    def spot(self) -> Spot | None:
        """The template point under the mouse."""
        return self.state.spot

    @property
    def moving(self) -> Moving | None:
        """The landmark that is being dragged over the template."""
        return self.state.moving

    @property
    def held(self) -> Held | None:
        """The placement that is being dragged in one image."""
        return self.state.held

    @property
    def clicks(self) -> tuple[Click, ...]:
        """Those that a new landmark is made of."""
        return self.state.clicks

    # --- what is done

    def use(self, session: Session | None) -> None:
        """Take another project; the caller has closed the one before."""
        self.interaction.cancel()
        if self.session is not None:
            self.session.changed.disconnect(self._on_change)
            self.session.refused.disconnect(self._on_refused)
        self.session = session
        self._shown.stop()
        self._rest.stop()
        self._outline_told = False
        first = session.template.structures[0].name if session else ""
        # Told by `sessionChanged`: everything is another.
        self.state = ViewState(structure=first, mode=self.state.mode, look=self.state.look, tool=self.state.tool)
        if session is not None:
            session.changed.connect(self._on_change)
            session.refused.connect(self._on_refused)
        self.sessionChanged.emit()
        if session is not None and session.images:
            self.show_image(session.images[0])
            shown = [mark.name for mark in session.landmarks if not mark.hidden]
            if shown:
                self.choose_landmark(shown[0])

    def open_session(self) -> Session:
        """The session, where there surely is one."""
        assert self.session is not None
        return self.session

    @property
    def writable(self) -> bool:
        """Whether a project is open, and not for reading only."""
        return self.session is not None and not self.session.read_only

    def frame(self, name: str) -> Frame:
        """The coordinate frames of an image that was decoded before."""
        frame = self.open_session().image(name).frame
        assert frame is not None
        return frame

    def _on_change(self, change: Change) -> None:
        session = self.session
        assert session is not None
        self.interaction.follow(change)  # first: what is dragged may be gone
        if self.state.outline is not None and touches_masks(change, self.state.outline.image):
            self.show_outline(None)
        if isinstance(change, ImagesChanged) and self.image not in session.images:
            renamed = len(change.images) == 1 and change.images[0] in session.images
            self.show_image(change.images[0] if renamed else session.images[0] if session.images else "")
        if isinstance(change, LandmarksChanged) and self.landmark not in {mark.name for mark in session.landmarks}:
            self.choose_landmark("")
        self.changed.emit(change)

    def _on_refused(self, trouble: ProjectError | None) -> None:
        self.refused.emit(trouble)

    def use_mask_tool(self, tool: MaskTool) -> None:
        """Let the left mouse button edit the chosen structure's mask, which is shown for that."""
        self.interaction.cancel()
        shown = self.look.hidden - {self.structure}
        masks = self.look.masks if self.look.masks != MaskStyle.OFF else MaskStyle.OUTLINE
        self._set(mode=Mode.MASK, mask_tool=tool, look=replace(self.look, masks=masks, hidden=shown, structures=True))

    def set_brush(self, radius: float) -> None:
        """Choose the radius of the mask tools, in screen pixels; what is too small or large is brought into range."""
        self._set(brush=min(max(radius, BRUSHES[0]), BRUSHES[1]))

    def show_stroke(self, stroke: Stroke | None) -> None:
        """Show a mask as it is being edited, in all views, until it is kept or let go."""
        self._set(stroke=stroke)

    def show_outline(self, outline: Outline | None) -> None:
        """Show corners that are being clicked around what is to change of a mask; None forgets them."""
        self._set(outline=outline)

    def draw_by(self, take_back: Callable[[], None], end: Callable[[], None]) -> None:
        """Who draws regions: what takes the last corner of the draft back, and what ends drawing."""
        self._take_back_draft, self._end_draft = take_back, end

    def take_back_corner(self) -> bool:
        """Take the last of the clicked corners back; False where there is none."""
        if self.state.draft is not None and self.state.draft.corners:
            self._take_back_draft()
            return True
        outline = self.state.outline
        if outline is None:
            return False
        left = replace(outline, ways=outline.ways[:-1], tail=())
        self.show_outline(left if left.ways else None)
        return True

    def cancel(self) -> bool:
        """Give up what is being dragged, outlined or shown elsewhere; False where there is nothing."""
        outlined = self.state.outline is not None
        self.show_outline(None)
        dragged, moved, drawn = self.interaction.cancel(), self.moving is not None, self.state.draft is not None
        if drawn and not dragged:
            self._end_draft()
        if moved:
            self.end_move(keep=False)
        return dragged or outlined or moved or drawn

    def correct_mask(self, image: str, structure: str, mask: Mask) -> bool:
        """Keep a mask that was edited, as one undo step; one of which nothing is left means that it is absent.

        Where there was none and none was drawn, nothing is said of it.
        """
        session = self.open_session()
        if mask.any():
            return self.do(session.set_mask, image, structure, mask)
        if session.mask(image, structure) is not None:
            return self.do(session.set_mask_absent, image, structure)
        self.tell(nothing_to_edit(session.template.structure(structure).title))
        return False

    def show_image(self, name: str) -> None:
        """Choose the image to look at."""
        if name != self.image or self.passing:
            self.interaction.cancel()
            self._set(image=name, passing=False)

    def work_in(self, name: str) -> None:
        """Choose the image of another pane, in which a drag may have begun: that goes on."""
        self._set(image=name, passing=False)

    def step_to(self, name: str) -> None:
        """Choose an image on the way through many, as with a key held down.

        Where such steps follow each other quickly, the picture is shown and all else waits until they end: what is
        overtaken is never made.
        """
        hurried = self._rest.isActive() or self._shown.isActive()
        self._rest.stop()
        self._shown.start()
        if not hurried:
            self.show_image(name)
        elif name != self.image:
            self.interaction.cancel()
            self._set(image=name, passing=True)

    def _arrive(self) -> None:
        """The steps have ended: now everything follows the image."""
        if self.passing:
            self.show_image(self.image)

    def choose_landmark(self, name: str) -> None:
        """Choose the landmark that list, contact sheet and markers emphasise; empty for none."""
        session = self.session
        if name and session is not None and name not in {mark.name for mark in session.landmarks}:
            self.tell(f"“{name}” was deleted. This image was accepted with it and keeps it.")
            return
        if name != self.landmark:
            self.interaction.cancel()
            self._set(landmark=name)

    def choose_structure(self, name: str) -> None:
        """Choose the structure that shows its uv colours; the field has none."""
        if name != FIELD:
            self._set(structure=name)

    def set_mode(self, mode: Mode) -> None:
        """Choose what the left mouse button does."""
        if mode != self.mode:
            self.interaction.cancel()
            self._set(mode=Mode(mode))

    def set_tool(self, name: str) -> None:
        """Say which tool has the left mouse button of the images; empty: the mode says it."""
        if name != self.state.tool:
            self.interaction.cancel()
            self._set(tool=name)

    def set_look(self, **fields: Any) -> None:
        """Change what is drawn over the image."""
        self._set(look=replace(self.look, **fields))

    def point_at(self, spot: Spot | None) -> None:
        """Say which template point the mouse is on; hovering never takes away a point that is being named."""
        if self.spot is not None and self.spot.pinned and spot is not None and not spot.pinned:
            return
        self._set(spot=spot)

    def set_clicks(self, clicks: tuple[Click, ...]) -> None:
        """Keep the clicks that a new landmark is made of."""
        self._set(clicks=clicks)

    def choose_region(self, name: str) -> None:
        """Choose a region or a curve: it is drawn thicker."""
        self._set(region=name)

    def show_draft(self, draft: Draft | None) -> None:
        """Show a region as it is being drawn, in all views."""
        self._set(draft=draft)

    def show_layer(self, layer: Layer, z_map: ZMap | None) -> None:
        """Show something of all images together on the template, and how far the shown one is from the others."""
        self._set(layer=layer, z_map=z_map)

    def hold(self, held: Held | None) -> None:
        """Show a placement elsewhere in one image, in all views, until it is dropped or let go."""
        self._set(held=held)

    def hold_ends(self, held: HeldEnds | None) -> None:
        """Show a caliper with other ends in one image, until it is dropped or let go."""
        self._set(held_ends=held)

    def set_ends(self, held: HeldEnds) -> bool:
        """Correct where a width or a height ends in an image; outside the picture it is refused, and said."""
        return self.do(self.open_session().set_ends, held.image, held.shape, held.axis, held.ends)

    def held_place(self, image: str, landmark: str) -> tuple[float, float] | None:
        """Where a landmark that is being dragged in this image is now, native pixels; None if it is not dragged."""
        held = self.held
        return held.xy if held is not None and (held.image, held.landmark) == (image, landmark) else None

    def let_go(self) -> None:
        """Nothing is dragged any more: every view shows what is stored."""
        self._set(held=None, held_ends=None)
        self.show_stroke(None)

    def why_locked(self, image: str) -> str:
        """Why nothing can be corrected in an image, in a sentence; empty where it can."""
        session = self.session
        if session is None or session.read_only:
            return READ_ONLY
        if session.review(image) is ReviewState.ACCEPTED:
            return locked_sentence(image)
        return ""

    def place(self, image: str, landmark: str, xy: tuple[float, float]) -> bool:
        """Correct where a landmark is in an image, native pixels; outside the picture it is refused, and said."""
        if self.session is None:
            return False
        if not self.frame(image).contains(xy):
            self.tell(f"“{landmark}” was dropped outside the picture: it is back where it was.")
            return False
        return self.do(self.session.move_placement, image, landmark, xy) and self._tell_of_outline(landmark)

    def nudge(self, image: str, landmark: str, step: tuple[float, float]) -> bool:
        """Correct where a landmark is in an image by a step in native pixels."""
        if self.session is None:
            return False
        return self.do(self.session.nudge_placement, image, landmark, step) and self._tell_of_outline(landmark)

    def define_landmark(self, name: str, structure: str, uv: tuple[float, float]) -> bool:
        """Define a landmark and choose it; False (with a message) where the session refuses."""
        if self.session is None or not self.do(self.session.define_landmark, name, structure, uv):
            return False
        self.choose_landmark(name)
        if words := field_words(self.session, name, self.image):
            self.tell(words)
        return True

    def is_models_own(self, landmark: str) -> bool:
        """Whether a landmark came with the model: a point of an outline, which a correction does not move."""
        return self.session is not None and any(mark.name == landmark for mark in self.session.bundle.landmarks)

    def _tell_of_outline(self, landmark: str) -> bool:
        """Say once per project which is which where a point of an outline was corrected."""
        if not self._outline_told and self.is_models_own(landmark):
            self._outline_told = True
            self.tell(OUTLINE_STAYS)
        return True

    def move(self, landmark: str, uv: tuple[float, float]) -> None:
        """Show a landmark elsewhere on its chart, in all views, until it is dropped (`end_move`)."""
        self._set(moving=Moving(landmark, uv, self.open_session().preview_move(landmark, uv)))

    def end_move(self, keep: bool) -> None:
        """Drop the landmark that is being moved, as one undo step; or put it back where it was."""
        moving = self.moving
        if moving is not None and keep:
            self.do(self.open_session().move_landmark, moving.landmark, moving.uv)
        self._set(moving=None)  # not before: until the session has it, the marker stays where it was dropped

    def say(self, sentence: str) -> None:
        """Tell the reader something, quietly and lastingly."""
        self.said.emit(sentence)

    def tell(self, sentence: str, view: QWidget | None = None) -> None:
        """Tell the reader something about what the eye looks at: it stands in that view, and among the messages.

        Without a view it stands in the one that has the focus, or else in the image.
        """
        self.say(sentence)
        self.told.emit(sentence, view)

    def do(self, action: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
        """Run one of the session's actions; what it refuses, it says in a sentence that goes to the messages."""
        try:
            action(*arguments, **options)
        except (ValueError, KeyError, ProjectError) as error:
            self.tell(str(error.args[0]) if error.args else "That is not possible here.")
            return False
        except OSError as error:
            self.tell(
                f"The project file could not be written ({error.strerror or 'unknown reason'}); nothing was changed."
            )
            return False
        return True
