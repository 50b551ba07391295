"""Grey values as every reader gives them: the image, its limits, and the steps that several kinds of files share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.frame import Spacing
from app.io.errors import ImageError

SMALLEST_SIDE = 16
LARGEST_PIXELS = 400_000_000
LARGEST_BYTES = 4_000_000_000
LARGEST_UNPACKED = 1 << 30
"""Bytes that a packed stream may hold: a picture of `LARGEST_PIXELS` with 16 bits, and something over."""

_COLOUR = "Colour picture, converted to grey."
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Image:
    """Grey values of one image and what its file says of them.

    Attributes
    ----------
    pixels : array [H, W], uint8, uint16, int16 or float32
        MONOCHROME2: larger is brighter, air is dark. In the file's own units (after rescaling).
    spacing : Spacing or None
    remark : str
        What a reader should know of how the file was read, or empty.
    windows : tuple of (name, centre, width)
        Window presets of the file, in terms of `pixels`.
    facts : dict
        A few facts of the file; nothing that names a patient: ``patient`` is a hash of the patient's number there.
    aspect : float
        Height of a pixel over its width; 1 where nobody says otherwise.
    acquisition : Acquisition
        How the header says that it was taken; all empty in files that are no DICOM.
    """

    pixels: npt.NDArray[Any]
    spacing: Spacing | None = None
    remark: str = ""
    windows: tuple[tuple[str, float, float], ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    aspect: float = 1.0
    acquisition: Acquisition = UNKNOWN


def check_size(height: int, width: int, name: str) -> None:
    """Raise ImageError where the size is no radiograph's: readers ask before they decode."""
    if height * width > LARGEST_PIXELS:
        raise ImageError(f"“{name}” is {width} x {height} pixels, too large for a radiograph.")


def as_pixels(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values [...] in the smallest of uint8, uint16, int16 and float32 that holds them; NaN becomes the minimum."""
    if values.dtype in (np.uint8, np.uint16, np.int16, np.float32) and values.dtype.kind != "f":
        return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            single = np.ascontiguousarray(values, np.float32)
        good = np.isfinite(single)
        if not good.all():
            low, high = (single[good].min(), single[good].max()) if good.any() else (0.0, 0.0)
            single = np.nan_to_num(single, nan=low, posinf=high, neginf=low)
        return single
    if values.dtype.kind not in "iu":
        raise ValueError(f"pixels of type {values.dtype} are no grey values")
    low, high = int(values.min()), int(values.max())
    for kind in (np.uint16, np.int16):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.float32)


def to_grey(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], str]:
    """Grey values [H, W] of an array [H, W], [H, W, 1 to 4] (grey or colour, perhaps with alpha), and a remark."""
    if values.ndim == 2:
        return values, ""
    if values.ndim != 3 or values.shape[2] not in (1, 2, 3, 4):
        raise ValueError(f"an array of shape {values.shape} is no picture")
    if values.shape[2] <= 2:
        return values[..., 0], ""
    red, green, blue = (values[..., i] for i in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red, ""
    grey = np.tensordot(values[..., :3].astype(np.float32), np.array(_LUMA, np.float32), axes=1)
    if values.dtype.kind in "iu":
        grey = np.rint(grey).astype(values.dtype)
    return grey, _COLOUR


def opaque(pixels: npt.NDArray[Any], alpha: npt.NDArray[Any] | None) -> tuple[npt.NDArray[Any], str]:
    """Grey values [H, W] with wholly transparent parts as dark as the darkest of the others, and a remark."""
    if alpha is None or (alpha > 0).all() or not (alpha > 0).any():
        return pixels, ""
    shown = alpha > 0
    return np.where(shown, pixels, pixels[shown].min()), "Transparent parts are shown black."


def oriented(values: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """A picture [H, W, ...] as its orientation tag means it (TIFF 6.0 tag 274, EXIF 2.3 the same).

    The tag says which sides the first row and the first column are: 1 top and left, 2 top and right, 3 bottom and
    right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and bottom, 8 left and bottom.
    """
    if orientation in (5, 6, 7, 8):
        values = np.swapaxes(values, 0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def shape_of_pixels(across: float, down: float) -> float:
    """Height of a pixel over its width, from pixels per length across and down; 1 where they make no sense."""
    if not (np.isfinite([across, down]).all() and across > 0 and down > 0):
        return 1.0
    aspect = float(across / down)
    return aspect if 0.2 <= aspect <= 5 and abs(aspect - 1) > 0.01 else 1.0


def turned_remark(orientation: int) -> str:
    """What a reader should know of a picture with an orientation tag."""
    return "Turned as the file’s orientation tag says." if orientation in range(2, 9) else ""


def aspect_remark(aspect: float) -> str:
    """What a reader should know of a picture whose pixels are not square."""
    return "" if aspect == 1 else f"Its pixels are {aspect:.3g} times as high as wide, as the file’s resolution says."


def joined(*remarks: str) -> str:
    """Remarks as one text."""
    return " ".join(remark for remark in remarks if remark)
