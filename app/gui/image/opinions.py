"""What opinions beside the project's own say of one image, as it is drawn; worked out without Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.frame import Frame, Points
from app.gui.image.mask_outlines import outlines
from app.project.session import Session

COLOURS = ("#ff5fd2", "#c6ff4d", "#00e5d0", "#ffffff")
"""Of the opinions in their order; none is a structure's, or what landmarks are drawn in."""


@dataclass(frozen=True, eq=False)
class OpinionMark:
    """One landmark as an opinion has it. Places are in the corner frame of the image.

    Attributes
    ----------
    landmark : str
    xy : tuple of float
    ours : tuple of float or None
        Where the project has it; None where it is absent or nothing is known.
    """

    landmark: str
    xy: tuple[float, float]
    ours: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class OpinionDrawn:
    """One opinion in one image.

    Attributes
    ----------
    name, colour : str
    marks : tuple of OpinionMark
        Landmarks that are shown, and the chosen one.
    outlines : tuple of array [N, 2]
        Borders of its masks.
    """

    name: str
    colour: str
    marks: tuple[OpinionMark, ...]
    outlines: tuple[Points, ...]


def colour_of(session: Session, opinion: str) -> str:
    """What an opinion is drawn in."""
    return COLOURS[session.opinions.index(opinion) % len(COLOURS)]


def opinions_in(session: Session, image: str, frame: Frame, landmark: str) -> tuple[OpinionDrawn, ...]:
    """All opinions that say something of an image; `landmark` is drawn also where it is hidden."""
    every = session.opinions
    each = [(one, session.opinion_placements(one, image), session.opinion_masks(one, image)) for one in every]
    said = [(opinion, places, masks) for opinion, places, masks in each if places or masks.by_reader]
    if not said:
        return ()
    ours = {
        placement.landmark.name: _place(frame, placement.xy)
        for placement in session.placements_in(image, hidden=False, also=landmark)
    }
    found = []
    for opinion, placements, masks in said:
        places = [(one.landmark, _place(frame, one.xy)) for one in placements if one.landmark in ours]
        marks = tuple(OpinionMark(name, xy, ours[name]) for name, xy in places if xy is not None)
        lines = tuple(line for structure in masks.by_reader for line in outlines(masks, structure, frame))
        found.append(OpinionDrawn(opinion, colour_of(session, opinion), marks, lines))
    return tuple(found)


def _place(frame: Frame, xy: Points) -> tuple[float, float] | None:
    if not np.isfinite(xy).all():
        return None
    x, y = frame.to_corner(xy).tolist()
    return x, y
