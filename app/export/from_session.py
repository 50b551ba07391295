"""Make a `ProjectView` of an open session; a protocol says what is needed of it, so that nothing here imports it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark, PlacementState, ReviewState
from app.core.prediction import Prediction
from app.export.table import Row
from app.export.view import ImageView, ProjectView
from app.io.bundle import Bundle
from app.io.discover import unique_stems
from app.store.errors import ProjectError
from app.store.rows import StructureReview


class PlacementLike(Protocol):
    """What of a placement is read."""

    @property
    def landmark(self) -> Landmark: ...  # noqa: D102
    @property
    def state(self) -> PlacementState | None: ...  # noqa: D102
    @property
    def xy(self) -> npt.NDArray[np.float64]: ...  # noqa: D102
    @property
    def expected_error(self) -> float: ...  # noqa: D102


class EntryLike(Protocol):
    """What of an image is read."""

    @property
    def frame(self) -> Frame | None: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def review(self) -> ReviewState: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102
    @property
    def structures(self) -> tuple[StructureReview, ...]: ...  # noqa: D102


class SessionLike(Protocol):
    """What of a session is read."""

    bundle: Bundle

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def images(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def accepted(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def landmarks(self) -> tuple[Landmark, ...]: ...  # noqa: D102
    def image(self, name: str) -> EntryLike: ...  # noqa: D102
    def placements_in(self, image: str) -> Sequence[PlacementLike]: ...  # noqa: D102
    def prediction(self, name: str) -> Prediction | None: ...  # noqa: D102


SCOPES = ("all", "accepted", "image")
"""Every image, the accepted ones, or a single one."""


def names_in(session: SessionLike, scope: str, image: str = "") -> tuple[str, ...]:
    """The images of a scope, in the project's order; raises ValueError for an unknown scope or image."""
    if scope == "accepted":
        return session.accepted
    if scope == "image":
        session.image(image)
        return (image,)
    if scope == "all":
        return session.images
    raise ValueError(f"The images to export are “all”, “accepted” or “image”, not “{scope}”.")


def view_of(session: SessionLike, scope: str = "all", image: str = "") -> ProjectView:
    """What is exported of a project; images are read one by one when they are asked for."""
    bundle, stems = session.bundle, unique_stems(session.images)
    return ProjectView(
        session.path.name,
        bundle.name,
        bundle.sha256,
        bundle.template,
        session.landmarks,
        _own(session),
        names_in(session, scope, image),
        lambda name: _image(session, name, stems[name]),
    )


def _own(session: SessionLike) -> tuple[Landmark, ...]:
    """All landmarks but the hidden ones that came with the model; where no other is there, those."""
    given = {(mark.name, mark.structure, mark.uv) for mark in session.bundle.landmarks}
    own = [mark for mark in session.landmarks if not (mark.hidden and (mark.name, mark.structure, mark.uv) in given)]
    return tuple(own) or session.landmarks


def _image(session: SessionLike, name: str, stem: str) -> ImageView:
    seen = session.prediction(name)
    placed = [placement for placement in session.placements_in(name) if placement.state is not None]
    entry = session.image(name)
    if entry.status == "failed" and entry.review is ReviewState.ACCEPTED:
        raise ProjectError(entry.message)  # something of what was accepted is damaged
    rows = tuple(_row(name, placement, entry.frame) for placement in placed)
    return ImageView(name, stem, entry.review.value, entry.frame, seen, rows, entry.note, entry.structures)


def _row(image: str, placement: PlacementLike, frame: Frame | None) -> Row:
    xy, error = placement.xy, placement.expected_error
    state = placement.state or PlacementState.PREDICTED
    known = state is not PlacementState.ABSENT and bool(np.isfinite(xy).all())
    return Row(
        image,
        placement.landmark.structure,
        placement.landmark.name,
        state.value,
        (float(xy[0]), float(xy[1])) if known else None,
        float(error) if known and np.isfinite(error) else None,
        frame,
    )
