"""Evaluation of a bundle on a folder: finds what the folder holds, predicts it, writes ``evaluation.json``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.core.frame import Provenance, Spacing
from app.io.bundle import Bundle, read_bundle
from app.training.anatomy_figures import anatomy_figures, read_drawn
from app.training.annotations.registry import reader_of
from app.training.bundle import without_prior
from app.training.contours import CHEST_MM_PER_PIXEL, Contours
from app.training.evaluate import Case, left_out_figures
from app.training.evaluate import evaluate as figures_of
from app.training.evaluation_data import has_contours, read_contours, read_images
from app.training.lung_figures import Scores, lung_figures, scores_of
from app.training.predictions import predictions

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many images of it are done, and of how many (0: unknown)."""


def _nothing(step: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def evaluate(
    data: Path,
    model: str,
    out: Path,
    part: str,
    threads: int,
    backend: str,
    progress: Progress = _nothing,
    thinned: str = "",
    remark: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Predict through the engine, as the window does, and write ``out/evaluation.json``.

    Parameters
    ----------
    data : Path
        Holds reference contours (``<part>/``, ``<part>_landmarks.csv``), outlines in any form that `train` reads (in
        ``<part>`` or itself), lung masks (`app.training.lung_data`) or images alone: then masks are compared with
        contour points.
    model, out, part, threads, backend
        As on the command line.
    progress : Progress
    thinned : str
        A bundle of the same schedule as `model` that learnt two thirds of the points: the others are looked up in both.
    remark : callable
        Called with each sentence about what was left out or cannot be told.

    Returns
    -------
    dict
        What was written.

    Raises
    ------
    OSError
        If the data cannot be read, or the engine failed on one of the images.
    ValueError
        With a sentence, if the folder holds nothing that this bundle can be evaluated on (`evaluation_data`).
    """
    bundle = read_bundle(model)
    if not has_contours(data):
        drawn = _evaluate_drawn(data, part, bundle, threads, backend, progress)
        return _write(out, bundle, drawn or _evaluate_images(data, bundle, threads, backend, progress, remark))
    reference = read_contours(data, part, bundle)

    def predicted(step: str, by: Bundle) -> list[Case]:
        return cases_of(by, reference, threads, backend, lambda done, total: progress(step, done, total))

    cases = predicted("Predicting", bundle)
    with tempfile.TemporaryDirectory() as folder:
        plain = predicted(
            "Predicting without the shape prior", read_bundle(without_prior(bundle.folder, Path(folder) / "plain"))
        )
    progress("Comparing", 0, 0)
    figures = figures_of(cases, plain, bundle.template, reference)
    if thinned:
        thin = predicted("Predicting with the thinned bundle", other := read_bundle(thinned))
        never = left_out_figures(cases, bundle.template, thin, other.template, reference)
        figures["new_landmarks"]["never_trained"] = never
    return _write(out, bundle, figures)


def cases_of(
    bundle: Bundle, reference: Contours, threads: int, backend: str, progress: Callable[[int, int], None]
) -> list[Case]:
    """Predict the images of a reference through the engine, as the window does; raises OSError if it failed."""
    predicted = dict(predictions(bundle, reference.images, threads, backend, progress))
    spacing = Spacing(CHEST_MM_PER_PIXEL, CHEST_MM_PER_PIXEL, Provenance.GIVEN)
    return [
        Case(predicted[str(path)].prediction, predicted[str(path)].facts.frame, points, spacing.row_mm)
        for path, points in zip(reference.images, reference.points, strict=True)
    ]


def _evaluate_drawn(
    data: Path, part: str, bundle: Bundle, threads: int, backend: str, progress: Progress
) -> dict[str, Any] | None:
    """Images in which people outlined structures, in any form that `train` reads; None where there are none."""
    folder = next((each for each in (data / part, data) if reader_of(each) is not None), None)
    if folder is None:
        return None
    outlines = read_drawn(folder, bundle.template)
    return anatomy_figures(bundle, outlines, threads, backend, lambda done, total: progress("Predicting", done, total))


def _evaluate_images(
    data: Path, bundle: Bundle, threads: int, backend: str, progress: Progress, remark: Callable[[str], None]
) -> dict[str, Any]:
    """Images of another source, with human masks of their lungs or with nothing at all."""
    images, cases, remarks = read_images(data, bundle.template)
    for sentence in remarks:
        remark(sentence)
    scores: dict[str, Scores] = {}
    predicted = predictions(
        bundle, images, threads, backend, lambda done, total: progress("Predicting and comparing", done, total)
    )
    for key, value in predicted:
        scores[key] = scores_of(value.prediction, value.facts.frame, bundle.template, cases.get(key))
    suspect = sum(score.suspect for score in scores.values())
    if 2 * suspect > len(images):
        remark(
            f"{suspect} of {len(images)} images do not look like what the model “{bundle.title}” is made for. "
            "Are they of another anatomy?"
        )
    return lung_figures([scores[str(path)] for path in images], list(cases.values()), bundle.template)


def _write(out: Path, bundle: Bundle, figures: dict[str, Any]) -> dict[str, Any]:
    figures = {"model": bundle.name, "bundle_sha256": bundle.sha256} | figures
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures
