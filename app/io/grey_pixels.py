"""The grey values of a file as measurements read them: as stored after rescaling, with their unit."""

from __future__ import annotations

from pathlib import Path

from app.core.measure import Unit
from app.core.region import Pixels
from app.io.errors import ReadError
from app.io.image import read_image


def grey_pixels(path: Path, size: tuple[int, int]) -> Pixels | None:
    """The grey values [H, W] of a file; None where it can't be read, or is not of that size any more.

    They are Hounsfield units where a DICOM file's RescaleType says so, else the file's own without a unit.
    """
    try:
        image = read_image(path)
    except (ReadError, OSError):
        return None
    if image.pixels.shape != size:
        return None  # another file lies there
    return Pixels(image.pixels, Unit.HU if image.facts.get("rescale", "").strip().upper() == "HU" else Unit.GREY)
