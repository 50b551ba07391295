"""Training: resumable legs on a clock, averaged weights, the best state by validation error kept."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.core.frame import Frame
from app.core.prediction import sample_chart
from app.core.template import Template
from app.io.preprocess import to_network_input
from app.training.augment import Batch, make_batch
from app.training.contours import Contours
from app.training.dataset import Examples
from app.training.recipe import Recipe
from app.training.systems.registry import system_of
from app.training.systems.system import Shape, System


@dataclass
class Progress:
    """What a leg reports after each epoch: minutes of the schedule spent, mean loss terms, validation figures."""

    epoch: int
    minutes: float
    terms: dict[str, float]


def learning_rate(recipe: Recipe, done: float) -> float:
    """One-cycle: linear warm-up, then a cosine to a thousandth; `done` in [0, 1] is the share of the schedule."""
    if done < recipe.warm_up:
        return recipe.learning_rate * (0.05 + 0.95 * done / recipe.warm_up)
    rest = (done - recipe.warm_up) / (1 - recipe.warm_up)
    return recipe.learning_rate * (0.001 + 0.999 * 0.5 * (1 + float(np.cos(np.pi * min(rest, 1.0)))))


ABSENT_MM = 30.0
"""What a contour point counts where its structure was called absent."""


def validate(system: System[Any], net: Any, pictures: Sequence[np.ndarray], contours: Contours) -> dict[str, float]:
    """Dice per structure on the network's grid, and the landmark error in mm, without a prior.

    A structure that is neither drawn nor found does not count, nor do points that nobody drew.
    """
    net.eval()
    template, config = system.template, system.config
    dice, errors = [], []
    for number, (picture, points) in enumerate(zip(pictures, contours.points, strict=True)):
        height, width = picture.shape
        frame = Frame(height, width, config.height, config.width)
        masks, found = system.see(net, to_network_input(picture, frame), frame)
        truth = contours.masks(number, frame)
        both = 2 * (masks & truth).sum(axis=(1, 2))
        total = masks.sum(axis=(1, 2)) + truth.sum(axis=(1, 2))
        dice.append(np.where(total > 0, both / np.maximum(total, 1), np.nan))
        for c, (structure, part) in enumerate(zip(template.structures, contours.slices, strict=True)):
            xy = sample_chart(found.charts[c], structure.outline_uv)
            distance = np.linalg.norm(xy - points[part], axis=-1) * contours.mm_per_pixel(number, height)
            distance = distance if found.present[c] else np.full(len(distance), ABSENT_MM)
            errors.append(distance if contours.seen is None else distance[contours.seen[number, part]])
    net.train()
    table = np.stack(dice)
    known = np.maximum(np.isfinite(table).sum(axis=0), 1)
    names = [f"dice_{s.name}" for s in template.structures]
    figures = dict(zip(names, (np.nansum(table, axis=0) / known).tolist(), strict=True))
    return figures | {"error_mm": float(np.concatenate(errors).mean())}


def _save_whole(state: dict[str, Any], path: Path) -> None:
    """Save so that a killed program leaves the old file or the new one."""
    part = path.with_suffix(".tmp")
    torch.save(state, part)
    part.replace(path)


class Trainer:
    """One training run in a folder: ``state.pt`` after every epoch, ``best.pt``, ``log.csv``.

    A new run begins with the weights `start`, a run that has a state with that.
    """

    def __init__(
        self,
        folder: Path,
        template: Template,
        config: Shape,
        recipe: Recipe,
        start: dict[str, Tensor] | None = None,
    ) -> None:
        self.folder = folder
        self.template = template
        self.recipe = recipe
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.system = system_of(template, config, recipe)
        self.net = self.system.network()
        if start is not None:
            self.net.load_state_dict(start)
        self.averaged = self.system.network()
        self.averaged.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-3, weight_decay=recipe.weight_decay)
        self.epoch, self.steps, self.seconds, self.best = 0, 0, 0.0, float("inf")
        if (folder / "state.pt").exists():
            self._resume(torch.load(folder / "state.pt", weights_only=True))

    @property
    def done(self) -> float:
        """Share of the schedule behind us, in [0, 1]."""
        return min(self.seconds / 60 / self.recipe.minutes, 1.0)

    def _resume(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.steps = state["epoch"], state["steps"]
        self.seconds, self.best = state["seconds"], state["best"]

    def _save(self) -> None:
        state = {
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "steps": self.steps,
            "seconds": self.seconds,
            "best": self.best,
        }
        _save_whole(state, self.folder / "state.pt")

    def _step(self, batch: Batch) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.done)
        loss, terms = self.system.loss(self.net, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.steps += 1
        keep = min(self.recipe.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return terms

    def _shape(self, side: int) -> tuple[int, int]:
        """Height and width of the network's input, its longer side about `side`."""
        config = self.system.config
        step = 2 ** len(config.channels)
        scale = side / max(config.height, config.width)
        height, width = (max(step, round(each * scale / step) * step) for each in (config.height, config.width))
        return height, width

    def _run_epoch(self, examples: Examples) -> dict[str, float]:
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        order = rng.permutation(len(examples))
        size = self._shape(self.recipe.small_size if self.done < self.recipe.small_share else self.recipe.size)
        sums: dict[str, float] = {}
        count = 0
        together = min(self.recipe.batch, len(order))  # else few examples would never make a step
        for start in range(0, len(order) - together + 1, together):
            began = time.process_time()
            batch = make_batch(examples, order[start : start + together], size, self.recipe.strength, rng)
            for name, value in self._step(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            self.seconds += (time.process_time() - began) / torch.get_num_threads()
        return {name: value / count for name, value in sums.items()}

    def run(
        self,
        examples: Examples,
        pictures: Sequence[np.ndarray],
        contours: Contours,
        report: Callable[[Progress], None],
        leg_minutes: float,
    ) -> None:
        """Train until the schedule or this leg ends; validation on `pictures` with `contours`."""
        began = time.monotonic()
        while self.done < 1.0 and time.monotonic() - began < leg_minutes * 60:
            terms = self._run_epoch(examples)
            self.epoch += 1
            if self.epoch % self.recipe.validate_every == 0 or self.done >= 1.0:
                terms |= validate(self.system, self.averaged, pictures, contours)
                if terms["error_mm"] < self.best:
                    self.best = terms["error_mm"]
                    _save_whole(self.averaged.state_dict(), self.folder / "best.pt")
            self._save()
            self._log(terms)
            report(Progress(self.epoch, self.seconds / 60, terms))

    def _log(self, terms: dict[str, float]) -> None:
        path = self.folder / "log.csv"
        names = ["epoch", "minutes", *self.system.terms, "error_mm"]
        names += [f"dice_{s.name}" for s in self.template.structures]
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, names)
            if new:
                writer.writeheader()
            writer.writerow({"epoch": self.epoch, "minutes": round(self.seconds / 60, 2)} | terms)
