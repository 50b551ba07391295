"""Whether the ends of radius and ulna are found in real hands: ``python -m app.training.hand_figures --data DIR``.

Radiographs of whole left hands are predicted (in them the network sees the wrist alone, `app.core.hand`), and the
middle of the distal epiphysis, or where that is fused of the bone's end, is looked for in the box in which a bone-age
reader looks.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.masks import ImageMasks
from app.io.bundle import Bundle, read_bundle
from app.training.predictions import predictions

BONES = {"Radius": ("radius_epiphysis", "radius"), "Ulna": ("ulna_epiphysis", "ulna")}
"""By the label of a box: the structures that it is about, the first one that is there."""


class Box(NamedTuple):
    """Where a reader looks, in native pixels of the hand's picture."""

    image: str
    label: str
    low: Points
    high: Points


def read_boxes(folder: Path) -> list[Box]:
    """The boxes of ``boxes.csv``: columns ``image, label, xmin, ymin, xmax, ymax``; raises OSError."""
    with (folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    corners = [[np.array([float(row[f"{axis}{end}"]) for axis in "xy"]) for end in ("min", "max")] for row in rows]
    return [Box(row["image"], row["label"], low, high) for row, (low, high) in zip(rows, corners, strict=True)]


def distal_end(mask: npt.NDArray[np.bool_]) -> Points:
    """The middle [2] of the upper end of a forearm bone's mask [H, W], about as long as the bone is wide there."""
    ys, xs = np.nonzero(mask)
    height, breadth = float(ys.max() - ys.min() + 1), float(xs.max() - xs.min() + 1)
    width = np.sqrt(len(ys) / height * breadth)  # between the mean width and that of the whole, leaning bone
    end = ys <= ys.min() + 0.6 * width
    return np.array([xs[end].mean(), ys[end].mean()])


def places(bundle: Bundle, images: list[Path], threads: int) -> dict[str, dict[str, Points | None]]:
    """Per image and label of `BONES` the place that was found, native pixels of the hand's picture; None: absent."""
    found: dict[str, dict[str, Points | None]] = {}
    for key, predicted in predictions(bundle, images, threads, "auto", lambda done, total: None):
        masks = ImageMasks(bundle.template, predicted.facts.frame, predicted.prediction)
        found[Path(key).name] = {label: _place(masks, bones) for label, bones in BONES.items()}
    return found


def _place(masks: ImageMasks, bones: tuple[str, str]) -> Points | None:
    epiphysis, bone = masks.native(bones[0]), masks.native(bones[1])
    if epiphysis is not None and epiphysis.any():
        return np.asarray(np.argwhere(epiphysis).mean(axis=0)[::-1])
    return distal_end(bone) if bone is not None and bone.any() else None


def main(arguments: list[str] | None = None) -> int:
    """Print for each box whether the place lies in it, and how many do."""
    parser = argparse.ArgumentParser(prog="app.training.hand_figures", description="Ends of radius and ulna in hands.")
    parser.add_argument("--data", type=Path, required=True, help="hands with boxes.csv")
    parser.add_argument("--model", default="wrist", help="name or folder of a bundle")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    boxes = [box for box in read_boxes(options.data) if box.label in BONES]
    images = [options.data / name for name in dict.fromkeys(box.image for box in boxes)]
    found = places(read_bundle(options.model), images, options.threads)
    for label in BONES:
        own = [box for box in boxes if box.label == label]
        ends = [(box, found[box.image][label]) for box in own]
        inside = [end is not None and bool(((end >= box.low) & (end <= box.high)).all()) for box, end in ends]
        missed = ", ".join(box.image for box, good in zip(own, inside, strict=True) if not good)
        sys.stdout.write(f"{label}: {sum(inside)} of {len(own)} inside; not: {missed or 'none'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
