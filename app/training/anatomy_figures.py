"""How well a bundle of any anatomy finds what people drew: Dice and contour distance per structure, native pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from app.core.frame import Frame
from app.core.masks import ImageMasks
from app.core.prediction import sample_chart
from app.io.bundle import Bundle
from app.training.contours import Contours
from app.training.predictions import predictions


def anatomy_figures(bundle: Bundle, reference: Contours, threads: int, backend: str = "auto") -> dict[str, Any]:
    """Predict the images of `reference` through the engine, as the window does, and compare.

    Returns
    -------
    dict
        ``images``; per structure ``dice`` (mean over images that show it), ``drawn`` (in how many images), ``missed``
        and ``false`` (predicted where nobody drew it), ``contour_mm`` (mean distance of drawn points from where
        they are found) and ``within_2_mm``; ``mean_dice`` over structures.

    Raises
    ------
    OSError
        If the engine failed on one of the images.
    """
    found = dict(predictions(bundle, reference.images, threads, backend, lambda *_: None))
    structures: dict[str, Any] = {}
    for c, (structure, part) in enumerate(zip(bundle.template.structures, reference.slices, strict=True)):
        dice, apart, missed, false = [], [], 0, 0
        for number, path in enumerate(reference.images):
            prediction, frame = found[str(path)].prediction, found[str(path)].facts.frame
            truth = _drawn(reference, number, c, frame)
            present = bool(prediction.present[c])
            false += present and not truth.any()
            if not truth.any():
                continue
            missed += not present
            mask = ImageMasks(bundle.template, frame, prediction).native(structure.name) if present else None
            mask = np.zeros_like(truth) if mask is None else mask
            dice.append(2 * float((mask & truth).sum()) / max(float(mask.sum() + truth.sum()), 1))
            seen = np.ones(part.stop - part.start, bool) if reference.seen is None else reference.seen[number, part]
            if present and seen.any():
                contour = sample_chart(prediction.charts[c], structure.outline_uv)
                step = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
                fine = ((1 - step) * contour + step * np.roll(contour, -1, axis=0)).reshape(-1, 2)
                distance = cKDTree(fine).query(reference.points[number, part][seen])[0]
                apart.append(distance * reference.mm_per_pixel(number, frame.height))
        distances = np.concatenate(apart) if apart else np.array([np.nan])
        structures[structure.name] = {
            "dice": float(np.mean(dice)) if dice else None,
            "drawn": len(dice),
            "missed": int(missed),
            "false": int(false),
            "contour_mm": float(distances.mean()) if apart else None,
            "within_2_mm": float((distances < 2).mean()) if apart else None,
        }
    known = [each["dice"] for each in structures.values() if each["dice"] is not None]
    return {"images": len(reference.images), "mean_dice": float(np.mean(known)), "structures": structures}


def _drawn(reference: Contours, number: int, structure: int, frame: Frame) -> np.ndarray:
    """The mask [H, W] that people drew of one structure, at native size."""
    native = Frame(frame.height, frame.width, frame.height, frame.width)
    return np.asarray(reference.masks(number, native)[structure])
