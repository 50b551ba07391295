"""Landmarks for programs of shape statistics: TPS (tpsDig, geomorph, MorphoJ), and wide tables, one row per image."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.core.annotation import AnnotatedPoint, ImageAnnotations, ImageReference
from app.core.frame import Axes, Frame, Points
from app.core.text import one_line
from app.formats.csv_table import cell, number, uncelled
from app.formats.project_view import ImageView, ProjectView
from app.formats.reading import NOTHING, Known, beside, read_place, read_text
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


def fits_tps(file: Path, head: bytes) -> bool:
    """Whether a file is one of tpsDig's."""
    return bool(re.match(rb"\s*LP3?\s*=\s*\d+", head, re.IGNORECASE)) and file.suffix.lower() == ".tps"


def read_tps(file: Path, known: Known) -> list[ImageAnnotations]:
    """The points of all specimens, which have no names: they are the project's own landmarks in their order.

    A point that is missing (``-1 -1``, ``NA NA``) says nothing: programs write it for what can't be seen as for what
    was not placed yet.

    Raises
    ------
    ValueError
        With a sentence: there are other numbers of points than landmarks, or it is damaged.
    """
    found, lines = [], iter(read_text(file).splitlines())
    points: list[Points | None] = []
    for line in lines:
        key, _, value = (part.strip() for part in line.partition("="))
        if key.upper() == "LP":
            points = [_tps_point(next(lines, ""), file) for _ in range(_count(value, file))]
            _check_count(points, known, file)
        elif key.upper() == "IMAGE":
            rows, image = zip(known.landmarks, points, strict=True), ImageReference(beside(file, value))
            there = [AnnotatedPoint(name, xy, Axes.UPWARD) for name, xy in rows if xy is not None]
            missing = [
                f"“{name}” without a place" for name, xy in zip(known.landmarks, points, strict=True) if xy is None
            ]
            found.append(ImageAnnotations(image, there, (), file.name, missing))
        elif key.upper() in ("CURVES", "LP3"):
            raise ValueError(f"{file.name} holds curves or points in space. Save the landmarks alone (LP=).")
    if not found:
        raise ValueError(f"{file.name} names no image (IMAGE=), so nobody knows what its points belong to.")
    return found


def _count(value: str, file: Path) -> int:
    if not value.isdigit():
        raise ValueError(f"{file.name}: “LP={value}” is no number of points.")
    return int(value)


def _tps_point(line: str, file: Path) -> Points | None:
    cells = line.split()
    if [cell.upper() for cell in cells] == ["NA", "NA"]:
        return None
    xy = read_place(cells, file, "a point")
    return None if (xy < 0).any() else xy


def _check_count(points: Sequence[object], known: Known, file: Path) -> None:
    if len(points) != len(known.landmarks):
        raise ValueError(
            f"{file.name} has {len(points)} points in an image; they have no names, and the project has "
            f"{len(known.landmarks)} landmarks of its own. Both must be the same, in the same order."
        )


def fits_wide(file: Path, head: bytes) -> bool:
    """Whether a file is a table with one row per image and two columns per landmark, also one of DeepLabCut's."""
    if file.suffix.lower() != ".csv":
        return False
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    cells = next(csv.reader([line.replace("\r", " ")]), [])
    return bool(cells) and (cells[0] == "scorer" or _is_wide(cells))


def _is_wide(cells: Sequence[str]) -> bool:
    pairs = list(zip(cells[1::2], cells[2::2], strict=False))
    named = all(x.endswith("_x") and y.endswith("_y") and x[:-2] == y[:-2] for x, y in pairs)
    return cells[0] == "image" and len(cells) % 2 == 1 and bool(pairs) and named


def read_wide(file: Path, known: Known = NOTHING) -> list[ImageAnnotations]:
    """The points of all images; an empty cell says nothing.

    Raises
    ------
    ValueError
        With a sentence: it is damaged.
    """
    rows = [row for row in csv.reader(read_text(file).splitlines()) if row]
    if not rows:
        raise ValueError(f"{file.name} is empty.")
    head = 3 if rows[0][0] == "scorer" else 1
    if len(rows) < head:
        raise ValueError(f"{file.name} ends within its {head} head lines, as DeepLabCut writes them.")
    names = rows[1][1::2] if head == 3 else [cell[:-2] for cell in rows[0][1::2]]
    if head == 3 and (rows[2][1::2] != ["x"] * len(names) or rows[2][2::2] != ["y"] * len(names)):
        raise ValueError(f"{file.name} has other columns than x and y for each part. Export it without likelihood.")
    found = []
    for row in rows[head:]:
        if not row[0].strip():
            raise ValueError(f"{file.name}: a row names no image.")
        cells = zip(names, row[1::2], row[2::2], strict=False)
        points = [AnnotatedPoint(uncelled(name), read_place([x, y], file, name)) for name, x, y in cells if x or y]
        found.append(ImageAnnotations(ImageReference(uncelled(row[0])), points, (), file.name))
    return found
