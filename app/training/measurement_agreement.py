"""How far measurements from predictions agree with those from reference contours: mean difference, limits of agreement.

``python -m app.training.measurement_agreement --data DIR [--part val] [--model chest]``
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.core.formula import names, parse
from app.core.measure import Inputs, Unit, Values, compute, together
from app.core.measure_prediction import measure_prediction
from app.core.measurement_set import GROUP, LANDMARK, Things, split
from app.core.native_mask import extent
from app.engine.client import Engine, Predicted
from app.io.bundle import Bundle, read_bundle
from app.jobs import Result
from app.training.contours import CHEST_MM_PER_PIXEL, Contours, draw_masks, read_chest


class Agreement(NamedTuple):
    """Two measurements of the same images (Bland and Altman 1986), in the measurement's unit.

    Attributes
    ----------
    images : int
        Images in which both are known.
    mean : float
        Mean of the reference.
    bias : float
        Mean of predicted minus reference.
    low, high : float
        Limits of agreement: bias ± 1.96 standard deviations of the difference.
    largest : float
        The largest absolute difference.
    error : float
        Mean of the error to be expected (±), NaN where it is not known.
    within : float
        Share of the images whose difference is no larger than it.
    """

    images: int
    mean: float
    bias: float
    low: float
    high: float
    largest: float
    error: float
    within: float


def agreement(predicted: Values, reference: Values, expected: Values | None = None) -> Agreement:
    """How far two measurements [N] agree, where both are known; `expected` is what each was expected to miss by."""
    both = ~np.isnan(predicted) & ~np.isnan(reference)
    apart = predicted[both] - reference[both]
    spread = 1.96 * float(apart.std(ddof=1))
    bias = float(apart.mean())
    bounds = bias - spread, bias + spread, float(np.abs(apart).max())
    error = within = float("nan")
    if expected is not None and not np.isnan(expected[both]).any():
        error, within = float(expected[both].mean()), float((np.abs(apart) <= expected[both]).mean())
    return Agreement(int(both.sum()), float(reference[both].mean()), bias, *bounds, error, within)


def from_contours(contours: Contours, place: int, size: tuple[int, int], bundle: Bundle) -> dict[str, float]:
    """The bundle's measurements of one image of `size` (height, width) from its reference contours, in mm."""
    points, groups = contours.points[place], bundle.measurements.groups
    masks = draw_masks(points, contours.slices, *size)
    extents = np.stack([extent(mask) for mask in masks])[:, None]
    marks = {mark.name: number for number, mark in enumerate(bundle.landmarks)}  # the contour points, in their order
    things, found = Things(bundle.template, marks, groups), {}
    for one in bundle.measurements.measurements:
        formula = parse(things.kept(one.formula))
        at, shapes = {}, {}
        for reference in names(formula):
            kind, which = split(reference)
            if kind == LANDMARK:
                at[reference] = points[int(which)][None]
            else:
                parts = groups[which] if kind == GROUP else (which,)
                shapes[reference] = together(extents[[bundle.template.index(part) for part in parts]])
        sides = np.full((1, 2), CHEST_MM_PER_PIXEL)
        found[one.name] = float(compute(formula, Inputs(sides, np.zeros(1, bool), at, shapes))[0])
    return found


def measured(data: Path, part: str, bundle: Bundle, threads: int = 2) -> dict[str, Agreement]:
    """The agreement of each of the bundle's measurements over the images of one part of the chest data."""
    contours = read_chest(data, part)
    places = {path.name: place for place, path in enumerate(contours.images)}
    things = Things(
        bundle.template, {mark.name: i for i, mark in enumerate(bundle.landmarks)}, bundle.measurements.groups
    )
    pairs: dict[str, list[tuple[float, float, float]]] = {one.name: [] for one in bundle.measurements.measurements}
    with Engine(bundle, threads) as engine:
        for event in engine.predict([(path.name, path) for path in contours.images]):
            if not (isinstance(event, Result) and isinstance(event.value, Predicted)):
                continue
            frame = event.value.facts.frame
            reference = from_contours(contours, places[event.key], (frame.height, frame.width), bundle)
            wanted = bundle.measurements.measurements
            for one in measure_prediction(event.value.prediction, frame, wanted, things, bundle.landmarks):
                factor = _in_mm(one.unit)
                pairs[one.name].append((one.value * factor, reference[one.name], one.expected_error * factor))
    return {name: agreement(*np.array(found).T) for name, found in pairs.items()}


def _in_mm(unit: Unit) -> float:
    """What a value of an image without a pixel size is multiplied by: the data's pixels have one size."""
    return {Unit.PX: CHEST_MM_PER_PIXEL, Unit.PX2: CHEST_MM_PER_PIXEL**2}.get(unit, 1.0)


def table(found: Mapping[str, Agreement]) -> str:
    """The figures as a table of Markdown."""
    lines = ["| measurement | images | mean | bias | limits of agreement | largest | ± expected | within ± |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, one in found.items():
        limits = f"{one.low:+.4g} to {one.high:+.4g}"
        lines.append(
            f"| {name} | {one.images} | {one.mean:.4g} | {one.bias:+.3g} | {limits} | {one.largest:.3g} "
            f"| {one.error:.3g} | {one.within:.0%} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="app.training.measurement_agreement", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", default="val")
    parser.add_argument("--model", default="chest")
    options = parser.parse_args(arguments)
    print(table(measured(options.data, options.part, read_bundle(options.model))))  # noqa: T201


if __name__ == "__main__":
    main()
