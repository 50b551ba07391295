"""`train` for any anatomy: a folder of annotated images becomes a bundle; goes on where an earlier call stopped."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.core.measurement_set import measurement_set_from_json
from app.core.prediction import ErrorModel
from app.core.shape_prior import ShapePrior, Similarity
from app.engine.predictors.denseseg import openvino_network
from app.formats.reading import read_json
from app.io.bundle import MEASUREMENTS, read_bundle, read_weights
from app.training import train as training
from app.training.anatomy import Anatomy, Remark, read_anatomy
from app.training.anatomy_documents import anatomy_documents
from app.training.anatomy_figures import anatomy_figures
from app.training.bundle import convert, lend_measurements, replace_documents, write_bundle
from app.training.dataset import Examples, Grids, build
from app.training.finish import BELIEF, SEEN_ROUNDS, Trials, collect, fit_errors
from app.training.prior import prior_per_structure
from app.training.recipe import Recipe
from app.training.template_drawing import draw_template
from models.network import DenseSegNet, NetworkConfig

SHIFTS = ((4, 2), (-4, -2))
MOST_BYTES = 6 << 30
"""With more than this of masks and uv-maps, they are kept coarser."""
NOTE, LICENCE = "NOTE.md", "LICENSE.md"
"""Files beside the annotated images whose text goes into the model card, and becomes the bundle's licence note."""
USUAL = (24, 48, 72, 96, 128)
"""Channels of the network: a third of the weights of the shipped chest network."""


@dataclass(frozen=True)
class Plan:
    """What one call of `train` works on; see the command line for the meaning of each.

    Attributes
    ----------
    size : int
        The network's input has about size² pixels, in the images' proportions, sides in multiples of 32.
    mm_per_pixel : float or None
        For images that do not say it themselves.
    encoding : str
        How the network says uv (`models.network.NetworkConfig.encoding`).
    start : str
        Name or folder of a bundle of the same structures whose weights a new run begins with.
    """

    data: Path
    out: Path
    minutes: float
    leg_minutes: float
    threads: int
    seed: int
    size: int
    name: str
    mm_per_pixel: float | None = None
    encoding: str = "cartesian"
    start: str = ""
    channels: tuple[int, ...] = USUAL
    batch: int = 4

    @property
    def recipe(self) -> Recipe:
        """Smaller pictures for a third of the schedule; the longer side decides."""
        return Recipe(
            minutes=self.minutes,
            seed=self.seed,
            batch=self.batch,
            learning_rate=1e-3 if self.start else 2e-3,
            small_share=0.0 if self.start else 0.25,
            validate_every=5,
        )


def network_shape(size: int, proportion: float) -> tuple[int, int]:
    """Height and width of about size² pixels, in multiples of 32, for images so many times as high as wide."""
    ratio = float(np.sqrt(np.clip(proportion, 0.25, 4.0)))
    return max(round(size * ratio / 32), 2) * 32, max(round(size / ratio / 32), 2) * 32


def train(plan: Plan, report: Callable[[training.Progress], None], remark: Remark) -> bool:
    """Train, or go on with what `plan.out` holds; `report` is called after each epoch.

    Returns
    -------
    bool
        Whether the schedule is complete; then ``plan.out/bundle`` holds the bundle.

    Raises
    ------
    OSError
        If the data cannot be read.
    ValueError
        With a sentence, if the data cannot be learnt from.
    """
    torch.set_num_threads(plan.threads)
    order = [structure.name for structure in read_bundle(plan.start).template.structures] if plan.start else []
    anatomy = read_anatomy(plan.data, plan.name, plan.mm_per_pixel, remark, order)
    if (plan.data / MEASUREMENTS).is_file():  # a wrong one is told now and not after hours
        measurement_set_from_json(read_json(plan.data / MEASUREMENTS), anatomy.template)
    (plan.out / "correspondence.json").write_text(json.dumps(anatomy.quality, indent=1) + "\n", encoding="utf-8")
    drawing = draw_template(anatomy.template, anatomy.filled_mm)
    (plan.out / "correspondence.svg").write_text(drawing, encoding="utf-8")
    height, width = network_shape(plan.size, anatomy.proportion)
    config = NetworkConfig(len(anatomy.template.structures), height, width, plan.channels, plan.encoding)
    _go_on(
        plan.out,
        {"network": config.to_json(), "points": list(anatomy.train.sizes), "images": len(anatomy.train.images)},
    )
    longer = max(height, width)
    recipe = replace(plan.recipe, size=longer, small_size=max(round(0.67 * longer / 32), 2) * 32)
    start = _weights(plan.start, config, anatomy) if plan.start else None
    coarse = 6 * height * width * config.structures * len(anatomy.train_pictures) > MOST_BYTES
    grids = Grids.of(height, width, coarse)
    examples = build(anatomy.template, anatomy.train_pictures, anatomy.train, grids)
    trainer = training.Trainer(plan.out, anatomy.template, config, recipe, start)
    trainer.run(examples, anatomy.val_pictures, anatomy.val, report, plan.leg_minutes)
    if trainer.done < 1.0:
        return False
    if (plan.out / "best.pt").exists():  # where no point of the validation images was seen, none is the best
        trainer.averaged.load_state_dict(torch.load(plan.out / "best.pt", weights_only=True))
    _finish(plan, trainer.averaged, anatomy, examples)
    return True


def _weights(model: str, config: NetworkConfig, anatomy: Anatomy) -> dict[str, torch.Tensor]:
    """Weights of a bundle; raises ValueError where its structures or its network are others."""
    bundle = read_bundle(model)
    here = [structure.name for structure in anatomy.template.structures]
    there = [structure.name for structure in bundle.template.structures]
    shape = {"encoding": "cartesian"} | bundle.network
    same = all(shape[key] == config.to_json()[key] for key in ("structures", "encoding"))
    if here != there or not same or tuple(shape["channels"]) != config.channels:
        raise ValueError(f"The model {model} has other structures or another network than this run: begin without it.")
    return {name: torch.from_numpy(value) for name, value in read_weights(bundle).items()}


def _go_on(out: Path, what: dict[str, Any]) -> None:
    """Raise ValueError if a folder holds a run that learnt something else; else note what this one learns."""
    file, text = out / "run.json", json.dumps(what, indent=1) + "\n"
    if file.is_file() and file.read_text("utf-8") != text:
        raise ValueError(
            f"{out} holds a run on other images, or of another size or encoding. Choose another folder with --out, or "
            "empty that one."
        )
    file.write_text(text, encoding="utf-8")


def _finish(plan: Plan, net: DenseSegNet, anatomy: Anatomy, examples: Examples) -> None:
    """The bundle with prior, expected errors and a card that holds the figures of the validation images."""
    template, folder = anatomy.template, plan.out / "bundle"
    with tempfile.TemporaryDirectory() as served:
        convert(net, Path(served))
        infer = openvino_network(Path(served), plan.threads)
        size = net.config.height, net.config.width
        some = examples.first(200)  # enough for what is fitted, and half an hour less
        trials = collect(infer, size, template, some, SHIFTS, SEEN_ROUNDS[:2], whole=False)
    prior, errors = _fit(anatomy, trials)
    facts: dict[str, Any] = {
        "train": len(anatomy.train.images),
        "val": len(anatomy.val.images),
        "minutes": plan.minutes,
        "encoding": plan.encoding,
        "spacing_known": anatomy.spacing_known,
        "quality": anatomy.quality,
    }
    note, licence = (_text(plan.data / name) for name in (NOTE, LICENCE))
    documents = anatomy_documents(template, facts, None, note, licence)
    title = template.anatomy.replace("_", " ").capitalize()
    write_bundle(folder, net, template, documents, prior, errors, SHIFTS, plan.name, title, origin="")
    if (plan.data / MEASUREMENTS).is_file():
        lend_measurements(plan.data, folder)
    figures = anatomy_figures(read_bundle(folder), anatomy.val, plan.threads)
    (plan.out / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    replace_documents(folder, anatomy_documents(template, facts, figures, note, licence))


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def _fit(anatomy: Anatomy, trials: Trials) -> tuple[ShapePrior, ErrorModel]:
    """Prior and expected errors; how far decoded points are off decides how much the prior is believed."""
    template = anatomy.template
    mean = np.concatenate([s.outline for s in template.structures])
    off = []
    for decoded, truth in zip(trials.decoded, trials.truth, strict=True):
        known = np.isfinite(decoded[:, 0]) & np.isfinite(truth[:, 0])
        if known.sum() >= 3:
            off.append(Similarity.between(truth[known], mean[known]).scale * (decoded - truth)[known])
    noise = 1.5 * float(np.sqrt((np.concatenate(off) ** 2).mean()))  # on new images it errs more than on learnt ones
    sizes = [len(s.outline) for s in template.structures]
    prior = prior_per_structure(mean, anatomy.filled_mm, sizes, noise, BELIEF)
    return prior, fit_errors(prior.regularise_all(trials.decoded), trials)
