"""Where the measurements of a project lie in one image, to be drawn there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.core.calipers import Caliper, calipers, outermost
from app.core.frame import Points
from app.core.measurement_set import GROUP, LANDMARK, REGION, split
from app.project.measurements import SessionMeasurements, row_of


class SessionCalipers(SessionMeasurements):
    """The part of a `Session` that says where it measures."""

    def calipers(
        self, image: str, measurement: str, placed: tuple[str, tuple[float, float]] | None = None
    ) -> tuple[Caliper, ...]:
        """The lines of a measurement in one image, native pixels; with the names of things as the reader knows them.

        Parameters
        ----------
        image, measurement : str
        placed : (str, (x, y)), optional
            A landmark that lies elsewhere meanwhile, as while it is dragged. Nothing is stored.
        """
        state = self._state
        state.slot(image)
        elsewhere = {}
        if placed is not None:
            elsewhere[f"{LANDMARK}:{state.rows.number(placed[0])}"] = np.array(placed[1], float)
        (one,) = state.measured_alone(image, [row_of(state, measurement)], elsewhere)
        if one.formula is None:
            return ()

        def ends(reference: str, axis: int) -> Points:
            kind, which = split(reference)
            if kind == REGION:
                outline = one.inputs.curves[reference][0]
                return _first_and_last(outline, axis)
            masks = state.masks(image)
            natives = map(masks.native, state.groups.get(which, ()) if kind == GROUP else (which,))
            each = np.concatenate([outermost(mask, axis) for mask in natives if mask is not None])
            return _first_and_last(each, axis)

        drawn = calipers(one.formula, one.inputs, one.spacing[0] is not None, ends)
        return tuple(replace(each, names=tuple(map(state.called, each.names))) for each in drawn)


def _first_and_last(places: Points, axis: int) -> Points:
    """The outermost two of some places [K, 2] along an axis; NaN are none."""
    first, last = np.nanargmin(places[:, axis]), np.nanargmax(places[:, axis])
    return np.stack([places[first], places[last]])
