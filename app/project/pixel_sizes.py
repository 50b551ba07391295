"""How large the pixels of all images are, kept while nothing changes them: measuring asks for it each time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Provenance
from app.core.measure import Values, pixel_sides
from app.core.template import Template
from app.project.region_state import RegionState
from app.store.changes import RowChange
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import FactsRow

Flags = npt.NDArray[np.bool_]
_AT_ONCE = 128
"""Images whose pixel sizes are asked for in one go."""


class Geometry(NamedTuple):
    """Sizes of pixels of N images (`Inputs`), where they are known, and from where."""

    sides: Values
    turned: Flags
    known: Flags
    spacing: list[Provenance | None]


class SizedState(RegionState):
    """A project's state that knows the sizes of pixels."""

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, template, network_size)
        self._geometry: Geometry | None = None
        self._geometry_parts: list[Geometry] = []
        self._stale: set[str] = set()

    # --- what changes

    def take_facts(self, name: str, facts: FactsRow) -> None:
        """See `ProjectState.take_facts`."""
        super().take_facts(name, facts)
        self._stale.add(name)

    def apply(self, changes: list[RowChange]) -> None:
        """See `ProjectState.apply`."""
        super().apply(changes)
        if any(change.table == "images" for change in changes):
            self._geometry = None
            self._geometry_parts.clear()
        about = [c.key for c in changes if c.table in ("spacings", "readings", "frozen", "frozen_facts")]
        self._stale.update(self.rows.names(about))

    # --- asked

    @property
    def geometry(self) -> Geometry:
        """Pixel sizes of all images."""
        if self._geometry is None:
            self._geometry = self.geometry_of(self.rows.images)
        elif self._stale:
            stale = [name for name in self._stale if name in self.places]
            where, fresh = [self.places[name] for name in stale], self.geometry_of(stale)
            held = self._geometry = self._geometry._replace(  # those that were given away stay as they are
                sides=self._geometry.sides.copy(), turned=self._geometry.turned.copy(),
                known=self._geometry.known.copy(), spacing=self._geometry.spacing.copy(),
            )  # fmt: skip
            held.sides[where], held.turned[where], held.known[where] = fresh.sides, fresh.turned, fresh.known
            for place, provenance in zip(where, fresh.spacing, strict=True):
                held.spacing[place] = provenance
        self._stale.clear()
        return self._geometry

    def geometry_ahead(self, end: float) -> bool:
        """Ask for the pixel sizes of images that are not known yet, until then; True once all are."""
        names = self.rows.images
        while self._geometry is None:
            asked = sum(len(part.known) for part in self._geometry_parts)
            if asked < len(names):
                self._geometry_parts.append(self.geometry_of(names[asked : asked + _AT_ONCE]))
            else:
                self._geometry = _joined(self._geometry_parts or [self.geometry_of(())])
            if time.perf_counter() > end:
                break
        return self._geometry is not None

    def geometry_of(self, names: Sequence[str]) -> Geometry:
        """Pixel sizes of some images."""
        frames = [self.frame(name) for name in names]
        sides = np.array([pixel_sides(frame) for frame in frames], float).reshape(-1, 3)
        turned = [frame is not None and frame.orientation.swaps_sides for frame in frames]
        spacing = [frame.spacing.provenance if frame and frame.spacing else None for frame in frames]
        return Geometry(sides[:, :2], np.array(turned, bool), sides[:, 2] > 0, spacing)


def _joined(parts: Sequence[Geometry]) -> Geometry:
    sides, turned, known = (np.concatenate([part[field] for part in parts]) for field in range(3))
    return Geometry(sides, turned, known, [each for part in parts for each in part.spacing])
