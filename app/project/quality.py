"""What is worth a look in all images of a project, found little by little and kept up to date.

Only what is resident is asked: placements, expected errors, measurements. Masks are read where a reader drew one or
moved a contour point; a predicted mask is held to its contour points (`app.core.mask_shape`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.alignment import are_mirrored
from app.core.frame import Points
from app.core.landmark import Landmark, ReviewState
from app.core.measure import Unit, pixel_sides
from app.core.measurement_set import LANDMARK, STRUCTURE, split
from app.core.outliers import Spread
from app.core.quality import CERTAIN_SCORE, Finding, Key, Measure, Reason, border_gap, pieces, score_of_z
from app.core.shape_prior import ShapePrior
from app.project.calipers import SessionCalipers
from app.project.changes import (
    Change,
    ImagesChanged,
    LandmarksChanged,
    MeasurementsChanged,
    ProjectChanged,
    ReaderChanged,
)
from app.project.measured import MeasuredState, Measurement, MeasurementState
from app.project.quality_rows import NONE, Largest, Rows, Scale, code, codes, error_rows, finding, in_order, rows
from app.project.state import AT_ONCE

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Steps = Generator[None, None, list[Rows]]
DECIDED = (ReviewState.ACCEPTED, ReviewState.REJECTED)
"""Who has decided needs no hint."""
FEWEST_COMPARED = 8
"""Of fewer values nobody can say which one is odd."""
SAME = 1e-4
"""Chart coordinates that differ by less are those of one point."""
_CHUNK = 64
"""Images that are asked about in one step."""


class Placed(NamedTuple):
    """One landmark in n images: places [n, 2], expected errors [n], and where it came after the image was accepted."""

    number: int
    mark: Landmark
    xy: Points
    error: Values
    later: Flags


@dataclass(frozen=True, eq=False)
class Looked:
    """What is asked of n images: which they are among all, which are to be looked at, and how large they are.

    Attributes
    ----------
    names : sequence of str
    places : array [n]
        In the project's order.
    open : array [n], bool
        Predicted, not decided yet, and not odd as a whole.
    odd : array [n], bool
        Those that do not look like images for this model.
    decided : array [C, n], bool
        Structures of which a reader has said what they are.
    scale : Scale
    """

    names: Sequence[str]
    places: npt.NDArray[np.intp]
    open: Flags
    odd: Flags
    decided: Flags
    scale: Scale


class Quality:
    """All that is worth a look. `go_on` finds it little by little; `follow` is told of each change.

    Parameters
    ----------
    state : MeasuredState
    prior : ShapePrior or None
        Of the bundle: without one no shape is unusual.

    Attributes
    ----------
    complete : bool
        Whether everything was looked through, as it is now.
    """

    def __init__(self, state: MeasuredState, prior: ShapePrior | None) -> None:
        self._state, self._prior = state, prior
        self._structures = [structure.name for structure in state.template.structures]
        self._names: tuple[str, ...] = ()
        self._rows = NONE
        self._spreads: dict[tuple[int, Unit], Spread | None] = {}
        self._stale: set[str] = set()
        self._work: Iterator[None] | None = self._look_at_all()

    @property
    def complete(self) -> bool:
        """Whether everything was looked through, as it is now."""
        return self._work is None and not self._stale

    def go_on(self, seconds: float = math.inf) -> bool:
        """Look for about so long; True once all is known."""
        end = time.perf_counter() + seconds
        while not self.complete:
            if self._work is None:
                self._work = self._look_again(self._stale.pop())
            if next(self._work, self) is self:
                self._work = None
            if time.perf_counter() > end:
                break
        return self.complete

    def follow(self, change: Change) -> None:
        """Something has changed: it is looked at again, by the next `go_on`."""
        if isinstance(change, ReaderChanged | ProjectChanged):
            return
        of_all = isinstance(change, ImagesChanged | LandmarksChanged | MeasurementsChanged)
        if of_all or not change.images or len(change.images) > AT_ONCE:
            self._stale.clear()
            self._work = self._look_at_all()
        else:
            self._stale.update(change.images)

    def left(self, strictness: float) -> npt.NDArray[np.intp]:
        """Which findings have at least such a score, the worst images first; `finding` gives each."""
        return np.flatnonzero(self._rows["score"] >= strictness)

    def numbers(self, keys: Iterable[Key]) -> npt.NDArray[np.intp]:
        """Which findings have one of some keys (`Finding.key`)."""
        place = {name: i for i, name in enumerate(self._names)}
        known = [code(key, place, self._structures) for key in keys if key.image in place]
        return np.flatnonzero(np.isin(codes(self._rows, len(self._structures)), known))

    def first_in(self, numbers: Sequence[int], image: str) -> int:
        """The first of some findings that is in an image, else the first of all."""
        place = self._names.index(image) if image in self._names else -1
        here = np.flatnonzero(self._rows["image"][list(numbers)] == place)
        return numbers[int(here[0]) if len(here) else 0]

    def finding(self, number: int) -> Finding:
        """One of them."""
        return finding(self._rows[number], self._names, self._structures)

    # --- looking

    def _look_at_all(self) -> Iterator[None]:
        while not self._state.measure_ahead(0.004):
            yield
        names = self._state.rows.images
        found = yield from self._find(names, self._placed(), alone=False)
        self._names, self._rows = names, in_order(np.concatenate([NONE, *found]))

    def _look_again(self, name: str) -> Iterator[None]:
        if name not in self._state.rows.images_set or self._state.rows.images != self._names:
            return
        found = yield from self._find((name,), self._placed_alone(name), alone=True)
        others = self._rows[self._rows["image"] != self._state.places[name]]
        self._rows = in_order(np.concatenate([others, *found]))

    def _placed(self) -> Iterator[Placed]:
        state, nobody = self._state, np.zeros(len(self._state.rows.images), bool)
        for number, mark in list(state.rows.landmarks.items()):
            found = state.placements(number)
            later = state.later(number) if state.rows.frozen else nobody
            yield Placed(number, mark, found.xy, found.expected_error, later)

    def _placed_alone(self, name: str) -> Iterator[Placed]:
        for one in self._state.placements_in(name):
            if not one.deleted:
                xy, error = np.asarray(one.xy, float)[None], np.array([one.expected_error])
                yield Placed(one.number, one.landmark, xy, error, np.array([one.new_since_accepted]))

    def _find(self, names: Sequence[str], placed: Iterable[Placed], alone: bool) -> Steps:
        looked = yield from self._ask(names)
        count, contours, at = len(names), self._contour_points(), {name: place for place, name in enumerate(names)}
        worst, new = [Largest(count) for _ in self._structures], Largest(count)
        contour = np.full((count, sum(map(len, self._parts())), 2), np.nan, np.float32)
        for number, mark, xy, error, later in placed:
            seen = np.where(later, np.nan, error)
            if mark.hidden:  # it stands for an outline; one that a reader drew has no doubt left
                drawn = self._state.rows.masks_of.get(mark.structure, {})
                seen[[at[name] for name in (at if alone else drawn) if name in at and name in drawn]] = np.nan
            if mark.structure in self._structures:  # what lies in the field is as uncertain in every image
                worst[self._structures.index(mark.structure)].take(number, seen, xy)
            if not mark.hidden and later.any():
                new.take(number, np.where(later, error, np.nan), xy)
            if number in contours:
                contour[:, contours[number]] = xy
            yield
        found = [self._odd(looked), error_rows(Reason.NEW, looked.places, new, looked.scale, least=1.0)]
        for c, errors in enumerate(worst):
            errors.value[~looked.open | looked.decided[c]] = np.nan
            found.append(_of(c, error_rows(Reason.UNCERTAIN, looked.places, errors, looked.scale)))
        found += yield from self._unusual(looked, contour)
        found += yield from self._edited(looked, contour, set(contours))
        found += yield from self._outliers(looked, alone)
        return found

    def _ask(self, names: Sequence[str]) -> Generator[None, None, Looked]:
        state, rows_, count = self._state, self._state.rows, len(names)
        places = np.array([state.places[name] for name in names], np.intp)
        open_, odd = np.zeros(count, bool), np.zeros(count, bool)
        mm, diagonal = np.full(count, np.nan), np.full(count, np.nan)
        for start in range(0, count, _CHUNK):
            for place, name in enumerate(names[start : start + _CHUNK], start):
                free = state.predicted(name) and rows_.review(name).state not in DECIDED
                odd[place] = free and bool(state.suspect(name)) and not state.left_as_is(name)
                open_[place] = free and not odd[place]
                frame = state.frame(name)
                if frame is not None:
                    width, height, known = pixel_sides(frame)
                    mm[place], diagonal[place] = math.sqrt(width * height) if known else math.nan, frame.diagonal
            yield
        at = {name: place for place, name in enumerate(names)}
        decided = np.zeros((len(self._structures), count), bool)
        for table, settled in ((rows_.structure_reviews, _judged), (rows_.masks, _absent)):
            for name in table.keys() & at.keys() if count > 1 else at:
                for structure, said in table.get(name, {}).items():
                    if structure in self._structures and settled(said):
                        decided[self._structures.index(structure), at[name]] = True
        return Looked(names, places, open_, odd, decided, Scale(mm, diagonal))

    def _odd(self, looked: Looked) -> Rows:
        certain = np.where(looked.odd, CERTAIN_SCORE, np.nan)
        nowhere = np.full((len(certain), 2), np.nan)
        return rows(Reason.SUSPECT, looked.places, np.zeros(len(certain)), Measure.COUNT, certain, nowhere)

    # --- contours

    def _parts(self) -> list[Points]:
        return [structure.outline_uv for structure in self._state.template.structures]

    def _contour_points(self) -> dict[int, int]:
        """Which landmarks are points of the structures' outlines: their numbers, and the points' numbers."""
        found: dict[int, int] = {}
        firsts = np.cumsum([0, *map(len, self._parts())]).tolist()
        marks = [(number, mark) for number, mark in self._state.rows.landmarks.items() if mark.hidden]
        for c, line in enumerate(self._parts()):
            here = [(number, mark.uv) for number, mark in marks if mark.structure == self._structures[c]]
            if here:
                away = np.abs(np.array([uv for _, uv in here])[:, None] - line).max(axis=-1)
                near = away.argmin(axis=1)
                found |= {
                    n: firsts[c] + int(k) for (n, _), k, row in zip(here, near, away, strict=True) if row[k] < SAME
                }
        return found

    def _unusual(self, looked: Looked, contour: npt.NDArray[np.float32]) -> Steps:
        """Outlines that are elsewhere than the others make likely."""
        if self._prior is None or len(self._prior.mean) != contour.shape[1]:
            return []
        found: list[Rows] = []
        for start in range(0, len(contour), _CHUNK):
            here = slice(start, start + _CHUNK)
            shapes = contour[here].astype(float)
            shapes[are_mirrored(self._prior.mean, shapes), :, 0] *= -1  # a right hand, or a film read as mirrored
            moved, first = self._prior.surprise(shapes), 0
            scale = Scale(looked.scale.mm[here], looked.scale.diagonal[here])
            for c, line in enumerate(self._parts()):
                part = np.nan_to_num(moved[:, first : first + len(line)], nan=-1.0)
                largest, each = Largest(len(part)), np.arange(len(part))
                point = part.argmax(axis=1)
                value = np.where(part.max(axis=1) < 0, np.nan, part.max(axis=1))
                value[~looked.open[here] | looked.decided[c, here]] = np.nan
                largest.take(0, value, contour[here][each, first + point].astype(float))
                found.append(_of(c, error_rows(Reason.UNUSUAL, looked.places[here], largest, scale)))
                first += len(line)
            yield
        return found

    # --- what readers drew and moved

    def _edited(self, looked: Looked, contour: npt.NDArray[np.float32], points: set[int]) -> Steps:
        """Masks in pieces, and masks that do not go with the contour points, where a reader changed either."""
        found: list[Rows] = []
        rows_ = self._state.rows
        for place, name in enumerate(looked.names):
            moved = points & rows_.by_image.get(name, {}).keys()
            if looked.open[place] and (moved or name in rows_.masks):
                structures = {rows_.landmarks[number].structure for number in moved}
                found += yield from self._edited_in(name, place, looked, contour, structures)
        return found

    def _edited_in(
        self, name: str, place: int, looked: Looked, contour: npt.NDArray[np.float32], moved: set[str]
    ) -> Steps:
        found: list[Rows] = []
        drawn = {structure for structure, row in self._state.rows.masks.get(name, {}).items() if row.mask}
        here, first = looked.places[place : place + 1], 0
        scale = Scale(looked.scale.mm[place : place + 1], looked.scale.diagonal[place : place + 1])
        for c, line in enumerate(self._parts()):
            points, structure = contour[place, first : first + len(line)].astype(float), self._structures[c]
            first += len(line)
            if structure not in moved | drawn or looked.decided[c, place]:
                continue
            mask = self._state.masks(name).native(structure)
            yield
            if mask is None:
                continue
            largest = Largest(1)
            if np.isfinite(points).all():
                gap = border_gap(mask, points)
                largest.take(0, gap[[gap.argmax()]], points[[gap.argmax()]])
                found.append(_of(c, error_rows(Reason.APART, here, largest, scale)))
            parts = pieces(mask)
            if structure in drawn and parts.number > 1:
                xy, certain = np.array([parts.xy]), np.array([CERTAIN_SCORE])
                row = _of(c, rows(Reason.PIECES, here, np.array([float(parts.number)]), Measure.COUNT, certain, xy))
                row["reach"] = math.sqrt(parts.pixels)
                found.append(row)
        return found

    # --- measurements

    def _outliers(self, looked: Looked, alone: bool) -> Steps:
        found: list[Rows] = []
        for row in list(self._state.rows.measurements.values()):
            if alone:
                (one,) = self._state.measured_alone(looked.names[0], [row])
            else:
                (one,) = self._state.measured([row])
            found.append(self._outlying(one, looked, alone))
            yield
        return found

    def _outlying(self, one: Measurement, looked: Looked, alone: bool) -> Rows:
        units, number = np.array([unit.value for unit in one.units]), one.entry.number
        z = np.full(len(units), np.nan)
        for unit in map(Unit, set(units.tolist())):
            here = units == unit.value
            if not alone:
                enough = np.count_nonzero(~np.isnan(one.values[here])) >= FEWEST_COMPARED
                self._spreads[number, unit] = Spread.of(one.values[here]) if enough else None
            spread = self._spreads.get((number, unit))
            if spread is not None:
                z[here] = spread.z(one.values[here])
        touched = np.array([state is not MeasurementState.PREDICTED for state in one.states])
        z[touched | ~looked.open] = np.nan
        structure, low, high = self._where(one)
        score = score_of_z(z)
        found = rows(Reason.OUTLIER, looked.places, z, Measure.Z, score, (low + high) / 2)
        found["measurement"], found["structure"] = number, structure
        found["reach"] = np.linalg.norm(high - low, axis=1)[np.isin(looked.places, found["image"])] / 2
        return found

    def _where(self, one: Measurement) -> tuple[int, Points, Points]:
        """Of which structure a measurement is first of all, and the corners [n, 2] of what it is measured from."""
        boxes = [np.concatenate([xy, xy], axis=1) for xy in one.inputs.points.values()]
        boxes += [shape.box for shape in one.inputs.shapes.values()]
        if not boxes:
            nowhere = np.full((len(one.values), 2), np.nan)
            return -1, nowhere, nowhere
        kind, which = split(next(iter((*one.inputs.shapes, *one.inputs.points))))
        name = which if kind == STRUCTURE else ""
        if kind == LANDMARK and (mark := self._state.rows.landmarks.get(int(which))) is not None:
            name = mark.structure
        every = np.stack(boxes)
        structure = self._structures.index(name) if name in self._structures else -1
        return structure, every[..., :2].min(axis=0), every[..., 2:].max(axis=0)


def _of(structure: int, found: Rows) -> Rows:
    found["structure"] = structure
    return found


def _judged(said: object) -> bool:
    return getattr(said, "state", None) in DECIDED


def _absent(said: object) -> bool:
    return getattr(said, "mask", "") is None


class SessionQuality(SessionCalipers):
    """The part of a `Session` that knows what is worth a look."""

    def start_quality(self) -> Quality:
        """What is worth a look in all images: to be found with `go_on` and told of every change with `follow`."""
        return Quality(self._state, self.bundle.prior)

    def landmark_of(self, finding: Finding) -> Landmark | None:
        """The landmark that a finding is about, where a reader sees it: hidden ones are points of an outline."""
        mark = self._state.rows.landmarks.get(finding.landmark)
        return mark if mark is not None and not mark.hidden else None
