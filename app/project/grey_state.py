"""Grey values inside regions, of all images: read from the files elsewhere, kept in memory until charts change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.measure import Unit, Values
from app.core.region import Grey, grey_inside
from app.core.template import Template
from app.io.grey_pixels import grey_pixels
from app.project.pixel_sizes import Flags, SizedState
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore


class GreyWanted(NamedTuple):
    """What is to be read of one image: its file, and outlines [K, 2] by the numbers of regions, native pixels.

    `stamp` tells whether the outlines are still those of the image when the values come.
    """

    image: str
    path: Path
    size: tuple[int, int]
    outlines: dict[int, Points]
    stamp: int


class GreyFound(NamedTuple):
    """The grey values inside regions of one image, by their numbers; None where there are none."""

    wanted: GreyWanted
    greys: dict[int, Grey | None]
    unit: Unit


def read_grey(wanted: GreyWanted) -> GreyFound:
    """Read a file for what is wanted of it; may run on any thread."""
    pixels = grey_pixels(wanted.path, wanted.size)
    if pixels is None:
        return GreyFound(wanted, dict.fromkeys(wanted.outlines), Unit.GREY)
    greys = {number: grey_inside(pixels.values, outline) for number, outline in wanted.outlines.items()}
    return GreyFound(wanted, greys, pixels.unit)


@dataclass(eq=False)
class _Greys:
    """Of one region, by slot: mean and standard deviation [S, 2], whether they are HU [S], stamps of charts [S]."""

    values: Values = field(default_factory=lambda: np.zeros((0, 2)))
    hounsfield: Flags = field(default_factory=lambda: np.zeros(0, bool))
    stamps: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def resize(self, count: int) -> None:
        """Make room for slots; of new ones nothing is known."""
        more = count - len(self.stamps)
        if more > 0:
            self.values = np.concatenate([self.values, np.full((more, 2), np.nan)])
            self.hounsfield = np.concatenate([self.hounsfield, np.zeros(more, bool)])
            self.stamps = np.concatenate([self.stamps, np.full(more, -1, np.int64)])


class GreyState(SizedState):
    """A project's state that knows the grey values inside regions, once they were read."""

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, template, network_size)
        self._greys: dict[int, _Greys] = {}

    def _greys_of(self, number: int, count: int) -> _Greys:
        held = self._greys.setdefault(number, _Greys())
        held.resize(count)
        return held

    def greys(self, number: int, there: Flags) -> tuple[Values, Flags]:
        """Mean and standard deviation of a region in all images [N, 2], NaN where unknown, and where they are HU [N].

        `there` says in which images it has a place.
        """
        charts = self.charts
        held = self._greys_of(number, len(charts))
        known = (held.stamps[: len(charts)] == charts.stamps)[self._order] & there
        return np.where(known[:, None], held.values[self._order], np.nan), held.hounsfield[self._order] & known

    def greys_in(self, image: str, number: int, there: bool) -> tuple[Values, Flags]:
        """The same in one image [1, 2], [1]."""
        charts, slot = self._charts_with(image), self.slot(image)
        held = self._greys_of(number, len(charts))
        if not there or held.stamps[slot] != charts.stamps[slot]:
            return np.full((1, 2), np.nan), np.zeros(1, bool)
        return held.values[slot][None], held.hounsfield[slot][None]

    def _there_in(self, number: int) -> Flags:
        if self.region_of(number) is None:
            return np.zeros(len(self._order), bool)
        return np.asarray(~np.isnan(self.carried(number)[1].box[:, 0]))

    def grey_wanted_in(self, image: str, numbers: Iterable[int]) -> GreyWanted | None:
        """What has to be read of one image to know the grey values inside regions; None where nothing has."""
        charts, slot, facts = self._charts_with(image), self.slot(image), self.rows.facts_of(image)
        if facts is None or facts.height is None or facts.width is None or not self.predicted(image):
            return None
        stamp = int(charts.stamps[slot])
        unknown = {n for n in numbers if self._greys_of(n, len(charts)).stamps[slot] != stamp}
        found = self.regions_in(image, hidden=True) if unknown and not self.changed_since_accepted(image) else []
        outlines = {one.number: one.xy for one in found if one.number in unknown and one.there}
        size = facts.height, facts.width
        return GreyWanted(image, self.rows.path(image), size, outlines, stamp) if outlines else None

    def grey_unknown(self, numbers: Iterable[int]) -> list[str]:
        """The images of which a region's grey values are not known yet."""
        charts, found = self.charts, np.zeros(len(self._order), bool)
        for number in numbers:
            held = self._greys_of(number, len(charts))
            found |= (held.stamps[: len(charts)] != charts.stamps)[self._order] & self._there_in(number)
        return [self.rows.images[place] for place in np.flatnonzero(found).tolist()]

    def take_grey(self, found: GreyFound) -> bool:
        """Keep what was read of an image, unless it shows something else by now."""
        image = found.wanted.image
        if image not in self.rows.images_set:
            return False
        charts, slot = self._charts_with(image), self.slot(image)
        if charts.stamps[slot] != found.wanted.stamp:
            return False
        for number, grey in found.greys.items():
            held = self._greys_of(number, len(charts))
            held.values[slot] = (grey.mean, grey.sd) if grey is not None else np.nan
            held.hounsfield[slot] = found.unit is Unit.HU
            held.stamps[slot] = found.wanted.stamp
        return True
