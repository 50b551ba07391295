"""Where a template point lies by one prediction alone, in a structure or in the field."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.core.field import field_chart
from app.core.frame import Points
from app.core.prediction import Prediction, sample_chart
from app.core.template import FIELD, Template


def chart_of(
    prediction: Prediction, template: Template, structure: str
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]] | None:
    """Inverse chart [GRID, GRID, 2] of a structure or of the field and its expected errors; None where it is absent."""
    if structure == FIELD:
        return field_chart(prediction.charts, prediction.present, template)
    c = template.index(structure)
    return (prediction.charts[c], prediction.expected_error[c]) if prediction.present[c] else None


def place_of(
    prediction: Prediction, template: Template, structure: str, uv: npt.ArrayLike
) -> tuple[Points, npt.NDArray[np.float64]]:
    """Template points [..., 2] in native pixels [..., 2] and their expected errors [...]; NaN where it is absent."""
    chart = chart_of(prediction, template, structure)
    if chart is None:
        return np.full(np.shape(uv), np.nan), np.full(np.shape(uv)[:-1], np.nan)
    return sample_chart(chart[0], uv), sample_chart(chart[1], uv)
