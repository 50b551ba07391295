"""What the network for fine masks learns from: pictures, where the main network sees a structure, and its true mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.fine_mask import Affine, FineStage, Float32
from app.core.frame import Frame, Points
from app.core.prediction import Prediction
from app.core.template import Structure
from app.io.bundle import Bundle
from app.io.image import read_image
from app.io.preprocess import to_fine_picture
from app.training.contours import Contours, draw_masks
from app.training.lung_examples import contour_of
from app.training.predictions import predictions

GUESSED = 0.3
"""How much a mask counts that the main network drew itself: it keeps hospital radiographs from looking foreign."""
_MARGIN = 4
"""Pixels around a mask that are kept."""


class FineExample(NamedTuple):
    """One structure of one image.

    Attributes
    ----------
    picture : array [FINENESS * H, FINENESS * W], uint8
    structure : Structure
    guess : array [K, 2]
        Its contour points as the main network finds them, network pixels.
    mask : array [h, w], float32
        The truth, on a grid of its own; nothing lies beyond it.
    to_mask : array [2, 3]
        From network pixels to the mask's.
    weight : float
        1 where a person drew the mask.
    """

    picture: npt.NDArray[np.uint8]
    structure: Structure
    guess: Points
    mask: Float32
    to_mask: Affine
    weight: float


@dataclass(frozen=True, eq=False)
class _Found:
    """One image as the main network sees it."""

    picture: npt.NDArray[np.uint8]
    frame: Frame
    prediction: Prediction
    contour: Points


def drawn_examples(
    bundle: Bundle, stage: FineStage, contours: Contours, threads: int, progress: Callable[[int, int], None]
) -> list[FineExample]:
    """Examples with masks that are people's contours; what the main network calls absent is left out."""
    found, examples = _find(bundle, contours.images, threads, progress), []
    for path, points in zip(contours.images, contours.points, strict=True):
        here = found[path]
        masks = draw_masks(points, contours.slices, here.frame.height, here.frame.width)
        for c, part in enumerate(contours.slices):
            structure = bundle.template.structures[c]
            if structure.name not in stage.structures or not here.prediction.present[c] or not masks[c].any():
                continue
            rows, columns = (np.flatnonzero(masks[c].any(axis=axis)) for axis in (1, 0))
            left, top = max(columns[0] - _MARGIN, 0), max(rows[0] - _MARGIN, 0)
            mask = masks[c, top : rows[-1] + _MARGIN + 1, left : columns[-1] + _MARGIN + 1].astype(np.float32)
            to_mask = _inverted(here.frame.to_network_affine) - [[0, 0, left], [0, 0, top]]
            examples.append(FineExample(here.picture, structure, here.contour[part], mask, to_mask, 1.0))
    return examples


def own_examples(
    bundle: Bundle, stage: FineStage, images: Sequence[Path], threads: int, progress: Callable[[int, int], None]
) -> list[FineExample]:
    """Examples with masks as the main network draws them, held to its outline; they count `GUESSED`."""
    examples = []
    ends = np.cumsum([len(structure.outline) for structure in bundle.template.structures]).tolist()
    for here in _find(bundle, images, threads, progress).values():
        for c, structure in enumerate(bundle.template.structures):
            mask = (here.prediction.masks[c] / np.float32(255)).astype(np.float32)
            if structure.name in stage.structures and here.prediction.present[c] and (mask > 0.5).any():
                guess = here.contour[ends[c] - len(structure.outline) : ends[c]]
                examples.append(FineExample(here.picture, structure, guess, mask, np.eye(2, 3), GUESSED))
    return examples


def _find(
    bundle: Bundle, images: Sequence[Path], threads: int, progress: Callable[[int, int], None]
) -> dict[Path, _Found]:
    """The main network's predictions, contours in network pixels: no mask is one that a fine network drew earlier."""
    found = {}
    for name, predicted in predictions(replace(bundle, fine=None), images, threads, "auto", progress):
        frame = predicted.facts.frame
        contour = frame.to_network(contour_of(predicted.prediction, bundle.template)[0])
        picture = to_fine_picture(read_image(Path(name)).pixels, frame)
        found[Path(name)] = _Found(picture, frame, predicted.prediction, contour)
    return {path: found[path] for path in images}


def _inverted(affine: Affine) -> Affine:
    linear = np.linalg.inv(affine[:, :2])
    return np.asarray(np.c_[linear, -linear @ affine[:, 2]])
