"""Regions and curves: polygons and polylines drawn on the template, which exist in every image.

One is kept as the corners that somebody drew, in chart coordinates of one structure. What is carried into images are
many points along its sides: a side that is straight on the template follows the anatomy there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.chart import REACH, ring_mm
from app.core.frame import Frame, Points
from app.core.landmark import LANDMARK_COLOURS, check_texts
from app.core.mask_edit import polygon
from app.core.measure import Shapes, Unit, pixel_sides
from app.core.template import FIELD, Template

REGION_COLOURS = LANDMARK_COLOURS[1:]
"""Grey would not be seen on bone, and lines carry no dark rim as markers do."""
STEP_MM = 3.0
"""Points along a side lie closer together than this on the template: cells of inverse charts are as large."""
MOST_CORNERS = 500
_MOST_POINTS = 240
UV = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Region:
    """A named polygon or polyline on the template.

    Its corners never change, so that it stays in accepted images what it was: who wants others draws another one.

    Parameters
    ----------
    name : str
        Unique within a project.
    structure : str
        Name of the structure in whose chart it lies.
    uv : tuple of (u, v)
        Its corners, chart coordinates, at most ±`chart.REACH`; the first one is not repeated at the end.
    closed : bool
        A region, with an area; else a curve, with a length alone.
    colour : str
        ``#rrggbb``.
    hidden : bool
        Hidden ones are measured and exported but not drawn.
    """

    name: str
    structure: str
    uv: UV
    closed: bool = True
    colour: str = REGION_COLOURS[0]
    hidden: bool = False

    @property
    def kind(self) -> str:
        """What a reader calls it: ``region`` or ``curve``."""
        return "region" if self.closed else "curve"

    def check(self, template: Template) -> None:
        """Raise ValueError with a sentence if it can't be kept, or would mean nothing in an image."""
        check_texts(self.kind, self.name, self.colour)
        try:
            structure = template.structure(self.structure)
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
        corners = np.asarray(self.uv, float)
        least = 3 if self.closed else 2
        if corners.ndim != 2 or corners.shape[1] != 2 or not least <= len(corners) <= MOST_CORNERS:
            raise ValueError(f"A {self.kind} has {least} to {MOST_CORNERS} corners, each with u and v.")
        if not (np.isfinite(corners).all() and np.abs(corners).max() <= REACH):
            raise ValueError(f"“{self.name}”: u and v of every corner must lie within ±{REACH}.")
        fine = self.fine(template)
        beyond = float(structure.distance_mm(fine).max())
        if beyond > (most := ring_mm(structure)):
            raise ValueError(
                f"“{self.name}” leaves the {structure.title.lower()} by {beyond:.0f} mm. Further than {most:.0f} mm "
                "outside nobody knows where it is in an image: draw it closer."
            )
        plane = structure.from_chart(fine)
        if self.closed and crosses_itself(structure.from_chart(corners)):
            raise ValueError(f"The outline of “{self.name}” crosses itself. Draw it without a crossing.")
        if self.closed and abs(shoelace(plane)) < 1.0:
            raise ValueError(f"“{self.name}” encloses nothing. Its corners lie on one line.")
        if not np.linalg.norm(np.diff(plane, axis=0), axis=-1).sum() > 0:
            raise ValueError(f"“{self.name}” has no length: its points lie on each other.")

    def fine(self, template: Template) -> Points:
        """Points along its sides, chart coordinates [K, 2]: all corners, and more between; a region's end at the first.

        Raises KeyError where the template has no such structure.
        """
        structure = template.structure(self.structure)
        (width, height) = structure.half_size_mm.tolist()
        return _fine(self.uv, self.closed, width, height)


@lru_cache(maxsize=256)
def _fine(uv: UV, closed: bool, width: float, height: float) -> Points:
    corners = np.array([*uv, uv[0]] if closed else uv, float)
    sides = np.linalg.norm(np.diff(corners, axis=0) * (width, height), axis=-1)
    step = max(STEP_MM, float(sides.sum()) / _MOST_POINTS)
    pieces = np.maximum(np.ceil(sides / step), 1).astype(int)
    parts = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(corners[:-1], corners[1:], pieces, strict=True)]
    fine = np.concatenate([*parts, corners[-1:]])
    fine.setflags(write=False)
    return fine


def shoelace(outlines: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Area within closed polygons [..., K, 2], [...]; negative where they run against the clock on the screen."""
    x, y = outlines[..., 0].astype(float), outlines[..., 1].astype(float)
    x, y = x - x[..., :1], y - y[..., :1]
    return np.asarray((x * np.roll(y, -1, axis=-1) - y * np.roll(x, -1, axis=-1)).sum(axis=-1) / 2)


def crosses_itself(corners: npt.NDArray[np.floating]) -> bool:
    """Whether two sides of a closed polygon [K, 2] cross; NaN crosses nothing."""
    a = np.asarray(corners, float)
    a = a[:-1] if len(a) > 1 and (a[0] == a[-1]).all() else a
    b = np.roll(a, -1, axis=0)

    def side(p: Points, q: Points, r: Points) -> npt.NDArray[np.float64]:
        """On which side of the line from p to q each r lies."""
        return np.asarray(
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    first, second = a[:, None], b[:, None]
    with np.errstate(invalid="ignore"):
        apart = side(first, second, a[None]) * side(first, second, b[None]) < 0
    return bool((apart & apart.T).any())


def shapes_of(outlines: npt.NDArray[np.floating]) -> Shapes:
    """How far regions extend in N images, from their outlines [N, K, 2] in native pixels: to the line, not to a pixel.

    `Shapes.box` names the first and the last pixel of a mask, whose outer edges are half a pixel further out.
    """
    low, high = outlines.min(axis=1).astype(float) + 0.5, outlines.max(axis=1).astype(float) - 0.5
    return Shapes(np.concatenate([low, high], axis=-1), np.abs(shoelace(outlines)))


def home_of(template: Template, plane: Points, closed: bool, first: str = "") -> str:
    """The structure in whose chart corners [K, 2] in mm of the template's plane lie; empty where none reaches them all.

    That is `first` where it does, else the one in which most of the points along the sides lie, the smaller of two,
    else the field.
    """
    best, most = "", -1
    for structure in sorted(template.structures, key=lambda one: (one.name != first, one.area_mm2)):
        uv = structure.to_chart(plane)
        if np.abs(uv).max() > REACH:
            continue
        corners = tuple(map(tuple, uv.tolist()))
        fine = Region("", structure.name, corners, closed).fine(template)
        if structure.distance_mm(fine).max() > ring_mm(structure):
            continue
        if structure.name == first:
            return first
        inside = int(np.count_nonzero(structure.contains(fine)))
        if inside > most:
            best, most = structure.name, inside
    if best or np.abs(template.field.to_chart(plane)).max() > REACH:
        return best
    return FIELD


class Sizes(NamedTuple):
    """How long and how large a region is in one image: mm and mm² where the pixel size is known, else px and px².

    The length of a region is that of its outline; a curve has no area (NaN).
    """

    length: float
    area: float
    known: bool


def sizes_of(outline: Points, closed: bool, frame: Frame | None) -> Sizes:
    """How long and how large an outline [K, 2] in native pixels is, also where pixels are not square."""
    width, height, known = pixel_sides(frame)
    plane = np.asarray(outline, float) * (width, height)
    length = float(np.linalg.norm(np.diff(plane, axis=0), axis=-1).sum())
    return Sizes(length, float(abs(shoelace(plane))) if closed else float("nan"), known)


class Grey(NamedTuple):
    """Mean and standard deviation of the grey values inside a region in one image, and of how many pixels."""

    mean: float
    sd: float
    pixels: int


class Pixels(NamedTuple):
    """The grey values of an image [H, W] and their unit."""

    values: npt.NDArray[Any]
    unit: Unit


def grey_inside(pixels: npt.NDArray[Any], outline: Points) -> Grey | None:
    """The grey values of an image [H, W] inside a closed outline [K, 2] in native pixels; None where there are none.

    Pixels count whose centres lie inside (`app.core.mask_edit.polygon`), as far as the picture reaches.
    """
    if not np.isfinite(outline).all():
        return None
    inside = np.zeros(pixels.shape, bool)
    rect = polygon(inside, outline)
    values = pixels[rect.window][inside[rect.window]].astype(float)
    return Grey(float(values.mean()), float(values.std()), len(values)) if len(values) else None


def region_set_to_json(anatomy: str, regions: Iterable[Region]) -> dict[str, Any]:
    """Regions that belong together, as a small JSON."""
    plain = [
        {"name": one.name, "structure": one.structure, "closed": one.closed, "colour": one.colour, "uv": one.uv}
        for one in regions
    ]
    return {"anatomy": anatomy, "regions": plain}


def region_set_from_json(data: Any, template: Template) -> list[Region]:
    """Read what `region_set_to_json` wrote.

    Raises
    ------
    ValueError
        With a sentence for the reader: no set of regions, another anatomy, a region that means nothing, a name twice.
    """
    if not isinstance(data, dict) or not isinstance(data.get("regions"), list):
        raise ValueError("This is no set of regions: it has no list “regions”.")
    if data.get("anatomy", template.anatomy) != template.anatomy:
        raise ValueError(f"This set of regions is for the anatomy “{data['anatomy']}”, not “{template.anatomy}”.")
    found: dict[str, Region] = {}
    for entry in data["regions"]:
        try:
            uv = tuple((float(u), float(v)) for u, v in entry["uv"])
            name, structure, closed = (
                str(entry["name"]).strip(),
                str(entry["structure"]),
                bool(entry.get("closed", True)),
            )
        except (TypeError, KeyError, ValueError):
            raise ValueError("A region in this set lacks its name, its structure or its corners.") from None
        one = Region(name, structure, uv, closed, str(entry.get("colour") or REGION_COLOURS[0]))
        one.check(template)
        if one.name in found:
            raise ValueError(f"The set names the region “{one.name}” twice.")
        found[one.name] = one
    return list(found.values())
