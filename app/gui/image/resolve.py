"""What an image view draws, worked out of the session and the view's state by pure functions: no Qt, no widget.

The view compares what is returned with what it draws and applies the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import PlacementState
from app.core.laterality import has_pairs, mirrored_point
from app.core.masks import ImageMasks, MaskState, ReaderMask
from app.core.prediction import Prediction
from app.core.template import Template
from app.gui.state.view_state import Layer, Look, MaskStyle, Mode, Pane, ViewState, ZMap
from app.gui.widgets.marker import Marker
from app.gui.widgets.palette import ON_IMAGE
from app.gui.widgets.region_line import RegionLine
from app.project.entries import Placement
from app.project.region_state import RegionIn
from app.project.session import ImageEntry


class ShownSession(Protocol):
    """What is asked of a session to draw one of its images; see `Session`."""

    @property
    def images(self) -> Sequence[str]: ...

    @property
    def template(self) -> Template: ...

    def image(self, name: str) -> ImageEntry: ...

    def new_since_accepted(self, image: str) -> tuple[str, ...]: ...

    def masks(self, image: str) -> ImageMasks: ...

    def placements_in(self, image: str, hidden: bool = True, also: str = "") -> list[Placement]: ...

    def place_in(self, image: str, structure: str, uv: npt.ArrayLike) -> npt.NDArray[np.float64]: ...

    def regions_in(self, image: str, hidden: bool = True) -> list[RegionIn]: ...


@dataclass(frozen=True, eq=False)
class Stored:
    """What the project has of one image, while one landmark is chosen.

    Attributes
    ----------
    image, landmark : str
    entry : ImageEntry or None
        What is known of it; None while nothing is shown.
    later : int
        Landmarks that came after it was accepted.
    masks : ImageMasks or None
        As they count now; None while nothing is shown.
    markers : tuple of Marker
    states : dict
        Who says where each of them is, by name; those that are drawn nowhere too. None where nobody does.
    regions : tuple of RegionIn
        The regions and curves that are drawn here,
    lines : tuple of RegionLine
        and how.
    """

    image: str
    landmark: str
    entry: ImageEntry | None = None
    later: int = 0
    masks: ImageMasks | None = None
    markers: tuple[Marker, ...] = ()
    states: dict[str, PlacementState | None] | None = None
    regions: tuple[RegionIn, ...] = ()
    lines: tuple[RegionLine, ...] = ()

    def state_of(self, landmark: str) -> PlacementState | None:
        """Who says where a landmark is in this image, None where nobody does."""
        return self.states.get(landmark) if self.states is not None else None


@dataclass(frozen=True)
class Overlay:
    """How masks and uv colours are drawn.

    Attributes
    ----------
    masks : bool
        Whether the masks of any structure are switched on: then a prediction counts as seen (`Seen`), also one in
        which nothing was found.
    outlined : tuple of int
        Channels whose outlines are drawn.
    filled : tuple of int
        Channels that are filled with their colour; never the one with uv colours.
    uv : int or None
        The channel that shows its uv colours and iso-lines.
    compared : tuple of int
        Channels whose correction is compared with the prediction: both outlines, and a tint of what is different.
    opacity : float
        Of fills and uv colours, 0 to 1.
    patterns : bool
        Whether each outline has a line of its own.
    strong : int or None
        The channel whose outline is thicker: its mask is being edited.
    z_map : ZMap or None
        How far the image is from the others, drawn in the channels `far`.
    far : tuple of int
        The largest structure first.
    """

    masks: bool = False
    outlined: tuple[int, ...] = ()
    filled: tuple[int, ...] = ()
    uv: int | None = None
    compared: tuple[int, ...] = ()
    opacity: float = 0.45
    patterns: bool = False
    strong: int | None = None
    z_map: ZMap | None = None
    far: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Drawn:
    """What an image view draws over a picture. Places are in the corner frame of the image (see `Frame.to_corner`).

    Attributes
    ----------
    image : str
        Empty while nothing is drawn.
    frame : Frame or None
    masks : ImageMasks or None
        As they are drawn: one that is being edited is what the mouse has made of it.
    edited : str
        The structure whose mask that is; empty while none is edited.
    overlay : Overlay
    stored : Stored
    markers : tuple of Marker
        As they are drawn: one that is dragged is where the mouse has it.
    regions : tuple of RegionLine
        Regions and curves; last one that is being drawn.
    labels : bool
        Whether landmarks carry their names.
    spot : tuple of float or None
        The place that another view's mouse is on.
    pinned : bool
        Whether a name is being typed for it.
    """

    image: str = ""
    frame: Frame | None = None
    masks: ImageMasks | None = None
    edited: str = ""
    overlay: Overlay = Overlay()
    stored: Stored = Stored("", "")
    markers: tuple[Marker, ...] = ()
    regions: tuple[RegionLine, ...] = ()
    labels: bool = True
    spot: tuple[float, float] | None = None
    pinned: bool = False

    @property
    def prediction(self) -> Prediction | None:
        """Of which masks and uv colours are drawn."""
        return self.masks.prediction if self.masks is not None else None


def resolve(
    session: ShownSession | None,
    state: ViewState,
    image: str,
    frame: Frame | None,
    stored: Stored | None = None,
    pane: Pane = Pane(),  # noqa: B008
) -> Drawn:
    """What to draw over the picture of an image.

    Parameters
    ----------
    session : ShownSession or None
    state : ViewState
    image : str
        Empty for none; also one that was just removed.
    frame : Frame or None
        Of the picture that is shown, or of the image before its picture is there.
    stored : Stored, optional
        That of an earlier call, where nothing in the project has changed since: while something is dragged it need not
        be looked up at every step of the mouse.
    pane : Pane, optional
        Where it is drawn.
    """
    if session is None or frame is None or image not in session.images:
        return Drawn()
    if state.passing and image == state.image:
        return Drawn(image, frame, labels=state.look.labels)
    if stored is None or (stored.image, stored.landmark) != (image, state.landmark):
        stored = stored_of(session, image, state.landmark, frame, pane.predicted)
    if pane.predicted:  # what is being corrected belongs to what counts now
        state = replace(state, stroke=None, held=None)
    masks = _as_edited(stored.masks, state, image)
    overlay = overlay_of(masks, _look(state), state.structure, state.mode is Mode.MASK and not pane.predicted)
    return Drawn(
        image=image,
        frame=frame,
        masks=masks,
        edited=state.stroke.structure if masks is not stored.masks and state.stroke is not None else "",
        overlay=_with_z(overlay, masks, state, image),
        stored=stored,
        markers=_as_dragged(stored.markers, session, state, frame, image) + _clicked(state, image, frame),
        regions=_regions(stored, session, state, frame, image),
        labels=state.look.labels,
        spot=_spot(session, state, image, frame, pane),
        pinned=state.spot is not None and state.spot.pinned,
    )


def _look(state: ViewState) -> Look:
    """In Mask mode the chosen structure is drawn whatever is hidden, and no uv colours lie over its border."""
    look = state.look
    if state.mode is not Mode.MASK:
        return look
    masks = look.masks if look.masks != MaskStyle.OFF else MaskStyle.OUTLINE
    return replace(look, uv=False, masks=masks, hidden=look.hidden - {state.structure})


def stored_of(session: ShownSession, image: str, landmark: str, frame: Frame, predicted: bool = False) -> Stored:
    """The masks, and the landmarks that are not hidden, and the chosen one, where the project has them.

    With `predicted` as if no reader had said anything; of an accepted image that is what it was accepted with.
    """
    states: dict[str, PlacementState | None] = {}
    markers: list[Marker] = []
    for placement in session.placements_in(image, hidden=False, also=landmark):
        mark = placement.landmark
        place, said = _shown_place(placement, predicted)
        states[mark.name] = said
        if said is not None and np.isfinite(place).all():
            chosen = mark.name == landmark
            markers.append(Marker(mark.name, _corner(frame, place), said, mark.colour, chosen, mark.hidden))
    entry, later = session.image(image), len(session.new_since_accepted(image))
    regions = tuple(one for one in session.regions_in(image, hidden=False) if one.there)
    lines = tuple(
        RegionLine(one.region.name, frame.to_corner(one.xy), one.region.colour, one.region.closed) for one in regions
    )
    masks = replace(session.masks(image), by_reader={}, confirmed=frozenset()) if predicted else session.masks(image)
    return Stored(image, landmark, entry, later, masks, tuple(markers), states, regions, lines)


def _shown_place(placement: Placement, predicted: bool) -> tuple[npt.NDArray[np.float64], PlacementState | None]:
    """Where a landmark is drawn, native pixels [2], and who says so; NaN where it is nowhere."""
    xy, state = np.asarray(placement.xy, float), placement.state
    if state == PlacementState.ABSENT or not np.isfinite(xy).all():
        xy = placement.cross
    if predicted and placement.at:
        return placement.cross, PlacementState.PREDICTED
    return xy, state


def overlay_of(masks: ImageMasks | None, look: Look, structure: str, editing: bool = False) -> Overlay:
    """Which structures are drawn, and how: those that are switched on and are there, and one that is being edited."""
    if masks is None or not masks.known:
        return Overlay(opacity=look.opacity)
    names = [one.name for one in masks.template.structures]
    there = [masks.state(name) not in (None, MaskState.ABSENT) for name in names]
    wanted = [look.shows(name) or (editing and name == structure) for name in names]
    shown = tuple(c for c, name in enumerate(names) if wanted[c] and there[c])
    chosen = names.index(structure) if structure in names else -1
    prediction = masks.prediction
    coloured = look.uv and chosen in shown and prediction is not None and bool(prediction.present[chosen])
    uv = chosen if coloured else None
    compared = tuple(c for c, name in enumerate(names) if look.corrections and wanted[c] and masks.corrected(name))
    return Overlay(
        masks=look.masks != MaskStyle.OFF and any(wanted),
        strong=chosen if editing else None,
        outlined=shown if look.masks != MaskStyle.OFF else (),
        filled=tuple(c for c in shown if c != uv) if look.masks == MaskStyle.FILL else (),
        uv=uv,
        compared=compared if look.masks != MaskStyle.OFF else (),
        opacity=look.opacity,
        patterns=look.patterns,
    )


def _with_z(overlay: Overlay, masks: ImageMasks | None, state: ViewState, image: str) -> Overlay:
    """With how far the image is from the others, where the template shows that; not over a mask that is edited."""
    z_map = state.z_map
    wanted = state.layer is Layer.Z and state.look.z and state.mode is not Mode.MASK
    if not wanted or z_map is None or z_map.image != image or masks is None or masks.prediction is None:
        return overlay
    structures, present = masks.template.structures, masks.prediction.present
    names = [one.name for one in structures]
    far = [c for c, name in enumerate(names) if state.look.shows(name) and present[c] and masks.known]
    there = [c for c in far if masks.state(names[c]) not in (None, MaskState.ABSENT)]
    far = sorted(there, key=lambda c: -structures[c].area_mm2)
    return replace(overlay, uv=None, z_map=z_map, far=tuple(far))


def _as_edited(masks: ImageMasks | None, state: ViewState, image: str) -> ImageMasks | None:
    """The masks, but for one that is being edited in this image."""
    stroke = state.stroke
    if masks is None or stroke is None or stroke.image != image:
        return masks
    return replace(masks, by_reader={**masks.by_reader, stroke.structure: ReaderMask(stroke.mask)})


def _as_dragged(
    markers: tuple[Marker, ...], session: ShownSession, state: ViewState, frame: Frame, image: str
) -> tuple[Marker, ...]:
    """The markers, but for one that is dragged in this image, or over the template and so in all images."""
    places: dict[str, tuple[float, float]] = {}
    if state.moving is not None:
        xy = state.moving.preview.placements.xy[tuple(session.images).index(image)]
        if np.isfinite(xy).all():
            places[state.moving.landmark] = _corner(frame, xy)
    if state.held is not None and state.held.image == image:
        places[state.held.landmark] = _corner(frame, state.held.xy)
    return tuple(replace(m, xy=places[m.name]) if m.name in places else m for m in markers) if places else markers


def _clicked(state: ViewState, image: str, frame: Frame) -> tuple[Marker, ...]:
    """The clicks that a new landmark is made of, as far as they are in this image; they have no name yet."""
    here = (click for click in state.clicks if click.image == image)
    return tuple(Marker("", _corner(frame, click.xy), PlacementState.CONFIRMED, ON_IMAGE.accent) for click in here)


def _regions(
    stored: Stored, session: ShownSession, state: ViewState, frame: Frame, image: str
) -> tuple[RegionLine, ...]:
    """The regions and curves as they are drawn, and one that is being drawn, as far as its structure is here."""
    lines = [replace(one, chosen=True) if one.name == state.region else one for one in stored.lines]
    draft = state.draft
    if draft is not None and draft.structure and stored.masks is not None:
        structure = stored.masks.template.structure(draft.structure)
        corners = session.place_in(image, structure.name, structure.to_chart([c.plane for c in draft.corners]))
        clicked = np.array([c.xy if c.image == image else (np.nan, np.nan) for c in draft.corners])
        corners = np.where(np.isnan(clicked), corners, clicked)
        if np.isfinite(corners).all():
            ring = frame.to_corner(np.concatenate([corners, corners[:1]]) if draft.closed else corners)
            lines.append(RegionLine("", ring, ON_IMAGE.accent, draft.closed, True, frame.to_corner(corners)))
    return tuple(lines)


def _spot(session: ShownSession, state: ViewState, image: str, frame: Frame, pane: Pane) -> tuple[float, float] | None:
    """The template point that is pointed at elsewhere; the pane under the mouse need not show it again.

    In a mirrored pane it is that of the other side of the body, and of its own points the others show the other side.
    """
    spot = state.spot
    if spot is None or (spot.source == "image" and (spot.image, spot.pane) == (image, pane) and not spot.pinned):
        return None
    structure, uv = spot.structure, np.asarray(spot.uv, float)
    if spot.pane.mirrored != pane.mirrored and has_pairs(session.template):
        structure, uv = mirrored_point(session.template, structure, uv)
    xy = session.place_in(image, structure, uv)
    return _corner(frame, xy) if np.isfinite(xy).all() else None


def _corner(frame: Frame, xy: npt.ArrayLike) -> tuple[float, float]:
    x, y = frame.to_corner(xy).tolist()
    return x, y
