"""From an image's grey values to the network's input."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from app.core.fine_mask import FINENESS
from app.core.frame import Frame

CLIP_PERCENTILES = (0.5, 99.5)
"""Grey values beyond these percentiles are clipped before the z-normalisation."""


def letterbox(pixels: npt.NDArray[np.generic], frame: Frame) -> npt.NDArray[np.float32]:
    """Orient as the frame says, resample to the network's size, border in the darkest value.

    Parameters
    ----------
    pixels : array [height, width]
        Grey values as stored, MONOCHROME2 (air is dark).
    frame : Frame
        Of the same image; what it sees is drawn, in true proportions.

    Returns
    -------
    array [network_height, network_width], float32
        Area-averaged where the image shrinks; `Frame.to_network` gives each pixel's place.
    """
    grey, seen = np.ascontiguousarray(pixels[frame.seen.window], np.float32), frame.seen
    across, down = frame.network_scale, frame.network_scale * frame.aspect  # network pixels per column and per row
    size = (max(1, round(seen.width * across)), max(1, round(seen.height * down)))
    # Averaging works only where both sides shrink: a side that grows has its turn afterwards.
    less = (min(size[0], seen.width), min(size[1], seen.height))
    small = cv2.resize(grey, less, interpolation=cv2.INTER_AREA) if less != (seen.width, seen.height) else grey
    small = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR) if less != size else small
    small = np.ascontiguousarray(frame.orientation_seen.turned(-small if frame.orientation.inverted else small))
    height, width = small.shape
    left, top = frame.padding
    if (width, height) == (frame.network_width, frame.network_height) and left == top == 0:
        return np.asarray(small, np.float32)
    # The letter-box may begin between two pixels: shift by the exact remainder, so that no half pixel is lost.
    high, wide = frame.size_seen
    sx, sy = width / (wide * frame.network_scale), height / (high * frame.network_scale)
    matrix = np.array([[1 / sx, 0, 0.5 / sx + left - 0.5], [0, 1 / sy, 0.5 / sy + top - 0.5]])
    out = cv2.warpAffine(
        small,
        matrix,
        (frame.network_width, frame.network_height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float(small.min()),
    )
    return np.asarray(out, np.float32)


def normalise(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Clip to `CLIP_PERCENTILES`, then shift and scale to mean 0 and standard deviation 1 (float32, same shape).

    All zero where there is one grey value, but for what resampling rounds.
    """
    low, high = np.percentile(picture, CLIP_PERCENTILES)
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        return np.zeros_like(picture, np.float32)
    clipped = np.clip(picture, low, high)
    deviation = float(clipped.std())
    return np.asarray((clipped - clipped.mean()) / max(deviation, 1e-6), np.float32)


def square_content(picture: npt.NDArray[np.float32], frame: Frame, side: int) -> npt.NDArray[np.float32]:
    """What a letter-boxed picture [network_height, network_width] shows, without its borders, as a normalised square.

    The proportions are not kept: so all copies that turning, mirroring and inverting make have the same pixels, moved.

    Returns
    -------
    array [side, side], float32
    """
    left, top = (round(border) for border in frame.padding)
    height, width = picture.shape
    content = np.ascontiguousarray(picture[top : max(height - top, top + 1), left : max(width - left, left + 1)])
    return normalise(np.asarray(cv2.resize(content, (side, side), interpolation=cv2.INTER_AREA), np.float32))


def to_fine_picture(pixels: npt.NDArray[np.generic], frame: Frame) -> npt.NDArray[np.uint8]:
    """What the network sees, finer: grey values [height, width] as 8 bits, `CLIP_PERCENTILES` become 0 and 255.

    Returns
    -------
    array [FINENESS * network_height, FINENESS * network_width], uint8
        The same view as `to_network_input`'s, for `app.core.fine_mask`.
    """
    size = FINENESS * frame.network_height, FINENESS * frame.network_width
    fine = replace(frame, network_height=size[0], network_width=size[1])
    grey = letterbox(pixels, fine)
    low, high = np.percentile(grey[::2, ::2], CLIP_PERCENTILES)
    scaled = (np.clip(grey, low, high) - np.float32(low)) * np.float32(255 / max(high - low, 1e-6))
    return (scaled + 0.5).astype(np.uint8)


def to_network_input(pixels: npt.NDArray[np.generic], frame: Frame) -> npt.NDArray[np.float32]:
    """Grey values [height, width] to the network's input [1, 1, network_height, network_width], float32."""
    return normalise(letterbox(pixels, frame))[None, None]
