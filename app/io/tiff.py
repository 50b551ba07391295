"""TIFF 6.0 and BigTIFF: the page that is a radiograph, with what its samples mean and how it is turned."""

from __future__ import annotations

import io
import lzma
import zlib
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from app.io.errors import ImageError
from app.io.pixels import (
    Image,
    as_pixels,
    aspect_remark,
    check_size,
    joined,
    opaque,
    oriented,
    shape_of_pixels,
    to_grey,
    turned_remark,
)

Pixels = npt.NDArray[Any]
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, _MASK, SEPARATED, YCBCR, CIELAB = 0, 1, 2, 3, 4, 5, 6, 8
_READ = {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR, CIELAB}
_DEFLATE, _LZMA, _ZSTD = {8, 32946, 50013}, {34925}, {50000, 34926}
_LZMA_MEMORY = 1 << 28
"""Bytes that unpacking LZMA may take beside its result: the strongest preset of xz takes a quarter."""
_THUMBNAIL = 0.25
"""A first page with less than this share of another's pixels, and the same proportions, is a thumbnail of it."""


def read_tiff(data: bytes, name: str) -> Image:
    """The page of a TIFF that is neither thumbnail nor mask; its resolution speaks of paper and is no pixel spacing."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        number, remark = _page(file, name)
        page: Any = file.pages[number]
        check_size(page.imagelength, page.imagewidth, name)
        told = [remark]
        photometric = _photometric(page, told, name)
        orientation = int(page.tags.valueof(274, 1) or 1)
        aspect = _aspect(page)
        values, alpha, photometric, turned = _samples(page, number, photometric, data, name)
        stack = _planes(page, values)
    if stack > 1:
        values = values.reshape(stack, *values.shape[-2:])[0]
        told.append(f"First of {stack} planes.")
    pixels, remark = _grey(values, photometric, int(page.bitspersample), page, told)
    pixels, clear = opaque(pixels, alpha)
    if not turned:
        pixels = oriented(pixels, orientation)
    aspect = 1 / aspect if orientation in (5, 6, 7, 8) else aspect
    return Image(
        pixels, remark=joined(*told, remark, clear, turned_remark(orientation), aspect_remark(aspect)), aspect=aspect
    )


def _page(file: tifffile.TiffFile, name: str) -> tuple[int, str]:
    """Which page to read, and what a reader should know of the others (tags 254 and 255)."""
    pages: list[Any] = [file.pages[i] for i in range(min(len(file.pages), 1000))]
    if not pages:
        raise ImageError(f"“{name}” is damaged or has no page. Export it again.")

    def is_whole(page: Any) -> bool:
        kind = int(page.tags.valueof(254, 0) or 0)
        return not (kind & 0b101) and int(page.tags.valueof(255, 1) or 1) != 2 and page.tags.valueof(262, 1) != _MASK

    whole = [i for i, page in enumerate(pages) if is_whole(page)]
    if not whole:  # every page says that it is a reduced one: the largest is the nearest to a whole one
        return max(range(len(pages)), key=lambda i: pages[i].imagelength * pages[i].imagewidth), ""
    first, largest = pages[whole[0]], max(whole, key=lambda i: pages[i].imagelength * pages[i].imagewidth)
    big = pages[largest]
    share = first.imagelength * first.imagewidth / (big.imagelength * big.imagewidth)
    same = abs(first.imagelength * big.imagewidth / (first.imagewidth * big.imagelength) - 1) < 0.05
    if share < _THUMBNAIL and same:
        return largest, f"Page {largest + 1} of {len(pages)}: the first one is a small copy of it."
    return whole[0], f"First of {len(whole)} pages." if len(whole) > 1 else ""


def _photometric(page: Any, told: list[str], name: str) -> int:
    """Tag 262: what the samples mean."""
    found = page.tags.valueof(262)
    if found is None:
        found = RGB if page.samplesperpixel >= 3 else BLACK_IS_ZERO
        told.append("The file does not say whether black or white is zero; black is taken.")
    if int(found) not in _READ or (int(found) == SEPARATED and int(page.tags.valueof(332, 1) or 1) != 1):
        raise ImageError(f"“{name}” has colours of a kind that this program does not read. Export it in grey.")
    if np.dtype(page.dtype or "V1").kind not in "biuf":
        raise ImageError(f"“{name}” has samples that are no grey values (complex or undefined). Export it in grey.")
    return int(found)


def _samples(
    page: Any, number: int, photometric: int, data: bytes, name: str
) -> tuple[Pixels, Pixels | None, int, bool]:
    """Samples of a page [..., H, W] or [H, W, S], transparency, what samples mean now, and whether they are upright."""
    _check_packed(page, data, name)
    try:
        if photometric == YCBCR:
            raise ValueError("Pillow turns it into RGB")
        values = np.asarray(page.asarray())
    except (ValueError, KeyError, ImportError, NotImplementedError):  # a scheme that tifffile leaves to another library
        return _by_pillow(page, number, photometric, data)
    axes = page.axes
    if page.samplesperpixel > 1 and "S" in axes and values.ndim == len(axes):
        values = np.moveaxis(values, axes.index("S"), -1)
        colours = {RGB: 3, SEPARATED: 4, CIELAB: 3}.get(photometric, 1)
        extra = page.tags.valueof(338) or ()
        kinds = [int(kind) for kind in (extra if isinstance(extra, tuple) else (extra,))]
        has_alpha = bool(kinds) and kinds[0] in (1, 2) and values.shape[-1] > colours
        alpha = values[..., colours] if has_alpha else None
        return values[..., :colours] if colours > 1 else values[..., 0], alpha, photometric, False
    return values, None, photometric, False


def _by_pillow(page: Any, number: int, photometric: int, data: bytes) -> tuple[Pixels, Pixels | None, int, bool]:
    """The same through Pillow (libtiff), which looks palettes up, makes 8 bits of white-is-zero black-is-zero and turns
    the picture as its orientation tag says."""
    from PIL import Image as Pillow

    from app.io.picture import samples_of

    with Pillow.open(io.BytesIO(data), formats=("TIFF",)) as file:
        file.seek(number)
        bits = page.bitspersample
        if photometric == PALETTE and bits > 8:
            raise ValueError("a palette of more than 8 bits in this compression is not read")
        if photometric in (RGB, SEPARATED) and bits > 8:
            raise ValueError("colours of more than 8 bits in this compression are not read")
        file.load()
        values, alpha = samples_of(file)
    deep = photometric == WHITE_IS_ZERO and values.dtype != np.uint8 and values.dtype != bool
    return values, alpha, WHITE_IS_ZERO if deep else (RGB if values.ndim == 3 else BLACK_IS_ZERO), True


def _planes(page: Any, values: Pixels) -> int:
    return int(page.imagedepth) if values.ndim == 3 and page.samplesperpixel == 1 and page.imagedepth > 1 else 1


def _grey(values: Pixels, photometric: int, bits: int, page: Any, told: list[str]) -> tuple[Pixels, str]:
    """Grey values [H, W], black is zero, and a remark."""
    if photometric == PALETTE and values.ndim == 2:
        table = np.asarray(page.colormap)  # [3, 2^bits], 16 bits each
        return to_grey(np.moveaxis(table[:, np.clip(values.astype(np.int64), 0, table.shape[1] - 1)], 0, -1))
    if photometric == SEPARATED:  # ink: none is white
        top = float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else 1.0
        light = 1 - values[..., :4].astype(np.float32) / top
        colour = light[..., :3] * light[..., 3:] * top
        return to_grey(np.rint(colour).astype(values.dtype) if values.dtype.kind in "iu" else colour)
    if photometric == CIELAB:
        return values[..., 0], ""
    pixels, remark = to_grey(values)
    if photometric == WHITE_IS_ZERO:
        pixels = _white_is_zero(pixels, bits)
    return pixels, remark


def _white_is_zero(pixels: Pixels, bits: int) -> Pixels:
    """Black and white exchanged within what the samples can hold; signed samples have -1 - x."""
    if pixels.dtype == bool:
        return ~pixels
    if pixels.dtype.kind == "u":
        return np.asarray(((1 << bits) - 1 - pixels.astype(np.int64)).astype(pixels.dtype))
    if pixels.dtype.kind == "i":
        return as_pixels(-1 - pixels.astype(np.int64))
    pixels = as_pixels(pixels)
    return np.asarray(pixels.max() + pixels.min() - pixels)


def _check_packed(page: Any, data: bytes, name: str) -> None:
    """Refuse strips that hold more than their page, before a library unpacks them whole.

    LZW and PackBits pack too little to need it; what goes to libtiff stops at the end of a strip by itself.
    """
    kind = int(page.compression)
    if kind not in _DEFLATE | _LZMA | _ZSTD:
        return
    limit = page.nbytes + (1 << 16)
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if kind in _DEFLATE and 1040 * count <= limit:  # deflate packs 1:1032 at best
            continue
        chunk = data[offset : offset + count]
        try:
            fits = _deflated_fits(chunk, limit) if kind in _DEFLATE else _fits(chunk, limit, kind)
        except (lzma.LZMAError, zlib.error, ValueError, EOFError):
            raise ImageError(f"“{name}” is damaged: its pixels cannot be unpacked. Export it again.") from None
        if not fits:
            raise ImageError(f"“{name}” is damaged: its pixels unpack to more than its header tells. Export it again.")


def _deflated_fits(chunk: bytes, limit: int) -> bool:
    flow, left = zlib.decompressobj(), limit
    while chunk and left > 0 and not flow.eof:
        left -= len(flow.decompress(chunk, min(left, 1 << 24)))
        chunk = flow.unconsumed_tail
    return left > 0


def _fits(chunk: bytes, limit: int, kind: int) -> bool:
    """Whether a strip in LZMA or Zstd unpacks to less than `limit` bytes; true of Zstd that Python can't unpack."""
    left = limit
    while chunk and left > 0:  # both may hold several streams in a row
        flow = _flow(kind)
        if flow is None:
            return True
        left -= len(flow.decompress(chunk, min(left, 1 << 24)))
        while left > 0 and not flow.eof and not flow.needs_input:
            left -= len(flow.decompress(b"", min(left, 1 << 24)))
        chunk = flow.unused_data if flow.eof else b""
    return left > 0


def _flow(kind: int) -> Any:
    """A new decompressor; None for Zstd before Python 3.14, where tifffile leaves it to libtiff."""
    if kind in _LZMA:
        return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
    try:
        return import_module("compression.zstd").ZstdDecompressor()
    except ImportError:
        return None


def _aspect(page: Any) -> float:
    """Height of a pixel over its width, of XResolution and YResolution (tags 282, 283)."""
    pair = [page.tags.valueof(number) for number in (282, 283)]
    if not all(isinstance(value, tuple) and len(value) == 2 and value[1] for value in pair):
        return 1.0
    return shape_of_pixels(*(value[0] / value[1] for value in pair))
