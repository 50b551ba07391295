"""Train a check of images: ``python -m app.training.check --data DIR --out FOLDER [--anatomy wrist] [--steps N]``.

One small network scores how much a picture looks as it should. Each radiograph of the anatomy is shown as it is,
mirrored and in two more of the 16 ways to turn, mirror and invert it; the first must score highest, also against 0,
which stands for “something else”. Of other pictures, all copies must score below 0. So orientation and kind are learnt
by one score, and serving all 16 copies treats them alike. A killed training goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation
from app.training.augment import normalise, vary_intensity
from app.training.check_data import CheckPictures, load_chests
from app.training.check_wrists import load_wrists
from models.check import SIDE, CheckNet

WANTED, OTHERS = 20, 10
"""Pictures of a step."""
MIRRORED = ORIENTATIONS.index(Orientation(mirrored=True))
UPRIGHT = ORIENTATIONS.index(AS_STORED)
RATE, DECAY, SAVE_EVERY = 3e-3, 0.02, 50


def oriented(x: Tensor, orientation: Orientation) -> Tensor:
    """Pictures [B, 1, S, S], normalised, as read: turned, mirrored, inverted."""
    x = x.rot90(-orientation.quarter_turns, (-2, -1))
    x = x.flip(-1) if orientation.mirrored else x
    return -x if orientation.inverted else x


def with_devices(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A radiograph [S, S] with what lies on films: lines, boxes, letters of either side, mirrored too, a white lung.

    None of them tells right from left, so nothing of the kind is learnt.
    """
    made, size = picture.copy(), len(picture)
    for _ in range(rng.poisson(0.8)):  # tubes and wires
        points = (rng.uniform(0, 1, (4, 2)) * size)[None]
        curve = cv2.resize(points.astype(np.float32), (40, 1), interpolation=cv2.INTER_CUBIC)[0].astype(np.int32)
        cv2.polylines(made, [curve], False, (int(rng.integers(120, 256)),), int(rng.integers(1, 3)), cv2.LINE_AA)
    for _ in range(rng.poisson(0.8)):  # side markers, at either side, either way round
        letter = np.zeros((size, size), np.uint8)
        across = rng.uniform(0, 0.15) if rng.random() < 0.5 else rng.uniform(0.8, 0.92)
        at = (int(across * size), int(rng.uniform(0.1, 0.95) * size))
        scale, grey = rng.uniform(0.25, 0.8), int(rng.choice(np.array([20, 255])))
        cv2.putText(
            letter, str(rng.choice(np.array(["R", "L"]))), at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255,), 1, cv2.LINE_AA
        )
        letter = letter[:, ::-1] if rng.random() < 0.5 else letter
        made = np.where(letter > 90, np.uint8(grey), made)
    if rng.random() < 0.3:  # haze, a white base, a white lung
        y, x = np.mgrid[:size, :size] / size
        centre, width = rng.uniform(0.1, 0.9, 2), rng.uniform(0.08, 0.3, 2)
        haze = np.exp(-0.5 * (((x - centre[0]) / width[0]) ** 2 + ((y - centre[1]) / width[1]) ** 2))
        made = (made + (rng.uniform(150, 255) - made) * haze * rng.uniform(0.3, 1.0)).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.25:  # a rim is hidden: what stands there must not matter
        rim = np.rot90(made, int(rng.integers(4)))[: int(rng.uniform(0.03, 0.16) * size)]
        rim[:] = int(rng.integers(256)) if rng.random() < 0.3 else int(rng.integers(2)) * 255
    return np.asarray(made, np.uint8)


def deformed(pictures: NDArray[np.uint8], degrees: float, rng: np.random.Generator) -> Tensor:
    """Pictures [B, P, P] tilted, moved, zoomed and of varied contrast: network inputs [B, 1, S, S]."""
    count = len(pictures)
    angle = np.deg2rad(rng.normal(0, degrees / 2, count).clip(-degrees, degrees))
    zoom, aspect = np.exp(rng.uniform(-0.28, 0.3, count)), np.exp(rng.uniform(-0.15, 0.15, count))
    shift = rng.uniform(-0.15, 0.15, (count, 2))
    rows = [
        np.stack([np.cos(angle) * zoom * aspect, -np.sin(angle) * zoom, shift[:, 0]], -1),
        np.stack([np.sin(angle) * zoom, np.cos(angle) * zoom / aspect, shift[:, 1]], -1),
    ]
    grid = F.affine_grid(
        torch.from_numpy(np.stack(rows, 1).astype(np.float32)), [count, 1, SIDE, SIDE], align_corners=False
    )
    x = torch.from_numpy(pictures)[:, None].float() / 255
    padding = str(rng.choice(np.array(["border", "zeros", "reflection"])))
    x = F.grid_sample(x, grid, padding_mode=padding, align_corners=False)
    return normalise(vary_intensity(x, 0.8, rng))


def step_loss(net: CheckNet, data: CheckPictures, rng: np.random.Generator, smoothing: float = 0.02) -> Tensor:
    """Cross entropy of one step: what is wanted against its copies and 0, other pictures' copies against 0."""
    index = rng.permutation(len(data.pictures))[:WANTED]
    wanted = deformed(np.stack([with_devices(p, rng) for p in data.pictures[index]]), 14, rng)
    others = deformed(np.stack([data.other(rng) for _ in range(OTHERS)]), 30, rng)
    rest = [i for i in range(len(ORIENTATIONS)) if i not in (UPRIGHT, MIRRORED)]
    ways = [UPRIGHT, MIRRORED, *rng.permutation(rest)[:2]]
    some = rng.permutation(len(ORIENTATIONS))[:3]
    batch = [oriented(wanted, ORIENTATIONS[i]) for i in ways] + [oriented(others, ORIENTATIONS[i]) for i in some]
    scores = net(torch.cat(batch))
    split = len(ways) * len(wanted)
    of_wanted = scores[:split].view(len(ways), -1).T
    of_others = scores[split:].view(len(some), OTHERS).T
    upright = torch.zeros(len(wanted), dtype=torch.long)
    loss = F.cross_entropy(F.pad(of_wanted, (0, 1)), upright, label_smoothing=smoothing)
    other_loss = F.cross_entropy(F.pad(of_others, (0, 1)), torch.full((OTHERS,), len(some)), label_smoothing=smoothing)
    return loss + 0.5 * other_loss


def train(pictures: CheckPictures, out: Path, steps: int, seed: int = 0) -> CheckNet:
    """Train one network, or go on with what `out` holds; ``out/check.pt`` are its weights."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    net = CheckNet()
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.15)
    state, done = out / "state.pt", 0
    if state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        done = int(kept["done"])
    net.train()
    total = 0.0
    for step in range(done + 1, steps + 1):
        loss = step_loss(net, pictures, np.random.default_rng([seed, step]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        total += loss.item()
        if step % SAVE_EVERY == 0 or step == steps:
            kept = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "done": step}
            torch.save(kept | {"schedule": schedule.state_dict()}, out / "state.part")
            (out / "state.part").replace(state)
            sys.stdout.write(f"step {step} of {steps}, {len(pictures.names)} pictures, loss {total / SAVE_EVERY:.3f}\n")
            sys.stdout.flush()
            total = 0.0
    torch.save(net.state_dict(), out / "check.pt")
    return net.eval()


def main(arguments: list[str] | None = None) -> int:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(prog="app.training.check", description="Train the check of images.")
    parser.add_argument("--data", type=Path, required=True, help="folder with chest, chest_lungs, ... wrist")
    parser.add_argument("--anatomy", choices=("chest", "wrist"), default="chest")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, choices=(0, 1, 2), help="leave this third of the ill chest patients out")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if options.anatomy == "wrist":
        pictures = load_wrists(options.data, options.seed)
    else:
        pictures = load_chests(options.data, options.fold, options.seed)
    train(pictures, options.out, options.steps, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
