"""Leaving out images, to see how a network errs on new ones, and contour points, to see how it finds new landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.template import Template
from app.training.contours import Contours
from app.training.finish import Trials

FOLDS = 3
"""The training images are dealt into so many parts."""
EVERY = 3
"""Every so manyth contour point of a structure is left out where a run is thinned."""
LEFT_OUT = "left_out.npz"


def split_images(contours: Contours, fold: int) -> tuple[Contours, Contours]:
    """The images a fold's network learns from, and those it never sees."""
    index = np.arange(len(contours.images))
    left = index % FOLDS == fold
    return contours.take(index[~left].tolist()), contours.take(index[left].tolist())


def kept_points(sizes: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Which contour points [K] a thinned run learns from: two of three of each structure."""
    return np.concatenate([np.arange(size) % EVERY != EVERY - 1 for size in sizes])


def thin_contours(contours: Contours) -> Contours:
    """Contours of the kept points alone: masks, charts and L_LM are made from these."""
    kept = kept_points(contours.sizes)
    sizes = tuple(int(kept[part].sum()) for part in contours.slices)
    return Contours(contours.images, contours.points[:, kept], sizes)


def thin_template(template: Template) -> Template:
    """The template with the kept points alone, in the same plane."""
    sizes = [len(s.outline) for s in template.structures]
    kept = np.split(kept_points(sizes), np.cumsum(sizes)[:-1])
    structures = (replace(s, outline=s.outline[keep]) for s, keep in zip(template.structures, kept, strict=True))
    return Template(template.anatomy, tuple(structures))


def left_out_uv(template: Template, thinned: Template) -> list[Points]:
    """Where the left-out points of `template` lie in the charts of the thinned one: per structure [L, 2]."""
    return [
        thin.to_chart(whole.outline[EVERY - 1 :: EVERY])
        for whole, thin in zip(template.structures, thinned.structures, strict=True)
    ]


class Unseen(NamedTuple):
    """How a fold's network found contours in images it had not seen.

    Attributes
    ----------
    trials : Trials
    steadied : array [N, K, 2]
        The decoded contours, steadied by a prior fitted on the images the fold learnt from; network pixels.
    """

    trials: Trials
    steadied: Points


def save_unseen(folder: Path, unseen: Unseen) -> None:
    """Keep what a fold's network made of unseen images in the fold's folder."""
    np.savez(folder / LEFT_OUT, steadied=unseen.steadied, **unseen.trials._asdict())


def load_unseen(folders: Sequence[Path]) -> list[Unseen]:
    """What the folds' networks made of unseen images; raises OSError where a fold is not complete."""
    found = []
    for folder in folders:
        with np.load(folder / LEFT_OUT) as arrays:
            trials = Trials(**{name: arrays[name] for name in Trials._fields})
            found.append(Unseen(trials, arrays["steadied"]))
    return found
