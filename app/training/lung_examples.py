"""Training examples of radiographs that have a human mask of the lungs alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from app.core.frame import Frame, Points
from app.core.prediction import Prediction, sample_chart
from app.core.template import Template
from app.io.bundle import Bundle
from app.io.image import read_image
from app.io.preprocess import letterbox
from app.training.contours import Contours
from app.training.dataset import PICTURE_SIZE, Examples, build
from app.training.lung_data import LungCase
from app.training.lung_fit import fit_contour, pull_to_box
from app.training.predictions import predictions

GUESSED = 0.3
"""How much a structure counts that no person drew: heart and clavicles, as the network before and the shape tell."""


def lung_examples(
    bundle: Bundle, cases: Sequence[LungCase], threads: int, progress: Callable[[int, int], None]
) -> tuple[Examples, list[np.ndarray], Contours]:
    """Examples, their square pictures and contours: the bundle's prediction, bent onto human masks and pulled to boxes.

    Parameters
    ----------
    bundle : Bundle
        Whose network finds the images first; it has a shape prior.

    Raises
    ------
    OSError
        If the engine failed on one of the images.
    ValueError
        If the bundle has no shape prior.
    """
    if bundle.prior is None:
        raise ValueError(f"The bundle {bundle.name} has no shape prior; human lung masks need one.")
    template = bundle.template
    sizes = tuple(len(s.outline) for s in template.structures)
    parts = [slice(end - size, end) for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True)]
    by_path = {str(case.image): case for case in cases}
    pictures: dict[str, np.ndarray] = {}
    contours: dict[str, Points] = {}
    for path, found in predictions(bundle, [case.image for case in cases], threads, "auto", progress):
        image = read_image(by_path[path].image)
        decoded, expected = contour_of(found.prediction, template)
        contour = fit_contour(template, bundle.prior, by_path[path].lungs(), decoded, expected)
        for structure, part in zip(template.structures, parts, strict=True):
            if (box := by_path[path].boxes.get(structure.name)) is not None:
                contour[part] = pull_to_box(contour[part], box, structure.name)
        frame = Frame(image.pixels.shape[0], image.pixels.shape[1], PICTURE_SIZE, PICTURE_SIZE)
        pictures[path] = _square(image.pixels, frame)
        contours[path] = frame.to_network(contour)
    ordered = [str(case.image) for case in cases]
    found_all = Contours([case.image for case in cases], np.stack([contours[path] for path in ordered]), sizes)
    squares = [pictures[path] for path in ordered]
    examples = build(template, squares, found_all)
    counts = [1.0 if s.name.endswith("lung") else GUESSED for s in template.structures]
    return replace(examples, weight=torch.tensor(counts).expand(len(cases), -1).contiguous()), squares, found_all


def contour_of(prediction: Prediction, template: Template) -> tuple[Points, np.ndarray]:
    """All contour points [K, 2] of a prediction, NaN where absent, and their expected errors [K], native pixels."""
    points, errors = [], []
    for c, structure in enumerate(template.structures):
        found = sample_chart(prediction.charts[c], structure.outline_uv)
        points.append(found if prediction.present[c] else np.full_like(found, np.nan))
        errors.append(sample_chart(prediction.expected_error[c], structure.outline_uv))
    return np.concatenate(points), np.concatenate(errors)


def _square(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """The picture letter-boxed into the frame, 8 bits between its darkest and brightest half percent."""
    grey = letterbox(pixels, frame)
    low, high = np.percentile(pixels, (0.5, 99.5))
    return np.asarray(np.clip((grey - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8))
