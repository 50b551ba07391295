"""Where the measurements of a project lie in one image, to be drawn there, and where readers say that they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.core.calipers import Caliper, calipers, outermost
from app.core.formula import names as names_in
from app.core.formula import parse, quoted
from app.core.frame import Points
from app.core.measurement_set import GROUP, LANDMARK, REGION, split
from app.io.names import stem
from app.project.actions import check_unlocked, remember_file
from app.project.changes import CalipersChanged, Change
from app.project.cohort import SessionCohort
from app.project.measured import MeasuredIn, MeasuredState
from app.project.measurements import row_of, things
from app.store.changes import Action, Writer, now
from app.store.tables import OWN

AXES = ("x", "y")


def set_ends(state: MeasuredState, image: str, shape: str, axis: int, ends: Points, reader: str, label: str) -> Action:
    """Keep where a reader says that a shape begins and ends along an axis of the file."""
    check_unlocked(state, [image])
    reference, both = _reference(state, shape, axis), sorted_ends(ends, axis)
    frame = state.frame(image)
    extents = state.measured_shape(image, reference)
    if frame is None or np.isnan(extents[axis]):
        raise ValueError(f"“{shape}” is absent in {image}, or not predicted yet: it has no ends to be moved.")
    if both.shape != (2, 2) or not np.isfinite(both).all() or not frame.contains(both).all():
        raise ValueError("Both ends must lie on the picture.")
    if both[0, axis] == both[1, axis]:
        raise ValueError("Both ends lie at the same place: nothing would be left to be measured.")
    before = state.rows.calipers.get(image, {}).get((reference, axis))

    def edit(writer: Writer) -> None:
        if before is None or not np.array_equal(before.ends, both):
            remember_file(state, writer, image)
            writer.put("calipers", image, OWN, reference, axis, *both.ravel().tolist(), reader, now())

    return Action(CalipersChanged.code, label, edit, (image,))


def reset_ends(state: MeasuredState, image: str, shapes: Sequence[tuple[str, int]], label: str) -> Action:
    """Forget where a reader said that shapes end, each along an axis."""
    check_unlocked(state, [image])
    wanted = {(_reference(state, shape, axis), axis) for shape, axis in shapes}

    def edit(writer: Writer) -> None:
        for reference, axis in sorted(wanted & state.rows.calipers.get(image, {}).keys()):
            writer.drop("calipers", image=image, opinion=OWN, shape=reference, axis=axis)

    return Action(CalipersChanged.code, label, edit, (image,))


def sorted_ends(ends: npt.ArrayLike, axis: int) -> Points:
    """Two ends with the first one along an axis in front: one may be dragged past the other."""
    both = np.array(ends, float)
    return both[np.argsort(both[:, axis], kind="stable")] if both.shape == (2, 2) else both


def _reference(state: MeasuredState, shape: str, axis: int) -> str:
    """As formulas keep what they call so; raises FormulaError for what has no width."""
    if axis not in (0, 1):
        raise ValueError(f"An axis is 0 for x or 1 for y, not {axis}.")
    return next(iter(names_in(parse(things(state).kept(f"width({quoted(shape)})")))))


class SessionCalipers(SessionCohort):
    """The part of a `Session` that says where it measures."""

    def calipers(
        self,
        image: str,
        measurement: str,
        placed: tuple[str, tuple[float, float]] | None = None,
        ended: tuple[str, int, npt.ArrayLike] | None = None,
    ) -> tuple[Caliper, ...]:
        """The lines of a measurement in one image, native pixels; with the names of things as the reader knows them.

        Parameters
        ----------
        image, measurement : str
        placed : (str, (x, y)), optional
            A landmark that lies elsewhere meanwhile, as while it is dragged. Nothing is stored.
        ended : (str, int, array [2, 2]), optional
            A shape, an axis of the file and where the shape begins and ends along it meanwhile.
        """
        state = self._state
        state.slot(image)
        elsewhere, said = {}, {key: row.ends for key, row in state.rows.calipers.get(image, {}).items()}
        if placed is not None:
            elsewhere[f"{LANDMARK}:{state.rows.number(placed[0])}"] = np.array(placed[1], float)
        if ended is not None:
            shape, axis, both = ended
            said[_reference(state, shape, axis), axis] = sorted_ends(both, axis)
        (one,) = state.measured_alone(image, [row_of(state, measurement)], elsewhere, said)
        if one.formula is None:
            return ()

        def ends(reference: str, axis: int) -> Points:
            if (reference, axis) in said:
                return said[reference, axis]
            kind, which = split(reference)
            if kind == REGION:
                outline = one.inputs.curves[reference][0]
                return _first_and_last(outline, axis)
            return _ends_of_masks(state, image, state.groups.get(which, ()) if kind == GROUP else (which,), axis)

        drawn = calipers(one.formula, one.inputs, one.spacing[0] is not None, ends)
        return tuple(
            replace(
                each,
                names=tuple(map(state.called, each.names)),
                corrected=each.axis is not None and (each.names[0], each.axis) in said,
            )
            for each in drawn
        )

    def preview_ends(self, image: str, shape: str, axis: int, ends: npt.ArrayLike) -> list[MeasuredIn]:
        """The measurements that depend on where a shape ends, as they would be with other ends; nothing is stored."""
        state = self._state
        state.slot(image)
        reference = _reference(state, shape, axis)
        rows = tuple(state.rows.measurements.values())
        return state.ended_in(image, reference, axis, sorted_ends(ends, axis), rows)

    def set_ends(self, image: str, shape: str, axis: int, ends: npt.ArrayLike) -> Change | None:
        """Say where a shape begins and ends in an image: its width or height is measured between. One undo step.

        Parameters
        ----------
        image : str
        shape : str
            A structure, structures that belong together or a region, as formulas name it.
        axis : int
            Of the file, along which its extent is meant: 0 for x, 1 for y.
        ends : array [2, 2]
            Native pixels, in either order; a border lies half a pixel from the centre of its pixel.

        Raises
        ------
        ValueError
            Where the image is locked, the shape is not there, or an end is not on the picture.
        """
        label = f"Move an end of “{shape}” along {AXES[axis] if axis in (0, 1) else axis} in {stem(image)}"
        return self._act(set_ends, image, shape, axis, np.array(ends, float), self._reader, label)

    def reset_ends(self, image: str, shape: str, axis: int, *more: tuple[str, int]) -> Change | None:
        """Forget where a reader said that a shape ends: what its mask says counts again. One undo step.

        With it go the ends of `more` shapes, each along its axis.
        """
        shapes = [(shape, axis), *more]
        named = "”, “".join(dict.fromkeys(one for one, _ in shapes))
        return self._act(reset_ends, image, shapes, f"Go back to the measured ends of “{named}” in {stem(image)}")


_KEPT = 64
"""Ends of masks that are kept."""


def _ends_of_masks(state: MeasuredState, image: str, structures: tuple[str, ...], axis: int) -> Points:
    """The outermost places of some masks together, kept for a while: while one end is dragged the others are asked
    for at every move, and a mask of native size takes some milliseconds."""
    said = state.rows.masks.get(image, {})
    drawn = tuple(said[name].mask if name in said else "" for name in structures)
    key, found = (image, state.chart_stamp(image), structures, drawn, axis), state.ends_of_masks
    if key not in found:
        natives = map(state.masks(image).native, structures)
        each = np.concatenate([*(outermost(mask, axis) for mask in natives if mask is not None), np.zeros((0, 2))])
        if len(found) >= _KEPT:
            found.clear()
        found[key] = _first_and_last(each, axis)
    return found[key]


def _first_and_last(places: Points, axis: int) -> Points:
    """The outermost two of some places [K, 2] along an axis; NaN are none, and NaN where there is none."""
    if np.isnan(places[:, axis]).all():  # the masks are damaged in the file, and their extents are not
        return np.full((2, 2), np.nan)
    first, last = np.nanargmin(places[:, axis]), np.nanargmax(places[:, axis])
    return np.stack([places[first], places[last]])
