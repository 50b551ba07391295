"""The table of measurements: one row per image and measurement (design 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.core.formula import Role, names, parse
from app.core.frame import Frame
from app.core.landmark import Landmark
from app.core.measure import Inputs, compute, pixel_sides, together, unit
from app.core.measurement_set import GROUP, LANDMARK, NamedFormula, Things, split
from app.core.prediction import Prediction, sample_chart
from app.formats.csv_table import cell, number

COLUMNS = ("image", "measurement", "value", "unit", "spacing", "state")
"""Names and order are a stable seam (design 6)."""


@dataclass(frozen=True)
class MeasurementRow:
    """One measurement in one image.

    Attributes
    ----------
    image, measurement : str
    value : float
        NaN where something is absent or unknown.
    unit : str
        ``mm``, ``mm2``, ``deg``, ``ratio``, ``px`` or ``px2``.
    spacing : str
        Where the image's pixel size comes from; empty where it is unknown.
    state : str
        ``predicted`` as long as no reader touched anything that it depends on, else ``corrected``.
    """

    image: str
    measurement: str
    value: float
    unit: str
    spacing: str
    state: str

    def cells(self) -> list[str]:
        """The row in the order of `COLUMNS`."""
        return [cell(self.image), cell(self.measurement), number(self.value, 4), self.unit, self.spacing, self.state]


def measured_rows(
    image: str,
    prediction: Prediction,
    frame: Frame,
    wanted: Sequence[NamedFormula],
    things: Things,
    marks: Sequence[Landmark],
) -> list[MeasurementRow]:
    """What measurements are in one image by its prediction.

    Parameters
    ----------
    image : str
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
    spacing = frame.spacing.provenance.value if frame.spacing else ""
    return [
        MeasurementRow(
            image, one.name, float(compute(formula, inputs)[0]), unit(formula.kind, known).value, spacing, "predicted"
        )
        for one, formula in zip(wanted, formulas, strict=True)
    ]
