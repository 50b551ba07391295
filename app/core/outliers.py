"""Values that lie far from the others: robust z."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

OUTLIER = 3.5
"""Robust z beyond which a value is marked (Iglewicz and Hoaglin 1993)."""
FEWEST = 3
"""Of fewer values nobody can say what is far."""


class Spread(NamedTuple):
    """Median and robust standard deviation (1.4826 times the median absolute deviation) of values."""

    middle: float
    deviation: float

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> Spread | None:
        """Of values [N], NaN where unknown; None where too few are known."""
        known = values[~np.isnan(values)]
        if len(known) < FEWEST:
            return None
        middle = float(np.median(known))
        return cls(middle, float(1.4826 * np.median(np.abs(known - middle))))

    def z(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """How far values [N] lie from the median, in standard deviations; 0 where most are equal, NaN where unknown."""
        if self.deviation > 0:
            return np.asarray((values - self.middle) / self.deviation)
        return np.where(np.isnan(values), np.nan, 0.0)


def robust_z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far each value [N] lies from the median of all, in robust standard deviations; NaN where unknown."""
    spread = Spread.of(values)
    return np.full(len(values), np.nan) if spread is None else spread.z(values)
