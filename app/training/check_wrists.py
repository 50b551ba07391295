"""Pictures for the check of wrists: rendered and real AP wrists of left hands, and what must be told from them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.core.hand import find_hand
from app.io.image import read_image
from app.training.check_data import CheckPictures, ill_files, small_square
from app.training.other_pictures import MAKERS, hand, wrist
from app.training.wrist_contours import WristContours, read_wrists
from app.training.wrist_render import render_wrist
from app.training.wrist_shapes import Variation

DRAWN, LATERALS, CHESTS = 700, 500, 200
HELD_OUT = 10
"""Every tenth real hand is kept for looking at, beside those with boxes."""


def load_wrists(data: Path, seed: int = 0) -> CheckPictures:
    """All pictures to learn from; raises ValueError and OSError where the data is not as its README says.

    Parameters
    ----------
    data : Path
        The folder with ``wrist``, ``chest``, ``chest_lungs`` and ``chest_unlabelled``.
    """
    rng = np.random.default_rng(seed)
    drawn = _drawn(read_wrists(data / "wrist", "train"), DRAWN, rng)
    laterals = _drawn(read_wrists(data / "wrist", "train", lateral=True), LATERALS, rng)
    hands = {path.name: crop for path in learnt_hands(data) if (crop := wrist_of(read_image(path).pixels)) is not None}
    files = [*sorted((data / "chest" / "train").glob("*.png")), *(path for _, path in ill_files(data))]
    chests = [small_square(read_image(files[i]).pixels) for i in rng.permutation(len(files))[:CHESTS]]
    names = [f"rendered/{i}" for i in range(len(drawn))] + [f"hands/{name}" for name in hands]
    makers = tuple((maker, chance) for maker, chance in MAKERS if maker not in (hand, wrist))
    return CheckPictures(names, np.stack([*drawn, *hands.values()]), np.stack([*laterals, *chests]), makers)


def learnt_hands(data: Path) -> list[Path]:
    """Real hands that may be learnt from; those with boxes and each `HELD_OUT`-th are kept for looking at."""
    folder = data / "wrist" / "hands"
    with (folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
        boxed = {row["image"] for row in csv.DictReader(file)}
    return [path for i, path in enumerate(sorted(folder.glob("*.jpg"))) if i % HELD_OUT and path.name not in boxed]


def wrist_of(pixels: NDArray[np.generic]) -> NDArray[np.uint8] | None:
    """The wrist in a radiograph [H, W] of a whole hand as a square picture; None where no fingers are seen."""
    found = find_hand(pixels)
    return small_square(pixels[found.box(*pixels.shape)]) if found is not None and found.fingers else None


def _drawn(wrists: list[WristContours], count: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Square pictures of random wrists like some traced ones."""
    pictures = (render_wrist(wrists[i % len(wrists)], wrists, rng, Variation()) for i in range(count))
    return [small_square(picture.values) for picture in pictures]
