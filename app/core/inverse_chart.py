"""Decoding: from a uv-map to the place of template points, by a local affine fit that extrapolates at the rim.

The paper averages the five pixels nearest in uv; contour points lie on the mask's edge, so that averages inward
(0.95 mm with perfect uv-maps). A local affine fit of xy over uv leaves 0.18 mm (docs/decisions.md).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
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
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=4)
    if count <= 2:
        return inside
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0  # what is not inside
    kept: npt.NDArray[np.bool_] = (4 * sizes >= sizes.max())[labels]
    return kept & inside


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
    scale = float(np.sqrt(max(abs(np.linalg.det(jacobian)), 1e-9)))
    off_global = pixels - (known - centre) @ jacobian

    _, index = cKDTree(known).query(wanted, NEIGHBOURS)
    local, mean_mm, mean_off, residual = _local_fits(known, off_global, index.T, RIDGE * NEIGHBOURS / scale**2 / 4)
    step = wanted - mean_mm
    length = np.linalg.norm(step, axis=-1, keepdims=True) * scale
    limited = step * np.minimum(1.0, REACH_PIXELS / np.maximum(length, 1e-9))
    xy = mean_off + (wanted - centre) @ jacobian + np.einsum("ni,nij->nj", limited, local)
    return Decoded(xy, residual, scale)


def _local_fits(
    source: FloatArray, target: FloatArray, index: npt.NDArray[np.intp], ridge: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Linear fits of target over source [P, 2] on the neighbours in `index` [k, N], each shrunk towards zero.

    Component by component over contiguous rows: three times as fast as one small matrix product per point.

    Returns
    -------
    local : array [N, 2, 2]
        First axis source, second target.
    mean_source, mean_target : array [N, 2]
    residual : array [N]
        Root mean square misfit.
    """
    x, y, p, q = (column[index] for column in np.ascontiguousarray(np.c_[source, target].T))
    means = [part.mean(axis=0) for part in (x, y, p, q)]
    x, y, p, q = (part - mean for part, mean in zip((x, y, p, q), means, strict=True))
    xx, xy, yy = ((a * b).sum(axis=0) for a, b in ((x, x), (x, y), (y, y)))
    moments = np.stack([[(a * b).sum(axis=0) for b in (p, q)] for a in (x, y)])  # [2, 2, N]
    determinant = (xx + ridge) * (yy + ridge) - xy * xy
    local = np.stack([(yy + ridge) * moments[0] - xy * moments[1], (xx + ridge) * moments[1] - xy * moments[0]])
    local /= determinant
    along_x, along_y = local  # each [2, N]
    explained = (
        along_x**2 * xx + 2 * along_x * along_y * xy + along_y**2 * yy - 2 * (local * moments).sum(axis=0)
    ).sum(0)
    squares = (p * p + q * q).sum(axis=0)
    residual = np.sqrt(np.maximum(squares + explained, 0.0) / len(index))
    return np.moveaxis(local, -1, 0), np.stack(means[:2], axis=-1), np.stack(means[2:], axis=-1), residual
