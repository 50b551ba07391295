"""Outlines of masks between pixels, worked out without Qt: of what was predicted, and of what a reader drew."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.core import mask_edit
from app.core.frame import Frame, Points
from app.core.mask_edit import Rect
from app.core.masks import ImageMasks, Mask


def outlines(masks: ImageMasks, structure: str, frame: Frame, quick: bool = False) -> list[Points]:
    """Closed borders of a structure's mask as it counts now, each [N, 2] in the corner frame; none where it is absent.

    They follow the level of one half between pixels: drawn and exported are one. With `quick`, while a mask is being
    edited, they run through the middles of its outermost pixels.
    """
    drawn = masks.by_hand(structure)
    if drawn is not None and quick:
        return [frame.to_corner(line) for line in closed(mask_edit.outlines(drawn, sparse=True))]
    if drawn is not None:
        return [frame.to_corner(line) for line in bitmap_contours(drawn)]
    probability = masks.probability(structure)
    if probability is None or masks.prediction is None:
        return []
    return mask_contours(probability, masks.prediction.frame(frame))


def predicted_outlines(masks: ImageMasks, structure: str, frame: Frame) -> list[Points]:
    """Closed borders of what was predicted of a structure, whatever a reader said since; none where nothing was."""
    place, prediction = masks.template.index(structure), masks.prediction
    if prediction is None or not prediction.present[place]:
        return []
    return mask_contours(prediction.masks[place], prediction.frame(frame))


def mask_contours(probability: npt.NDArray[np.uint8], frame: Frame) -> list[Points]:
    """Closed borders of one mask in the corner frame, from its probability [H, W] (0..255) on the network's grid.

    They follow the level of one half between pixels, as `native_mask.native_mask` does.
    """
    from skimage.measure import find_contours  # only the first image shown waits for it, 10 ms

    framed = np.pad(probability, 1)  # a mask that touches the border of the picture is closed there
    return [frame.to_corner(frame.from_network(line[:, ::-1] - 1)) for line in find_contours(framed, 127.5)]


def bitmap_contours(mask: Mask) -> list[Points]:
    """Closed borders of a mask [H, W], outer ones and holes, each [N, 2] in native pixels.

    They run half-way between a pixel of the mask and one beside it, as `skimage.measure.find_contours` has it, in a
    twentieth of its time: on a grid of half pixels these places are the outermost pixels that belong to the mask.
    """
    box = Rect.of(mask, 0)
    if box.empty:
        return []
    inside = np.pad(mask[box.window], 1).astype(np.uint8) * np.uint8(254)
    height, width = inside.shape
    # Half-way between two pixels that is 127 where one of them belongs to the mask; amid four, where two do.
    halves = np.array([[0.5, 0, 0], [0, 0.5, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    half = cv2.warpAffine(inside, halves, (2 * width - 1, 2 * height - 1), flags=flags)
    _, half = cv2.threshold(half, 126, 1, cv2.THRESH_BINARY)
    found, _ = cv2.findContours(half, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [line / 2 + [box.left - 1, box.top - 1] for line in closed([each[:, 0] for each in found])]


def closed(lines: list[npt.NDArray[Any]]) -> list[Points]:
    """Lines that end where they begin."""
    return [np.vstack([line, line[:1]]) for line in lines]


def thinned(line: Points, tolerance: float) -> Points:
    """The points [M, 2] of a line [N, 2] that are needed so that hardly one of it is further off than a tolerance.

    One that ends where it begins still does.
    """
    origin = line[0]
    closed = len(line) > 3 and bool((origin == line[-1]).all())
    corners = (line[:-1] if closed else line) - origin  # small numbers: OpenCV has 24 bits for each
    few = cv2.approxPolyDP(corners.astype(np.float32)[:, None], tolerance, closed)[:, 0] + origin
    return np.vstack([few, few[:1]]) if closed else np.asarray(few)
