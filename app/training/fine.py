"""Train the network for fine masks and put it into a bundle.

``python -m app.training.fine --data DIR --out FOLDER --into BUNDLE --minutes 60`` with a folder that holds ``chest/``
and, if there is one, ``chest_lungs/``; called again it goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from app.core.fine_mask import FineStage
from app.io.bundle import Bundle, bundle_folder, read_bundle
from app.training.bundle import write_fine
from app.training.contours import read_chest
from app.training.fine_augment import FineBatch, make_batch
from app.training.fine_examples import FineExample, drawn_examples, own_examples
from app.training.lung_data import read_lungs, split_patients
from models.fine import FineConfig, FineNet
from models.losses import soft_dice_each

CHEST = FineStage(structures=("right_clavicle", "left_clavicle"), mirrored=("left_clavicle",))
"""How the chest's clavicles are drawn again."""


@dataclass(frozen=True)
class FineRecipe:
    """All choices of one training run.

    Parameters
    ----------
    minutes : float
        Length of the schedule in minutes of computing, over all legs.
    batch, own : int
        Crops per step with a person's mask, and with one of the main network's.
    average : float
        How much of the averaged weights each step keeps.
    """

    minutes: float = 60.0
    batch: int = 5
    own: int = 1
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.04
    average: float = 0.997
    cross_entropy: float = 4.0
    seed: int = 1

    def rate(self, done: float) -> float:
        """Learning rate at a share of the schedule: linear warm-up, then a cosine."""
        if done < self.warm_up:
            return self.learning_rate * (0.05 + 0.95 * done / self.warm_up)
        rest = min((done - self.warm_up) / (1 - self.warm_up), 1.0)
        return self.learning_rate * (0.004 + 0.996 * 0.5 * (1 + float(np.cos(np.pi * rest))))


def loss_of(net: FineNet, batch: FineBatch, cross_entropy: float) -> Tensor:
    """Cross entropy and soft Dice, weighed by how much each crop counts."""
    logits = net(batch.crops)
    entropy = F.binary_cross_entropy_with_logits(logits, batch.masks, reduction="none").mean(dim=(1, 2))
    each = cross_entropy * entropy + 1 - soft_dice_each(logits, batch.masks)
    return (each * batch.weight).sum() / batch.weight.sum()


def dice_of(net: FineNet, examples: Sequence[FineExample], stage: FineStage) -> dict[str, float]:
    """Mean Dice of crops as they are served, one look, not held to any outline, per structure."""
    found: dict[str, list[float]] = {}
    net.eval()
    with torch.inference_mode():
        for example in examples:
            batch = make_batch([example], stage, None)
            seen, true = net(batch.crops) > 0, batch.masks > 0.5
            dice = 2 * int((seen & true).sum()) / max(int(seen.sum()) + int(true.sum()), 1)
            found.setdefault(example.structure.name, []).append(dice)
    net.train()
    return {name: float(np.mean(values)) for name, values in found.items()}


class FineTrainer:
    """One training run in a folder: ``state.pt`` after every epoch; averaged weights."""

    def __init__(self, folder: Path, config: FineConfig, stage: FineStage, recipe: FineRecipe) -> None:
        self.folder, self.stage, self.recipe = folder, stage, recipe
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.net, self.averaged = FineNet(config), FineNet(config)
        self.averaged.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-3, weight_decay=recipe.weight_decay)
        self.epoch, self.steps, self.seconds = 0, 0, 0.0
        if (folder / "state.pt").exists():
            self._resume(torch.load(folder / "state.pt", weights_only=True))

    @property
    def done(self) -> float:
        """Share of the schedule behind us, in [0, 1]."""
        return min(self.seconds / 60 / self.recipe.minutes, 1.0)

    def run(
        self,
        drawn: Sequence[FineExample],
        own: Sequence[FineExample],
        report: Callable[[int, float], None],
        leg_minutes: float,
    ) -> bool:
        """Train until the schedule or this leg ends, and say whether the schedule has; `report(epoch, mean loss)`."""
        began = time.monotonic()
        while self.done < 1.0 and time.monotonic() - began < leg_minutes * 60:
            loss = self._run_epoch(drawn, own)
            self.epoch += 1
            self._save()
            report(self.epoch, loss)
        return self.done >= 1.0

    def _run_epoch(self, drawn: Sequence[FineExample], own: Sequence[FineExample]) -> float:
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        order, others = rng.permutation(len(drawn)), rng.permutation(len(own))
        losses = []
        together = min(self.recipe.batch, len(order))
        for number, start in enumerate(range(0, len(order) - together + 1, together)):
            began = time.process_time()
            chosen = [drawn[i] for i in order[start : start + together]]
            if len(others):
                chosen += [own[others[(number * self.recipe.own + i) % len(others)]] for i in range(self.recipe.own)]
            losses.append(self._step(make_batch(chosen, self.stage, rng)))
            self.seconds += (time.process_time() - began) / torch.get_num_threads()
        return float(np.mean(losses))

    def _step(self, batch: FineBatch) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.done)
        loss = loss_of(self.net, batch, self.recipe.cross_entropy)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.steps += 1
        keep = min(self.recipe.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(self.averaged.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        return float(loss.detach())

    def _resume(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.steps, self.seconds = state["epoch"], state["steps"], state["seconds"]

    def _save(self) -> None:
        state: dict[str, Any] = {"net": self.net.state_dict(), "averaged": self.averaged.state_dict()}
        state |= {"optimizer": self.optimizer.state_dict(), "epoch": self.epoch, "steps": self.steps}
        state["seconds"] = self.seconds
        torch.save(state, self.folder / "state.part")
        (self.folder / "state.part").replace(self.folder / "state.pt")


def read_examples(
    bundle: Bundle, data: Path, threads: int
) -> tuple[list[FineExample], list[FineExample], list[FineExample]]:
    """Examples that people drew, those of the main network, and the validation images'.

    Raises
    ------
    OSError
        If the data cannot be read or predicted.
    """

    def nothing(done: int, total: int) -> None:
        """Nobody waits for this part."""

    drawn, held_out = (
        drawn_examples(bundle, CHEST, read_chest(data / "chest", part), threads, nothing) for part in ("train", "val")
    )
    own: list[FineExample] = []
    if (data / "chest_lungs").is_dir():
        cases, _ = split_patients(read_lungs(data / "chest_lungs"))
        own = own_examples(bundle, CHEST, [case.image for case in cases], threads, nothing)
    return drawn, own, held_out


def main(arguments: list[str] | None = None) -> int:
    """Train as the command line says; the bundle is changed once the schedule is complete."""
    parser = argparse.ArgumentParser(prog="app.training.fine", description="Train the network for fine masks.")
    parser.add_argument("--data", type=Path, required=True, help="holds chest/ and perhaps chest_lungs/")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints")
    parser.add_argument("--into", required=True, help="name or folder of the bundle, whose network finds the crops")
    parser.add_argument("--minutes", type=float, default=60.0, help="of computing, over all legs")
    parser.add_argument("--leg-minutes", type=float, default=float("inf"), help="of this leg, on the clock")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    bundle = read_bundle(options.into)
    drawn, own, held_out = read_examples(bundle, options.data, options.threads)
    trainer = FineTrainer(options.out, FineConfig(), CHEST, FineRecipe(minutes=options.minutes))

    def report(epoch: int, loss: float) -> None:
        sys.stdout.write(f"epoch {epoch}, {trainer.seconds / 60:.1f} of {options.minutes:g} minutes, loss {loss:.3f}\n")
        sys.stdout.flush()

    if trainer.run(drawn, own, report, options.leg_minutes):
        sys.stdout.write(f"Dice of validation crops: {dice_of(trainer.averaged, held_out, CHEST)}\n")
        write_fine(trainer.averaged, CHEST, bundle_folder(options.into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
