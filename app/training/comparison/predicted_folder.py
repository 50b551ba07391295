"""Predictions in a folder as `predict` writes them: ``landmarks.csv``, ``masks/IMAGE/STRUCTURE.png``, or both."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID
from app.core.frame import Frame, Points
from app.core.from_points import chart_from_contour
from app.core.prediction import Prediction
from app.core.template import Template
from app.io.image import read_image
from app.io.names import stem
from app.training.contours import CHEST_MM_PER_PIXEL, Contours
from app.training.evaluate import Case

TABLE, MASKS = "landmarks.csv", "masks"


def is_predicted(folder: Path) -> bool:
    """Whether a folder holds predictions."""
    return not (folder / "bundle.json").is_file() and ((folder / TABLE).is_file() or (folder / MASKS).is_dir())


def read_predicted(folder: Path, reference: Contours, template: Template) -> tuple[list[Case], bool, bool]:
    """Cases in the order of the reference, and whether the folder holds contour points, and masks.

    Inverse charts go through the points by a spline per structure; a structure of which one point is missing is absent.
    Masks are kept at native size: the frames of these cases have a network grid of one pixel per pixel.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        With a sentence, if an image is missing or a number is none.
    """
    has_points, has_masks = (folder / TABLE).is_file(), (folder / MASKS).is_dir()
    table = _read_table(folder / TABLE) if has_points else {}
    cases = []
    for path, truth in zip(reference.images, reference.points, strict=True):
        height, width = read_image(path).pixels.shape
        frame = Frame(height, width, height, width)
        points = _points_of(table, path.name, folder, template) if has_points else []
        masks = np.zeros((len(template.structures), height, width), np.uint8)
        if has_masks:
            masks = _masks_of(folder / MASKS / stem(path.name), path.name, template, (height, width))
        shown = [len(each) > 0 for each in points] if has_points else masks.any(axis=(1, 2)).tolist()
        charts = np.zeros((len(template.structures), GRID, GRID, 2), np.float32)
        for c, each in enumerate(points):
            if len(each):
                charts[c] = chart_from_contour(each, template.structures[c])
        nothing = np.zeros(charts.shape[:-1], np.float32)
        uv = np.zeros((len(masks), 2, 1, 1), np.float16)
        prediction = Prediction("", masks, uv, charts, nothing, np.array(shown, bool))
        cases.append(Case(prediction, frame, truth, CHEST_MM_PER_PIXEL))
    return cases, has_points, has_masks


def _read_table(file: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Places by the names of image and landmark; absent ones are left out."""
    found = {}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        lacking = {"image", "landmark", "x_px", "y_px"} - set(rows.fieldnames or ())
        if lacking:
            raise ValueError(f"{file} has no column {min(lacking)}.")
        for number, row in enumerate(rows, 2):
            if not row["x_px"]:
                continue
            try:
                found[Path(row["image"]).name, row["landmark"]] = float(row["x_px"]), float(row["y_px"])
            except ValueError:
                raise ValueError(f"Row {number} of {file}: “{row['x_px']}, {row['y_px']}” is no place.") from None
    return found


def _points_of(
    table: dict[tuple[str, str], tuple[float, float]], image: str, folder: Path, template: Template
) -> list[Points]:
    """Contour points of each structure [K, 2]; [0, 2] where it is absent."""
    if not any(name == image for name, _ in table):
        raise ValueError(f"{folder / TABLE} has no landmark in the image {image}.")
    found = []
    for structure in template.structures:
        names = [f"{structure.name}_{number:02d}" for number in range(len(structure.outline))]
        places = [table[image, name] for name in names if (image, name) in table]
        found.append(np.array(places) if len(places) == len(names) else np.zeros((0, 2)))
    return found


def _masks_of(folder: Path, image: str, template: Template, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Masks [C, height, width] of 0 and 255; a structure without a file is empty."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder} with the masks of the image {image}.")
    masks = np.zeros((len(template.structures), *shape), np.uint8)
    for mask, structure in zip(masks, template.structures, strict=True):
        file = folder / f"{structure.name}.png"
        if not file.is_file():
            continue
        drawn = np.asarray(read_image(file).pixels)
        if drawn.shape != shape:
            raise ValueError(
                f"{file} has {drawn.shape[1]} x {drawn.shape[0]} pixels; {image} has {shape[1]} x {shape[0]}."
            )
        mask[drawn > 0] = 255
    return masks
