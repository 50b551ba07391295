"""Images as formats see them, made without a project: masks that a reader drew, over a template of two structures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from app.core.frame import Frame, Provenance, Spacing
from app.core.landmark import ReviewState
from app.core.masks import ImageMasks, ReaderMask
from app.core.template import Template
from app.formats.project_view import ImageView, ProjectView
from app.store.row_types import StructureReview
from tests.unit.core.shapes import two_structures

TEMPLATE = two_structures()
NAMES = [structure.name for structure in TEMPLATE.structures]
SPACED = Frame(9, 13, spacing=Spacing(0.5, 0.25, Provenance.CALIBRATED))
"""9 rows of .5 mm, 13 columns of .25 mm."""


def drawn(seed: int, frame: Frame = SPACED) -> np.ndarray:
    """A mask without symmetry."""
    return np.random.default_rng(seed).random((frame.height, frame.width)) < 0.4


def view(
    masks: Mapping[str, np.ndarray | None], frame: Frame = SPACED, template: Template = TEMPLATE, **more: Any
) -> ImageView:
    """An image in a folder, with masks (None: absent) by a reader."""
    whole = ImageMasks(template, frame, None, {name: ReaderMask(mask) for name, mask in masks.items()})
    rows = tuple(replace(row, frame=frame) for row in more.pop("rows", ()))
    return ImageView("sub/a.png", "sub/a", more.pop("review", "in_progress"), whole, rows, **more)


def rejected(structure: str) -> tuple[StructureReview, ...]:
    return (StructureReview("sub/a.png", structure, ReviewState.REJECTED, "leaks", "Ann", "2026-11-27T12:00:00Z"),)


def project(template: Template = TEMPLATE, landmarks=(), **more: Any) -> ProjectView:
    marks = tuple(landmarks)
    images = more.pop("images", {"sub/a.png": "sub/a"})
    return ProjectView("p.dsr", "chest", "ab" * 32, template, marks, marks, tuple(images), images, None, **more)


@st.composite
def any_masks(draw: st.DrawFn) -> tuple[Frame, dict[str, np.ndarray]]:
    """A small image of any size and spacing, and a mask of each structure."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    sizes = draw(st.none() | st.tuples(st.floats(0.01, 3), st.floats(0.01, 3)))
    frame = Frame(height, width, spacing=Spacing(*sizes, Provenance.AT_DETECTOR) if sizes else None)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return frame, {name: rng.random((height, width)) < share for name in NAMES}
