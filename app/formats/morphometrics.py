"""Landmarks for programs of shape statistics: TPS (tpsDig, geomorph, MorphoJ), and wide tables, one row per image."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.core.frame import Frame, Points
from app.core.text import one_line
from app.formats.csv_table import cell, number
from app.formats.project_view import ImageView, ProjectView
from app.io.atomic import WholeFile

MISSING = "-1 -1"
"""How tpsDig writes a point that cannot be seen; geomorph reads it by ``readland.tps(negNA = TRUE)``."""
SCORER = "DenseSeg Review"
"""Who placed the points, as DeepLabCut calls it."""


def names_of(project: ProjectView) -> list[str]:
    """The landmarks that are written, the same ones in the same order for every image: the project's own."""
    return [mark.name for mark in project.own]


def places_of(image: ImageView, names: Sequence[str]) -> Points:
    """Where landmarks are in an image [L, 2], native pixels; NaN where one has no place that counts."""
    found = {row.landmark: row.xy for row in image.rows if row.counts and not row.deleted}
    return np.array([found.get(name) or (np.nan, np.nan) for name in names], float).reshape(-1, 2)


class TpsFile:
    """A TPS file: y counts upward from the lower edge of the image, in pixels from its corner.

    ``SCALE=`` (mm per pixel) stands there only if every image has a known spacing and square pixels: programs take it
    for all or for none. What has no place, or lies beyond the left or the lower edge, is `MISSING`.

    Parameters
    ----------
    path : Path
    project : ProjectView
    """

    def __init__(self, path: Path, project: ProjectView) -> None:
        self._whole, self._names = WholeFile(path), names_of(project)
        self._images: list[tuple[str, Points, Frame]] = []
        self.drop = self._whole.drop

    def add(self, image: ImageView) -> None:
        """Take an image in."""
        if image.frame is not None:
            self._images.append((image.name, places_of(image, self._names), image.frame))

    def keep(self) -> None:
        """Write all images and put the file in its place; raises OSError."""
        scales = [_scale(frame) for _, _, frame in self._images]
        told = all(scale is not None for scale in scales)
        for place, ((name, places, frame), scale) in enumerate(zip(self._images, scales, strict=True)):
            lines = [f"LP={len(places)}", *_lines(places, frame), f"IMAGE={one_line(name)}", f"ID={place}"]
            lines += [f"SCALE={scale:.6f}"] if told and scale is not None else []
            self._whole.write("\n".join(lines) + "\n")
        self._whole.keep()


def _lines(places: Points, frame: Frame) -> Iterator[str]:
    for x, y in frame.to_corner(places).tolist():
        up = frame.height - y
        yield f"{x:.4f} {up:.4f}" if np.isfinite([x, y]).all() and x >= 0 and up >= 0 else MISSING


def _scale(frame: Frame) -> float | None:
    """Mm per pixel, where that is one number."""
    spacing = frame.spacing
    if spacing is None or not np.isclose(spacing.row_mm, spacing.column_mm, rtol=1e-6):
        return None
    return spacing.row_mm


class WideFile:
    """A table with one row per image and two columns per landmark, native pixels; empty where one has no place.

    Parameters
    ----------
    path : Path
    project : ProjectView
    deeplabcut : bool
        With the three head lines that DeepLabCut reads: scorer, bodyparts, coords.
    """

    def __init__(self, path: Path, project: ProjectView, deeplabcut: bool = False) -> None:
        self._whole, self._names = WholeFile(path), names_of(project)
        self.drop, self.keep = self._whole.drop, self._whole.keep
        named = [cell(name) for name in self._names for _ in "xy"]
        coords = ["x", "y"] * len(self._names)
        if deeplabcut:
            self._write(["scorer", *[SCORER] * len(named)], ["bodyparts", *named], ["coords", *coords])
        else:
            self._write(["image", *(f"{name}_{axis}" for name, axis in zip(named, coords, strict=True))])

    def add(self, image: ImageView) -> None:
        """Write the image's row."""
        values = places_of(image, self._names).ravel().tolist()
        self._write([cell(image.name), *(number(value) for value in values)])

    def _write(self, *rows: Sequence[str]) -> None:
        text = _Lines()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._whole.write("".join(text))


class _Lines(list[str]):
    """What the csv module writes into."""

    def write(self, line: str) -> None:
        """Take a line in."""
        self.append(line)
