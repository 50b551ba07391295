"""Radiographs with partial truth: one human mask of both lungs, boxes of each lung, how the film was taken.

The lungs of these masks go on behind heart and diaphragm, those of the contours (`app.training.contours`) do not.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.io.image import read_image

FOLDS = 5
"""The patients are dealt into so many parts; the first is left out of training and tells the figures."""
SIDES = {"Right Lung": "right_lung", "Left Lung": "left_lung"}
"""Labels of ``boxes.csv`` → structures."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge in native pixels, from the corner of the first pixel."""


@dataclass(frozen=True)
class LungCase:
    """One radiograph and what is known of it.

    Attributes
    ----------
    image : Path
    masks : tuple of Path
        Pictures whose foreground, together, is lung.
    hidden : Path or None
        Foreground of this one is taken out of the lungs (heart and mediastinum).
    view : str
        ``AP``, ``PA`` or empty where it is not told; a supine AP is an AP.
    boxes : dict
        Structure → radiologist's box around that lung; may lack one.
    """

    image: Path
    masks: tuple[Path, ...]
    hidden: Path | None = None
    view: str = ""
    boxes: dict[str, Box] = field(default_factory=dict)

    def lungs(self) -> npt.NDArray[np.bool_]:
        """Both lungs [height, width] at native size; raises ValueError where the masks are empty."""
        both = np.any([read_image(path).pixels > 127 for path in self.masks], axis=0)
        found = np.asarray(both if self.hidden is None else both & ~(read_image(self.hidden).pixels > 127))
        if not found.any():
            raise ValueError(f"The lung masks of {self.image} are empty.")
        return found


def is_lung_data(folder: Path) -> bool:
    """Whether a folder holds images with lung masks (``lungs/``, or ``right_lung/`` and ``left_lung/``)."""
    both = all((folder / name).is_dir() for name in ("right_lung", "left_lung"))
    return (folder / "images").is_dir() and (both or (folder / "lungs").is_dir())


def read_lungs(folder: Path) -> list[LungCase]:
    """Read the images of a folder that have lung masks, sorted by name.

    ``lungs/`` holds one mask of both lungs per image; or ``right_lung/``, ``left_lung/`` and ``cardiomediastinum/``
    one each. ``facts.csv`` (image, view) and ``boxes.csv`` (image, label, xmin, ymin, xmax, ymax) may tell more.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        If the folder holds no masks of both lungs.
    """
    if not is_lung_data(folder):
        raise ValueError(f"{folder} holds no images/ with lungs/, or with right_lung/ and left_lung/ beside it.")
    views = {row["image"]: row["view"].split(" ")[0] for row in _rows(folder / "facts.csv")}
    boxes: dict[str, dict[str, Box]] = {}
    for row in _rows(folder / "boxes.csv"):
        left, top, right, bottom = (float(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
        boxes.setdefault(row["image"], {})[SIDES[row["label"]]] = (left, top, right, bottom)
    names = [name for name in ("lungs", "right_lung", "left_lung") if (folder / name).is_dir()]
    masks = [_by_stem(folder / name) for name in names]
    hidden = _by_stem(folder / "cardiomediastinum")
    return [
        LungCase(
            path,
            tuple(files[path.stem] for files in masks),
            hidden.get(path.stem),
            views.get(path.name, ""),
            boxes.get(path.name, {}),
        )
        for path in sorted((folder / "images").iterdir())
        if all(path.stem in files for files in masks)
    ]


def split_patients(cases: list[LungCase], fold: int = 0) -> tuple[list[LungCase], list[LungCase]]:
    """The cases to learn from, and those of the fold's patients.

    A name's first letter tells the source, its number the patient: sources are dealt one by one, so that each fold has
    its share of each.
    """
    left: set[Path] = set()
    for source in sorted({case.image.stem[0] for case in cases}):
        patients = sorted({case.image.stem for case in cases if case.image.stem[0] == source})
        chosen = set(patients[fold::FOLDS])
        left |= {case.image for case in cases if case.image.stem in chosen}
    return [case for case in cases if case.image not in left], [case for case in cases if case.image in left]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _by_stem(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.iterdir()} if folder.is_dir() else {}
