"""Regions and curves: the actions, and the part of a `Session` that does and gives them (design 5.17).

One is a polygon or polyline on the template and exists in every image. Its corners never change, and what it is in an
accepted image follows from the charts that were frozen there: so it stays as it was accepted. Names and colours are the
project's. A deleted one stays in the images that were accepted with it, as a deleted landmark does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from app.core.frame import Points
from app.core.landmark import free_colour
from app.core.region import REGION_COLOURS, Region
from app.io.region_set import example_regions
from app.project.changes import Change, RegionsChanged
from app.project.learning import SessionLearning
from app.project.measured import MeasuredState
from app.project.region_state import RegionIn
from app.store.changes import Action, Writer
from app.store.row_types import region_row


def number_of(state: MeasuredState, name: str) -> int:
    """Number of a region; raises ValueError for an unknown name."""
    for number, region in state.rows.regions.items():
        if region.name == name:
            return number
    raise ValueError(f"The project has no region or curve “{name}”.")


def _check(state: MeasuredState, region: Region, taken: set[str]) -> None:
    region.check(state.template)
    if region.name in taken:
        raise ValueError(f"There is a region or a curve “{region.name}” already. Choose another name.")
    if region.name in {*(one.name for one in state.template.structures), *state.groups}:
        raise ValueError(
            f"“{region.name}” is a structure, and formulas could not tell them apart. Choose another name."
        )


def define(state: MeasuredState, regions: Sequence[Region]) -> Action:
    """Draw regions."""
    taken = {one.name for one in state.rows.regions.values()}
    for region in regions:
        _check(state, region, taken)
        taken.add(region.name)

    def edit(writer: Writer) -> None:
        for region in regions:
            writer.put("regions", *region_row(None, region))

    label = f"Draw the {regions[0].kind} “{regions[0].name}”" if len(regions) == 1 else f"Add {len(regions)} regions"
    return Action(RegionsChanged.code, label, edit)


def change(state: MeasuredState, name: str, fields: dict[str, Any]) -> Action:
    """Give a region another name or colour, hide or show it."""
    number = number_of(state, name)
    before = state.rows.regions[number]
    if unknown := sorted(fields.keys() - {"name", "colour", "hidden"}):
        raise ValueError(
            f"What can be changed of a region is its name, its colour and hidden, not {', '.join(unknown)}."
        )
    after = replace(before, **fields)
    _check(state, after, {one.name for one in state.rows.regions.values()} - {name})

    def edit(writer: Writer) -> None:
        writer.put("regions", *region_row(number, after))

    label = f"Change the colour of “{after.name}”"
    if after.name != name:
        label = f"Rename the {after.kind} “{name}” to “{after.name}”"
    elif after.hidden != before.hidden:
        label = f"{'Hide' if after.hidden else 'Show'} the {after.kind} “{name}”"
    return Action(RegionsChanged.code, label, edit)


def delete(state: MeasuredState, name: str) -> Action:
    """Delete a region; images that were accepted with it keep it."""
    number = number_of(state, name)
    region = state.rows.regions[number]

    def edit(writer: Writer) -> None:
        writer.drop("regions", id=number)
        writer.put("deleted_regions", *region_row(number, region))

    return Action(RegionsChanged.code, f"Delete the {region.kind} “{name}”", edit)


class SessionRegions(SessionLearning):
    """The part of a `Session` that draws regions and curves and carries them into images."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """All regions and curves, in the order in which they were drawn."""
        return tuple(self._state.rows.regions.values())

    def region(self, image: str, name: str) -> Points:
        """A region or a curve in an image: points along its sides, native pixels [K, 2]; a region's end at the first.

        NaN where its structure is absent or nothing is predicted. Raises ValueError for an unknown name.
        """
        number = number_of(self._state, name)
        return next(one.xy for one in self._state.regions_in(image, hidden=True) if one.number == number)

    def regions_in(self, image: str, hidden: bool = True) -> list[RegionIn]:
        """All regions and curves in one image; an accepted one keeps those that were deleted later."""
        return self._state.regions_in(image, hidden)

    def define_region(
        self,
        name: str,
        structure: str,
        uv: Sequence[Sequence[float]],
        closed: bool = True,
        colour: str | None = None,
    ) -> Change | None:
        """Draw a region, or a curve where it is not closed; it is at once in every predicted image. One undo step.

        Parameters
        ----------
        name, structure : str
        uv : sequence of (u, v)
            Its corners in the chart of the structure; the first one is not repeated.
        closed : bool
        colour : str, optional
            ``#rrggbb``; without it one that the shown regions have least.

        Raises
        ------
        ValueError
            With a sentence: the name is taken, the outline crosses itself, leaves the structure, encloses nothing.
        """
        corners = tuple((float(u), float(v)) for u, v in np.asarray(uv, float).reshape(-1, 2).tolist())
        if closed and len(corners) > 1 and corners[0] == corners[-1]:
            corners = corners[:-1]
        region = Region(name.strip(), structure, corners, closed, colour or free_colour(self.regions, REGION_COLOURS))
        return self._act(define, [region])

    def update_region(self, region: str, /, **fields: Any) -> Change | None:
        """Give a region another `name` or `colour`, or hide it (`hidden`); one undo step. Its corners stay."""
        if "name" in fields:
            fields["name"] = str(fields["name"]).strip()
        return self._act(change, region, fields)

    def delete_region(self, name: str) -> Change | None:
        """Delete a region or a curve; images that were accepted with it keep it. One undo step."""
        return self._act(delete, name)

    @property
    def offered_regions(self) -> tuple[Region, ...]:
        """Those that come with the program for this anatomy and that the project does not have by name."""
        names = {one.name for one in self.regions}
        return tuple(one for one in example_regions(self.template) if one.name not in names)

    def add_offered_regions(self) -> Change | None:
        """Add the regions that come with the program; one undo step."""
        offered = self.offered_regions
        return self._act(define, offered) if offered else None
