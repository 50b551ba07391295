"""Landmarks as the command line names them: template points, landmark sets, and spots read off an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.frame import Frame
from app.core.landmark import Landmark
from app.core.masks import ImageMasks
from app.core.prediction import Prediction
from app.core.propagate import FARTHEST_SHARE, locate
from app.core.template import FIELD, Template
from app.core.template_point import chart_of
from app.io.landmark_set import read_landmark_set


@dataclass(frozen=True)
class Spot:
    """A landmark that is read off one image: what `structure` shows there at a pixel."""

    name: str
    structure: str
    image: str
    xy: tuple[float, float]


def _pair(text: str) -> tuple[float, float]:
    """Two finite numbers "A,B"; raises ValueError."""
    first, second = (float(part) for part in text.split(","))
    if not np.isfinite([first, second]).all():
        raise ValueError("not finite")
    return first, second


def _split(text: str, option: str, form: str, template: Template) -> tuple[str, str, str]:
    """NAME, STRUCTURE and the rest of "NAME=STRUCTURE:REST"; names of landmarks and images may hold "=" and ":"."""
    known = {FIELD, *(structure.name for structure in template.structures)}
    at = text.find("=")
    while at > 0:
        structure, colon, rest = text[at + 1 :].partition(":")
        if colon and structure in known:
            return text[:at].strip(), structure, rest
        at = text.find("=", at + 1)
    raise ValueError(f"{option} “{text}” is not {form} with one of the structures {', '.join(sorted(known))}.")


def parse_landmark(text: str, template: Template) -> Landmark:
    """A landmark of ``NAME=STRUCTURE:U,V``; raises ValueError with a sentence."""
    form = "NAME=STRUCTURE:U,V"
    name, structure, rest = _split(text, "--landmark", form, template)
    try:
        mark = Landmark(name, structure, *_pair(rest))
    except ValueError:
        raise ValueError(f"--landmark “{text}” is not {form} with two numbers.") from None
    mark.check(template)
    return mark


def parse_spot(text: str, template: Template) -> Spot:
    """A spot of ``NAME=STRUCTURE:IMAGE:X,Y``, read from the right; raises ValueError with a sentence."""
    form = "NAME=STRUCTURE:IMAGE:X,Y"
    name, structure, rest = _split(text, "--landmark-at", form, template)
    image, colon, pixel = rest.rpartition(":")
    try:
        xy = _pair(pixel)
    except ValueError:
        raise ValueError(f"--landmark-at “{text}” is not {form} with two numbers.") from None
    if not (name and image and colon):
        raise ValueError(f"--landmark-at “{text}” is not {form}.")
    return Spot(name, structure, image, xy)


def read_landmark_file(file: Path, template: Template) -> list[Landmark]:
    """The landmarks of a landmark set; raises ValueError with a sentence."""
    try:
        return read_landmark_set(file, template)
    except OSError as error:
        raise ValueError(f"The landmark set {file} cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise ValueError(f"The landmark set {file} cannot be used: {error}") from None


def check_names(wanted: Sequence[Landmark | Spot]) -> None:
    """Raise ValueError with a sentence where there is no landmark, or a name twice."""
    if not wanted:
        raise ValueError("Name at least one landmark with --landmark, --landmark-at or --landmarks.")
    names = [mark.name for mark in wanted]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"The landmark “{name}” is given twice.")


def _outside(spot: Spot, prediction: Prediction, frame: Frame, template: Template) -> float:
    """How far a spot is from the nearest pixel of its structure's mask, native pixels."""
    mask = ImageMasks(template, frame, prediction).native(spot.structure)
    if mask is None or not mask.any():
        return float("inf")
    rows, columns = np.nonzero(mask)
    return float(np.hypot(columns - spot.xy[0], rows - spot.xy[1]).min())


def read_off(spot: Spot, prediction: Prediction, frame: Frame, template: Template) -> Landmark | str:
    """The landmark that a spot means by the prediction of its image, or a sentence why there is none."""
    structure, chart = template.structure(spot.structure), chart_of(prediction, template, spot.structure)
    limit = FARTHEST_SHARE * frame.diagonal
    where = f"pixel ({spot.xy[0]:g}, {spot.xy[1]:g}) of {spot.image}"
    if chart is None:
        return f"The {structure.title.lower()} was not found in {spot.image}; define the landmark in another image."
    uv, miss = locate(chart[0].astype(float), structure, spot.xy)
    outside = 0.0 if spot.structure == FIELD else _outside(spot, prediction, frame, template)
    # Within the mask the distance to the nearest pixel's centre is no distance at all.
    if (outside > limit and outside > 1) or miss > limit:
        away = max(outside, miss)
        return (
            f"The {where} lies {away:.0f} pixels away from the {structure.title.lower()}, more than the {limit:.0f} "
            "(2 % of the diagonal) that are allowed. Choose a pixel on the structure."
        )
    return Landmark(spot.name, spot.structure, float(uv[0]), float(uv[1]))
