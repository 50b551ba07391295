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


class Fold(NamedTuple):
    """How the network of a fold finds the images it learnt from, and those it never saw.

    What every fold shares (the template and the rendered radiographs' shapes) comes from all training images.

    Attributes
    ----------
    number : int
    size : int
        Side of its network's input: lengths in the trials are pixels of it.
    seen, unseen : Trials
    """

    number: int
    size: int
    seen: Trials
    unseen: Trials


def save_fold(folder: Path, fold: Fold) -> None:
    """Keep a fold's trials in its folder."""
    parts = {"seen": fold.seen, "unseen": fold.unseen}
    arrays = {f"{part}_{name}": array for part, trials in parts.items() for name, array in trials._asdict().items()}
    np.savez(folder / LEFT_OUT, number=fold.number, size=fold.size, **arrays)


def load_folds(folders: Sequence[Path], size: int, points: int) -> list[Fold]:
    """Folds for a run whose network takes `size` pixels and learns `points` contour points.

    Raises
    ------
    OSError
        If a fold is not complete.
    ValueError
        If one was made by an older program, for another size or other points, or is given twice.
    """
    found: list[Fold] = []
    for folder in folders:
        with np.load(folder / LEFT_OUT) as arrays:
            try:
                trials = [Trials(**{k: arrays[f"{part}_{k}"] for k in Trials._fields}) for part in ("seen", "unseen")]
                fold = Fold(int(arrays["number"]), int(arrays["size"]), *trials)
            except KeyError:
                raise ValueError(f"{folder} was made by an older program; call its training again.") from None
        if (fold.size, fold.unseen.truth.shape[1]) != (size, points):
            raise ValueError(f"{folder} has another size or other contour points than this run.")
        if fold.number in {other.number for other in found}:
            raise ValueError(f"Fold {fold.number} is given twice; {folder} is the second.")
        found.append(fold)
    return found
