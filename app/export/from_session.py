"""Make a `ProjectView` of an open session; a protocol says what is needed of it, so that nothing here imports it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.landmark import Landmark, PlacementState, ReviewState
from app.core.prediction import Prediction
from app.export.formats import ProjectView
from app.export.table import Row
from app.export.view import ImageView
from app.io.bundle import Bundle
from app.io.discover import unique_stems


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
    def review(self) -> ReviewState: ...  # noqa: D102


class SessionLike(Protocol):
    """What of a session is read."""

    bundle: Bundle

    @property
    def images(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def landmarks(self) -> tuple[Landmark, ...]: ...  # noqa: D102
    def image(self, name: str) -> EntryLike: ...  # noqa: D102
    def placements_in(self, image: str) -> Sequence[PlacementLike]: ...  # noqa: D102
    def prediction(self, name: str) -> Prediction | None: ...  # noqa: D102


def view_of(session: SessionLike, accepted_only: bool = False) -> ProjectView:
    """Everything of a project that is exported, in the order of its images; read as it is gone through."""
    bundle = session.bundle
    return ProjectView(bundle.template, bundle.name, session.landmarks, _images(session, accepted_only))


def _images(session: SessionLike, accepted_only: bool) -> Iterator[ImageView]:
    stems = unique_stems(session.images)
    for name in session.images:
        entry = session.image(name)
        if accepted_only and entry.review is not ReviewState.ACCEPTED:
            continue
        rows = tuple(
            _row(name, placement, entry.frame)
            for placement in session.placements_in(name)
            if placement.state is not None
        )
        yield ImageView(name, stems[name], entry.review.value, entry.frame, session.prediction(name), rows)


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
