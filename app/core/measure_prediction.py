"""Measurements of one image by its prediction alone: no project, no reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.formula import grey_regions, names, parse
from app.core.frame import Frame, Points
from app.core.landmark import Landmark
from app.core.measure import Inputs, Unit, compute, pixel_sides, together, unit
from app.core.measurement_set import GROUP, LANDMARK, REGION, NamedFormula, Things, split
from app.core.prediction import Prediction
from app.core.region import Pixels, Region, grey_inside, shapes_of
from app.core.template_point import place_of


class Value(NamedTuple):
    """A measurement's value, NaN where something is absent, and its unit."""

    name: str
    value: float
    unit: Unit


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

    def place(structure: str, uv: npt.ArrayLike) -> Points:
        return place_of(prediction, template, structure, uv)[0]

    for reference in {name: None for formula in formulas for name in names(formula)}:
        kind, which = split(reference)
        if kind == LANDMARK:
            points[reference] = place(marks[int(which)].structure, marks[int(which)].uv)[None]
        elif kind == REGION:
            region = regions[int(which)]
            curves[reference] = place(region.structure, region.fine(template))[None]
            shapes[reference] = shapes_of(curves[reference])
        elif prediction.extents is not None:
            parts = things.groups[which] if kind == GROUP else (which,)
            shapes[reference] = together(prediction.extents[[template.index(part) for part in parts], None])
    greys = {}
    for reference in {name: None for formula in formulas for name in grey_regions(formula)}:
        found = grey_inside(pixels.values, curves[reference][0]) if pixels is not None else None
        greys[reference] = np.array([(found.mean, found.sd) if found is not None else (np.nan, np.nan)])
    turned = np.array([frame.orientation.swaps_sides])
    inputs = Inputs(np.array([(width, height)]), turned, points, shapes, curves, greys)
    grey = pixels.unit if pixels is not None else Unit.GREY
    return [
        Value(one.name, float(compute(formula, inputs)[0]), unit(formula.kind, known, grey))
        for one, formula in zip(wanted, formulas, strict=True)
    ]
