"""Pictures for the check of images: frontal chests, which of them a fold leaves out, and what is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.io.image import read_image
from app.io.preprocess import CLIP_PERCENTILES
from app.training.contours import CHEST_MM_PER_PIXEL, chest_template, read_chest
from app.training.other_pictures import MAKERS, Makers, other_picture
from app.training.prior import prior_of
from app.training.rendered import render_examples

FOLDS = 3
SIDE = 144
"""Side in pixels of the pictures that are deformed and then shrunk for the network."""
RENDERED = 120
RIVAL_SHARE = 0.6
"""How many of the other pictures are rivals, where there are any."""
# The two ill sets share patients, of one hospital (names with h). Their numbers do not say which, but both are numbered
# in the same order: these pairs (of `chest_lungs` and of `chest_unlabelled`) show the same patient.
_SAME_LUNGS = (0, 2, 14, 31, 45, 56, 59, 70, 76, 90)
_SAME_UNLABELLED = (1, 8, 45, 87, 153, 184, 193, 220, 235, 262)
_GAP = 10.0
"""Around what a fold leaves out, so many numbers are not learnt from either: neighbours may be of one patient."""


@dataclass(frozen=True, eq=False)
class CheckPictures:
    """Radiographs as they should be, where they come from, and what must be told from them.

    Attributes
    ----------
    names : list of str
        ``set/file``.
    pictures : array [N, SIDE, SIDE], uint8
    rivals : array [M, SIDE, SIDE], uint8
        Radiographs of something else, or seen from another side.
    makers : tuple of (callable, int)
        What draws other pictures, and how often (`app.training.other_pictures.MAKERS`).
    """

    names: list[str]
    pictures: NDArray[np.uint8]
    rivals: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, SIDE, SIDE), np.uint8))
    makers: Makers = MAKERS

    def other(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """A random picture [SIDE, SIDE] of what is no such radiograph."""
        if len(self.rivals) and rng.random() < RIVAL_SHARE:
            return np.asarray(self.rivals[rng.integers(len(self.rivals))])
        return other_picture(SIDE, self.pictures, rng, self.makers)


def small_square(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey values [H, W] between the clipping percentiles, drawn to [SIDE, SIDE] without regard to proportions."""
    grey = np.asarray(pixels, np.float32)
    low, high = np.percentile(grey, CLIP_PERCENTILES)
    small = cv2.resize(np.clip(grey, low, high), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray((small - low) * (255 / max(high - low, 1e-6)) + 0.5, np.uint8)


def place_in_order(name: str) -> tuple[str, float]:
    """Source of an ill image (``hospital`` or ``other``) and its number there; patients lie side by side."""
    folder, file = name.split("/")
    number = float(file[1:4])
    if not file.startswith("h"):
        return "other", number
    if folder == "chest_lungs":
        number = float(np.interp(number, _SAME_LUNGS, _SAME_UNLABELLED))
    return "hospital", number


def left_out(name: str, fold: int, margin: float = 0.0) -> bool:
    """Whether an ill image, or one within `margin` numbers of it, belongs to what a fold leaves out."""
    source, number = place_in_order(name)
    whole, gap = (243.0, margin) if source == "hospital" else (162.0, margin / 3)
    return fold * whole / FOLDS - gap <= number < (fold + 1) * whole / FOLDS + gap


def ill_files(data: Path) -> list[tuple[str, Path]]:
    """Name and path of all ill images that may be learnt from."""
    folders = {"chest_lungs": data / "chest_lungs" / "images", "chest_unlabelled": data / "chest_unlabelled"}
    return [(f"{name}/{path.name}", path) for name, folder in folders.items() for path in sorted(folder.glob("*.jpg"))]


def load_chests(data: Path, fold: int | None, seed: int = 0) -> CheckPictures:
    """All chests to learn from, rendered ones among them; a fold leaves its third of the ill patients out."""
    healthy = read_chest(data / "chest", "train")
    template = chest_template(healthy)
    mean = np.concatenate([structure.outline for structure in template.structures])
    rendered, _ = render_examples(template, prior_of(mean, healthy.points * CHEST_MM_PER_PIXEL), RENDERED, 288, seed)
    files = [(f"chest/{path.name}", path) for path in healthy.images]
    files += [(n, path) for n, path in ill_files(data) if fold is None or not left_out(n, fold, _GAP)]
    pictures = [small_square(read_image(path).pixels) for _, path in files] + [small_square(p) for p in rendered]
    names = [name for name, _ in files] + [f"rendered/{i}" for i in range(len(rendered))]
    return CheckPictures(names, np.stack(pictures))
