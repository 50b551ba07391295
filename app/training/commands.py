"""`train` and `evaluate` as the command line calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from app.core.frame import Provenance, Spacing
from app.engine.client import Engine, Predicted
from app.io.bundle import Bundle, read_bundle
from app.io.image import read_image
from app.jobs import Failed, Finished, Progress, Result
from app.training import train as training
from app.training.bundle import write_bundle
from app.training.contours import CHEST_MM_PER_PIXEL, chest_template, read_chest
from app.training.dataset import build, read_pictures
from app.training.documents import bundle_documents
from app.training.evaluate import Case, lung_figures
from app.training.evaluate import evaluate as figures_of
from app.training.finish import collect, fit_errors, fit_prior
from app.training.plausibility import collect_features, fit_plausibility
from app.training.prior import prior_of
from app.training.rendered import render_examples
from models.network import DenseSegNet, NetworkConfig

RENDERED_EXAMPLES = 40
SHIFTS = ((4, 2), (-4, -2))
"""Two looks at every image; chosen on validation (docs/experiments.md)."""
RIDGE_MM2 = 10.0
"""Ridge of the shape prior's shrinkage; chosen on validation (docs/experiments.md)."""


def train(
    data: Path,
    out: Path,
    minutes: float,
    leg_minutes: float,
    threads: int,
    seed: int,
    report: Callable[[training.Progress], None],
    start: str = "",
) -> bool:
    """Train on ``data/train``, validate on ``data/val``; resumes what `out` holds.

    Parameters
    ----------
    minutes, leg_minutes : float
        Length of the whole schedule, and of this leg at the most.
    report : callable
        Called after each epoch.
    start : str
        Name or folder of a bundle whose weights a new run begins with; it then runs at full size throughout.

    Returns
    -------
    bool
        Whether the schedule is complete; then ``out/bundle`` holds the bundle.

    Raises
    ------
    OSError
        If the data cannot be read.
    """
    torch.set_num_threads(threads)
    reference, held_out = read_chest(data, "train"), read_chest(data, "val")
    template = chest_template(reference)
    mean = [s.outline for s in template.structures]
    prior = prior_of(np.concatenate(mean), reference.points * CHEST_MM_PER_PIXEL)
    examples = build(template, read_pictures(reference), reference)
    rendered = build(template, *render_examples(template, prior, RENDERED_EXAMPLES, seed=seed))
    recipe = training.Recipe(minutes=minutes, seed=seed)
    if start:
        recipe = replace(recipe, small_share=0.0, learning_rate=1e-3)
    trainer = training.Trainer(out, template, NetworkConfig(), recipe, _weights(start) if start else None)
    trainer.run(examples.joined(rendered), read_pictures(held_out), held_out, report, leg_minutes)
    if trainer.done < 1.0:
        return False
    net = DenseSegNet(NetworkConfig())
    net.load_state_dict(torch.load(out / "best.pt", weights_only=True))
    trials = collect(net, template, examples, SHIFTS, rounds=8)
    fitted = fit_prior(template, reference.points * CHEST_MM_PER_PIXEL, trials, RIDGE_MM2)
    plausibility = fit_plausibility(*collect_features(net, examples.joined(rendered), 2, np.random.default_rng(seed)))
    errors = fit_errors(fitted, trials)
    write_bundle(
        out / "bundle", net, template, fitted, errors, plausibility, SHIFTS, bundle_documents(RENDERED_EXAMPLES)
    )
    return True


def _weights(model: str) -> dict[str, torch.Tensor]:
    half = load_file(read_bundle(model).folder / "weights.safetensors")
    return {name: value.float() for name, value in half.items()}


def evaluate(
    data: Path,
    model: str,
    out: Path,
    part: str,
    threads: int,
    backend: str,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Predict through the engine, as the window does, and write ``out/evaluation.json``.

    `data` holds reference contours (``<part>/``, ``<part>_landmarks.csv``) or lung masks (``images/``, ``lungs/``).

    Raises
    ------
    OSError
        If the data cannot be read, or the engine failed on one of the images.
    """
    bundle = read_bundle(model)
    if (data / "lungs").is_dir():
        return _write(out, bundle, _evaluate_lungs(data, bundle, threads, backend, progress))
    reference = read_chest(data, part)
    predicted = _predict(bundle, reference.images, threads, backend, progress)
    spacing = Spacing(CHEST_MM_PER_PIXEL, CHEST_MM_PER_PIXEL, Provenance.GIVEN)
    cases = [
        Case(predicted[str(path)].prediction, predicted[str(path)].facts.frame, points, spacing.row_mm)
        for path, points in zip(reference.images, reference.points, strict=True)
    ]
    return _write(out, bundle, figures_of(cases, bundle.template, reference))


def _evaluate_lungs(
    data: Path, bundle: Bundle, threads: int, backend: str, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Images of another source: ``data/images`` with one mask of both lungs each in ``data/lungs``."""
    masks = {path.stem: path for path in sorted((data / "lungs").iterdir())}
    images = [path for path in sorted((data / "images").iterdir()) if path.stem in masks]
    predicted = _predict(bundle, images, threads, backend, progress)
    found = [(predicted[str(path)].prediction, predicted[str(path)].facts.frame) for path in images]
    return lung_figures(found, [read_image(masks[path.stem]).pixels > 127 for path in images])


def _write(out: Path, bundle: Bundle, figures: dict[str, Any]) -> dict[str, Any]:
    figures = {"model": bundle.name, "bundle_sha256": bundle.sha256} | figures
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


def _predict(
    bundle: Bundle, images: list[Path], threads: int, backend: str, progress: Callable[[int, int], None]
) -> dict[str, Predicted]:
    engine = Engine(bundle, threads=threads, backend=backend)
    found: dict[str, Predicted] = {}
    try:
        for event in engine.predict([(str(path), path) for path in images]):
            match event:
                case Result(key, Predicted() as value):
                    found[key] = value
                case Failed(_, message):
                    raise OSError(message)
                case Progress(done, total):
                    progress(done, total)
                case Finished() | Result():
                    pass
    finally:
        engine.close()
    return found
