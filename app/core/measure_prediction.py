"""Measurements of one image by its prediction alone: no project, no reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.core.formula import Role, names, parse
from app.core.frame import Frame
from app.core.landmark import Landmark
from app.core.measure import Inputs, Unit, compute, pixel_sides, together, unit
from app.core.measurement_set import GROUP, LANDMARK, NamedFormula, Things, split
from app.core.prediction import Prediction, sample_chart


class Value(NamedTuple):
    """A measurement's value, NaN where something is absent, and its unit."""

    name: str
    value: float
    unit: Unit


def measure_prediction(
    prediction: Prediction, frame: Frame, wanted: Sequence[NamedFormula], things: Things, marks: Sequence[Landmark]
) -> list[Value]:
    """What measurements are in one image by its prediction.

    Parameters
    ----------
    prediction : Prediction
        Of this version: it says how far its masks extend.
    frame : Frame
    wanted : sequence of NamedFormula
    things : Things
        What they name; the numbers of landmarks are their places in `marks`.
    marks : sequence of Landmark
    """
    formulas = [parse(things.kept(one.formula)) for one in wanted]
    roles = {name: role for formula in formulas for name, role in names(formula).items()}
    width, height, known = pixel_sides(frame)
    template, points, shapes = things.template, {}, {}
    for reference, role in roles.items():
        kind, which = split(reference)
        if role is Role.POINT and kind == LANDMARK:
            mark = marks[int(which)]
            c = template.index(mark.structure)
            there = sample_chart(prediction.charts[c], mark.uv) if prediction.present[c] else np.full(2, np.nan)
            points[reference] = there[None]
        elif prediction.extents is not None:
            parts = things.groups[which] if kind == GROUP else (which,)
            shapes[reference] = together(prediction.extents[[template.index(part) for part in parts], None])
    inputs = Inputs(np.array([(width, height)]), np.array([frame.orientation.swaps_sides]), points, shapes)
    return [
        Value(one.name, float(compute(formula, inputs)[0]), unit(formula.kind, known))
        for one, formula in zip(wanted, formulas, strict=True)
    ]
