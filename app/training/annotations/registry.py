"""All formats of annotations that `train` reads; a folder is known by what lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from app.training.annotations import coco, cvat, graz, label_maps, labelme, landmark_table, mask_files
from app.training.annotations.annotated import Annotations


class Reader(Protocol):
    """What each format's module offers."""

    TITLE: str

    def fits(self, folder: Path) -> bool:
        """Whether the folder holds this format."""

    def read(self, folder: Path) -> Annotations:
        """All annotated images in it; raises ValueError with a sentence, OSError where a file cannot be read."""


READERS = tuple(cast("Reader", each) for each in (graz, label_maps, mask_files, coco, cvat, landmark_table, labelme))
"""In the order in which they are tried: LabelMe's files are looked into one by one, so they come last."""


def reader_of(folder: Path) -> Reader | None:
    """What reads a folder's annotations; None where it holds none that are known."""
    return next((reader for reader in READERS if reader.fits(folder)), None) if folder.is_dir() else None


def read_annotations(folder: Path) -> Annotations:
    """Everything that is annotated in a folder.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        With a sentence: no format fits, nothing is drawn, or a file is damaged.
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    reader = reader_of(folder)
    if reader is not None:
        found = reader.read(folder)
        if not found.structures:
            raise ValueError(f"{folder} is read as {reader.TITLE}, but nothing is outlined in it.")
        return found
    known = "; ".join(reader.TITLE for reader in READERS)
    raise ValueError(f"{folder} holds no annotations that are known. It may hold: {known}. See docs/new_anatomy.md.")
