"""Landmarks are definitions on the template; placements say where each one is in an image."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from app.core.chart import REACH
from app.core.template import Template
from app.core.text import one_line, well_formed

LANDMARK_COLOUR = "#d9dde2"
LANDMARK_COLOURS = (LANDMARK_COLOUR, "#ff8a5c", "#7fd4ff", "#c792ea", "#ffd166", "#a3d977", "#ff8fab", "#4fd1c5")
"""What new landmarks are drawn in, one after the other: light enough for a radiograph."""
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


class PlacementState(StrEnum):
    """Who says where a landmark is in one image."""

    PREDICTED = "predicted"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    ABSENT = "absent"


class ReviewState(StrEnum):
    """How far the review of one image is."""

    UNREAD = "unread"
    IN_PROGRESS = "in_progress"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SECOND_OPINION = "second_opinion"


@dataclass(frozen=True)
class Landmark:
    """A named template point.

    Parameters
    ----------
    name : str
        Unique within a project.
    structure : str
        Name of the structure in whose chart it lies.
    u, v : float
        Chart coordinates, at most ±`chart.REACH`.
    rule : str
        Where it is, in words.
    group, colour : str
        For the list and the markers; colour as ``#rrggbb``.
    hidden, locked : bool
        Hidden landmarks are exported but not drawn; locked ones are not moved on the template.
    """

    name: str
    structure: str
    u: float
    v: float
    rule: str = ""
    group: str = ""
    colour: str = LANDMARK_COLOUR
    hidden: bool = False
    locked: bool = False

    @property
    def uv(self) -> tuple[float, float]:
        """Chart coordinates."""
        return (self.u, self.v)

    def check(self, template: Template) -> None:
        """Raise ValueError with a sentence if the template has no such point, or a text or colour can't be kept."""
        check_texts("landmark", self.name, self.colour, self.group)
        if well_formed(self.rule) != self.rule:
            raise ValueError(f"The rule of “{self.name}” holds halves of characters, which no file can keep.")
        try:
            template.structure(self.structure)
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
        if not (np.isfinite(self.u) and np.isfinite(self.v) and max(abs(self.u), abs(self.v)) <= REACH):
            raise ValueError(f"Landmark “{self.name}”: u and v must lie within ±{REACH}, not ({self.u}, {self.v}).")


class Drawn(Protocol):
    """What is drawn in a colour of its own, or hidden: a landmark, a region."""

    @property
    def colour(self) -> str:
        """``#rrggbb``."""

    @property
    def hidden(self) -> bool:
        """Whether it is not drawn."""


def check_texts(kind: str, name: str, colour: str, group: str = "") -> None:
    """Raise ValueError with a sentence if a name, a group or a colour of a landmark or a region can't be kept."""
    if not name.strip():
        raise ValueError(f"A {kind} needs a name.")
    for text in (name, group):
        if one_line(text) != text:
            raise ValueError(f"“{one_line(text)}” is no name: it holds characters that cannot be written on a line.")
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"{kind.capitalize()} “{name}”: a colour is written #rrggbb, not “{one_line(colour)}”.")


def free_colour(drawn: Iterable[Drawn], colours: Sequence[str] = LANDMARK_COLOURS) -> str:
    """The first of some colours that those that are not hidden have least."""
    counts = Counter(one.colour for one in drawn if not one.hidden)
    return min(colours, key=lambda colour: counts[colour])


@dataclass(frozen=True, eq=False)
class Placements:
    """One landmark in N images, in the order of the project's images.

    Attributes
    ----------
    xy : array [N, 2], float64
        Native pixels; NaN where absent or not predicted yet.
    states : tuple of PlacementState or None
        None where the image has no prediction yet.
    expected_error : array [N], float64
        Native pixels; 0 where a reader placed it, NaN where there is no place.
    """

    xy: npt.NDArray[np.float64]
    states: tuple[PlacementState | None, ...]
    expected_error: npt.NDArray[np.float64]


def landmark_set_to_json(anatomy: str, landmarks: list[Landmark]) -> dict[str, Any]:
    """A landmark set as the small JSON of the design's seams."""
    kept = ("name", "structure", "u", "v", "rule", "group", "colour")
    return {"anatomy": anatomy, "landmarks": [{k: asdict(mark)[k] for k in kept} for mark in landmarks]}


def landmark_set_from_json(data: Any, template: Template) -> list[Landmark]:
    """Read a landmark set.

    Raises
    ------
    ValueError
        With a sentence for the reader: not a landmark set, another anatomy, an unknown structure, a name twice, a text
        that can't be kept.
    """
    if not isinstance(data, dict) or not isinstance(data.get("landmarks"), list):
        raise ValueError("This is not a landmark set: it has no list “landmarks”.")
    if data.get("anatomy", template.anatomy) != template.anatomy:
        raise ValueError(f"This landmark set is for the anatomy “{data['anatomy']}”, not “{template.anatomy}”.")
    found: dict[str, Landmark] = {}
    for entry in data["landmarks"]:
        try:
            mark = Landmark(
                name=str(entry["name"]).strip(),
                structure=str(entry["structure"]),
                u=float(entry["u"]),
                v=float(entry["v"]),
                rule=str(entry.get("rule") or ""),
                group=str(entry.get("group") or ""),
                colour=str(entry.get("colour") or LANDMARK_COLOUR),
            )
        except (TypeError, KeyError, ValueError, AttributeError):
            raise ValueError("A landmark in this set lacks its name, structure, u or v.") from None
        mark.check(template)
        if mark.name in found:
            raise ValueError(f"The landmark set names “{mark.name}” twice.")
        found[mark.name] = mark
    return list(found.values())
