"""Measurements of one image by its prediction alone: no project, no reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.formula import grey_regions, names, parse
from app.core.frame import Frame, Points
from app.core.landmark import Landmark
from app.core.mask_error import contour_errors, errors_together
from app.core.measure import Inputs, ShapeErrors, Unit, compute, expected_error, pixel_sides, together, unit
from app.core.measurement_set import GROUP, LANDMARK, REGION, NamedFormula, Things, split
from app.core.prediction import Prediction
from app.core.region import Pixels, Region, grey_inside, shapes_of
from app.core.template_point import place_of


class Value(NamedTuple):
    """A measurement's value, NaN where something is absent, its unit, and what it is expected to miss by, if known."""

    name: str
    value: float
    unit: Unit
    expected_error: float = float("nan")


def measure_prediction(
    prediction: Prediction,
    frame: Frame,
    wanted: Sequence[NamedFormula],
    things: Things,
    marks: Sequence[Landmark],
    regions: Sequence[Region] = (),
    pixels: Pixels | None = None,
) -> list[Value]:
    """What measurements are in one image by its prediction.

    Parameters
    ----------
    prediction : Prediction
        Of this version: it says how far its masks extend.
    frame : Frame
    wanted : sequence of NamedFormula
    things : Things
        What they name; the numbers of landmarks and regions are their places in `marks` and `regions`.
    marks : sequence of Landmark
    regions : sequence of Region
    pixels : Pixels or None
        The image, for formulas of grey values; without it they are unknown.
    """
    formulas = [parse(things.kept(one.formula)) for one in wanted]
    width, height, known = pixel_sides(frame)
    template, points, shapes, curves = things.template, {}, {}, {}
    errors: dict[str, npt.NDArray[np.float64]] = {}
    shape_errors: dict[str, ShapeErrors] = {}

    for reference in {name: None for formula in formulas for name in names(formula)}:
        kind, which = split(reference)
        if kind == LANDMARK:
            mark = marks[int(which)]
            xy, error = place_of(prediction, template, mark.structure, mark.uv)
            points[reference], errors[reference] = xy[None], np.reshape(error, 1)
        elif kind == REGION:
            region = regions[int(which)]
            curves[reference] = place_of(prediction, template, region.structure, region.fine(template))[0][None]
            shapes[reference] = shapes_of(curves[reference])
        elif prediction.extents is not None:
            parts = things.groups[which] if kind == GROUP else (which,)
            extents = prediction.extents[[template.index(part) for part in parts]].astype(float)
            shapes[reference] = together(extents[:, None])
            contours = [place_of(prediction, template, one, template.structure(one).outline_uv) for one in parts]
            shape_errors[reference] = errors_together([contour_errors(*each) for each in contours], extents[:, :4])
    asked = dict.fromkeys(name for formula in formulas for name in grey_regions(formula))
    greys = {name: _grey(pixels, curves[name][0]) for name in asked}
    turned = np.array([frame.orientation.swaps_sides])
    inputs = Inputs(np.array([(width, height)]), turned, points, shapes, curves, greys)
    grey = pixels.unit if pixels is not None else Unit.GREY
    return [
        Value(
            *(one.name, float(compute(formula, inputs)[0]), unit(formula.kind, known, grey)),
            expected_error=float(expected_error(formula, inputs, errors, shape_errors)[0]),
        )
        for one, formula in zip(wanted, formulas, strict=True)
    ]


def _grey(pixels: Pixels | None, outline: Points) -> npt.NDArray[np.float64]:
    """Mean and standard deviation inside an outline [1, 2]."""
    found = grey_inside(pixels.values, outline) if pixels is not None else None
    return np.array([(found.mean, found.sd) if found is not None else (np.nan, np.nan)])
