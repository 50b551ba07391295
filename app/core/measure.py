"""Computing measurements for all images at once, from points, shapes and curves in native pixels.

Before anything is measured, native pixels become mm where the spacing is known and pixels of equal sides where it is
not, so that every function is plain geometry. Where something is absent or unknown the value is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.formula import Call, Formula, Kind, Number, Role, names
from app.core.frame import Frame, Points

Values = npt.NDArray[np.float64]
_STEP = 0.25
"""Native pixels by which points are moved to see how a value follows."""


class Unit(StrEnum):
    """What a value is measured in."""

    MM = "mm"
    MM2 = "mm2"
    DEGREES = "deg"
    RATIO = "ratio"
    PX = "px"
    PX2 = "px2"
    HU = "HU"
    GREY = ""


_UNITS = {
    (Kind.LENGTH, True): Unit.MM,
    (Kind.LENGTH, False): Unit.PX,
    (Kind.AREA, True): Unit.MM2,
    (Kind.AREA, False): Unit.PX2,
}


def unit(kind: Kind, spacing_known: bool, grey: Unit = Unit.GREY) -> Unit:
    """What a value of a kind is measured in; `grey` is the unit of the file's own values."""
    if kind is Kind.GREY:
        return grey
    return _UNITS.get((kind, spacing_known), Unit.DEGREES if kind is Kind.ANGLE else Unit.RATIO)


class Shapes(NamedTuple):
    """The extent of one structure, or of several together, in N images.

    Attributes
    ----------
    box : array [N, 4]
        First and last column and row that belong to it (x0, y0, x1, y1), native pixels; NaN where it is absent.
    area : array [N]
        Number of its pixels; NaN where it is absent.
    """

    box: Values
    area: Values


class ShapeErrors(NamedTuple):
    """By how much a shape is expected to miss in N images: standard deviations.

    Attributes
    ----------
    sides : array [N, 4]
        Of the box's x0, y0, x1, y1, native pixels.
    area : array [N]
        Native pixels.
    """

    sides: Values
    area: Values


NOTHING_KNOWN: Mapping[str, ShapeErrors] = MappingProxyType({})


def together(extents: npt.NDArray[np.floating]) -> Shapes:
    """Shapes from the extents of one structure or several [C, N, 5] (`app.core.native_mask.Extents`).

    The box is the one around all of them, NaN where one is absent. The area is known of a single structure alone:
    several may overlap.
    """
    found = extents.astype(float)
    box = np.concatenate([found[..., :2].min(axis=0), found[..., 2:4].max(axis=0)], axis=-1)
    return Shapes(box, np.where((found[0, :, 4] > 0) & (len(found) == 1), found[0, :, 4], np.nan))


def pixel_sides(frame: Frame | None) -> tuple[float, float, bool]:
    """Width and height of a native pixel in mm, and True; where the spacing is unknown in pixels of equal area."""
    if frame is None:
        return 1.0, 1.0, False
    if frame.spacing is not None:
        return frame.spacing.column_mm, frame.spacing.row_mm, True
    root = float(np.sqrt(frame.aspect))
    return 1 / root, root, False


@dataclass(frozen=True, eq=False)
class Inputs:
    """What formulas are computed from, in N images.

    Attributes
    ----------
    sides : array [N, 2]
        Width and height of a native pixel (`pixel_sides`).
    turned : array [N], bool
        Whether an image is read turned by a quarter: then its width runs along native columns.
    points : mapping of str to array [N, 2]
        Native pixels, NaN where absent.
    shapes : mapping of str to Shapes
    curves : mapping of str to array [N, K, 2]
        Native pixels; closed ones end where they begin.
    greys : mapping of str to array [N, 2]
        Mean and standard deviation of the grey values inside regions, NaN where they are not known.
    """

    sides: Values
    turned: npt.NDArray[np.bool_]
    points: Mapping[str, Points] = field(default_factory=dict)
    shapes: Mapping[str, Shapes] = field(default_factory=dict)
    curves: Mapping[str, Points] = field(default_factory=dict)
    greys: Mapping[str, Values] = field(default_factory=dict)


def compute(formula: Formula, inputs: Inputs) -> Values:
    """The value of a formula in all images [N]; NaN where something is absent, or divided by zero.

    Raises
    ------
    KeyError
        For a name that the inputs do not have.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.array(np.broadcast_to(_value(formula, inputs), len(inputs.sides)), float)
    found[~np.isfinite(found)] = np.nan
    return found


def expected_error(
    formula: Formula, inputs: Inputs, errors: Mapping[str, Values], shapes: Mapping[str, ShapeErrors] = NOTHING_KNOWN
) -> Values:
    """The standard deviation to be expected of a formula's value in all images [N], in the value's unit.

    About 68 % of values should miss by less. A point that is expected to miss by e (mean distance) is taken to miss by
    a normal deviate of e √(2/π) along each axis, independently of the others, as do the sides and areas of masks; the
    formula is taken to be linear over such a distance. NaN where an input is absent, and where lengths of curves, grey
    values or shapes of which nothing is known are measured.

    Parameters
    ----------
    formula, inputs
        As for `compute`.
    errors : mapping of str to array [N]
        The expected error of each point, native pixels.
    shapes : mapping of str to ShapeErrors
        Those of shapes (`app.core.mask_error`).
    """
    roles, count = names(formula), len(inputs.sides)
    points = [name for name, role in roles.items() if role == {Role.POINT}]
    areas = [name for name, role in roles.items() if role == {Role.SHAPE}]
    if len(points) + len(areas) < len(roles) or not shapes.keys() >= set(areas):
        return np.full(count, np.nan)
    tries = 2 * (2 * len(points) + 5 * len(areas))  # each number to both ways, all computed at once
    at = {name: np.tile(inputs.points[name], (tries, 1, 1)) for name in points}
    box = {name: np.tile(inputs.shapes[name].box, (tries, 1, 1)) for name in areas}
    area = {name: np.tile(inputs.shapes[name].area, (tries, 1)) for name in areas}
    moved = [at[name][..., axis] for name in points for axis in range(2)]
    moved += [part for name in areas for part in (*np.moveaxis(box[name], -1, 0), area[name])]
    misses = [errors[name] * np.sqrt(2 / np.pi) for name in points for _ in range(2)]
    misses += [part for name in areas for part in (*shapes[name].sides.T, shapes[name].area)]
    for place, numbers in enumerate(moved):  # views of what is computed from
        numbers[2 * place] += _STEP
        numbers[2 * place + 1] -= _STEP
    given = {name: Shapes(box[name].reshape(-1, 4), area[name].ravel()) for name in areas}
    flat = {name: part.reshape(-1, 2) for name, part in at.items()}
    found = compute(formula, Inputs(np.tile(inputs.sides, (tries, 1)), np.tile(inputs.turned, tries), flat, given))
    ahead, behind = found.reshape(-1, 2, count).swapaxes(0, 1) if tries else np.zeros((2, 0, count))
    slope = (ahead - behind) / (2 * _STEP)
    each = np.where(slope == 0, 0.0, np.array(misses).reshape(-1, count) * slope)
    return np.asarray(np.sqrt((each**2).sum(axis=0)))


def _value(formula: Formula, inputs: Inputs) -> Values | float:
    if isinstance(formula, Number):
        return formula.value
    if isinstance(formula, Call):
        return _FUNCTIONS[formula.function](inputs, formula)
    left, right = _value(formula.left, inputs), _value(formula.right, inputs)
    if formula.operator == "+":
        return left + right
    if formula.operator == "-":
        return left - right
    return left * right if formula.operator == "*" else np.divide(left, right)


def _points(inputs: Inputs, call: Call) -> list[Points]:
    return [inputs.points[name] * inputs.sides for name in call.names]


def _cross(a: Points, b: Points) -> Values:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _distance(inputs: Inputs, call: Call) -> Values:
    a, b = _points(inputs, call)
    return np.asarray(np.linalg.norm(b - a, axis=-1))


def _angle(inputs: Inputs, call: Call) -> Values:
    """At the second of three points, 0 to 180°; between the lines through two pairs, 0 to 90°."""
    points = _points(inputs, call)
    if len(points) == 3:
        a, b, c = points
        one, other = a - b, c - b
    else:
        a, b, c, d = points
        one, other = b - a, d - c
    along, across = (one * other).sum(axis=-1), np.abs(_cross(one, other))
    there = (one != 0).any(axis=-1) & (other != 0).any(axis=-1)
    angle = np.degrees(np.arctan2(across, along if len(points) == 3 else np.abs(along)))
    return np.where(there, angle, np.nan)


def _perpendicular(inputs: Inputs, call: Call) -> Values:
    p, a, b = _points(inputs, call)
    line = b - a
    return np.asarray(np.abs(_cross(line, p - a)) / np.linalg.norm(line, axis=-1))


def _along(axis: int) -> Callable[[Inputs, Call], Values]:
    """Extent along the image's x (0) or y (1) after its orientation."""

    def extent(inputs: Inputs, call: Call) -> Values:
        box = inputs.shapes[call.names[0]].box
        sides = (box[:, 2:] - box[:, :2] + 1) * inputs.sides
        return np.where(inputs.turned, sides[:, 1 - axis], sides[:, axis])

    return extent


def _area(inputs: Inputs, call: Call) -> Values:
    return np.asarray(inputs.shapes[call.names[0]].area * inputs.sides.prod(axis=1))


def _length(inputs: Inputs, call: Call) -> Values:
    curve = inputs.curves[call.names[0]] * inputs.sides[:, None]
    return np.asarray(np.linalg.norm(np.diff(curve, axis=1), axis=-1).sum(axis=1))


def _grey(which: int) -> Callable[[Inputs, Call], Values]:
    return lambda inputs, call: np.asarray(inputs.greys[call.names[0]][:, which])


_FUNCTIONS: dict[str, Callable[[Inputs, Call], Values]] = {
    "distance": _distance,
    "angle": _angle,
    "perpendicular": _perpendicular,
    "width": _along(0),
    "height": _along(1),
    "area": _area,
    "length": _length,
    "mean": _grey(0),
    "sd": _grey(1),
}
