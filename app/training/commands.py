"""`train` as the command line calls it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from app.core.frame import Points
from app.core.prediction import ErrorModel
from app.core.shape_prior import ShapePrior
from app.core.template import Template
from app.engine.predictors.denseseg import openvino_network
from app.io.bundle import DENSESEG, bundle_folder, read_bundle, read_weights
from app.training import leave_out
from app.training import train as training
from app.training.augment import Strength
from app.training.bundle import Served, convert, lend_check, lend_measurements, replace_documents, write_bundle
from app.training.contours import CHEST_MM_PER_PIXEL, Contours, chest_template, read_chest
from app.training.dataset import Examples, build, read_pictures
from app.training.documents import DEFORMED, UNSEEN, bundle_documents
from app.training.evaluate import check_count
from app.training.evaluate_folder import evaluate
from app.training.finish import SEEN_ROUNDS, UNSEEN_ROUNDS, Trials, collect, fit_errors, fit_prior, joined
from app.training.finish_points import Name, write_points_bundle
from app.training.lung_data import read_lungs, split_patients
from app.training.lung_examples import lung_examples
from app.training.prior import prior_of
from app.training.recipe import Recipe
from app.training.rendered import render_examples
from app.training.system_documents import system_documents
from app.training.systems.registry import config_of
from models.network import DenseSegNet

RENDERED_EXAMPLES = 40
SHIFTS = ((4, 2), (-4, -2))
"""Two looks at every image, for the masks and for what their disagreement tells (docs/experiments.md)."""
RIDGE_MM2 = 15.0
"""Ridge of the shape prior's shrinkage; chosen on images a fold had not seen (docs/experiments.md)."""
BEDSIDE = Strength(
    rotation_degrees=15, shift=0.25, scale=0.25, aspect=0.12, bumps=0.06, tilt=0.05, bedside=0.5, lungs=(0, 1)
)
"""Augmentation of a run for hospital radiographs: other geometry, and what is drawn onto the picture."""


@dataclass(frozen=True)
class Plan:
    """What one call of `train` works on.

    Attributes
    ----------
    data, out : Path
        Learn from ``data/train``, validate on ``data/val``; checkpoints and the bundle go to `out`.
    minutes, leg_minutes : float
        Length of the whole schedule in minutes of computing, and of this leg on the clock at the most.
    threads, seed : int
    size : int
        Side of the network's input in pixels, a multiple of 32.
    start : str
        Name or folder of a bundle whose weights a new run begins with; it then runs at full size throughout.
    fold : int or None
        Leave this third of the training images out and keep how they are found: for `folds` of another run.
    thinned : bool
        Learn from two thirds of the contour points: `evaluate` then asks for the others.
    system : str
        Which of the paper's systems is trained (`app.training.systems.registry.SYSTEMS`).
    channels : tuple of int
        Of the network, per resolution; empty: the system's own.
    lungs : Path or None
        Radiographs with human lung masks to learn from as well, found first by `start` (`app.training.lung_data`).
    folds : tuple of Path
        Complete runs of folds: expected errors are fitted on what their networks had not seen.
    """

    data: Path
    out: Path
    minutes: float
    leg_minutes: float
    threads: int
    seed: int
    size: int = 256
    start: str = ""
    fold: int | None = None
    thinned: bool = False
    system: str = DENSESEG
    channels: tuple[int, ...] = ()
    lungs: Path | None = None
    folds: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would end in figures that are not true; raises ValueError."""
        if self.fold is not None and self.start:
            raise ValueError("A fold begins from scratch: learnt weights have seen the images that it leaves out.")
        if self.lungs is not None and not self.start:
            raise ValueError("Human lung masks need a bundle to start from: it finds the images first.")
        if self.system != DENSESEG and (
            self.fold is not None or self.thinned or self.start or self.lungs or self.folds
        ):
            raise ValueError("Folds, thinned runs, a start and lung masks are for DenseSeg alone.")
        if self.folds and (self.fold is not None or self.thinned):
            raise ValueError("Folds serve a run with all images and all contour points.")

    @property
    def recipe(self) -> Recipe:
        """What begins with learnt weights runs at full size; a fold is a cheaper run, at 128 px for long."""
        recipe = Recipe(minutes=self.minutes, seed=self.seed, size=self.size)
        recipe = replace(recipe, small_size=min(recipe.small_size, self.size))
        if self.start:
            recipe = replace(recipe, small_share=0.0, learning_rate=1e-3)
        if self.lungs is not None:
            recipe = replace(recipe, strength=BEDSIDE, learning_rate=7e-4)
        if self.fold is not None:
            recipe = replace(recipe, small_share=0.4, small_size=min(128, self.size), validate_every=1000)
        return recipe


def train(plan: Plan, report: Callable[[training.Progress], None]) -> bool:
    """Train, or go on with what `plan.out` holds; `report` is called after each epoch.

    Returns
    -------
    bool
        Whether the schedule is complete; then ``plan.out/bundle`` holds the bundle.

    Raises
    ------
    OSError
        If the data cannot be read, or a fold is not complete.
    ValueError
        If a fold does not fit this run, or too few images are there to validate on.
    """
    torch.set_num_threads(plan.threads)
    reference, held_out = read_chest(plan.data, "train"), read_chest(plan.data, "val")
    check_count(held_out)
    template = chest_template(reference)
    if plan.thinned:
        reference, held_out = leave_out.thin_contours(reference), leave_out.thin_contours(held_out)
        template = leave_out.thin_template(template)
    mean = [s.outline for s in template.structures]
    contours_mm = reference.points * CHEST_MM_PER_PIXEL
    folds = leave_out.load_folds(plan.folds, plan.size, contours_mm.shape[1])
    prior = prior_of(np.concatenate(mean), contours_mm)
    unseen = None
    if plan.fold is not None:
        reference, unseen = leave_out.split_images(reference, plan.fold)
    examples = build(template, read_pictures(reference), reference)
    rendered = build(template, *render_examples(template, prior, RENDERED_EXAMPLES, seed=plan.seed))
    start = _weights(plan.start) if plan.start else None
    config = config_of(plan.system, template, (plan.size, plan.size), plan.channels)
    trainer = training.Trainer(plan.out, template, config, plan.recipe, start)
    everything = examples.joined(rendered)
    if plan.lungs is not None:
        cases, _ = split_patients(read_lungs(plan.lungs))
        everything = everything.joined(lung_examples(read_bundle(plan.start), cases, plan.threads, lambda *_: None)[0])
    trainer.run(everything, read_pictures(held_out), held_out, report, plan.leg_minutes)
    if trainer.done < 1.0:
        return False
    net = trainer.averaged
    if plan.fold is not None and unseen is not None:
        _finish_fold(plan, plan.fold, net, template, contours_mm, examples, unseen)
    else:
        if plan.lungs is None:  # else the best on upright films would be chosen, before hospital ones are learnt
            net.load_state_dict(torch.load(plan.out / "best.pt", weights_only=True))
        if plan.system == DENSESEG:
            _finish(plan, net, template, contours_mm, examples, folds)
        else:
            _finish_other(plan, net, template, examples)
    return True


def _finish_fold(
    plan: Plan,
    number: int,
    net: DenseSegNet,
    template: Template,
    contours_mm: Points,
    examples: Examples,
    unseen: Contours,
) -> None:
    """The bundle of a fold, and how it finds the images it has not seen."""
    seen = _collect(net, template, examples, plan.threads, SEEN_ROUNDS)
    fitted = _fit(template, contours_mm, seen, ())
    left = build(template, read_pictures(unseen), unseen)
    new = _collect(net, template, left, plan.threads, UNSEEN_ROUNDS)
    leave_out.save_fold(plan.out, leave_out.Fold(number, plan.size, seen, new))
    documents = bundle_documents(RENDERED_EXAMPLES, DEFORMED)
    write_bundle(plan.out / "bundle", net, template, documents, *fitted, shifts=SHIFTS)


def _finish(
    plan: Plan,
    net: DenseSegNet,
    template: Template,
    contours_mm: Points,
    examples: Examples,
    folds: Sequence[leave_out.Fold],
) -> None:
    """The bundle with all that is fitted, and its figures on its card; a thinned one serves `evaluate` alone."""
    trials = _collect(net, template, examples, plan.threads, SEEN_ROUNDS)
    prior, errors = _fit(template, contours_mm, trials, folds)
    unseen = len({(fold.number, number) for fold in folds for number in fold.unseen.image.tolist()})
    calibrated = UNSEEN.format(unseen) if folds else DEFORMED
    folder = plan.out / "bundle"
    write_bundle(folder, net, template, bundle_documents(RENDERED_EXAMPLES, calibrated), prior, errors, SHIFTS)
    lend_check(bundle_folder("chest"), folder)
    if not plan.thinned:  # those of other points have no landmarks of these numbers
        lend_measurements(bundle_folder("chest"), folder)
        figures = evaluate(plan.data, str(folder), plan.out, "val", plan.threads, "auto")
        replace_documents(folder, bundle_documents(RENDERED_EXAMPLES, calibrated, figures))


def _finish_other(plan: Plan, net: Served, template: Template, examples: Examples) -> None:
    """The bundle of a system without uv-maps, and its figures on its card."""
    folder, network = plan.out / "bundle", net.config.to_json()
    title = {"heatmap": "Chest, heatmaps", "points": "Chest, points"}[plan.system]
    name = Name(plan.system, title, "in the HybridGNet landmark set")
    documents = system_documents(plan.system, network, RENDERED_EXAMPLES, plan.minutes)
    write_points_bundle(folder, net, template, examples, name, documents, SEEN_ROUNDS, plan.threads)
    lend_check(bundle_folder("chest"), folder)
    lend_measurements(bundle_folder("chest"), folder)
    figures = evaluate(plan.data, str(folder), plan.out, "val", plan.threads, "auto")
    documents = system_documents(plan.system, network, RENDERED_EXAMPLES, plan.minutes, figures)
    replace_documents(folder, documents)


def _collect(
    net: DenseSegNet, template: Template, examples: Examples, threads: int, rounds: Sequence[Strength | None]
) -> Trials:
    """Trials by the network as it is served: OpenVINO is four times as fast as torch here."""
    with tempfile.TemporaryDirectory() as folder:
        convert(net, Path(folder))
        infer = openvino_network(Path(folder), threads)
        return collect(infer, net.config.height, template, examples, SHIFTS, rounds)


def _fit(
    template: Template, contours_mm: Points, seen: Trials, folds: Sequence[leave_out.Fold]
) -> tuple[ShapePrior, ErrorModel]:
    """The prior from trials of training images; expected errors from what folds had not seen, if there are any.

    Each fold's contours are regularised by a prior of its own, fitted as the network's is, on what the fold has seen.
    """
    prior = fit_prior(template, contours_mm, seen, RIDGE_MM2)
    if not folds:
        return prior, fit_errors(prior.regularise_all(seen.decoded), seen)
    own = [fit_prior(template, contours_mm, fold.seen, RIDGE_MM2) for fold in folds]
    regularised = [each.regularise_all(fold.unseen.decoded) for each, fold in zip(own, folds, strict=True)]
    return prior, fit_errors(np.concatenate(regularised), joined([fold.unseen for fold in folds]))


def _weights(model: str) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in read_weights(read_bundle(model)).items()}
