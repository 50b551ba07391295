"""Label maps in nnU-Net's layout: imagesTr/, labelsTr/ and dataset.json, whose labels name the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.io.image import read_image
from app.io.names import stem
from app.training.annotations.annotated import (
    AnnotatedImage,
    Annotations,
    checked_name,
    images_below,
    pieces_of,
    read_json,
)

TITLE = "label maps as nnU-Net has them (imagesTr, labelsTr, dataset.json)"


def fits(folder: Path) -> bool:
    """Whether a folder has nnU-Net's layout."""
    return (folder / "labelsTr").is_dir() and (folder / "imagesTr").is_dir()


def read(folder: Path) -> Annotations:
    """All images with a label map; raises ValueError with a sentence."""
    labels = _labels(folder / "dataset.json")
    images = {name.removesuffix("_0000"): path for name, path in images_below(folder / "imagesTr").items()}
    found = []
    for name, path in images_below(folder / "labelsTr").items():
        if name not in images:
            raise ValueError(f"The label map {path.name} has no image {name}_0000 in imagesTr.")
        found.append(AnnotatedImage(images[name], _pieces(path, labels)))
    return Annotations(tuple(found))


def _labels(file: Path) -> dict[str, tuple[int, ...]]:
    """Structure → the numbers that stand for it in a label map (several: regions)."""
    if not file.is_file():
        raise ValueError(f"{file.parent} has label maps but no dataset.json, which names their numbers.")
    given = read_json(file)
    entries = given.get("labels") if isinstance(given, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise ValueError(f"{file} has no “labels”, as nnU-Net writes them.")
    if all(str(key).isdigit() for key in entries):  # the first version wrote them the other way round
        entries = {name: int(number) for number, name in entries.items()}
    found: dict[str, tuple[int, ...]] = {}
    for name, numbers in entries.items():
        try:
            values = tuple(int(value) for value in np.atleast_1d(numbers))
        except (TypeError, ValueError):
            raise ValueError(f"{file} gives no whole number for the label “{name}”.") from None
        if values != (0,) and name != "ignore":
            found[checked_name(name, file)] = values
    return found


def _pieces(path: Path, labels: dict[str, tuple[int, ...]]) -> dict[str, tuple[np.ndarray, ...]]:
    values = np.asarray(read_image(path).pixels)
    unknown = set(np.unique(values).astype(int).tolist()) - {0, *(n for numbers in labels.values() for n in numbers)}
    if unknown:
        raise ValueError(f"The label map {stem(path.name)} holds {min(unknown)}, which dataset.json does not name.")
    masks = {name: np.isin(values, numbers) for name, numbers in labels.items()}
    return {name: pieces_of(mask) for name, mask in masks.items() if mask.any()}
