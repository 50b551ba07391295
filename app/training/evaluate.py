"""Evaluation of a bundle on images with reference contours: masks, landmarks, and landmarks nobody trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from app.core.chart import ChartMesh
from app.core.frame import Frame, Points
from app.core.metrics import ABSENT_MM, along_and_across, dice, robust_centre, surface_distance
from app.core.native_mask import native_mask
from app.core.prediction import Prediction, sample_chart
from app.core.propagate import locate_all
from app.core.shape_prior import Similarity
from app.core.template import Structure, Template
from app.training.contours import Contours, draw_masks
from app.training.leave_out import kept_points, left_out_uv

FAR_MM = 10.0
"""An error beyond this should have been expected."""
FEWEST_IMAGES = 4
"""A landmark that was clicked in three images is looked for in another one."""
MSE_SIZE = 1024
"""Mean squared errors are given in pixels of a picture of this height, as HybridGNet does."""


@dataclass(frozen=True, eq=False)
class Case:
    """One image: its prediction, its frame, its reference contour points [K, 2] in native pixels, mm per pixel."""

    prediction: Prediction
    frame: Frame
    points: Points
    mm_per_pixel: float


def contour_errors(case: Case, template: Template, slices: list[slice]) -> Points:
    """Predicted minus reference contour points [K, 2], native pixels; NaN where absent."""
    parts = []
    for c, (structure, part) in enumerate(zip(template.structures, slices, strict=True)):
        found = sample_chart(case.prediction.charts[c], structure.outline_uv)
        parts.append(found - case.points[part] if case.prediction.present[c] else np.full_like(found, np.nan))
    return np.concatenate(parts)


def lengths_mm(errors: Points, mm_per_pixel: float) -> np.ndarray:
    """Lengths in mm of error vectors; an absent one counts `ABSENT_MM`."""
    return np.asarray(np.nan_to_num(np.linalg.norm(errors, axis=-1) * mm_per_pixel, nan=ABSENT_MM))


def landmark_figures(cases: Sequence[Case], template: Template, slices: list[slice]) -> dict[str, Any]:
    """Errors at the contour points: pooled, per structure, along and across, and the mean squared error."""
    errors = np.stack([contour_errors(case, template, slices) for case in cases])
    mm = np.stack([lengths_mm(e, case.mm_per_pixel) for e, case in zip(errors, cases, strict=True)])
    pixels = errors * np.array([MSE_SIZE / case.frame.height for case in cases])[:, None, None]
    lungs_heart = np.concatenate([pixels[:, slices[c]] for c in range(min(3, len(slices)))], axis=1)
    split = [
        along_and_across(e[part] * case.mm_per_pixel, case.points[part])
        for e, case in zip(errors, cases, strict=True)
        for part in slices
    ]
    expected = np.stack(
        [
            np.concatenate(
                [
                    sample_chart(case.prediction.expected_error[c], s.outline_uv) * case.mm_per_pixel
                    for c, s in enumerate(template.structures)
                ]
            )
            for case in cases
        ]
    )
    return {
        "points": int(mm.shape[1]),
        "error_mm": float(mm.mean()),
        "error_mm_per_structure": {
            s.name: float(mm[:, part].mean()) for s, part in zip(template.structures, slices, strict=True)
        },
        "mean_squared_error_px2": float(np.nanmean(lungs_heart**2)),
        "along_mm": float(np.nanmean(np.concatenate([a for a, _ in split]))),
        "across_mm": float(np.nanmean(np.concatenate([b for _, b in split]))),
        "absent": int(np.isnan(errors[..., 0]).sum()),
        "expected_error": calibration_figures(expected, mm),
    }


def calibration_figures(expected: np.ndarray, true: np.ndarray, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Expected beside true error per decile of confidence, and the share of errors over 10 mm in the last decile.

    Parameters
    ----------
    expected, true : array [N, K]
        Errors in mm of K landmarks in N images.
    resamples, seed : int
        Of the bootstrap over images that gives the 95 % intervals (one image's landmarks err together).
    """
    deciles, share = _calibration(expected, true)
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, len(true), len(true)) for _ in range(resamples)]
    again, shares = zip(*(_calibration(expected[index], true[index]) for index in drawn), strict=True)
    if not all(means[:, 1].all() for means in (deciles, *again)):
        low = high = ratio = np.full(10, None)  # where nothing is wrong there is nothing to compare with
    else:
        ratio = deciles[:, 0] / deciles[:, 1]
        low, high = np.percentile([means[:, 0] / means[:, 1] for means in again], [2.5, 97.5], axis=0)
    names = ("expected_mm", "true_mm", "ratio", "ratio_low", "ratio_high")
    rows = zip(*deciles.T.tolist(), ratio.tolist(), low.tolist(), high.tolist(), strict=True)
    return {
        "deciles": [dict(zip(names, row, strict=True)) for row in rows],
        "over_10_mm_in_least_confident_tenth": share,
        "over_10_mm_in_least_confident_tenth_95": np.percentile(shares, [2.5, 97.5]).tolist(),
    }


def _calibration(expected: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, float]:
    """Expected and true error per decile [10, 2] in mm, and the share of all far errors that the last decile holds."""
    expected, true = expected.ravel(), true.ravel()
    parts = np.array_split(np.argsort(expected), 10)
    far = true > FAR_MM
    means = np.array([[expected[part].mean(), true[part].mean()] for part in parts])
    return means, float(far[parts[-1]].sum() / max(far.sum(), 1))


def mask_figures(cases: Sequence[Case], template: Template, slices: list[slice]) -> dict[str, Any]:
    """Dice and average symmetric surface distance (mm) per structure, at native size."""
    scores: dict[str, list[float]] = {s.name: [] for s in template.structures}
    surfaces: dict[str, list[float]] = {s.name: [] for s in template.structures}
    for case in cases:
        truth = draw_masks(case.points, slices, case.frame.height, case.frame.width)
        for c, structure in enumerate(template.structures):
            mask = native_mask(case.prediction.masks[c], case.prediction.frame(case.frame)) & bool(
                case.prediction.present[c]
            )
            scores[structure.name].append(dice(mask, truth[c]))
            surfaces[structure.name].append(surface_distance(mask, truth[c]) * case.mm_per_pixel)
    return {
        "dice": {name: float(np.mean(values)) for name, values in scores.items()},
        "surface_distance_mm": {name: _mean_of_known(values) for name, values in surfaces.items()},
    }


def _mean_of_known(values: list[float]) -> float | None:
    """Mean of the values that are numbers, or None (JSON's null) where none is."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else None


def interior_points(structure: Structure, count: int) -> Points:
    """About `count` chart points [N, 2] spread over the inside of a mean shape, away from its rim."""
    for cells in range(3, 80):
        line = np.linspace(-1, 1, cells + 2)[1:-1]
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        inside = grid[structure.contains(grid)]
        if len(inside) >= count:
            return np.asarray(inside[np.linspace(0, len(inside) - 1, count).round().astype(int)])
    return np.zeros((0, 2))


class ClickErrors(NamedTuple):
    """Errors in mm of one image's landmarks each; NaN where the image's structure is absent, or nearly everywhere.

    Attributes
    ----------
    trained : array [N, K]
        Of the contour points.
    once : array [N, K]
        Of the same after a click in one other image, mean over these.
    thrice : array [N, K]
        After clicks in three of them.
    interior : array [N, I]
        Of points inside the structures, which nobody drew: they follow the contour's points.
    """

    trained: Points
    once: Points
    thrice: Points
    interior: Points


def click_errors(cases: Sequence[Case], template: Template, slices: list[slice], seed: int = 0) -> ClickErrors:
    """What a reader does: landmarks defined by clicks in one and in three images, and 60 interior points.

    The clicks are made at the reference places of the contour points; errors are measured in all other images.
    """
    rng = np.random.default_rng(seed)
    whole = (len(cases), slices[-1].stop)
    trained, once, thrice = (np.full(whole, np.nan) for _ in range(3))
    interior = []
    for c, (structure, part) in enumerate(zip(template.structures, slices, strict=True)):
        number = [n for n, case in enumerate(cases) if case.prediction.present[c]]
        inner = interior_points(structure, 12)
        inside = np.full((len(cases), len(inner)), np.nan)
        interior.append(inside)
        if len(number) < FEWEST_IMAGES:
            continue
        shown = [cases[n] for n in number]
        charts = [case.prediction.charts[c].astype(float) for case in shown]
        clicked = np.stack(
            [locate_all(chart, structure, case.points[part])[0] for chart, case in zip(charts, shown, strict=True)]
        )
        weights = ChartMesh.of(structure).weights(inner)
        for j, (n, chart, case) in enumerate(zip(number, charts, shown, strict=True)):
            truth, mm = case.points[part], case.mm_per_pixel
            trained[n, part] = np.linalg.norm(sample_chart(chart, structure.outline_uv) - truth, axis=-1) * mm
            others = np.delete(np.arange(len(shown)), j)
            found = sample_chart(chart, clicked[others])
            once[n, part] = np.linalg.norm(found - truth, axis=-1).mean(axis=0) * mm
            for k in range(len(truth)):
                three = clicked[rng.choice(others, 3, replace=False), k]
                place = sample_chart(chart, robust_centre(three))
                thrice[n, part.start + k] = np.linalg.norm(place - truth[k]) * mm
            inside[n] = np.linalg.norm(sample_chart(chart, inner) - weights @ truth, axis=-1) * mm
    return ClickErrors(trained, once, thrice, np.concatenate(interior, axis=1))


def new_landmark_figures(cases: Sequence[Case], template: Template, slices: list[slice]) -> dict[str, Any]:
    """Means of `click_errors`, and how much worse a clicked landmark is found than a trained one."""
    errors = click_errors(cases, template, slices)
    if not np.isfinite(errors.trained).any():
        raise ValueError(f"No structure was found in {FEWEST_IMAGES} images or more: there is nothing to evaluate.")
    base, one, three, interior = (float(np.nanmean(values)) for values in errors)
    return {
        "trained_mm": base,
        "one_click_mm": one,
        "one_click_ratio": one / base,
        "three_clicks_mm": three,
        "three_clicks_ratio": three / base,
        "interior_mm": interior,
    }


def left_out_figures(
    whole: Sequence[Case], template: Template, thin: Sequence[Case], thin_template: Template, contours: Contours
) -> dict[str, float]:
    """Errors at the contour points that a thinned bundle never learnt, by it and by the same run with all points.

    `whole` and `thin` are the same images, with all contour points; the charts' points are `leave_out.left_out_uv`.
    """
    errors: dict[str, list[np.ndarray]] = {"trained_mm": [], "left_out_mm": []}
    unseen = left_out_uv(template, thin_template)
    for name, cases, charts in (
        ("trained_mm", whole, [s.outline_uv[~kept_points([len(s.outline)])] for s in template.structures]),
        ("left_out_mm", thin, unseen),
    ):
        for case in cases:
            for c, (uv, part) in enumerate(zip(charts, contours.slices, strict=True)):
                truth = case.points[part][~kept_points([part.stop - part.start])]
                found = sample_chart(case.prediction.charts[c], uv)
                missed = found - truth if case.prediction.present[c] else np.full_like(found, np.nan)
                errors[name].append(lengths_mm(missed, case.mm_per_pixel))
    trained, left_out = (float(np.concatenate(values).mean()) for values in errors.values())
    return {"trained_mm": trained, "left_out_mm": left_out, "left_out_ratio": left_out / trained}


def unusual_figures(
    cases: Sequence[Case], plain: Sequence[Case], template: Template, slices: list[slice]
) -> dict[str, float]:
    """Errors in mm with the shape prior and without it (`plain`): of all shapes, and of the most unusual tenth.

    A shape is one structure in one image; it is unusual by its distance from the mean shape, after a similarity
    alignment, in units of its structure's mean distance.
    """
    far = np.array(
        [
            [
                np.linalg.norm(Similarity.between(case.points[part], s.outline)(case.points[part]) - s.outline, axis=-1)
                .mean()
                .item()
                for s, part in zip(template.structures, slices, strict=True)
            ]
            for case in cases
        ]
    )
    far /= far.mean(axis=0)
    unusual = far >= np.quantile(far, 0.9)
    figures = {}
    for name, which in (("with_prior_mm", cases), ("without_prior_mm", plain)):
        mm = np.stack([lengths_mm(contour_errors(case, template, slices), case.mm_per_pixel) for case in which])
        shapes = np.stack([mm[:, part].mean(axis=1) for part in slices], axis=1)
        figures[name] = float(shapes[unusual].mean())
        figures[f"all_{name}"] = float(shapes.mean())
    return figures


def check_count(contours: Contours) -> None:
    """Raise ValueError with a sentence where there are too few images to evaluate on."""
    if (count := len(contours.images)) < FEWEST_IMAGES:
        raise ValueError(f"{count} images with reference contours are too few to evaluate; {FEWEST_IMAGES} are needed.")


def evaluate(cases: Sequence[Case], plain: Sequence[Case], template: Template, contours: Contours) -> dict[str, Any]:
    """All figures of one bundle on one set of images, ready for JSON; `plain` are predictions without the prior.

    There must be `FEWEST_IMAGES` at least (`check_count`).
    """
    slices = contours.slices
    unusual = unusual_figures(cases, plain, template, slices)
    return {
        "images": len(cases),
        "masks": mask_figures(cases, template, slices),
        "landmarks": landmark_figures(cases, template, slices) | {"most_unusual_tenth": unusual},
        "new_landmarks": new_landmark_figures(cases, template, slices),
    }
