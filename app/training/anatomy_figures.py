"""How well a bundle of any anatomy finds what people drew: Dice and contour distance per structure, native pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from app.core.frame import Frame, Points
from app.core.masks import ImageMasks
from app.core.prediction import sample_chart
from app.core.template import Template
from app.engine.client import Predicted
from app.io.bundle import Bundle
from app.training.annotations.registry import read_annotations
from app.training.contours import Contours
from app.training.outline import curve_of
from app.training.predictions import predictions

CLOSE_MM = 2.0


class _Found(NamedTuple):
    """One structure in one image where somebody drew it: Dice, and distances of the drawn contour in mm."""

    dice: float
    apart_mm: npt.NDArray[np.float64]


def read_drawn(data: Path, template: Template) -> Contours:
    """What people drew of a template's structures, without points that correspond.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        With a sentence: no annotations that are known, or none of these structures.
    """
    found = read_annotations(data)
    names = [structure.name for structure in template.structures]
    if not set(names) & set(found.structures):
        drawn, known = ", ".join(found.structures[:6]), ", ".join(names[:6])
        raise ValueError(
            f"{data} has outlines of {drawn}; the model knows {known}. Choose another model, or other data."
        )
    sizes = tuple(len(structure.outline) for structure in template.structures)
    nowhere = np.full((len(found.images), sum(sizes), 2), np.nan)
    pieces = [tuple(image.pieces.get(name, ()) for name in names) for image in found.images]
    mm = np.array([image.mm_per_pixel or np.nan for image in found.images])
    return Contours([image.path for image in found.images], nowhere, sizes, pieces=pieces, mm=mm)


def anatomy_figures(
    bundle: Bundle,
    reference: Contours,
    threads: int,
    backend: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Predict the images of `reference` through the engine, as the window does, and compare with its pieces.

    Returns
    -------
    dict
        ``images``; per structure ``dice`` (mean over images that show it), ``drawn`` (in how many images), ``missed``
        and ``false`` (predicted where nobody drew it), ``contour_mm`` (mean distance of the drawn contour, without the
        cuts of the border, from the predicted one; None where no spacing is known) and ``within_2_mm``; ``mean_dice``
        over structures.

    Raises
    ------
    OSError
        If the engine failed on one of the images.
    """
    found = dict(predictions(bundle, reference.images, threads, backend, progress))
    structures: dict[str, Any] = {}
    for c, structure in enumerate(bundle.template.structures):
        results: list[_Found] = []
        missed = false = 0
        for number, path in enumerate(reference.images):
            truth = _drawn(reference, number, c, found[str(path)])
            present = bool(found[str(path)].prediction.present[c])
            false += present and not bool(truth.any())
            missed += bool(truth.any()) and not present
            if truth.any():
                results.append(_compared(bundle.template, c, found[str(path)], truth, reference, number))
        structures[structure.name] = _summary(results) | {"missed": int(missed), "false": int(false)}
    known = [each["dice"] for each in structures.values() if each["dice"] is not None]
    mean = float(np.mean(known)) if known else None
    return {"images": len(reference.images), "mean_dice": mean, "structures": structures}


def _drawn(reference: Contours, number: int, structure: int, found: Predicted) -> npt.NDArray[np.bool_]:
    """The mask [H, W] that people drew of one structure, at native size."""
    frame = found.facts.frame
    native = Frame(frame.height, frame.width, frame.height, frame.width)
    return np.asarray(reference.masks(number, native)[structure])


def _compared(
    template: Template, c: int, found: Predicted, truth: npt.NDArray[np.bool_], reference: Contours, number: int
) -> _Found:
    structure, frame = template.structures[c], found.facts.frame
    if not found.prediction.present[c]:
        return _Found(0.0, np.empty(0))
    mask = ImageMasks(template, frame, found.prediction).native(structure.name)
    mask = np.zeros_like(truth) if mask is None else mask
    dice = 2 * float((mask & truth).sum()) / float(mask.sum() + truth.sum())
    pieces = () if reference.pieces is None else reference.pieces[number][c]
    curve = curve_of(pieces, frame.height, frame.width)
    if curve is None:
        return _Found(dice, np.empty(0))
    contour = sample_chart(found.prediction.charts[c], structure.outline_uv)
    mm = reference.mm_per_pixel(number, frame.height)
    if not np.isfinite(mm):
        mm = frame.mm_per_pixel
    return _Found(dice, mm * cKDTree(_finely(contour)).query(curve.at(np.linspace(0, 1, 64)))[0])


def _finely(contour: Points) -> Points:
    """Sixteen points per edge of a closed polygon [K, 2]."""
    step = np.linspace(0, 1, 16, endpoint=False)[:, None, None]
    return np.asarray(((1 - step) * contour + step * np.roll(contour, -1, axis=0)).reshape(-1, 2))


def _summary(results: Sequence[_Found]) -> dict[str, Any]:
    apart = np.concatenate([result.apart_mm for result in results]) if results else np.empty(0)
    known = len(apart) > 0 and bool(np.isfinite(apart).all())
    return {
        "dice": float(np.mean([result.dice for result in results])) if results else None,
        "drawn": len(results),
        "contour_mm": float(apart.mean()) if known else None,
        "within_2_mm": float((apart < CLOSE_MM).mean()) if known else None,
    }
