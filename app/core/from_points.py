"""A prediction from contour points: for systems that have no uv-map, inverse charts follow from the points themselves.

Per structure a thin-plate spline takes the mean shape's contour points to the image's. It is smooth, so points that are
off by a pixel make no folds, and linear in the points, so its weights at a chart's nodes are computed once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from skimage.draw import polygon2mask

from app.core import prediction
from app.core.chart import GRID, grid_nodes
from app.core.field import spline_weights
from app.core.frame import Frame, Points
from app.core.native_mask import predicted_extents
from app.core.prediction import (
    Charts,
    ErrorModel,
    Prediction,
    at_nodes,
    mesh_of,
    pinned,
    present_structures,
    shaped,
    typical_at_nodes,
)
from app.core.template import Structure, Template

SMOOTHING = 1e-2
"""Of the splines: enough that two points in one place do no harm; what it misses by is undone at the points."""
GROWN_MM = 100.0
"""Splines are computed on a mean shape whose area has this root, so that small bones are smoothed as lungs are."""
FINENESS = 4
"""Filled polygons are drawn with so many pixels per network pixel and side, so that a border keeps its place."""

Float32 = npt.NDArray[np.float32]


class FoundPoints(NamedTuple):
    """Contour points of one image.

    Attributes
    ----------
    xy : array [K, 2], float64
        Of all structures one after the other, network pixels.
    spread : array [K], float64
        How sure each is, network pixels; 0 is surest (`ErrorModel.per_residual` weighs it).
    """

    xy: Points
    spread: npt.NDArray[np.float64]


def prediction_from_points(
    found: FoundPoints,
    masks: Float32,
    frame: Frame,
    template: Template,
    errors: ErrorModel | None = None,
    bundle_sha256: str = "",
    hold: bool = True,
) -> Prediction:
    """Prediction of one image.

    Parameters
    ----------
    found : FoundPoints
    masks : array [C, H, W], float32
        Probability of each structure on the network's grid: by a head of its own, or `filled` from the points.
    frame : Frame
        Of the image, with what the network saw.
    template, errors
        Of the bundle.
    hold : bool
        Whether the masks are held to the points, as those of `app.core.prediction.from_output` are.
    """
    count, height, width = masks.shape
    half = masks.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    charts = _charts(found, half > 0.5, template, errors or ErrorModel())
    if hold:
        drawn, expected = shaped(masks, charts, template)
    else:
        drawn, expected = (masks * 255 + 0.5).astype(np.uint8), charts.expected_error
    contours = _split((found.xy + 0.5) / 2 - 0.5, template)
    fields = np.zeros((count, 2, height // 2, width // 2), np.float16)
    for c in np.flatnonzero(charts.present).tolist():
        uv = mesh_of(template.structures[c]).uv_map(contours[c], height // 2, width // 2)
        fields[c] = np.nan_to_num(uv).clip(-9, 9)
    return Prediction(
        bundle_sha256=bundle_sha256,
        masks=drawn,
        uv=fields,
        charts=frame.from_network((charts.xy + 0.5) * 2 - 0.5).astype(np.float32),
        expected_error=(expected * 2 / frame.scale).astype(np.float32),
        present=charts.present,
        extents=predicted_extents(drawn, charts.present, frame),
        view=frame.view,
    )


def prepare(template: Template) -> None:
    """Compute what predictions need of a template once, so that the first image does not wait for it."""
    prediction.prepare(template)
    for structure in template.structures:
        _spline(structure)


def _charts(found: FoundPoints, inside: npt.NDArray[np.bool_], template: Template, errors: ErrorModel) -> Charts:
    """Inverse charts in pixels of half the network's resolution; `inside` [C, h, w]: the masks there."""
    present = present_structures(inside, template)
    contours, spreads = _split((found.xy + 0.5) / 2 - 0.5, template), _split(found.spread, template)
    charts, residual = np.zeros((len(present), GRID, GRID, 2)), np.zeros((len(present), GRID, GRID))
    for c in np.flatnonzero(present).tolist():
        structure = template.structures[c]
        charts[c] = chart_from_contour(contours[c], structure)
        residual[c] = at_nodes(spreads[c], structure)
    nothing = np.zeros_like(residual)
    expected = errors(typical_at_nodes(errors, template), residual, nothing, nothing) / 2
    return Charts(charts, expected, present)


def chart_from_contour(contour: Points, structure: Structure) -> Points:
    """Inverse chart [GRID, GRID, 2] through an image's contour points [K, 2], in their pixels, smooth between them."""
    chart = (_spline(structure) @ contour).reshape(GRID, GRID, 2)
    return np.asarray(chart + pinned(chart, contour, structure))


@lru_cache(maxsize=64)
def _spline(structure: Structure) -> npt.NDArray[np.float64]:
    """Weights [GRID * GRID, K] of the contour points at the nodes."""
    grown = GROWN_MM / float(np.sqrt(structure.area_mm2))  # smoothing depends on the lengths
    nodes = structure.from_chart(grid_nodes().reshape(-1, 2))
    return spline_weights(structure.outline * grown, nodes * grown, SMOOTHING)


def _split(values: npt.NDArray[np.float64], template: Template) -> list[npt.NDArray[np.float64]]:
    return np.split(values, np.cumsum([len(s.outline) for s in template.structures])[:-1])


def filled(xy: Points, template: Template, size: tuple[int, int]) -> Float32:
    """Share of each pixel that a structure's polygon covers, [C, H, W], from all contour points [K, 2] (x, y).

    Drawn by `skimage.draw.polygon2mask` with `FINENESS` times the resolution, as reference masks are.
    """
    height, width = size
    masks = np.zeros((len(template.structures), height, width), np.float32)
    for mask, contour in zip(masks, _split(xy, template), strict=True):
        low = np.clip(np.floor(contour.min(axis=0)).astype(int), 0, (width, height))
        high = np.clip(np.ceil(contour.max(axis=0)).astype(int) + 1, low, (width, height))
        (left, top), (right, bottom) = low.tolist(), high.tolist()
        if left == right or top == bottom:
            continue
        fine = (contour - low + 0.5) * FINENESS - 0.5
        drawn = polygon2mask(((bottom - top) * FINENESS, (right - left) * FINENESS), fine[:, ::-1])
        parts = drawn.reshape(bottom - top, FINENESS, right - left, FINENESS)
        mask[top:bottom, left:right] = parts.mean(axis=(1, 3))
    return masks
