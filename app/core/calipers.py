"""Where in an image a formula measures: the lines of each of its functions, in native pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.formula import EXTENTS, Call, Formula, calls
from app.core.frame import Points
from app.core.measure import Inputs, Unit, compute, unit

Ends = Callable[[str, int], Points]
"""By the name of a shape and an axis (0 for x): its outermost places [2, 2] along it, native pixels."""


@dataclass(frozen=True, eq=False)
class Caliper:
    """What one function of a formula measures in one image.

    Attributes
    ----------
    function : str
    names : tuple of str
        Of what it is measured.
    value : float
    unit : Unit
    lines : tuple of array [K, 2]
        What is measured.
    guides : tuple of array [2, 2]
        From the places that decide to the ends of a line that lies elsewhere.
    axis : int or None
        Of a width or a height: the axis of the file along which it is measured (0 for x); its `places` can be set.
    places : array [2, 2] or None
        Where it begins and ends then.
    corrected : bool
        Whether a reader said so.
    """

    function: str
    names: tuple[str, ...]
    value: float
    unit: Unit
    lines: tuple[Points, ...]
    guides: tuple[Points, ...] = ()
    axis: int | None = None
    places: Points | None = None
    corrected: bool = False


def native_axis(function: str, turned: bool) -> int | None:
    """The axis of the file along which a function measures an extent, 0 for x; None where it measures another thing."""
    axis = EXTENTS.get(function)
    return axis if axis is None or not turned else 1 - axis


def calipers(formula: Formula, inputs: Inputs, spacing_known: bool, ends: Ends) -> tuple[Caliper, ...]:
    """The calipers of a formula in one image; none of functions that measure nothing there, or no line (areas).

    Parameters
    ----------
    formula : Formula
    inputs : Inputs
        Of one image.
    spacing_known : bool
        Whether lengths are mm.
    ends : callable
        See `Ends`; asked of shapes that are there.
    """
    found = []
    for call in calls(formula):
        value = float(compute(call, inputs)[0])
        if np.isnan(value) or call.function not in _LINES:
            continue
        lines, guides = _LINES[call.function](call, inputs, ends)
        axis = native_axis(call.function, bool(inputs.turned[0]))
        places = np.stack([guide[0] for guide in guides]) if axis is not None else None
        found.append(
            Caliper(call.function, call.names, value, unit(call.kind, spacing_known), lines, guides, axis, places)
        )
    return tuple(found)


def outermost(mask: npt.NDArray[np.bool_], axis: int) -> Points:
    """The outermost places [2, 2] of a mask [H, W] along an axis (0 for x), at the borders of its outermost pixels.

    Where several pixels are outermost, the middle of them. NaN where the mask is empty.
    """
    along = np.flatnonzero(mask.any(axis=axis))
    if not len(along):
        return np.full((2, 2), np.nan)
    places = []
    for at, beyond in ((int(along[0]), -0.5), (int(along[-1]), 0.5)):
        across = np.flatnonzero(mask[:, at] if axis == 0 else mask[at]).mean()
        places.append((at + beyond, across) if axis == 0 else (across, at + beyond))
    return np.array(places, float)


Drawn = tuple[tuple[Points, ...], tuple[Points, ...]]


def _straight(call: Call, inputs: Inputs, _: Ends) -> Drawn:
    return (np.stack([inputs.points[name][0] for name in call.names]),), ()


def _angle(call: Call, inputs: Inputs, _: Ends) -> Drawn:
    points = [inputs.points[name][0] for name in call.names]
    if len(points) == 3:
        return (np.stack(points),), ()
    return (np.stack(points[:2]), np.stack(points[2:])), ()


def _perpendicular(call: Call, inputs: Inputs, _: Ends) -> Drawn:
    p, a, b = (inputs.points[name][0] * inputs.sides[0] for name in call.names)
    foot = a + (b - a) * ((p - a) @ (b - a)) / ((b - a) @ (b - a))
    native = [each / inputs.sides[0] for each in (p, foot, a, b)]
    return (np.stack(native[:2]),), (np.stack(native[2:]),)


def _extent(axis: int) -> Callable[[Call, Inputs, Ends], Drawn]:
    def drawn(call: Call, inputs: Inputs, ends: Ends) -> Drawn:
        along = 1 - axis if inputs.turned[0] else axis
        places = ends(call.names[0], along)
        line = places.copy()
        line[:, 1 - along] = places[:, 1 - along].mean()
        return (line,), tuple(np.stack([place, end]) for place, end in zip(places, line, strict=True))

    return drawn


def _curve(call: Call, inputs: Inputs, _: Ends) -> Drawn:
    return (inputs.curves[call.names[0]][0],), ()


_LINES: dict[str, Callable[[Call, Inputs, Ends], Drawn]] = {
    "distance": _straight,
    "angle": _angle,
    "perpendicular": _perpendicular,
    "width": _extent(0),
    "height": _extent(1),
    "length": _curve,
}
