"""A prediction: what the model says of one image, decoded. Never edited; corrections live beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.chart import GRID, REACH, ChartMesh, grid_nodes, ring_mm
from app.core.fine_mask import Redraw
from app.core.frame import Frame, Points, View
from app.core.inverse_chart import SMALLEST_SHARE, decode
from app.core.mask_shape import FINE_HOLD, shape_mask
from app.core.native_mask import Extents, predicted_extents
from app.core.shape_prior import ShapePrior
from app.core.template import Structure, Template
from app.core.test_time_augmentation import AveragedOutput

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Masks, uv-maps, inverse charts and expected errors of one image by one bundle.

    Attributes
    ----------
    bundle_sha256 : str
    masks : array [C, H, W], uint8
        Probability times 255 on the network's grid; above 127 in one piece that fits the charts' outline.
    uv : array [C, 2, h, w], float16
        uv-maps at half the network's resolution (pixel centres, ``align_corners=False``).
    charts : array [C, GRID, GRID, 2], float32
        Inverse charts: native pixels (x, y) of the chart's grid nodes, first axis v, second u (`chart.grid_nodes`).
    expected_error : array [C, GRID, GRID], float32
        Expected distance to the truth at each node, native pixels.
    present : array [C], bool
        False where the structure is absent; its other entries mean nothing then.
    suspect : str
        What is odd about the image for this bundle, as a code of `app.core.plausibility`, else empty.
    extents : array [C, 5], float32, or None
        How far each native mask extends (`app.core.native_mask.Extents`); None in predictions that earlier versions
        stored.
    view : View or None
        What the network saw of the image; None stands for the whole image as it was read.
    """

    bundle_sha256: str
    masks: npt.NDArray[np.uint8]
    uv: npt.NDArray[np.float16]
    charts: Float32
    expected_error: Float32
    present: npt.NDArray[np.bool_]
    suspect: str = ""
    extents: Extents | None = None
    view: View | None = None

    def frame(self, image: Frame) -> Frame:
        """The frame in which masks and uv-maps lie: that of the image, with what the network saw of it."""
        return image if self.view is None else replace(image, view=self.view)


@dataclass(frozen=True, eq=False)
class ErrorModel:
    """Expected error at a node, in network pixels: a linear function of where it lies and of what the decoding saw.

    Attributes
    ----------
    typical : array [K] or None
        Mean error at each contour point of the template, network pixels; a node takes it from the points around it.
        None stands for 1 everywhere.
    per_typical : float
    per_residual : float
        Times the misfit of the local affine fit.
    per_steadying : float
        Times the distance by which the shape prior moved the node.
    per_disagreement : float
        Times the distance between the single outputs (`app.core.test_time_augmentation`).
    """

    typical: npt.NDArray[np.float64] | None = None
    per_typical: float = 2.0
    per_residual: float = 1.0
    per_steadying: float = 0.5
    per_disagreement: float = 0.0

    def __call__(
        self,
        typical: npt.NDArray[np.float64],
        residual: npt.NDArray[np.float64],
        moved: npt.NDArray[np.float64],
        disagreement: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """Expected error, in network pixels, from the four quantities (any one shape, network pixels)."""
        seen = self.per_residual * residual + self.per_steadying * moved + self.per_disagreement * disagreement
        return self.per_typical * typical + seen


def confidence(expected_error: npt.ArrayLike, diagonal: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Confidence in [0, 1], falling with the expected error; one half at 1.2 % of the image's diagonal (native px)."""
    return np.asarray(1 / (1 + (np.asarray(expected_error, float) / (0.012 * np.asarray(diagonal, float))) ** 2))


@lru_cache(maxsize=64)
def mesh_of(structure: Structure) -> ChartMesh:
    """The mesh of a structure; the weights that it computes once take a while."""
    return ChartMesh.of(structure)


@lru_cache(maxsize=64)
def reachable(structure: Structure) -> npt.NDArray[np.bool_]:
    """Nodes [GRID, GRID] of an inverse chart that lie inside the mean shape or close enough to extrapolate to."""
    reach: npt.NDArray[np.bool_] = structure.distance_mm(grid_nodes()) <= ring_mm(structure)
    return reach


@lru_cache(maxsize=64)
def _pins(structure: Structure) -> npt.NDArray[np.float64]:
    """Takes misses [K] at the contour points to the least change [GRID * GRID] of the nodes that undoes them."""
    corners = sample_chart(np.eye(GRID * GRID).reshape(GRID, GRID, -1), structure.outline_uv)
    return np.asarray(corners.T @ np.linalg.pinv(corners @ corners.T))


def prepare(template: Template) -> None:
    """Compute what decoding needs of a template once, so that the first image does not wait for it."""
    for structure in template.structures:
        reachable(structure)
        mesh_of(structure).grid_weights  # noqa: B018 (a cached property)
        _pins(structure)


def present_structures(inside: npt.NDArray[np.bool_], template: Template) -> npt.NDArray[np.bool_]:
    """Which masks [C, h, w] show enough of their structure, compared with the others' share of the template, [C]."""
    share = inside.sum(axis=(1, 2)) / np.array([s.area_mm2 for s in template.structures])
    found = share[share > 0]
    if not len(found):
        return np.zeros(len(share), bool)
    return np.asarray(share >= SMALLEST_SHARE * np.median(found))


class Charts(NamedTuple):
    """Decoded inverse charts of one image.

    Attributes
    ----------
    xy : array [C, GRID, GRID, 2], float64
        Pixels of the uv-map's grid.
    expected_error : array [C, GRID, GRID], float64
        The same unit.
    present : array [C], bool
    """

    xy: Points
    expected_error: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]


def decode_charts(
    looks: AveragedOutput,
    inside: npt.NDArray[np.bool_],
    template: Template,
    prior: ShapePrior | None,
    errors: ErrorModel,
) -> Charts:
    """Inverse charts of all structures, regularised by the prior; `inside` [C, h, w]: the mask on the uv-map's grid."""
    nodes = grid_nodes().reshape(-1, 2)
    count = len(template.structures)
    charts = np.zeros((count, GRID, GRID, 2))
    residual, moved, apart = (np.zeros((count, GRID, GRID)) for _ in range(3))
    present = present_structures(inside, template)
    contours = [np.full((len(s.outline), 2), np.nan) for s in template.structures]
    for c, structure in enumerate(template.structures):
        wanted = reachable(structure).reshape(-1)
        asked = np.r_[nodes[wanted], structure.outline_uv]
        found = decode(looks.uv[c], inside[c], structure, asked) if present[c] else None
        if found is None:
            present[c] = False
            continue
        split = int(np.count_nonzero(wanted))
        contours[c] = found.xy[split:]
        charts[c] = mesh_of(structure).inverse_chart(contours[c])
        charts[c].reshape(-1, 2)[wanted] = found.xy[:split]
        residual[c] = found.residual[:split].max(initial=0.0)
        residual[c].reshape(-1)[wanted] = found.residual[:split]
        apart[c] = disagreement_at(looks.disagreement[c], found.pixels_per_mm, structure, charts[c])
    if prior is not None and present.any():
        regularised = np.split(prior.regularise(np.concatenate(contours)), np.cumsum([len(p) for p in contours])[:-1])
        for c in np.flatnonzero(present).tolist():
            shift = mesh_of(template.structures[c]).inverse_chart(regularised[c] - contours[c])
            charts[c] += shift
            moved[c] = np.linalg.norm(shift, axis=-1)
        contours = regularised
    for c in np.flatnonzero(present).tolist():
        charts[c] += pinned(charts[c], contours[c], template.structures[c])
    expected = errors(typical_at_nodes(errors, template), 2 * residual, 2 * moved, 2 * apart) / 2
    return Charts(charts, expected, present)


def pinned(chart: Points, contour: Points, structure: Structure) -> Points:
    """What to add to a chart [GRID, GRID, 2] so that looking a contour point up gives its place in `contour` [K, 2].

    The nodes are decoded one by one, and the nearest pixels change by steps: between nodes that leaves up to 1.5 mm
    (docs/decisions.md). Contour points are what the model was trained on, so there the look-up has to be exact.
    """
    miss = contour - sample_chart(chart, structure.outline_uv)
    return np.asarray((_pins(structure) @ miss).reshape(GRID, GRID, 2))


def disagreement_at(
    disagreement: Float32, pixels_per_mm: float, structure: Structure, xy: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How far the single outputs are apart at places [..., 2] of the uv-map's grid, in its pixels, [...]."""
    height, width = disagreement.shape[-2:]
    column = np.clip(np.rint(xy[..., 0]), 0, width - 1).astype(int)
    row = np.clip(np.rint(xy[..., 1]), 0, height - 1).astype(int)
    mm = np.moveaxis(disagreement[:, row, column], 0, -1) * structure.half_size_mm
    return np.asarray(np.linalg.norm(mm, axis=-1) * pixels_per_mm)


def typical_at_nodes(errors: ErrorModel, template: Template) -> npt.NDArray[np.float64]:
    """`ErrorModel.typical` at the nodes, [C, GRID, GRID]."""
    if errors.typical is None:
        return np.ones((len(template.structures), GRID, GRID))
    parts = np.split(errors.typical, np.cumsum([len(s.outline) for s in template.structures])[:-1])
    fields = []
    for structure, typical in zip(template.structures, parts, strict=True):
        fields.append(at_nodes(typical, structure))
    return np.stack(fields)


def at_nodes(values: npt.NDArray[np.float64], structure: Structure) -> npt.NDArray[np.float64]:
    """Values [K] at a structure's contour points as a mean of the points around each node, [GRID, GRID]."""
    weights = np.clip(mesh_of(structure).grid_weights, 0, None)
    return np.asarray((weights @ values / weights.sum(axis=1)).reshape(GRID, GRID))


def from_output(
    looks: AveragedOutput,
    frame: Frame,
    template: Template,
    prior: ShapePrior | None = None,
    errors: ErrorModel | None = None,
    bundle_sha256: str = "",
    redraw: Redraw | None = None,
) -> Prediction:
    """Decode the network's output for one image.

    Parameters
    ----------
    looks : AveragedOutput
        The network's output (`app.core.test_time_augmentation.look`).
    frame : Frame
        Of the image, with what the network saw.
    template, prior, errors
        Of the bundle; without a prior nothing is regularised.
    redraw : callable or None
        Draws masks again, finer, of the structures for which it gives one (`app.core.fine_mask`).

    Returns
    -------
    Prediction
        In native pixels where it holds coordinates.
    """
    count, height, width = looks.masks.shape
    half = looks.masks.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    charts = decode_charts(looks, half > 0.5, template, prior, errors or ErrorModel())
    masks, expected = shaped(looks.masks, charts, template, redraw)
    native = frame.from_network((charts.xy + 0.5) * 2 - 0.5)  # uv-map pixels to network pixels, both from corners
    return Prediction(
        bundle_sha256=bundle_sha256,
        masks=masks,
        uv=looks.uv.astype(np.float16),
        charts=native.astype(np.float32),
        expected_error=(expected * 2 / frame.scale).astype(np.float32),
        present=charts.present,
        extents=predicted_extents(masks, charts.present, frame),
        view=frame.view,
    )


def shaped(
    probability: Float32, charts: Charts, template: Template, redraw: Redraw | None = None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Masks [C, H, W], probability times 255, held to the outlines; and the charts' expected errors.

    Where the pixel-wise mask's border and the outline are apart, one of them is a guess: an error of half the distance
    is expected at the least.
    """
    masks = (probability * 255 + 0.5).astype(np.uint8)
    expected = charts.expected_error.copy()
    for c in np.flatnonzero(charts.present).tolist():
        structure = template.structures[c]
        outline = (sample_chart(charts.xy[c], structure.outline_uv) + 0.5) * 2 - 0.5
        errors = 2 * sample_chart(expected[c], structure.outline_uv)
        drawn = redraw(c, outline) if redraw is not None else None
        if drawn is None or not (drawn > 0.5).any():  # not drawn again, or the fine network saw nothing there
            masks[c], gap = shape_mask(probability[c], outline, errors)
        else:
            masks[c], gap = shape_mask(drawn, outline, errors, FINE_HOLD)
        expected[c] = np.maximum(expected[c], at_nodes(gap, structure) / 4)  # half of it, in uv-map pixels
    return masks, expected


def sample_chart(grid: npt.NDArray[np.floating], uv: npt.ArrayLike) -> Points:
    """Look template points up in grids over the chart, bilinearly.

    Parameters
    ----------
    grid : array [GRID, GRID, ...]
        One value per node: an inverse chart, an expected error.
    uv : array [..., 2]
        Template points, |u| and |v| at most `chart.REACH`.

    Returns
    -------
    array [..., ...]
        The values there, float64.
    """
    position = (np.asarray(uv, float) + REACH) / (2 * REACH) * (GRID - 1)
    low = np.clip(np.floor(position).astype(int), 0, GRID - 2)
    part = position - low
    u, v = low[..., 0], low[..., 1]
    extra = (1,) * (grid.ndim - 2)
    fu, fv = part[..., 0].reshape(u.shape + extra), part[..., 1].reshape(u.shape + extra)
    top = grid[v, u] * (1 - fu) + grid[v, u + 1] * fu
    bottom = grid[v + 1, u] * (1 - fu) + grid[v + 1, u + 1] * fu
    return np.asarray(top * (1 - fv) + bottom * fv, float)
