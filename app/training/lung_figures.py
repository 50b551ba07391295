"""Figures on radiographs without reference contours: lungs against human masks and boxes, and masks against uv-maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.frame import Frame
from app.core.metrics import dice
from app.core.native_mask import native_mask
from app.core.prediction import Prediction, sample_chart
from app.core.template import Template
from app.training.contours import draw_masks
from app.training.lung_data import SIDES, Box, LungCase, split_patients

KINDS = ("lung", "heart", "clavicle")
"""How structures' names end; those of one kind are counted together."""
EDGE_SHARE = 0.08
"""An edge of a usable lung lies within this share of the lung's height."""
USABLE = 0.85
"""Least agreement of usable lungs."""

Mask = npt.NDArray[np.bool_]


class Scores(NamedTuple):
    """What one image's prediction is worth; NaN where it cannot be told.

    Attributes
    ----------
    own : array [C]
        Dice of each mask with the polygon of its contour points.
    broken : array [C]
        Whether a mask is in pieces.
    present : array [C], bool
    suspect : bool
    agreement, lungs_dice, usable : float
        Against the human mask; `usable` is 0 or 1.
    """

    own: npt.NDArray[np.float64]
    broken: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]
    suspect: bool
    agreement: float
    lungs_dice: float
    usable: float


def agreement(lungs: Mask, heart: Mask, reference: Mask) -> float:
    """How far lungs agree with a human mask that goes on behind the heart; arrays [height, width].

    One minus the share of the reference that is lung outside it, or reference that neither lungs nor heart cover.
    """
    wrong = int((lungs & ~reference).sum()) + int((reference & ~(lungs | heart)).sum())
    return 1 - wrong / max(int(reference.sum()), 1)


def edges_off(mask: Mask, box: Box, side: str) -> npt.NDArray[np.float64]:
    """How far the outer, the top and the bottom edge of a lung [height, width] lie from its box, in box heights [3].

    The outer edge of a right lung is on the left of the picture. An empty mask is infinitely far.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.full(3, np.inf)
    left, top, right, bottom = box
    outer = columns[0] - left if side == "right_lung" else columns[-1] + 1 - right
    off = np.array([outer, rows[0] - top, rows[-1] + 1 - bottom], float)
    return np.asarray(np.abs(off) / (bottom - top))


def pieces(mask: Mask) -> int:
    """In how many pieces a mask [height, width] is (pixels that touch at a corner belong together)."""
    return int(cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0]) - 1


def scores_of(prediction: Prediction, frame: Frame, template: Template, case: LungCase | None = None) -> Scores:
    """Score one prediction, at native size; without a case nothing is compared with a human mask."""
    count = len(template.structures)
    own, broken = np.full(count, np.nan), np.full(count, np.nan)
    masks = np.zeros((count, frame.height, frame.width), bool)
    for c in np.flatnonzero(prediction.present).tolist():
        masks[c] = native_mask(prediction.masks[c], prediction.frame(frame))
        outline = sample_chart(prediction.charts[c], template.structures[c].outline_uv)
        own[c] = dice(masks[c], draw_masks(outline, [slice(None)], frame.height, frame.width)[0])
        broken[c] = pieces(masks[c]) > 1
    against = (np.nan,) * 3 if case is None else _against_human(masks, case, [s.name for s in template.structures])
    return Scores(own, broken, prediction.present, bool(prediction.suspect), *against)


def _against_human(masks: Mask, case: LungCase, names: list[str]) -> tuple[float, float, float]:
    """Agreement, Dice of both lungs, and whether they are usable (NaN where a box is missing)."""
    reference = case.lungs()
    lungs = masks[names.index("right_lung")] | masks[names.index("left_lung")]
    agrees = agreement(lungs, masks[names.index("heart")], reference)
    off = [edges_off(masks[names.index(side)], box, side).max() for side, box in case.boxes.items()]
    usable = float(max(off) <= EDGE_SHARE and agrees > USABLE) if len(off) == len(SIDES) else np.nan
    return agrees, dice(lungs, reference), usable


def _figures(scores: Sequence[Scores], template: Template) -> dict[str, Any]:
    own, present = np.stack([each.own for each in scores]), np.stack([each.present for each in scores])
    names = [s.name for s in template.structures]
    kinds = {kind: [c for c, name in enumerate(names) if name.endswith(kind)] for kind in KINDS}
    figures: dict[str, Any] = {
        "images": len(scores),
        "mask_and_points_agree_tenth_percentile": {
            kind: float(np.nanpercentile(own[:, members], 10)) for kind, members in kinds.items() if members
        },
        "masks_in_pieces": float(np.nanmean([each.broken for each in scores])),
        "absent": dict(zip(names, (~present).sum(axis=0).tolist(), strict=True)),
        "suspect": sum(each.suspect for each in scores),
    }
    if np.isfinite([each.agreement for each in scores]).all():
        figures["agreement"] = _spread([each.agreement for each in scores])
        figures["lungs_dice"] = _spread([each.lungs_dice for each in scores])
    if np.isfinite(usable := [each.usable for each in scores]).any():
        figures["usable"] = float(np.nanmean(usable))
    return figures


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": float(np.median(values)),
        "tenth_percentile": float(np.percentile(values, 10)),
        "worst": float(np.min(values)),
    }


def lung_figures(scores: Sequence[Scores], cases: Sequence[LungCase], template: Template) -> dict[str, Any]:
    """Figures of one bundle over all images, over those of each view, and over its patients left out of training.

    `cases` is empty where nothing is known of the images.
    """
    figures = _figures(scores, template)
    views = sorted({case.view for case in cases} - {""})
    left_out = {case.image for case in split_patients(list(cases))[1]} if views else set()
    for view in views:
        for part, wanted in (("", (True, False)), ("_left_out", (True,))):
            group = [
                each
                for each, case in zip(scores, cases, strict=True)
                if case.view == view and (case.image in left_out) in wanted
            ]
            if group:
                figures[f"{view}{part}"] = _figures(group, template)
    return figures
