"""Read one image file of any kind into grey values. Known by content, then by suffix."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.frame import Spacing
from app.io.discover import suffix
from app.io.errors import ImageError

SMALLEST_SIDE = 16
LARGEST_PIXELS = 400_000_000
LARGEST_BYTES = 4_000_000_000

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
        A few facts for display; nothing that names a patient: ``patient`` is a hash of the file's patient number.
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


def read_image(path: Path) -> Image:
    """Read an image file.

    Raises
    ------
    ImageError
        With a sentence for the reader: missing, empty, no image, too small, damaged, of an unsupported kind.
    """
    return decode_image(read_bytes(path), path.name)


def read_bytes(path: Path) -> bytes:
    """A file's content; raises ImageError where it cannot be opened or is far too large."""
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ImageError(f"“{path.name}” is larger than {LARGEST_BYTES // 10**9} GB and cannot be a radiograph.")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"“{path.name}” cannot be opened ({error.strerror or error}).") from None


def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of an image file; `name` is the file's (its suffix matters) and appears in sentences.

    Raises
    ------
    ImageError
        As `read_image` does.
    """
    if not data:
        raise ImageError(f"“{name}” is empty. Copy the file again.")
    try:
        with warnings.catch_warnings():  # of odd headers; what matters becomes a remark or an error
            warnings.simplefilter("ignore")
            image = _reader(data, name)(data, name)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"“{name}” needs more memory than there is.") from None
    except Exception as error:  # decoders of damaged files raise whatever they like
        raise ImageError(
            f"“{name}” cannot be read: it is damaged or no image ({_brief(error)}). Export or copy it again."
        ) from None
    return _checked(image, name)


def _reader(data: bytes, name: str) -> Any:
    """The function that reads this content. Imported late: each library costs time, and most are never needed."""
    end = suffix(name).lower()
    if data[128:132] == b"DICM":
        from app.io.dicom import read_dicom

        return read_dicom
    if data.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return _read_tiff
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _read_picture
    from app.io import volumes

    if data.startswith(b"NRRD0"):
        return volumes.read_nrrd
    if data.startswith(b"ObjectType") or (end == ".mha" and b"ElementDataFile" in data[:4096]):
        return volumes.read_mha
    if end == ".nii.gz" or data[344:347] in (b"n+1", b"ni1"):
        return volumes.read_nifti
    if end == ".dcm":
        from app.io.dicom import read_dicom

        return read_dicom
    if end:
        raise ImageError(f"“{name}” is not what its suffix {end} says: its content is no such image. Export it again.")
    raise ImageError(f"“{name}” is of no image format that this program reads.")


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}..."


def _checked(image: Image, name: str) -> Image:
    """The image in one of the four pixel types, or an `ImageError`."""
    if image.pixels.ndim != 2:
        raise ImageError(f"“{name}” has {image.pixels.ndim} dimensions; a radiograph has two.")
    height, width = image.pixels.shape
    if min(height, width) < SMALLEST_SIDE:
        raise ImageError(
            f"“{name}” is only {width} x {height} pixels; at least {SMALLEST_SIDE} x {SMALLEST_SIDE} are needed."
        )
    check_size(height, width, name)
    return replace(image, pixels=as_pixels(image.pixels))


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


def _read_picture(data: bytes, name: str) -> Image:
    """PNG and JPEG, through Pillow: it refuses truncated files, which OpenCV fills with grey."""
    import imageio.v3 as imageio
    from PIL import Image as Pillow

    Pillow.MAX_IMAGE_PIXELS = None  # `check_size` has a limit of its own and asks the header alone
    try:
        with Pillow.open(io.BytesIO(data)) as header:
            check_size(header.height, header.width, name)
        values = np.asarray(imageio.imread(data, plugin="pillow", index=0))
    except OSError as error:
        if "uri" not in str(error):
            raise
        raise ImageError(f"“{name}” is damaged: its header cannot be read. Export or copy it again.") from None
    pixels, remark = to_grey(values)
    return Image(pixels, remark=remark)


def _read_tiff(data: bytes, name: str) -> Image:
    """The first page of a TIFF; its resolution tags speak of paper and are no pixel spacing."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page, pages = file.pages.first, len(file.pages)
        photometric = int(page.photometric)
        check_size(page.imagelength, page.imagewidth, name)
        try:
            if photometric == 3:  # a palette: Pillow applies it
                raise ValueError("palette")
            values = np.asarray(page.asarray())
            if page.planarconfig == 2 and values.ndim == 3:
                values = np.moveaxis(values, 0, -1)
        except (ValueError, KeyError, ImportError):  # a compression that tifffile leaves to another library
            return _read_picture(data, name)
        bits = int(page.bitspersample)
    pixels, remark = to_grey(np.squeeze(values) if values.ndim > 3 else values)
    if photometric == 0:  # white is zero
        pixels = as_pixels(pixels)
        pixels = (2**bits - 1) - pixels if pixels.dtype.kind == "u" and bits <= 16 else pixels.max() - pixels
    return Image(pixels, remark=_joined(remark, f"First of {pages} pages." if pages > 1 else ""))


def _joined(*remarks: str) -> str:
    return " ".join(remark for remark in remarks if remark)
