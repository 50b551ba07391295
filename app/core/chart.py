"""Charts of contours: the dense correspondence between a mean shape and the same structure in one image.

The mean shape's contour points and a ring around them span one triangle mesh, fixed per structure. Moving its
vertices to an image's contour points gives, by linear interpolation, the uv-map of that image (Keuth et al.,
IJCARS 2025: displacements interpolated linearly between landmarks) and its inverse chart alike. The ring follows the
contour affinely, so both go on smoothly beyond the rim; everything is linear in the contour points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.template import Structure

if TYPE_CHECKING:
    from scipy.spatial import Delaunay

GRID = 40
"""Nodes of an inverse chart along u and along v."""
REACH = 1.15
"""An inverse chart spans [-REACH, REACH] in u and v."""
RING_MM = 12.0
"""Distance of the mesh's ring from the mean shape, in mm of the template plane; less around small structures."""
_RING_SHARE = 0.4
"""At most this share of a structure's size (the square root of its area): 12 mm is more than a carpal bone."""

FloatArray = npt.NDArray[np.float64]


def grid_nodes(grid: int = GRID) -> Points:
    """Chart coordinates of an inverse chart's nodes, [grid, grid, 2]; first axis v, second u."""
    line = np.linspace(-REACH, REACH, grid)
    return np.stack(np.meshgrid(line, line), axis=-1)


def ring_mm(structure: Structure) -> float:
    """How far beyond its mean shape a structure's chart goes, in mm of the template plane."""
    return min(RING_MM, _RING_SHARE * float(np.sqrt(structure.area_mm2)))


def _affine_rows(source: Points, target: Points) -> FloatArray:
    """Weights [len(target), len(source)] of the least-squares affine map from `source`, taken at `target`."""
    design = np.c_[source, np.ones(len(source))]
    rows: FloatArray = np.c_[target, np.ones(len(target))] @ np.linalg.pinv(design)
    return rows


def _outward(outline: Points) -> Points:
    """Unit outward normals [K, 2] of a closed polygon, smoothed over the neighbours."""
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    x, y = outline.T
    if np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) < 0:
        normal = -normal
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))


@dataclass(frozen=True, eq=False)
class ChartMesh:
    """Triangle mesh over the mean shape of one structure.

    Attributes
    ----------
    vertices : array [V, 2]
        Chart coordinates; the K contour points come first, the ring after them.
    lift : array [V, K]
        Takes an image's contour points [K, 2] to all its vertices [V, 2].
    triangulation : scipy.spatial.Delaunay
        Over the vertices in mm of the template plane.
    structure : Structure
        Whose mean shape it is.
    """

    structure: Structure
    vertices: Points
    lift: FloatArray
    triangulation: Delaunay

    @classmethod
    def of(cls, structure: Structure) -> ChartMesh:
        """Mesh of a structure's mean shape."""
        from scipy.spatial import Delaunay  # 0.2 s that the window need not wait for

        outline = structure.outline
        beyond = ring_mm(structure)
        offset = _outward(outline) * beyond
        ring = outline + offset
        keep = structure.distance_mm(structure.to_chart(ring)) > 0.7 * beyond  # no ring point inside a notch
        affine = _affine_rows(outline, np.zeros((1, 2)))
        shift = _affine_rows(outline, offset) - affine
        lift = np.concatenate([np.eye(len(outline)), (np.eye(len(outline)) + shift)[keep]])
        vertices = np.concatenate([outline, ring[keep]])
        return cls(structure, structure.to_chart(vertices), lift, Delaunay(vertices))

    def weights(self, uv: npt.ArrayLike) -> FloatArray:
        """Weights [N, K] of the contour points for chart points [N, 2]; beyond the mesh affine."""
        plane = self.structure.from_chart(uv)
        simplex = self.triangulation.find_simplex(plane)
        nearest = self.triangulation.points
        rows = np.zeros((len(plane), len(self.vertices)))
        inside = simplex >= 0
        transform = self.triangulation.transform[simplex[inside]]
        two = np.einsum("nij,nj->ni", transform[:, :2], plane[inside] - transform[:, 2])
        bary = np.c_[two, 1 - two.sum(axis=-1)]
        np.put_along_axis(block := rows[inside], self.triangulation.simplices[simplex[inside]], bary, axis=1)
        rows[inside] = block
        result: FloatArray = rows @ self.lift
        if not inside.all():
            outside = plane[~inside]
            close = np.argmin(np.linalg.norm(outside[:, None] - nearest[None], axis=-1), axis=1)
            outline = self.structure.outline
            affine = _affine_rows(outline, outside) - _affine_rows(outline, nearest[close])
            result[~inside] = self.lift[close] + affine
        return result

    @cached_property
    def grid_weights(self) -> FloatArray:
        """Weights [GRID * GRID, K]: times an image's contour points they give its inverse chart."""
        return self.weights(grid_nodes().reshape(-1, 2))

    def inverse_chart(self, contour: Points) -> FloatArray:
        """Inverse chart [GRID, GRID, 2] of a contour [K, 2], in the contour's frame."""
        return (self.grid_weights @ contour).reshape(GRID, GRID, 2)

    def uv_map(self, contour: Points, height: int, width: int) -> npt.NDArray[np.float32]:
        """uv-map of a contour [K, 2] (x, y) on a pixel grid, (0, 0) the centre of the first pixel.

        Returns
        -------
        array [2, height, width], float32
            Chart coordinates; NaN where no triangle covers the pixel (far outside the structure).
        """
        vertices = self.lift @ contour
        uv = np.full((2, height, width), np.nan, np.float32)
        inside = self.structure.contains(self.vertices[self.triangulation.simplices].mean(axis=1))
        for triangle in self.triangulation.simplices[np.argsort(inside, kind="stable")]:
            corners = vertices[triangle]
            low = np.maximum(np.ceil(corners.min(axis=0)).astype(int), 0)
            high = np.minimum(np.floor(corners.max(axis=0)).astype(int) + 1, (width, height))
            matrix = np.stack([corners[0] - corners[2], corners[1] - corners[2]], axis=1)
            if np.any(high <= low) or abs(np.linalg.det(matrix)) < 1e-9:
                continue
            xs, ys = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
            two = np.stack([xs - corners[2, 0], ys - corners[2, 1]], axis=-1) @ np.linalg.inv(matrix).T
            bary = np.concatenate([two, 1 - two.sum(-1, keepdims=True)], axis=-1)
            hit = (bary >= -1e-9).all(axis=-1)
            uv[:, ys[hit], xs[hit]] = (bary[hit] @ self.vertices[triangle]).T
        return uv
