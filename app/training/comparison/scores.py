"""Each figure of one system in every image; means, bootstrap intervals and paired tests follow from these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.metrics import along_and_across, dice, surface_distances
from app.core.native_mask import native_mask
from app.core.template import Template
from app.training.comparison.contender import Contender
from app.training.contours import draw_masks
from app.training.evaluate import MSE_SIZE, Case, click_errors, contour_errors, lengths_mm

RESAMPLES = 2000
WITHIN_MM = (2, 4, 10)
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    name : str
    unit : str
        Empty for shares.
    digits : int
    larger_is_better : bool
    """

    name: str
    unit: str
    digits: int
    larger_is_better: bool = False


@dataclass(frozen=True, eq=False)
class Scores:
    """All figures of one system.

    Attributes
    ----------
    label : str
    values : dict
        Figure → its value in each image [N]; NaN where an image has none. Figures that the system cannot have are
        missing.
    point_mm : array [K] or None
        Mean error of each contour point over the images.
    errors : array [N, K] or None
        Error of each contour point in each image, mm.
    """

    label: str
    values: dict[Figure, Values]
    point_mm: Values | None = None
    errors: Values | None = field(default=None, repr=False)


def scores_of(contender: Contender, template: Template, slices: list[slice]) -> Scores:
    """Compare a system's predictions with the reference."""
    values: dict[Figure, Values] = {}
    if contender.masks:
        values |= _mask_values(contender.cases, template, slices)
    if not contender.points:
        return Scores(contender.label, values)
    vectors = np.stack([contour_errors(case, template, slices) for case in contender.cases])
    mm = np.stack([lengths_mm(v, case.mm_per_pixel) for v, case in zip(vectors, contender.cases, strict=True)])
    values |= _landmark_values(contender.cases, vectors, mm, template, slices)
    clicks = click_errors(contender.cases, template, slices)
    with np.errstate(invalid="ignore"):
        values[Figure("new landmark, one click", "mm", 2)] = _known_mean(clicks.once)
        values[Figure("new landmark, three clicks", "mm", 2)] = _known_mean(clicks.thrice)
        values[Figure("inside structures", "mm", 2)] = _known_mean(clicks.interior)
    return Scores(contender.label, values, mm.mean(axis=0), mm)


def _mask_values(cases: Sequence[Case], template: Template, slices: list[slice]) -> dict[Figure, Values]:
    """Dice, and average and 95th-percentile surface distance of both directions together, per structure."""
    found = np.full((3, len(template.structures), len(cases)), np.nan)
    for n, case in enumerate(cases):
        truth = draw_masks(case.points, slices, case.frame.height, case.frame.width)
        for c in range(len(template.structures)):
            mask = native_mask(case.prediction.masks[c], case.prediction.frame(case.frame)) & bool(
                case.prediction.present[c]
            )
            apart = surface_distances(mask, truth[c]) * case.mm_per_pixel
            found[0, c, n] = dice(mask, truth[c])
            if len(apart):
                found[1:, c, n] = apart.mean(), np.percentile(apart, 95)
    kinds = (("Dice", "", 3, True), ("surface distance", "mm", 2, False), ("95 % surface distance", "mm", 2, False))
    values = {}
    for (name, unit, digits, larger), each in zip(kinds, found, strict=True):
        for structure, row in zip(template.structures, each, strict=True):
            values[Figure(f"{name}, {structure.title.lower()}", unit, digits, larger)] = row
        values[Figure(f"{name}, mean of structures", unit, digits, larger)] = _known_mean(each.T)
    return values


def _landmark_values(
    cases: Sequence[Case], vectors: Points, mm: Values, template: Template, slices: list[slice]
) -> dict[Figure, Values]:
    """Errors of the contour points: all of them, per structure, along and across, within some mm, squared."""
    values = {Figure("landmark error, all points", "mm", 2): mm.mean(axis=1)}
    for structure, part in zip(template.structures, slices, strict=True):
        values[Figure(f"landmark error, {structure.title.lower()}", "mm", 2)] = mm[:, part].mean(axis=1)
    split = np.full((2, *mm.shape), np.nan)
    for n, case in enumerate(cases):
        for part in slices:
            split[:, n, part] = along_and_across(vectors[n, part] * case.mm_per_pixel, case.points[part])
    values[Figure("landmark error along the contour", "mm", 2)] = _known_mean(split[0])
    values[Figure("landmark error across the contour", "mm", 2)] = _known_mean(split[1])
    for bound in WITHIN_MM:
        values[Figure(f"landmarks within {bound} mm", "", 3, True)] = (mm <= bound).mean(axis=1)
    scale = np.array([MSE_SIZE / case.frame.height for case in cases])[:, None, None]
    lungs_heart = np.concatenate([vectors[:, part] for part in slices[:3]], axis=1) * scale
    values[Figure("squared error, first three structures", "px²", 0)] = _known_mean(
        (lungs_heart**2).reshape(len(cases), -1)
    )
    return values


def _known_mean(values: Values) -> Values:
    """Means [N] of the numbers in each row [N, M]; NaN where there is none."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    sums = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), np.nan))


@dataclass(frozen=True)
class Line:
    """A figure of one system over all images.

    Attributes
    ----------
    mean, low, high : float
        With the bounds of a 95 % bootstrap interval over images; NaN where no image has it.
    p : float or None
        Of Wilcoxon's signed-rank test of the images' differences from the first system; None for that itself.
    images : int
        With a value.
    """

    mean: float
    low: float
    high: float
    p: float | None
    images: int


def line_of(values: Values, first: Values | None, seed: int = 0) -> Line:
    """Mean, interval and test of a figure's values [N]; `first` are the first system's in the same images."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Line(np.nan, np.nan, np.nan, None, 0)
    rng = np.random.default_rng(seed)
    drawn = known[rng.integers(0, len(known), (RESAMPLES, len(known)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Line(float(known.mean()), low, high, None if first is None else paired_p(values, first), len(known))


def paired_p(values: Values, first: Values) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test over the images that both have; None with fewer than five of them."""
    from scipy.stats import wilcoxon

    both = np.isfinite(values) & np.isfinite(first)
    difference = values[both] - first[both]
    if both.sum() < 5:
        return None
    if not difference.any():
        return 1.0
    return float(wilcoxon(difference).pvalue)
