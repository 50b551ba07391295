"""The field: the template's whole plane carried into an image by one smooth map through all structures.

A thin-plate spline (Bookstein 1989) with smoothing goes through some contour points of every structure. Their places on
the template are the same for all images, so the map is linear in their places in an image: a point of the field is a
weighted sum of them, with weights that depend on nothing but which structures are there. Nothing of it is stored: it
follows from the inverse charts, new, frozen or old ones alike.

What it is expected to miss by is found in each image by leaving one structure out after the other: how far the others'
map misses its contour points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, grid_nodes
from app.core.frame import Points
from app.core.prediction import sample_chart
from app.core.template import Structure, Template

EVERY = 3
"""Of so many contour points one is an anchor of the field: with all of them it misses by as much."""
SMOOTHING = 0.17
"""Of the spline, with lengths in units of `_LENGTH_MM`, for the anchors that every third contour point gives."""
_LENGTH_MM = 100.0
FURTHER_MM = 84.0
"""So far from the nearest anchor twice the error is expected of that at an anchor (docs/decisions.md)."""
FEWEST = 2
"""Structures that must be there: with one nothing could be left out."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FieldMap:
    """The map's weights for one set of structures that are there.

    Attributes
    ----------
    anchors : array [A], int
        Which of the template's anchors it uses.
    nodes : array [GRID, GRID, A], float32
        Weights of the anchors at the nodes of the field's grid.
    further : array [GRID, GRID]
        By how much more the map misses there than at an anchor.
    left_out : array [A, A], float32
        Weights of the other structures' anchors at each anchor.
    left_further : array [A]
        As `further`, at the anchors, without their own structure.
    """

    anchors: npt.NDArray[np.intp]
    nodes: npt.NDArray[np.float32]
    further: FloatArray
    left_out: npt.NDArray[np.float32]
    left_further: FloatArray

    def typical_error(self, places: npt.NDArray[np.floating]) -> FloatArray:
        """What the map misses by at an anchor in N images, from the anchors' places [N, A, 2]: in their unit, [N]."""
        misses = np.linalg.norm(places - _weighted(self.left_out, places), axis=-1)
        return np.asarray((misses / self.left_further).mean(axis=1))

    def places(self, uv: FloatArray, places: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Points [L, 2] of the field in N images, from the anchors' places [N, A, 2]: [N, L, 2]."""
        return _weighted(sample_chart(self.nodes, uv), places)


@dataclass(frozen=True, eq=False)
class Field:
    """The anchors of one template.

    Attributes
    ----------
    structure : Structure
        What it is to those who ask for a chart: one structure whose box is the plane, see `Template.field`.
    uv : tuple of array [A_c, 2]
        Anchors of each structure in its own chart.
    plane : array [A, 2]
        All of them, mm of the template.
    owner : array [A], int
        Their structures' places on the template.
    """

    structure: Structure
    uv: tuple[Points, ...]
    plane: Points
    owner: npt.NDArray[np.intp]

    def map_of(self, present: npt.NDArray[np.bool_]) -> FieldMap | None:
        """The map where those structures [C] are there; None where there are too few."""
        return _map_of(self, present.tobytes()) if int(present.sum()) >= FEWEST else None


@lru_cache(maxsize=8)
def field_of(template: Template) -> Field:
    """The field of a template."""
    uv = tuple(structure.outline_uv[::EVERY] for structure in template.structures)
    plane = np.concatenate([structure.outline[::EVERY] for structure in template.structures])
    return Field(template.field, uv, plane, np.repeat(np.arange(len(uv)), [len(part) for part in uv]))


def field_chart(
    charts: npt.NDArray[np.floating], present: npt.NDArray[np.bool_], template: Template
) -> tuple[Points, FloatArray] | None:
    """The field of one image as an inverse chart, and what it is expected to miss by; None where too little is there.

    Parameters
    ----------
    charts : array [C, GRID, GRID, 2]
        The inverse charts of the structures, native pixels.
    present : array [C], bool
    template : Template

    Returns
    -------
    array [GRID, GRID, 2], array [GRID, GRID]
        Native pixels.
    """
    field = field_of(template)
    mapped = field.map_of(present)
    if mapped is None:
        return None
    places = np.concatenate([sample_chart(chart, uv) for chart, uv in zip(charts, field.uv, strict=True)])
    anchors = places[mapped.anchors]
    return mapped.nodes @ anchors, mapped.further * mapped.typical_error(anchors[None])[0]


@lru_cache(maxsize=64)
def _map_of(field: Field, present: bytes) -> FieldMap:
    there = np.frombuffer(present, bool)
    anchors = np.flatnonzero(there[field.owner])
    plane, owner = field.plane[anchors], field.owner[anchors]
    nodes = field.structure.from_chart(grid_nodes().reshape(-1, 2))
    left_out, left_further = np.zeros((len(anchors), len(anchors))), np.ones(len(anchors))
    for c in np.flatnonzero(there).tolist():
        out, rest = np.flatnonzero(owner == c), np.flatnonzero(owner != c)
        left_out[np.ix_(out, rest)] = spline_weights(plane[rest], plane[out])
        left_further[out] = _further(plane[rest], plane[out])
    return FieldMap(
        anchors,
        spline_weights(plane, nodes).reshape(GRID, GRID, -1).astype(np.float32),
        _further(plane, nodes).reshape(GRID, GRID),
        left_out.astype(np.float32),
        left_further,
    )


def _weighted(weights: npt.NDArray[np.floating], places: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Sums [N, L, 2] of places [N, A, 2] by weights [L, A], as one product: many times as quick as image by image."""
    both = np.kron(weights.T.astype(places.dtype), np.eye(2, dtype=places.dtype))
    return np.asarray((places.reshape(len(places), -1) @ both).reshape(len(places), -1, 2))


def _further(anchors: Points, points: Points) -> FloatArray:
    """By how much more the map misses at points [K, 2] than at an anchor, [K]."""
    away = np.linalg.norm(points[:, None] - anchors, axis=-1).min(axis=1)
    return np.asarray(1 + away / FURTHER_MM)


def spline_weights(anchors: Points, points: Points, smoothing: float = SMOOTHING) -> FloatArray:
    """Weights [K, A] of the values at anchors [A, 2] in a smoothing thin-plate spline at points [K, 2]; both in mm.

    They sum up to 1 and give affine maps exactly. Few anchors, or ones on a line, leave the spline undetermined: of all
    solutions the shortest is taken.
    """
    middle, count = anchors.mean(axis=0), len(anchors)
    a, b = (anchors - middle) / _LENGTH_MM, (points - middle) / _LENGTH_MM
    plane = np.c_[np.ones(count), a]
    system = np.block([[_bending(a, a) + smoothing * np.eye(count), plane], [plane.T, np.zeros((3, 3))]])
    values = np.r_[np.eye(count), np.zeros((3, count))]
    if np.linalg.matrix_rank(plane) == 3:  # a tenth of the time
        solved = np.linalg.solve(system, values)
    else:
        solved = np.linalg.lstsq(system, values, rcond=None)[0]
    return np.asarray(np.c_[_bending(b, a), np.ones(len(b)), b] @ solved)


def _bending(a: Points, b: Points) -> FloatArray:
    """``r² log r`` between points [K, 2] and [A, 2], [K, A]."""
    squared = ((a[:, None] - b) ** 2).sum(axis=-1)
    return np.asarray(0.5 * squared * np.log(np.maximum(squared, 1e-30)))
