"""Read one image file of any kind into grey values. Known by content, then by suffix."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.io.errors import ImageError, ReadError
from app.io.files import read_regular, spelled
from app.io.kinds import HEAD, kind_of
from app.io.names import suffix
from app.io.pixels import LARGEST_BYTES, SMALLEST_SIDE, Image, as_pixels, check_size


def read_image(path: str | Path) -> Image:
    """Read an image file.

    Raises
    ------
    ImageError
        With a sentence for the reader: missing, empty, no image, too small, damaged, of an unsupported kind.
    """
    path = Path(path)
    return decode_image(read_bytes(path), path.name)


def read_bytes(path: Path) -> bytes:
    """A regular file's content; raises ImageError where it cannot be opened, is a pipe or device, or far too large."""
    try:
        return read_regular(path, LARGEST_BYTES)
    except ReadError as error:
        raise ImageError(str(error)) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"“{spelled(path.name)}” cannot be opened ({reason}).") from None


def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of an image file; `name` is the file's (its suffix matters) and appears in sentences.

    Raises
    ------
    ImageError
        As `read_image` does.
    """
    name = spelled(name)
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
    kind = kind_of(data[:HEAD])
    if not kind and end == ".mha" and b"ElementDataFile" in data[:4096]:
        kind = "mha"
    if not kind:
        kind = {".nii.gz": "nifti", ".dcm": "dicom"}.get(end, "")
    if kind == "dicom":
        from app.io.dicom import read_dicom

        return read_dicom
    if kind == "tiff":
        from app.io.tiff import read_tiff

        return read_tiff
    if kind == "picture":
        from app.io.picture import read_picture

        return read_picture
    if kind:
        from app.io import volume

        return {"nrrd": volume.read_nrrd, "mha": volume.read_mha, "nifti": volume.read_nifti}[kind]
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
