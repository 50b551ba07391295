"""Measurements: the actions, and the part of a `Session` that does and gives them.

A measurement is a named formula. It is kept with the numbers of landmarks, so that renaming one breaks nothing; after
one was deleted its value is unknown, but for the images that were accepted with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.core.formula import FormulaError
from app.core.measurement_set import NamedFormula, Things
from app.project.changes import Change, MeasurementsChanged
from app.project.measured import MeasuredIn, MeasuredState, Measurement, MeasurementEntry
from app.project.regions import SessionRegions
from app.store.changes import Action, Writer
from app.store.row_types import MeasurementRow


def things(state: MeasuredState) -> Things:
    """What formulas of a project may name."""
    regions = {region.name: (number, region.closed) for number, region in state.rows.regions.items()}
    return Things(state.template, state.rows.numbers, state.groups, regions)


def row_of(state: MeasuredState, name: str) -> MeasurementRow:
    """The measurement of that name; raises ValueError for an unknown one."""
    for row in state.rows.measurements.values():
        if row.name == name:
            return row
    raise ValueError(f"The project has no measurement “{name}”.")


def _check(state: MeasuredState, name: str, besides: str = "") -> None:
    if name != besides and name in {row.name for row in state.rows.measurements.values()}:
        raise ValueError(f"There is a measurement “{name}” already. Choose another name.")


def define(state: MeasuredState, wanted: Sequence[NamedFormula]) -> Action:
    """Define measurements."""
    rows: list[MeasurementRow] = []
    for one in wanted:
        one.check()
        _check(state, one.name)
        rows.append(MeasurementRow(None, one.name, things(state).kept(one.formula)))

    def edit(writer: Writer) -> None:
        for row in rows:
            writer.put("measurements", *row)

    name = wanted[0].name if wanted else ""
    label = f"Define the measurement “{name}”" if len(wanted) == 1 else f"Add {len(wanted)} measurements"
    return Action(MeasurementsChanged.code, label, edit)


def change(state: MeasuredState, name: str, new: str | None, formula: str | None) -> Action:
    """Give a measurement another name, another formula, or both."""
    row = row_of(state, name)
    wanted = NamedFormula(row.name if new is None else new, "")
    wanted.check()
    _check(state, wanted.name, besides=name)
    same = formula is None or formula == state.entry(row).formula  # one that names what is gone can still be renamed
    kept = row.formula if same or formula is None else things(state).kept(formula)

    def edit(writer: Writer) -> None:
        writer.put("measurements", row.number, wanted.name, kept)

    label = f"Change the formula of “{wanted.name}”"
    if kept == row.formula:
        label = f"Rename the measurement “{name}” to “{wanted.name}”"
    elif wanted.name != name:
        label = f"Change name and formula of “{name}”, now “{wanted.name}”"
    return Action(MeasurementsChanged.code, label, edit)


def delete(state: MeasuredState, name: str) -> Action:
    """Delete a measurement."""
    row = row_of(state, name)

    def edit(writer: Writer) -> None:
        writer.drop("measurements", id=row.number)

    return Action(MeasurementsChanged.code, f"Delete the measurement “{name}”", edit)


class SessionMeasurements(SessionRegions):
    """The part of a `Session` that measures."""

    @property
    def measurements(self) -> tuple[MeasurementEntry, ...]:
        """All measurements, in the order in which they were defined."""
        return tuple(map(self._state.entry, self._state.rows.measurements.values()))

    def measurement(self, name: str) -> Measurement:
        """One measurement in all images, in the order of `images`; raises ValueError for an unknown name."""
        return self._state.measured([row_of(self._state, name)])[0]

    def measure(self) -> list[Measurement]:
        """All measurements in all images: quicker than one by one."""
        return self._state.measured(tuple(self._state.rows.measurements.values()))

    def measurements_in(self, image: str) -> list[MeasuredIn]:
        """All measurements in one image."""
        self._state.slot(image)
        return self._state.measured_in(image, tuple(self._state.rows.measurements.values()))

    def preview_measurements(self, image: str, landmark: str, xy: tuple[float, float]) -> list[MeasuredIn]:
        """The measurements that depend on a landmark, as they would be if it lay at `xy` (native pixels) in an image.

        Nothing is stored.
        """
        self._state.slot(image)
        rows = tuple(self._state.rows.measurements.values())
        return self._state.moved_in(image, self._state.rows.number(landmark), xy, rows)

    def measure_ahead(self, seconds: float) -> bool:
        """Read what `measure` needs little by little, for about so long; True once all is there.

        Nothing needs this: what is asked for is read at once.
        """
        return self._state.measure_ahead(seconds)

    def check_formula(self, formula: str) -> None:
        """Raise FormulaError, with a sentence and the place, where a formula can't be measured in this project."""
        things(self._state).kept(formula)

    @property
    def measurable(self) -> Things:
        """What formulas of this project may name."""
        return things(self._state)

    def define_measurement(self, name: str, formula: str) -> Change | None:
        """Define a measurement; one undo step.

        Parameters
        ----------
        name : str
        formula : str
            Of landmarks, structures and groups of structures by their names; see `app.core.formula`.

        Raises
        ------
        FormulaError
            With what is wrong with the formula, and where.
        ValueError
            Where the name is taken or can't be kept.
        """
        return self._act(define, [NamedFormula(name.strip(), formula)])

    def update_measurement(
        self, measurement: str, /, name: str | None = None, formula: str | None = None
    ) -> Change | None:
        """Give a measurement another name, another formula, or both; one undo step. Raises like the definition."""
        return self._act(change, measurement, None if name is None else name.strip(), formula)

    def delete_measurement(self, name: str) -> Change | None:
        """Delete a measurement; one undo step."""
        return self._act(delete, name)

    @property
    def offered_measurements(self) -> tuple[NamedFormula, ...]:
        """The model's measurements that this project does not have by name, and could: older ones came without."""
        names = {entry.name for entry in self.measurements}
        return tuple(one for one in self.bundle.measurements.measurements if one.name not in names and self._can(one))

    def _can(self, one: NamedFormula) -> bool:
        try:
            self.check_formula(one.formula)
        except FormulaError:
            return False
        return True

    def add_offered_measurements(self) -> Change | None:
        """Add the model's measurements that this project does not have; one undo step."""
        offered = self.offered_measurements
        return self._act(define, offered) if offered else None
