"""PNG and JPEG: Pillow refuses truncated files, which OpenCV fills with grey; OpenCV keeps 16 bits of colour."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from app.io.errors import ImageError
from app.io.jpeg import JpegFrame, decode_jpeg, jpeg_density, jpeg_frame, jpeg_orientation
from app.io.pixels import (
    Image,
    aspect_remark,
    check_size,
    joined,
    opaque,
    oriented,
    shape_of_pixels,
    to_grey,
    turned_remark,
)

_ORIENTATION = 274
_PNG = b"\x89PNG\r\n\x1a\n"


def read_picture(data: bytes, name: str) -> Image:
    """Read a PNG or JPEG; the pixels are upright as their EXIF orientation says."""
    from PIL import Image as Pillow

    frame = jpeg_frame(data) if data.startswith(b"\xff\xd8") else None
    if frame is not None and (frame.bits > 8 or frame.process == 3):
        return _deep_jpeg(data, frame, name)
    Pillow.MAX_IMAGE_PIXELS = None  # `check_size` has a limit of its own and asks the header alone
    try:
        with Pillow.open(io.BytesIO(data), formats=("PNG", "JPEG", "MPO")) as file:
            check_size(file.height, file.width, name)
            orientation = int(file.getexif().get(_ORIENTATION, 1) or 1)
            aspect = _aspect(file)
            file.load()
            count = int(getattr(file, "n_frames", 1))
            values, alpha = _deep_png(data) if _is_deep(data) else samples_of(file)
    except OSError as error:
        if "identify" not in str(error):
            raise
        raise ImageError(f"“{name}” is damaged: its header cannot be read. Export or copy it again.") from None
    pixels, remark = to_grey(values)
    pixels, clear = opaque(pixels, alpha)
    several = f"First of {count} pictures." if count > 1 else ""
    return _upright(pixels, orientation, aspect, (remark, clear), several)


def _upright(
    pixels: npt.NDArray[Any], orientation: int, aspect: float, before: tuple[str, ...] = (), after: str = ""
) -> Image:
    """An image of pixels [H, W] as they are stored, and of `aspect` as stored too; with remarks."""
    aspect = 1 / aspect if orientation in (5, 6, 7, 8) else aspect
    told = joined(*before, turned_remark(orientation), aspect_remark(aspect), after)
    return Image(oriented(pixels, orientation), remark=told, aspect=aspect)


def _deep_jpeg(data: bytes, frame: JpegFrame, name: str) -> Image:
    """A JPEG of more than 8 bits or without loss, which Pillow does not even open: tags and pixels are read here."""
    try:
        if frame.process != 3 and frame.bits != 12:
            raise ValueError(f"JPEG has no {frame.bits} bits in this process (ISO 10918-1 B.2.2)")
        pixels = decode_jpeg(data, name)
    except ValueError as error:
        raise ImageError(f"“{name}” cannot be read ({error}). Export it as PNG or TIFF.") from None
    density = jpeg_density(data)
    return _upright(pixels, jpeg_orientation(data), shape_of_pixels(*density) if density else 1.0)


def samples_of(file: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """Samples [H, W] or [H, W, 3] of an open Pillow image, and its transparency [H, W] if it has any.

    Palettes are looked up; CMYK and other colour spaces become RGB. (Pillow has set right by then that JPEG files hold
    CMYK inverted, as Adobe wrote it.)
    """
    if file.mode in ("P", "PA"):
        file = file.convert("RGBA" if "transparency" in file.info or file.mode == "PA" else "RGB")
    elif file.mode == "LAB":
        file = file.getchannel(0)
    elif file.mode in ("CMYK", "YCbCr", "HSV", "RGBX"):
        file = file.convert("RGB")
    elif file.mode in ("L", "RGB") and "transparency" in file.info:
        file = file.convert("LA" if file.mode == "L" else "RGBA")
    values = np.asarray(file)
    if file.mode in ("LA", "RGBA", "La", "RGBa"):
        return (values[..., 0] if values.shape[2] == 2 else values[..., :3]), values[..., -1]
    return values, None


def _is_deep(data: bytes) -> bool:
    """Whether this is a PNG of 16 bits in colour or with transparency, which Pillow cuts to 8."""
    return data.startswith(_PNG) and data[24] == 16 and data[25] in (2, 4, 6)


def _deep_png(data: bytes) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    import cv2

    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if values is None or values.dtype != np.uint16:
        raise ValueError("its 16-bit pixels cannot be decoded")
    alpha = values[..., 3] if values.ndim == 3 and values.shape[2] == 4 else None
    return (values[..., 2::-1] if values.ndim == 3 else values), alpha


def _aspect(file: Any) -> float:
    """Height of a pixel over its width: JFIF density or PNG pHYs (either may give the ratio alone)."""
    keys = ("aspect", "dpi") if file.format == "PNG" else ("jfif_density",)
    pair = next((file.info[key] for key in keys if key in file.info), None)
    return shape_of_pixels(float(pair[0]), float(pair[1])) if pair else 1.0
