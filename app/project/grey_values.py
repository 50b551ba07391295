"""Measurements of grey values: the part of a `Session` that reads files for them."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.formula import grey_regions
from app.core.measurement_set import split
from app.jobs import Event, Job, Progress, Result, start_job
from app.project.changes import GreyMeasured
from app.project.grey_state import GreyFound, GreyWanted, read_grey
from app.project.measurements import SessionMeasurements

AT_ONCE = 32
"""Images that are looked up before a job reads them: some milliseconds."""


class SessionGrey(SessionMeasurements):
    """The part of a `Session` that reads files for the grey values inside regions.

    Until a file was read, `mean` and `sd` of its regions are NaN. Values are kept as long as the session is open.
    """

    @property
    def measures_grey(self) -> bool:
        """Whether any measurement asks for grey values."""
        return bool(self._grey_numbers())

    def measure_grey(self, images: Sequence[str]) -> None:
        """Read the files of some images for the measurements of grey values; blocks, and reads none twice."""
        numbers = self._grey_numbers()
        for image in images if numbers else ():
            wanted = self._state.grey_wanted_in(image, numbers)
            if wanted is not None:
                self._state.take_grey(read_grey(wanted))

    def start_measure_grey(self) -> Job | None:
        """Read files for the measurements of grey values, as a job; None where all that can be known is.

        Reads a few images; hand its events to `take_grey`, and start the next ones when it has finished.
        """
        numbers = self._grey_numbers()
        if not numbers or self._state.reading_ahead:
            return None
        wanted: list[GreyWanted] = []
        for image in self._state.grey_unknown(numbers):
            one = self._state.grey_wanted_in(image, numbers)
            if one is not None:
                wanted.append(one)
            if len(wanted) == AT_ONCE:
                break
        if not wanted:
            return None

        def work(job: Job) -> None:
            for done, one in enumerate(wanted, 1):
                if job.cancelled:
                    return
                job.post(Result(one.image, read_grey(one)))
                job.post(Progress(done, len(wanted), one.image))

        return start_job("Measuring grey values", work, "They are measured again.")

    def take_grey(self, event: Event) -> bool:
        """Take in what a job has read; False where that was of something else, or no result."""
        if not isinstance(event, Result) or not isinstance(event.value, GreyFound):
            return False
        taken = self._state.take_grey(event.value)
        if taken:
            self._emit(GreyMeasured((event.key,)))
        return taken

    def _grey_numbers(self) -> tuple[int, ...]:
        """The regions whose grey values some measurement asks for."""
        formulas = (self._state.formula(row.formula) for row in self._state.rows.measurements.values())
        named = (name for formula in formulas if formula is not None for name in grey_regions(formula))
        numbers = dict.fromkeys(int(split(name)[1]) for name in named)
        return tuple(number for number in numbers if self._state.region_of(number) is not None)
