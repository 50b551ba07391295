"""How far two readers agree: distances of places, Dice of masks, and the limits of agreement of Bland and Altman."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LIMITS = 1.96
"""Within so many standard deviations of the mean lie 95 % of normally distributed differences."""


@dataclass(frozen=True)
class Limits:
    """Bland and Altman (Lancet 1986): differences, theirs minus ours.

    Attributes
    ----------
    count : int
    bias : float
        Mean difference; NaN without any.
    low, high : float
        Limits of agreement: bias minus and plus `LIMITS` standard deviations; NaN with fewer than two differences.
    """

    count: int
    bias: float
    low: float
    high: float


def limits_of_agreement(differences: npt.ArrayLike) -> Limits:
    """Bias and limits of agreement of differences [N]; NaN among them do not count."""
    values = np.asarray(differences, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return Limits(0, np.nan, np.nan, np.nan)
    bias = float(values.mean())
    spread = LIMITS * float(values.std(ddof=1)) if len(values) > 1 else np.nan
    return Limits(len(values), bias, bias - spread, bias + spread)


@dataclass(frozen=True)
class Pair:
    """What two readers say of one landmark or structure in one image.

    Attributes
    ----------
    image, name : str
    difference : tuple of float
        Theirs minus ours in pixels: x and y of places, the area of masks; empty where one calls it absent.
    pixel_mm : (column_mm, row_mm)
        Size of a pixel; NaN where it is unknown.
    dice : float
        Of two masks; NaN for landmarks.
    of_mask : bool
        Whether it is a structure's mask, not a landmark.
    absent : str
        ``ours`` or ``theirs`` where only one of the two says that it is absent, else empty.
    """

    image: str
    name: str
    difference: tuple[float, ...] = ()
    pixel_mm: tuple[float, float] = (np.nan, np.nan)
    dice: float = np.nan
    absent: str = ""
    of_mask: bool = False

    @property
    def in_mm(self) -> bool:
        """Whether the size of a pixel is known."""
        return bool(np.isfinite(self.pixel_mm).all())

    def told(self, in_mm: bool) -> npt.NDArray[np.float64]:
        """The difference [2] or [1] in mm (mm²), or in pixels."""
        values = np.array(self.difference, float)
        if not in_mm or not len(values):
            return values
        return values * (self.pixel_mm if len(values) == 2 else np.prod(self.pixel_mm))

    def distance(self, in_mm: bool) -> float:
        """Of two places in mm, or in pixels; NaN for masks, and where one calls it absent."""
        return float(np.hypot(*self.told(in_mm))) if len(self.difference) == 2 else np.nan

    def badness(self, in_mm: bool) -> float:
        """Larger is worse: infinite where one calls it absent, one minus Dice of masks, else the distance."""
        if self.absent:
            return np.inf
        return 1 - self.dice if np.isfinite(self.dice) else self.distance(in_mm)


@dataclass(frozen=True)
class Agreement:
    """One landmark or structure in all images of which both say something.

    Attributes
    ----------
    name : str
    pairs : tuple of Pair
        Worst first.
    in_mm : bool
        Whether the size of a pixel is known in all images: all figures are in mm (mm²) then, else in pixels.
    limits : tuple of Limits
        Of x and y, or of the area.
    mean, median : float
        Distance or Dice; NaN where one calls it absent in every image.
    """

    name: str
    pairs: tuple[Pair, ...]
    in_mm: bool
    limits: tuple[Limits, ...]
    mean: float
    median: float

    @property
    def of_masks(self) -> bool:
        """Whether Dice is told, not distances."""
        return self.worst.of_mask

    @property
    def worst(self) -> Pair:
        """The pair that agrees least."""
        return self.pairs[0]


def agreement_of(name: str, pairs: Sequence[Pair]) -> Agreement:
    """Put the pairs of one landmark or structure together; there is one at least."""
    in_mm = all(one.in_mm for one in pairs)
    found = [one.told(in_mm) for one in pairs if one.difference]
    figures = [one.dice if np.isfinite(one.dice) else one.distance(in_mm) for one in pairs if not one.absent]
    middle = (float(np.mean(figures)), float(np.median(figures))) if figures else (np.nan, np.nan)
    ordered = tuple(sorted(pairs, key=lambda one: -one.badness(in_mm)))
    limits = tuple(map(limits_of_agreement, np.array(found).T)) if found else ()
    return Agreement(name, ordered, in_mm, limits, *middle)


def least_agreeing(found: Sequence[Agreement]) -> tuple[Agreement, ...]:
    """Worst first: never found by both, then by the mean distance, or one minus Dice; what is in pixels comes last."""

    def key(one: Agreement) -> tuple[bool, float, str]:
        bad = 1 - one.mean if one.of_masks else one.mean
        return not (one.in_mm or one.of_masks), -bad if np.isfinite(bad) else -np.inf, one.name

    return tuple(sorted(found, key=key))
