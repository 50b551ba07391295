"""Decoding: from a uv-map to the place of template points, by a local affine fit that extrapolates at the rim.

The paper averages the five pixels nearest in uv; contour points lie on the mask's edge, so that averages inward
(0.95 mm with perfect uv-maps). A local affine fit of xy over uv leaves 0.18 mm (docs/decisions.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.template import Structure

NEIGHBOURS = 24
RIDGE = 0.5
"""Strength of the pull towards the structure's global affine map, in squared uv-map pixels."""
REACH_PIXELS = 4.0
"""How far the local fit may extrapolate beyond its neighbours' centre, in uv-map pixels."""
SMALLEST_SHARE = 0.08
"""A structure with less of its template's area in the picture than this is absent."""

FloatArray = npt.NDArray[np.float64]


class Decoded(NamedTuple):
    """Where template points lie in one image.

    Attributes
    ----------
    xy : array [N, 2], float64
        In pixels of the uv-map's grid.
    residual : array [N], float64
        Root mean square misfit of the local affine fit, in pixels of the uv-map's grid.
    pixels_per_mm : float
        Scale of the structure's global affine map: uv-map pixels per mm of the template plane.
    """

    xy: Points
    residual: FloatArray
    pixels_per_mm: float


def main_body(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The mask [h, w] without stray pieces: components of at least a quarter of the largest one."""
    from scipy import ndimage  # the window imports this module and decodes nothing: scipy costs it 0.2 s

    labels, count = ndimage.label(inside)
    if count <= 1:
        return inside
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept: npt.NDArray[np.bool_] = (sizes >= 0.25 * sizes.max())[labels]
    return kept


def decode(
    uv_map: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_], structure: Structure, uv: npt.ArrayLike
) -> Decoded | None:
    """Find template points in an image.

    For each point the nearest pixels in uv (measured in mm of the template) are taken, and xy is fitted over uv as an
    affine map with a ridge towards the structure's global affine map. Beyond `REACH_PIXELS` the global map goes on.

    Parameters
    ----------
    uv_map : array [2, h, w], float32
        Chart coordinates of each pixel.
    inside : array [h, w], bool
        The structure's predicted mask on the same grid.
    structure : Structure
        Whose chart it is.
    uv : array [N, 2]
        Template points in chart coordinates.

    Returns
    -------
    Decoded or None
        None where fewer than `NEIGHBOURS` pixels are left: the structure is absent.
    """
    from scipy.spatial import cKDTree

    ys, xs = np.nonzero(main_body(inside))
    if len(ys) < NEIGHBOURS:
        return None
    pixels = np.stack([xs, ys], axis=-1).astype(float)
    known = structure.from_chart(uv_map[:, ys, xs].T.astype(float))
    wanted = structure.from_chart(np.asarray(uv, float).reshape(-1, 2))

    centre = known.mean(axis=0)
    design = np.c_[known - centre, np.ones(len(known))]
    coefficients = np.linalg.lstsq(design, pixels, rcond=None)[0]
    jacobian = coefficients[:2]  # pixels per mm, [2 mm, 2 px]
    scale = np.sqrt(max(abs(np.linalg.det(jacobian)), 1e-9))

    _, index = cKDTree(known).query(wanted, NEIGHBOURS)
    near_mm, near_px = known[index], pixels[index]
    mean_mm, mean_px = near_mm.mean(axis=1), near_px.mean(axis=1)
    dx = near_mm - mean_mm[:, None]
    off_global = near_px - mean_px[:, None] - dx @ jacobian
    normal = np.einsum("nki,nkj->nij", dx, dx) + np.eye(2) * (RIDGE * NEIGHBOURS / scale**2 / 4)
    local = np.linalg.solve(normal, np.einsum("nki,nkj->nij", dx, off_global))
    residual = np.sqrt(((off_global - dx @ local) ** 2).sum(-1).mean(-1))

    step = wanted - mean_mm
    length = np.linalg.norm(step, axis=-1, keepdims=True) * scale
    limited = step * np.minimum(1.0, REACH_PIXELS / np.maximum(length, 1e-9))
    xy = mean_px + step @ jacobian + np.einsum("ni,nij->nj", limited, local)
    return Decoded(xy, residual, float(scale))
