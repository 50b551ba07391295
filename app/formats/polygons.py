"""Masks as polygons, for formats that hold nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Pixel = tuple[int, int]
Pixels = list[Pixel]


def polygons_of(mask: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    """The pieces of a mask [H, W], one polygon [K, 2] each, K >= 3, (x, y) in native pixels.

    A polygon runs through the middles of the outermost pixels of its piece. Programs that draw it with its rim (Pillow
    as labelme uses it, OpenCV as YOLO does) get the mask back, pixel by pixel. A hole is cut out by a seam to the left
    of it, which is walked there and back, so that programs that know no holes leave it empty.
    """
    found, levels = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not found:
        return []
    rings: list[Pixels] = [[(int(x), int(y)) for x, y in ring[:, 0]] for ring in found]
    parents = levels[0][:, 3]
    polygons = []
    for number, ring in enumerate(rings):
        if parents[number] < 0:
            holes = [rings[hole] for hole in np.flatnonzero(parents == number)]
            corners = _corners(_with_holes(ring, holes))
            polygons.append(np.array((corners * 3)[:3] if len(corners) < 3 else corners, float))
    return polygons


def _with_holes(ring: Pixels, holes: Sequence[Pixels]) -> Pixels:
    """One ring for a piece and its holes. From left to right, so that a seam always ends on what is joined already."""
    known, seams = set(ring), dict[Pixel, list[Pixels]]()
    for hole in sorted(holes, key=min):
        x, y = start = min(hole)
        while (x, y) not in known:
            x -= 1
        turn = hole.index(start)
        seams.setdefault((x, y), []).append([*hole[turn:], *hole[:turn], start])
        known.update(hole)
    walked, ways = [], [iter(ring)]
    while ways:
        pixel = next(ways[-1], None)
        if pixel is None:
            ways.pop()
            continue
        walked.append(pixel)
        ways += [iter([*hole, pixel]) for hole in reversed(seams.pop(pixel, ()))]  # there, around, and back
    return walked


def _corners(ring: Pixels) -> Pixels:
    """A closed ring without the pixels at which it goes straight on."""
    before, after = [ring[-1], *ring[:-1]], [*ring[1:], ring[0]]
    turns = [
        (x, y)
        for (x, y), (x0, y0), (x1, y1) in zip(ring, before, after, strict=True)
        if (x - x0, y - y0) != (x1 - x, y1 - y)
    ]
    return turns or ring  # a single pixel goes nowhere
