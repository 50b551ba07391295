"""`compare` as the command line calls it: nothing is trained, everything is measured on the same images."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.engine.predictors.registry import predictor_of
from app.io.bundle import read_bundle
from app.io.image import read_image
from app.io.preprocess import to_fine_picture, to_network_input
from app.training.comparison.contender import Contender, Progress, Wanted, contender, size_of
from app.training.comparison.report import Comparison, Cost, write_report
from app.training.comparison.scores import scores_of
from app.training.contours import Contours
from app.training.evaluation_data import read_contours

TIMED = 12
"""So many predictions of each bundle are timed, in turns: what else the machine does meets all of them alike."""


def compare(
    data: Path, out: Path, systems: Sequence[Wanted], part: str, threads: int, progress: Progress
) -> Comparison:
    """Predict with all bundles, compare them and the folders with the reference, and write the report.

    Parameters
    ----------
    data : Path
        The chest data: ``<part>/`` with ``<part>_landmarks.csv``.
    out : Path
        Gets the report's files.
    systems : sequence of Wanted
        The first is the one that the others are tested against.
    part : str
    threads : int
        Of the networks.
    progress : callable
        Called with what is being done, how many images of it are done, and of how many.

    Raises
    ------
    OSError
        If the data or a system cannot be read.
    ValueError
        With a sentence, if a system does not fit the data.
    """
    chest = read_bundle("chest")
    reference, template = read_contours(data, part, chest), chest.template
    scores, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        found = [
            contender(each, reference, template, threads, Path(folder) / str(number), progress)
            for number, each in enumerate(systems)
        ]
        progress("Timing", 0, 0)
        costs = costs_of(found, reference, threads)
        progress("Comparing", 0, len(found))
        for number, each in enumerate(found, 1):
            scores.append(scores_of(each, template, reference.slices))
            progress("Comparing", number, len(found))
    names = [path.name for path in reference.images]
    comparison = Comparison(f"{data.resolve().name}/{part}", names, template, scores, costs, threads)
    write_report(comparison, out)
    return comparison


def costs_of(contenders: Sequence[Contender], reference: Contours, threads: int) -> list[Cost]:
    """Size of each bundle, and the best and the median time from the network's input to the prediction."""
    bundles = {each.label: each.bundle for each in contenders if each.bundle is not None}
    predictors = {label: predictor_of(bundle, threads, "auto") for label, bundle in bundles.items()}
    seconds: dict[str, list[float]] = {label: [] for label in bundles}
    for path in (reference.images * TIMED)[:TIMED]:
        pixels = read_image(path).pixels
        for label, bundle in bundles.items():
            frame = Frame(pixels.shape[0], pixels.shape[1], *bundle.network_size)
            arrays: dict[str, npt.NDArray[Any]] = {
                "input": to_network_input(pixels, frame),
                "fine": to_fine_picture(pixels, frame),
            }
            began = time.perf_counter()
            predictors[label](arrays, frame)
            seconds[label].append(time.perf_counter() - began)
    costs = []
    for each in contenders:
        if each.bundle is None:
            costs.append(Cost())
            continue
        taken = 1000 * np.array(seconds[each.label])
        costs.append(Cost(float(taken.min()), float(np.median(taken)), size_of(each.bundle)))
    return costs
