"""What measurements are computed from: placements, extents of masks and pixel sizes of all images, or of one."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.core.formula import EXTENTS, Formula, FormulaError, Kind, calls, grey_regions, parse, replaced
from app.core.formula import names as names_in
from app.core.frame import Points, Provenance
from app.core.landmark import PlacementState
from app.core.mask_error import contour_errors, errors_together
from app.core.measure import Inputs, ShapeErrors, Shapes, Unit, Values, compute, expected_error, together, unit
from app.core.measurement_set import GROUP, LANDMARK, REGION, STRUCTURE, split
from app.core.native_mask import NOTHING, UNKNOWN, Extents, extent, predicted_extents
from app.core.prediction import sample_chart
from app.core.region import shapes_of
from app.io.bundle import Bundle
from app.project.caliper_ends import Said, between
from app.project.grey_state import GreyState
from app.project.pixel_sizes import Flags, Geometry
from app.store.charts import CODES
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import MaskRow, MeasurementRow

_ABSENT = CODES.index("absent")


Placed: TypeAlias = Mapping[str, npt.NDArray[np.float64]]
Ended: TypeAlias = Mapping[tuple[str, int], Points]
NOT_PLACED: Placed = MappingProxyType({})
NOT_ENDED: Ended = MappingProxyType({})


class MeasurementState(StrEnum):
    """Whether a reader touched anything that a value depends on."""

    PREDICTED = "predicted"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class MeasurementEntry:
    """One measurement of a project.

    Attributes
    ----------
    name, formula : str
        As a reader writes them.
    number : int
        It outlives renaming and is never used again.
    missing : tuple of str
        What the formula names and the project does not have any more: the value is unknown then.
    """

    name: str
    formula: str
    number: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Measurement:
    """One measurement in N images, in the order of the project's images.

    Attributes
    ----------
    entry : MeasurementEntry
    values : array [N], float64
        In the units of `units`; NaN where something is absent or unknown.
    units : tuple of Unit
        Those of a length and an area depend on whether the image's pixel size is known.
    states : tuple of MeasurementState or None
        None where nothing is known of the image.
    spacing : tuple of Provenance or None
        Where each image's pixel size comes from, None where it is unknown.
    """

    entry: MeasurementEntry
    values: Values
    units: tuple[Unit, ...]
    states: tuple[MeasurementState | None, ...]
    spacing: tuple[Provenance | None, ...]
    formula: Formula | None = field(repr=False)
    inputs: Inputs = field(repr=False)
    errors: dict[str, Values] = field(repr=False)
    shape_errors: dict[str, ShapeErrors] = field(repr=False)

    @cached_property
    def expected_error(self) -> Values:
        """What each value [N] is expected to miss by, in its unit: a standard deviation; NaN where it is not known.

        That of masks is known where one image alone is measured."""
        if self.formula is None:
            return np.full(len(self.values), np.nan)
        return expected_error(self.formula, self.inputs, self.errors, self.shape_errors)


class MeasuredIn(NamedTuple):
    """One measurement in one image; see `Measurement`."""

    entry: MeasurementEntry
    value: float
    unit: Unit
    state: MeasurementState | None
    spacing: Provenance | None
    expected_error: float


class _Gathered(NamedTuple):
    """Inputs by their references, expected errors of points, and where a reader touched each [N].

    Of shapes `ends` tells along which axes of the file readers said where they end [N, 2], of regions
    `hounsfield` whether their grey values are HU [N].
    """

    inputs: Inputs
    errors: dict[str, Values]
    touched: dict[str, Flags]
    ends: dict[str, Flags]
    hounsfield: dict[str, Flags]
    shape_errors: dict[str, ShapeErrors]


class MeasuredState(GreyState):
    """A project's state with its measurements."""

    def __init__(self, project: ProjectStore, predictions: PredictionStore, bundle: Bundle) -> None:
        super().__init__(project, predictions, bundle.template, bundle.network_size)
        self.groups = bundle.measurements.groups
        self._drawn: dict[str, tuple[tuple[int, int], Extents]] = {}
        self._formulas: dict[str, Formula | None] = {}
        self.ends_of_masks: dict[tuple[object, ...], Points] = {}

    # --- measurements

    def entry(self, row: MeasurementRow) -> MeasurementEntry:
        """A measurement as a reader reads it."""
        assert row.number is not None
        missing = tuple(self.called(name) for name in self._needed(row) if not self._there(name))
        return MeasurementEntry(row.name, replaced(row.formula, self.called), row.number, missing)

    def called(self, reference: str) -> str:
        """What a reference is called, for the reader; a deleted landmark as it was called."""
        kind, which = split(reference)
        if kind == REGION:
            region = self.region_of(int(which))
            return region.name if region is not None else reference
        if kind != LANDMARK:
            return which
        mark = self.rows.landmarks.get(int(which)) or self.rows.deleted.get(int(which))
        return mark.name if mark is not None else reference

    def formula(self, text: str) -> Formula | None:
        """A kept formula, read once; None for one that this version can't read."""
        if text not in self._formulas:
            try:
                self._formulas[text] = parse(text)
            except FormulaError:
                self._formulas[text] = None
        return self._formulas[text]

    def _there(self, reference: str) -> bool:
        kind, which = split(reference)
        if kind == LANDMARK:
            return int(which) in self.rows.landmarks
        if kind == REGION:
            return int(which) in self.rows.regions
        structures = {structure.name for structure in self.template.structures}
        return which in (structures if kind == STRUCTURE else self.groups)

    def measured(self, rows: Sequence[MeasurementRow]) -> list[Measurement]:
        """Measurements in all images."""
        needed = {row.number: self._needed(row) for row in rows}
        gathered = self._gather(dict.fromkeys(name for names in needed.values() for name in names))
        here = self.geometry
        known = self._is_predicted()
        return [self._measurement(row, needed[row.number], gathered, here, known) for row in rows]

    def measured_in(self, image: str, rows: Sequence[MeasurementRow]) -> list[MeasuredIn]:
        """Measurements in one image."""
        return list(map(_in_one, self.measured_alone(image, rows)))

    def moved_in(
        self, image: str, number: int, xy: Sequence[float], rows: Sequence[MeasurementRow]
    ) -> list[MeasuredIn]:
        """Those of some measurements that depend on a landmark, as they would be if it lay elsewhere in an image."""
        reference = f"{LANDMARK}:{number}"
        wanted = [row for row in rows if reference in self._needed(row)]
        return list(map(_in_one, self.measured_alone(image, wanted, {reference: np.array(xy, float)})))

    def ended_in(
        self, image: str, shape: str, axis: int, ends: Points, rows: Sequence[MeasurementRow]
    ) -> list[MeasuredIn]:
        """Those of some measurements that depend on a shape, as they would be if it ended elsewhere in an image."""
        wanted = [row for row in rows if shape in self._needed(row)]
        return list(map(_in_one, self.measured_alone(image, wanted, ended={(shape, axis): ends})))

    def chart_stamp(self, image: str) -> int:
        """A number that changes with the prediction of an image."""
        return int(self._charts_with(image).stamps[self.slot(image)])

    def measured_shape(self, image: str, shape: str) -> Values:
        """The box [4] of a shape in one image, see `Shapes`; NaN where it is absent."""
        found = self._gather_in(image, (shape,), self.geometry_of((image,)), NOT_PLACED, NOT_ENDED)
        return np.asarray(found.inputs.shapes[shape].box[0])

    def measured_alone(
        self,
        image: str,
        rows: Sequence[MeasurementRow],
        placed: Placed = NOT_PLACED,
        ended: Ended = NOT_ENDED,
    ) -> list[Measurement]:
        """Measurements as if there were one image (N = 1), with landmarks elsewhere, by reference, where `placed`.

        What `ended` tells are ends [2, 2] of shapes, by reference and axis of the file.
        """
        here = self.geometry_of((image,))
        needed = {row.number: self._needed(row) for row in rows}
        wanted = dict.fromkeys(name for names in needed.values() for name in names)
        gathered = self._gather_in(image, wanted, here, placed, ended)
        known = np.array([self.predicted(image)])
        return [self._measurement(row, needed[row.number], gathered, here, known) for row in rows]

    def _needed(self, row: MeasurementRow) -> tuple[str, ...]:
        formula = self.formula(row.formula)
        return () if formula is None else tuple(names_in(formula))

    def _measurement(
        self, row: MeasurementRow, needed: tuple[str, ...], gathered: _Gathered, here: Geometry, known: Flags
    ) -> Measurement:
        formula, count = self.formula(row.formula), len(here.known)
        values = np.full(count, np.nan) if formula is None else compute(formula, gathered.inputs)
        touched = np.zeros(count, bool)
        for name in needed:
            touched |= gathered.touched[name]
        if formula is not None and gathered.ends:
            for call in calls(formula):
                if call.function in EXTENTS and call.names[0] in gathered.ends:
                    turned = gathered.inputs.turned
                    along, across = EXTENTS[call.function], 1 - EXTENTS[call.function]
                    ends = gathered.ends[call.names[0]]
                    touched |= np.where(turned, ends[:, across], ends[:, along])
        states = np.array([None, MeasurementState.PREDICTED, MeasurementState.CORRECTED], object)
        units: list[Unit] = [Unit.RATIO] * count
        if formula is not None:
            both = np.array([unit(formula.kind, spacing_known=False), unit(formula.kind, spacing_known=True)], object)
            units = both[here.known.astype(int)].tolist()
        if formula is not None and formula.kind is Kind.GREY:
            hounsfield = np.logical_or.reduce([gathered.hounsfield[name] for name in grey_regions(formula)])
            units = [Unit.HU if each else Unit.GREY for each in hounsfield.tolist()]
        return Measurement(
            *(self.entry(row), values, tuple(units), tuple(states[np.where(touched, 2, known)].tolist())),
            *(tuple(here.spacing), formula, gathered.inputs),
            errors=gathered.errors,
            shape_errors=gathered.shape_errors,
        )

    # --- points and shapes

    def _gather(self, needed: Iterable[str]) -> _Gathered:
        here, found = self.geometry, _Gathered(Inputs(np.zeros((0, 2)), np.zeros(0, bool)), {}, {}, {}, {}, {})
        points, shapes, curves, greys = {}, {}, {}, {}
        extents: dict[str, tuple[Values, Flags]] = {}
        if any(not name.startswith(LANDMARK) for name in needed):
            self.measure_ahead(math.inf)
        for name in needed:
            kind, which = split(name)
            if kind == LANDMARK:
                points[name], found.errors[name], found.touched[name] = self._point(int(which))
                continue
            if kind == REGION:
                curves[name], shapes[name] = self._region(int(which))
                found.touched[name] = np.zeros(len(here.known), bool)
                found.touched[name][self.set_absent(self._structure_of(int(which)))] = True
                there = ~np.isnan(shapes[name].box[:, 0])
                greys[name], found.hounsfield[name] = self.greys(int(which), there)
            else:
                parts = self._members(kind, which)
                for part in parts:
                    if part not in extents:
                        extents[part] = self._extents(part)
                shapes[name], found.touched[name] = _all_of([extents[part] for part in parts], len(here.known))
            shapes[name], found.ends[name] = between(shapes[name], self._said_ends(name))
        return found._replace(inputs=Inputs(here.sides, here.turned, points, shapes, curves, greys))

    def _gather_in(self, image: str, needed: Iterable[str], here: Geometry, placed: Placed, ended: Ended) -> _Gathered:
        errors: dict[str, Values] = {}
        touched: dict[str, Flags] = {}
        ends: dict[str, Flags] = {}
        hounsfield: dict[str, Flags] = {}
        shape_errors: dict[str, ShapeErrors] = {}
        points, shapes, curves, greys = {}, {}, {}, {}
        numbers = {int(split(name)[1]): name for name in needed if name.startswith(LANDMARK)}
        for number, (xy, error, by_reader) in self._points_in(image, list(numbers)).items():
            name = numbers[number]
            elsewhere = placed.get(name)
            points[name] = (xy if elsewhere is None else elsewhere)[None]
            errors[name] = np.array([error if elsewhere is None else 0.0])
            touched[name] = np.array([by_reader or elsewhere is not None])
        for name in needed:
            kind, which = split(name)
            if kind == REGION:
                curves[name], shapes[name] = self._region_in(image, int(which))
                touched[name] = np.array([self._structure_of(int(which)) in self.rows.absent_structures(image)])
                there = bool(np.isfinite(shapes[name].box).all())
                greys[name], hounsfield[name] = self.greys_in(image, int(which), there)
            elif kind != LANDMARK:
                found = [(one[None].astype(float), np.array([by])) for one, by in self._extents_in(image, kind, which)]
                shapes[name], touched[name] = _all_of(found, 1)
                shape_errors[name] = self._shape_errors(image, self._members(kind, which), found)
            if kind != LANDMARK:
                by_hand = self.rows.calipers.get(image, {})
                said = {axis: {0: row.ends} for (shape, axis), row in by_hand.items() if shape == name}
                said |= {axis: {0: both} for (shape, axis), both in ended.items() if shape == name}
                shapes[name], ends[name] = between(shapes[name], said)
                if name in shape_errors:
                    shape_errors[name].sides[:, np.tile(ends[name][0], 2)] = 0
        inputs = Inputs(here.sides, here.turned, points, shapes, curves, greys)
        return _Gathered(inputs, errors, touched, ends, hounsfield, shape_errors)

    def _shape_errors(self, image: str, members: Sequence[str], found: Sequence[tuple[Values, Flags]]) -> ShapeErrors:
        """By how much structures together are expected to miss in one image; what a reader drew does not."""
        charts, slot, parts = self._charts_with(image), self.slot(image), []
        for member, (extents, drawn) in zip(members, found, strict=True):
            chart = charts.chart(member, slot) if not drawn[0] and np.isfinite(extents).all() else None
            if chart is None:
                parts.append((np.zeros(4), 0.0) if drawn[0] else (np.full(4, np.nan), math.nan))
            else:
                uv = self.template.structure(member).outline_uv
                errors = sample_chart(charts.errors(member, slot), uv)
                parts.append(contour_errors(sample_chart(chart, uv), errors))
        return errors_together(parts, np.concatenate([extents[:, :4] for extents, _ in found] or [np.zeros((0, 4))]))

    def _said_ends(self, reference: str) -> Said:
        """Where readers said that a shape ends, by the axis of the file and the places of images."""
        return {
            axis: {self.places[name]: row.ends for name, row in by_image.items()}
            for (shape, axis), by_image in self.rows.calipers_of.items()
            if shape == reference
        }

    def _region(self, number: int) -> tuple[npt.NDArray[np.float64], Shapes]:
        """A region in all images [N, K, 2] and how far it extends; nowhere where that version did not know it."""
        if self.region_of(number) is not None:
            return self.carried(number)
        count = len(self._order)
        return np.full((count, 1, 2), np.nan), Shapes(np.full((count, 4), np.nan), np.full(count, np.nan))

    def _structure_of(self, number: int) -> str:
        region = self.region_of(number)
        return region.structure if region is not None else ""

    def _region_in(self, image: str, number: int) -> tuple[npt.NDArray[np.float64], Shapes]:
        """The same in one image."""
        found = (one.xy for one in self.regions_in(image, hidden=True) if one.number == number)
        outline = next(found, np.full((1, 2), np.nan))[None]
        return outline, shapes_of(outline)

    def _point(self, number: int) -> tuple[Values, Values, Flags]:
        """Places [N, 2], expected errors [N] of a landmark, and where readers placed it; one that was deleted lies in
        the images that were accepted with it."""
        count = len(self._order)
        touched = np.zeros(count, bool)
        touched[[self.places[name] for name in self.rows.by_landmark.get(number, {})]] = True
        if number in self.rows.landmarks:
            touched[self.set_absent(self.rows.landmarks[number].structure)] = True
            xy, _, expected = self._placed(number)
        else:
            xy, expected, codes = np.full((count, 2), np.nan), np.full(count, np.nan), np.zeros(count, np.uint8)
            self.charts  # noqa: B018 (what is frozen is read with them)
            self._frozen.lay_over(number, self._order, codes, xy, expected)
        return xy, expected, touched

    def _points_in(self, image: str, numbers: Sequence[int]) -> dict[int, tuple[npt.NDArray[np.float64], float, bool]]:
        """The same in one image."""
        marks = {number: self.rows.landmarks[number] for number in numbers if number in self.rows.landmarks}
        xy, expected = self._places_in(image, list(marks.values()))
        predicted = dict(zip(marks, zip(xy, expected.tolist(), strict=True), strict=True))
        absent = self.rows.absent_structures(image)
        by_hand, slot, frozen = self.rows.by_image.get(image, {}), self.slot(image), image in self.rows.frozen
        found = {}
        for number in numbers:
            place, error = predicted.get(number, (np.full(2, np.nan), np.nan))
            gone = number in marks and marks[number].structure in absent
            if gone:
                place, error = np.full(2, np.nan), np.nan
            row = by_hand.get(number)
            code, held, held_error = self._frozen.at(number, slot) if frozen else (0, place, error)
            if row is not None and (number in marks or frozen):
                place, error = row.xy, np.nan if row.state == PlacementState.ABSENT else 0.0
            elif code:
                place, error = held, held_error
            found[number] = place, error, row is not None or gone
        return found

    def _members(self, kind: str, which: str) -> tuple[str, ...]:
        """The structures that a reference to a shape means; none where the template has no such thing."""
        parts = (which,) if kind == STRUCTURE else self.groups.get(which, ()) if kind == GROUP else ()
        known = {structure.name for structure in self.template.structures}
        return parts if known.issuperset(parts) else ()

    def _extents(self, structure: str) -> tuple[Values, Flags]:
        """How far a structure's mask extends in all images [N, 5], and where a reader said what it is [N]."""
        found = self.charts.extents(structure)[self._order].astype(float)
        found[~self._is_predicted()] = np.nan
        touched = np.zeros(len(found), bool)
        for name, said in self.rows.masks.items():
            row = said.get(structure)
            drawn = self._drawn_extent(row) if row is not None else None
            if drawn is not None:
                found[self.places[name]], touched[self.places[name]] = drawn, True
        return found, touched

    def _extents_in(self, image: str, kind: str, which: str) -> list[tuple[Extents, bool]]:
        slot, charts = self.slot(image), self._charts_with(image)
        if self.predicted(image) and np.isnan(charts.all_extents[:, slot, 4]).any():
            self._measure_masks(image)
        found = []
        for structure in self._members(kind, which):
            row = self.rows.masks.get(image, {}).get(structure)
            drawn = self._drawn_extent(row) if row is not None else None
            predicted = charts.extents(structure)[slot] if self.predicted(image) else UNKNOWN
            found.append((predicted if drawn is None else drawn, drawn is not None))
        return found

    def _drawn_extent(self, row: MaskRow) -> Extents | None:
        """How far a mask extends by what a reader said; None where that belongs to a file of another size."""
        if row.mask is None:
            return NOTHING
        if row.mask not in self._drawn:
            native = self._reader_mask(row).native
            if native is None:
                return UNKNOWN
            self._drawn[row.mask] = native.shape, extent(native)
        size, found = self._drawn[row.mask]
        facts = self.rows.facts_of(row.image)
        return found if facts is not None and size == (facts.height, facts.width) else None

    # --- what earlier versions did not keep

    def measure_ahead(self, seconds: float) -> bool:
        """Read what measuring all images needs, for about so long; True once all is there.

        Predictions of this version say how far their masks extend. Those of accepted images that an earlier version
        made, and masks that readers drew, are read one by one.
        """
        end = time.perf_counter() + seconds
        if not self.read_ahead(seconds) or not self.geometry_ahead(end):
            return False
        unknown = np.isnan(self.charts.all_extents[:, self._order, 4]).any(axis=0) & self._is_predicted()
        for place in np.flatnonzero(unknown).tolist():
            self._measure_masks(self.rows.images[place])
            if time.perf_counter() > end:
                return False
        for row in [row for said in self.rows.masks.values() for row in said.values()]:
            if row.mask is not None and row.mask not in self._drawn:
                self._drawn_extent(row)
                if time.perf_counter() > end:
                    return False
        named = (split(name) for row in self.rows.measurements.values() for name in self._needed(row))
        numbers = dict.fromkeys(int(which) for kind, which in named if kind == REGION)
        return self.carry_ahead((number for number in numbers if self.region_of(number) is not None), end)

    def _measure_masks(self, image: str) -> None:
        """Find out how far the predicted masks of an image extend, and keep that in memory."""
        prediction, frame = self.prediction(image), self.frame(image)
        if prediction is not None:
            nothing = np.tile(NOTHING, (len(prediction.masks), 1))
            found = (
                nothing
                if frame is None
                else predicted_extents(prediction.masks, prediction.present, prediction.frame(frame))
            )
            self._charts_with(image).put_extents(self.slot(image), found)


def _in_one(one: Measurement) -> MeasuredIn:
    """A measurement of a single image."""
    error = float(one.expected_error[0])
    return MeasuredIn(one.entry, float(one.values[0]), one.units[0], one.states[0], one.spacing[0], error)


def _all_of(parts: Sequence[tuple[Values, Flags]], count: int) -> tuple[Shapes, Flags]:
    """Several structures together, and where any of them was touched; NaN where there are none."""
    if not parts:
        return Shapes(np.full((count, 4), np.nan), np.full(count, np.nan)), np.zeros(count, bool)
    return together(np.stack([found for found, _ in parts])), np.logical_or.reduce([touched for _, touched in parts])
