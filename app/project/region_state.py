"""Regions and curves in the images of a project: a look-up in the inverse charts, kept until those change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.core.frame import Points
from app.core.measure import Shapes
from app.core.prediction import sample_chart
from app.core.region import Region, crosses_itself, shapes_of
from app.core.template import Template
from app.project.state import ProjectState
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore

_AT_ONCE = 256
"""Images into which a region is carried in one go: some milliseconds."""


@dataclass(frozen=True, eq=False)
class RegionIn:
    """One region or curve in one image.

    Attributes
    ----------
    region : Region
    xy : array [K, 2], float64
        Points along its sides, native pixels; a region's end where they begin. NaN where its structure is absent, also
        where a reader said so, or nothing is predicted.
    new_since_accepted : bool
        The image was accepted before it was drawn: nobody has looked at it there.
    deleted : bool
        It is no more; the image was accepted with it and keeps it.
    number : int
        What tells it from others of its name, deleted ones among them.
    """

    region: Region
    xy: Points
    new_since_accepted: bool = False
    deleted: bool = False
    number: int = -1

    @property
    def there(self) -> bool:
        """Whether it has a place in this image."""
        return bool(np.isfinite(self.xy).all())

    @cached_property
    def crosses_itself(self) -> bool:
        """Whether its outline is folded here, so that its area means nothing."""
        return self.region.closed and crosses_itself(self.xy)


@dataclass(eq=False)
class _Carried:
    """A region in all images, by slot.

    Attributes
    ----------
    xy : array [S, K, 2], float32
    stamps : array [S], int64
        Those of the charts from which each was read (`ChartStack.stamps`), -1 before.
    """

    xy: npt.NDArray[np.float32]
    stamps: npt.NDArray[np.int64]
    shapes: Shapes = field(default_factory=lambda: Shapes(np.zeros((0, 4)), np.zeros(0)))

    def resize(self, count: int) -> None:
        """Make room for slots; new ones hold nothing yet."""
        more = count - len(self.stamps)
        if more > 0:
            self.xy = np.concatenate([self.xy, np.full((more, *self.xy.shape[1:]), np.nan, np.float32)])
            self.stamps = np.concatenate([self.stamps, np.full(more, -1, np.int64)])
            box, area = self.shapes
            box = np.concatenate([box, np.full((more, 4), np.nan)])
            self.shapes = Shapes(box, np.concatenate([area, np.full(more, np.nan)]))


class RegionState(ProjectState):
    """The part of a project's state that carries regions into images; made as `ProjectState` is."""

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, template, network_size)
        self._carried_regions: dict[int, _Carried] = {}

    def region_of(self, number: int) -> Region | None:
        """A region by its number, a deleted one too; None for a number that no region has."""
        return self.rows.regions.get(number) or self.rows.deleted_regions.get(number)

    def regions_in(self, image: str, hidden: bool) -> list[RegionIn]:
        """The regions of an image in the order in which they were drawn; see `SessionRegions.regions_in`."""
        slot, accepted = self.slot(image), image in self.rows.frozen
        charts = self._charts_with(image)  # first: what is frozen is read with them
        held = self._frozen_regions.get(image, frozenset()) if accepted else frozenset()
        gone = {number: one for number, one in self.rows.deleted_regions.items() if number in held}
        found, absent = [], self.rows.absent_structures(image)
        for number, region in sorted((self.rows.regions | gone).items()):
            if region.hidden and not hidden:
                continue
            uv = region.fine(self.template)
            there = self.predicted(image) and region.structure not in absent
            chart = charts.chart(region.structure, slot) if there else None
            xy = np.full(uv.shape, np.nan) if chart is None else sample_chart(chart, uv)
            found.append(RegionIn(region, xy, accepted and number not in held, number in gone, number))
        return found

    def carried(self, number: int) -> tuple[Points, Shapes]:
        """A region in all images in their order: points [N, K, 2] along its sides, and how far it extends.

        Native pixels, NaN where it is nowhere. One that was deleted is in the images that were accepted with it.
        """
        self.charts  # noqa: B018 (read them all)
        self.carry_ahead((number,), float("inf"))
        held = self._carried_regions[number]
        xy, shapes = held.xy[self._order].astype(float), Shapes(*(part[self._order] for part in held.shapes))
        nowhere, region = ~self._is_predicted(), self.region_of(number)
        nowhere[self.set_absent(region.structure) if region is not None else []] = True
        if number not in self.rows.regions:
            nowhere |= np.array([number not in self._frozen_regions.get(name, ()) for name in self.rows.images], bool)
        for part in (xy, *shapes):
            part[nowhere] = np.nan
        return xy, shapes

    def carry_ahead(self, numbers: Iterable[int], end: float) -> bool:
        """Carry regions into the images whose charts have changed, until about `end` (`time.perf_counter`).

        True once none is left. Charts have to be read already.
        """
        charts = self.charts
        for number in numbers:
            region = self.region_of(number)
            if region is None:
                continue
            uv = np.array(region.fine(self.template))
            held = self._carried_regions.get(number)
            if held is None:
                held = _Carried(np.zeros((0, len(uv), 2), np.float32), np.zeros(0, np.int64))
                self._carried_regions[number] = held
            held.resize(len(charts))
            stale = np.flatnonzero(held.stamps[: len(charts)] != charts.stamps)
            for slots in np.split(stale, np.flatnonzero(np.diff(stale // _AT_ONCE)) + 1) if len(stale) else ():
                xy = charts.find_in(region.structure, uv, slots)
                held.xy[slots], held.stamps[slots] = xy, charts.stamps[slots]
                held.shapes.box[slots], held.shapes.area[slots] = shapes_of(xy)
                if time.perf_counter() > end:
                    return False
        return True
