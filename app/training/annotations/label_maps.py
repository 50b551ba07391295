"""Label maps in nnU-Net's layout: imagesTr/, labelsTr/ and dataset.json, whose labels name the numbers."""

from __future__ import annotations

from pathlib import Path

from app.formats.label_map import read_label_map
from app.formats.reading import NOTHING
from app.training.annotations.annotated import AnnotatedImage, Annotations, images_below, pieces_in

TITLE = "label maps as nnU-Net has them (imagesTr, labelsTr, dataset.json)"


def fits(folder: Path) -> bool:
    """Whether a folder has nnU-Net's layout."""
    return (folder / "labelsTr").is_dir() and (folder / "imagesTr").is_dir()


def read(folder: Path) -> Annotations:
    """All images with a label map; raises ValueError with a sentence."""
    listing = folder / "dataset.json"
    if not listing.is_file():
        raise ValueError(f"{folder} has label maps but no dataset.json, which names their numbers.")
    images = {name.removesuffix("_0000"): path for name, path in images_below(folder / "imagesTr").items()}
    found = []
    for name, path in images_below(folder / "labelsTr").items():
        if name not in images:
            raise ValueError(f"The label map {path.name} has no image {name}_0000 in imagesTr.")
        (one,) = read_label_map(path, NOTHING)
        found.append(AnnotatedImage(images[name], pieces_in(one, listing)))
    return Annotations(tuple(found))
