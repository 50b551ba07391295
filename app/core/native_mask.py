"""Masks on the network's grid as masks of native size: whole, one pixel of one, and how far each one extends."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Frame

Extents = npt.NDArray[np.float32]
"""Per mask x0, y0, x1, y1 (first and last column and row that belong to it, native pixels; NaN where it is empty) and
the number of its pixels: [..., 5]."""
NOTHING = np.array([np.nan, np.nan, np.nan, np.nan, 0], np.float32)
"""The extent of an empty mask."""
UNKNOWN = np.full(5, np.nan, np.float32)
"""The extent of a mask of which nothing is known."""
_SMALL = 1 << 20


def native_mask(probability: npt.NDArray[np.uint8], frame: Frame) -> npt.NDArray[np.bool_]:
    """One structure's mask [height, width] in native pixels from its probability [H, W] on the network's grid."""
    return _warped(probability, frame.to_network_affine, (frame.width, frame.height))


def native_pixel(probability: npt.NDArray[np.uint8], frame: Frame, xy: npt.ArrayLike) -> bool:
    """What `native_mask` says of the pixel in which a native point [2] on the image lies."""
    pixel = np.clip(np.rint(np.asarray(xy, float)), 0, (frame.width - 1, frame.height - 1))
    linear = frame.to_network_affine[:, :2]
    return bool(_warped(probability, np.c_[linear, frame.to_network(pixel)], (1, 1))[0, 0])


def extent(mask: npt.NDArray[np.bool_]) -> Extents:
    """How far a mask [H, W] extends: [5], see `Extents`."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return NOTHING.copy()
    count = cv2.countNonZero(mask[y : y + height, x : x + width].astype(np.uint8))
    return np.array([x, y, x + width - 1, y + height - 1, count], np.float32)


def predicted_extents(probabilities: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_], frame: Frame) -> Extents:
    """How far the native masks of probabilities [C, H, W] extend, [C, 5]: those of `native_mask`, without making them.

    In an image of more than `_SMALL` pixels only those that a mask can reach are looked at. OpenCV counts from another
    corner then and rounds otherwise: pixels whose probability is just one half may fall to the other side.
    """
    found = np.tile(NOTHING, (len(probabilities), 1))
    matrix, size = frame.to_network_affine, np.array([frame.width, frame.height])
    for c in np.flatnonzero(present).tolist():
        x, y, width, height = cv2.boundingRect((probabilities[c] > 127).view(np.uint8))
        if not width:
            continue
        if size.prod() <= _SMALL:
            found[c] = extent(native_mask(probabilities[c], frame))
            continue
        corners = frame.from_network([(x + i * width - i, y + j * height - j) for i in (0, 1) for j in (0, 1)])
        margin = 2 / frame.network_scale / min(1, frame.aspect) + 2  # interpolated values reach beyond the mask
        first = np.clip(np.floor(corners.min(axis=0) - margin), 0, size - 1).astype(int)
        last = np.clip(np.ceil(corners.max(axis=0) + margin), 0, size - 1).astype(int)
        part = np.c_[matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ first]
        found[c] = extent(_warped(probabilities[c], part, tuple((last - first + 1).tolist())))
        found[c, :4] += np.tile(first, 2)
    return found


def _warped(
    probability: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64], size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    warped = cv2.warpAffine(probability, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(warped > 127)
