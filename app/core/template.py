"""The template: mean shapes of all structures of one anatomy, laid out in one plane in mm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.frame import Points

STRUCTURE_COLOURS = ("#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#F0E442", "#0072B2", "#D55E00", "#999999")
"""Okabe-Ito colours, safe for colour-blind eyes; structures take them in order."""
FIELD = "field"
"""What the template's plane outside all structures is called where a structure is named."""


def structure_colour(number: int) -> str:
    """Colour of the structure of this number: after the eight come lighter and darker ones of the same hues."""
    plain, further = number % len(STRUCTURE_COLOURS), number // len(STRUCTURE_COLOURS)
    share, towards = (0.0, 0.45, 0.4)[further % 3], (0, 255, 0)[further % 3]
    hexes = (STRUCTURE_COLOURS[plain][k : k + 2] for k in (1, 3, 5))
    return "#" + "".join(f"{round((1 - share) * int(each, 16) + share * towards):02X}" for each in hexes)


@dataclass(frozen=True, eq=False)
class Structure:
    """One anatomical object of a template.

    Parameters
    ----------
    name : str
        Identifier in files: ``right_lung``.
    title : str
        What a reader sees: ``Right lung``.
    colour : str
        ``#rrggbb``.
    outline : array [K, 2], float64
        Mean shape: a closed polygon in mm of the template plane, x right, y down.
    """

    name: str
    title: str
    colour: str
    outline: Points

    @cached_property
    def box(self) -> npt.NDArray[np.float64]:
        """Bounding box of the mean shape, [[x0, y0], [x1, y1]] in mm: the chart's [-1, 1] x [-1, 1]."""
        return np.stack([self.outline.min(axis=0), self.outline.max(axis=0)])

    @property
    def half_size_mm(self) -> npt.NDArray[np.float64]:
        """Mm of the template plane per unit of u and of v, [2]."""
        size: npt.NDArray[np.float64] = (self.box[1] - self.box[0]) / 2
        return size

    def to_chart(self, xy_mm: npt.ArrayLike) -> Points:
        """Template plane in mm [..., 2] to chart coordinates (u, v) [..., 2]."""
        return np.asarray((np.asarray(xy_mm, float) - self.box.mean(axis=0)) / self.half_size_mm)

    def from_chart(self, uv: npt.ArrayLike) -> Points:
        """Chart coordinates (u, v) [..., 2] to the template plane in mm [..., 2]."""
        return np.asarray(np.asarray(uv, float) * self.half_size_mm + self.box.mean(axis=0))

    @cached_property
    def outline_uv(self) -> Points:
        """The mean shape in chart coordinates, [K, 2]."""
        return self.to_chart(self.outline)

    def contains(self, uv: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether chart points [..., 2] lie inside the mean shape (even-odd rule)."""
        points = np.asarray(uv, float)
        a, b = self.outline_uv, np.roll(self.outline_uv, -1, axis=0)
        u, v = points[..., 0, None], points[..., 1, None]
        crosses = (a[:, 1] > v) != (b[:, 1] > v)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = a[:, 0] + (v - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
        inside: npt.NDArray[np.bool_] = np.count_nonzero(crosses & (u < at), axis=-1) % 2 == 1
        return inside

    def distance_mm(self, uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Distance of chart points [..., 2] to the outline, in mm of the template plane, [...]; 0 inside."""
        points = self.from_chart(uv)
        a = self.outline
        edge = np.roll(a, -1, axis=0) - a
        length2 = np.maximum((edge**2).sum(-1), 1e-12)
        along = np.clip(((points[..., None, :] - a) * edge).sum(-1) / length2, 0, 1)
        foot = a + along[..., None] * edge
        distance = np.linalg.norm(points[..., None, :] - foot, axis=-1).min(axis=-1)
        return np.where(self.contains(uv), 0.0, distance)

    @property
    def area_mm2(self) -> float:
        """Area of the mean shape in mm² (shoelace formula)."""
        x, y = self.outline.T
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


@dataclass(frozen=True, eq=False)
class Template:
    """All structures of one anatomy; see the glossary in the design.

    Parameters
    ----------
    anatomy : str
        ``chest`` or ``wrist``.
    structures : tuple of Structure
        In the order of the network's channels.
    """

    anatomy: str
    structures: tuple[Structure, ...]

    def index(self, name: str) -> int:
        """Channel of a structure.

        Raises
        ------
        KeyError
            If the template has no such structure; the message names those it has.
        """
        for i, structure in enumerate(self.structures):
            if structure.name == name:
                return i
        known = ", ".join(s.name for s in self.structures)
        raise KeyError(f"The {self.anatomy} template has no structure “{name}”; it has {known}.")

    def structure(self, name: str) -> Structure:
        """The structure of that name, also the `field`; raises KeyError like `index`."""
        if name == FIELD and all(structure.name != FIELD for structure in self.structures):
            return self.field
        return self.structures[self.index(name)]

    @cached_property
    def field(self) -> Structure:
        """The template's whole plane as one structure, in which landmarks outside all others lie (`app.core.field`).

        Its box is that of all structures, enlarged by half of its size on every side: they lie in ±0.5. It is none of
        `structures`: it has no mask.
        """
        points = np.concatenate([structure.outline for structure in self.structures])
        low, high = points.min(axis=0), points.max(axis=0)
        (x0, y0), (x1, y1) = low - (high - low) / 2, high + (high - low) / 2
        return Structure(FIELD, "Field", "#8b949e", np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))

    def at(self, xy_mm: npt.ArrayLike) -> str | None:
        """Name of the smallest structure under a point [2] of the template plane (mm), or None."""
        hits = [s for s in self.structures if bool(s.contains(s.to_chart(xy_mm)))]
        return min(hits, key=lambda s: s.area_mm2).name if hits else None

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "anatomy": self.anatomy,
            "structures": [
                {
                    "name": s.name,
                    "title": s.title,
                    "colour": s.colour,
                    "outline_mm": np.round(s.outline, 4).tolist(),
                }
                for s in self.structures
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Template:
        """Read what `to_json` wrote; raises KeyError or ValueError if it is something else."""
        return cls(
            str(data["anatomy"]),
            tuple(
                Structure(str(s["name"]), str(s["title"]), str(s["colour"]), np.asarray(s["outline_mm"], float))
                for s in data["structures"]
            ),
        )
