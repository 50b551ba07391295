"""One project in memory: its rows, the inverse charts of all images, and what follows from both."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from app.core.landmark import Landmark, Placements, PlacementState, ReviewState
from app.core.masks import ImageMasks
from app.core.plausibility import code_of
from app.core.prediction import Prediction, confidence, sample_chart
from app.core.propagate import Places, locate
from app.core.template import FIELD, Template
from app.project.entries import MovePreview, Placement
from app.project.freezing import Freezing
from app.project.least_certain import LargestErrors, LeastCertain, Weighing
from app.store.changes import Row, RowChange
from app.store.charts import CODES, StoredCharts
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import FactsRow, FrozenRow

_STATES: tuple[PlacementState | None, ...] = (None, *(PlacementState(code) for code in CODES[1:]))
_STATE_OF_CODE = np.array(_STATES, object)
FEW = 8
"""So many predicted images are weighed by themselves: a new project of thousands has one at first."""
AT_ONCE = 16
"""Where more images change at once, what is derived of all of them is made anew when it is asked for."""
_PREDICTED, _ABSENT = CODES.index("predicted"), CODES.index("absent")


class ProjectState(Freezing):
    """Everything a session shows, derived from the project file and the file of predictions.

    It is made as `PredictedImages` is.
    """

    def __init__(
        self, project: ProjectStore, predictions: PredictionStore, template: Template, network_size: tuple[int, int]
    ) -> None:
        super().__init__(project, predictions, template, network_size)
        self._free: list[int] = []
        self._order: npt.NDArray[np.intp] = np.arange(len(self._slots))
        self._in_order = True
        self._places: dict[str, int] | None = None

    # --- predictions

    def take_facts(self, name: str, facts: FactsRow) -> None:
        """Keep what was found out about an image's file."""
        self._project.record_facts(facts)
        self._ready.pop(name, None)
        self.rows.keep_facts(facts)
        self._files.pop(name, None)
        self._looked_at[name] = time.monotonic()  # what a check saw before now is older than these facts
        self._refresh_has(name)

    def take_failure(self, name: str, message: str, stamp: tuple[int, int] | None) -> None:
        """Keep that an image's file could not be predicted; `stamp` is the file's when that was asked for."""
        facts, key = self.rows.facts_of(name), self.rows.key(name)
        if facts is None or (stamp is not None and stamp != (facts.size, facts.changed_ns)):
            size, changed_ns = stamp or (-1, -1)  # nothing is known of this file
            facts = FactsRow(key, "", "", size=size, changed_ns=changed_ns)
        self.take_facts(name, facts._replace(status="failed", message=message))

    def take_prediction(self, name: str, prediction: Prediction, preview: npt.NDArray[np.uint8]) -> None:
        """Keep the prediction of an image whose facts were taken; frozen images stay as they are."""
        key = self.prediction_key(name, self.rows.facts[self.rows.key(name)].sha256)
        self._ready.pop(name, None)
        arrays = self._predictions.put(key, prediction, preview)
        self._suspect[key] = code_of(prediction.suspect)
        self.unread.pop(name, None)
        self._refresh_has(name)
        if name in self.rows.frozen:
            return
        self._recent.pop(name, None)
        self._charts_with(name).put_compact([(self.slot(name), arrays)])
        self._refresh_worst(name)

    # --- changes

    def apply(self, changes: list[RowChange]) -> None:
        """Follow what an action, an undo or a redo did to the project file."""
        charts = self.charts  # read before the rows change, so that slots and rows agree
        changes = self.rows.apply(changes)
        tables = {change.table for change in changes}
        if "images" in tables:
            self._has = self._places = None
            self._follow_images(charts)
        reloaded: dict[str, bool] = {}
        for change in changes:
            name = self.rows.image_of(change) if change.table == "images" else change.key
            self._ready.pop(name, None)
            if change.table == "images":  # its file may be elsewhere now
                self._files.pop(name, None)
            elif change.table == "masks":  # one that was lost may be drawn again
                self.broken.pop(change.key, None)
            elif change.table in ("readings", "frozen") and change.key in self._slots:
                if change.table == "frozen" and change.new is not None:
                    self._keep_blobs(FrozenRow(*change.new))
                reloaded[name] = reloaded.get(name, True) and self._charts_stay(change)
        self._reload(reloaded)
        if "landmarks" in tables:
            self._follow_landmarks(changes)
        if tables & {"landmarks", "landmark_order", "deleted_landmarks", "regions"}:
            self._ready.clear()
        self._fresh.clear()
        placed = ("placements", "readings", "frozen", "masks")
        touched = {change.key for change in changes if change.table in placed}
        # An image whose file lies elsewhere now may be without a prediction.
        touched |= {c.new[1] for c in changes if c.table == "images" and c.old and c.new and c.old[2:] != c.new[2:]}
        if len(touched) > AT_ONCE:
            self._worst = self._weighing = None
        for name in touched:
            self._refresh_worst(name)

    def _follow_images(self, charts: StoredCharts) -> None:
        """Give slots to new images and take those of removed ones back; nothing moves in memory."""
        names, places = self.rows.images, dict(zip(self._order.tolist(), itertools.count()))
        for name in set(self._slots) - set(names):
            slot = self._slots.pop(name)
            charts.put(slot, None)
            self._frozen.put(slot, None)
            self._free.append(slot)
            self._recent.pop(name, None)
            self._files.pop(name, None)
        added = [name for name in names if name not in self._slots]
        fresh = itertools.count(len(charts))
        for name in added:
            self._slots[name] = slot = self._free.pop() if self._free else next(fresh)
            places.pop(slot, None)  # of an image that has just gone
        charts.resize(max(len(charts), next(fresh)))
        self._order = np.array([self._slots[name] for name in names], np.intp)
        self._in_order = np.array_equal(self._order, np.arange(len(charts)))
        charts.put_compact(self._stored_charts(added))
        self._freeze(self.rows.frozen.keys() & set(added))
        self._weighing = None
        if self._worst is not None:
            self._worst = self._worst.moved([places.get(slot, -1) for slot in self._order.tolist()])
            if any(map(self.predicted, added)):
                self._worst = None

    def _reload(self, images: dict[str, bool]) -> None:
        """Follow images that were frozen, thawed or turned; of each whether its charts stay as they are."""
        for name in images:
            self._recent.pop(name, None)
        self._freeze(images)
        others = [name for name, same_charts in images.items() if not same_charts]
        for name in others:
            self.charts.put(self.slot(name), None)
        if others:
            self.charts.put_compact(self._stored_charts(others))
        for name in images:
            self._refresh_has(name)

    def _charts_stay(self, change: RowChange) -> bool:
        """Whether an image is being frozen or thawed, and its prediction is the same before and after."""
        if change.table != "frozen" or (change.old is None) == (change.new is None):
            return False
        row = FrozenRow(*(change.new or change.old or ()))
        if change.new is not None and self._fresh.get(row.image, ("",))[0] == row.placements:
            return row.image not in self.broken  # it was frozen from that prediction just now
        key = self.prediction_key(row.image)
        known = row.bundle_sha256 == self._predictions.bundle_sha256 and key in self._suspect
        return known and row.image not in self.broken and row.charts == self._predictions.checksum(key)

    def _follow_landmarks(self, changes: list[RowChange]) -> None:
        self._weighing = None
        if self._worst is None:
            return
        if any(change.table == "deleted_landmarks" for change in changes):
            self._worst = None
            return
        places = [(_weighed(c.old), _weighed(c.new)) for c in changes if c.table == "landmarks"]
        moved = [(old, new) for old, new in places if old != new]
        gone = self._worst.of([old[0] for old, _ in moved if old])
        if len(gone) > AT_ONCE:
            self._worst = None
            return
        self._take_errors(self._worst, [new[0] for _, new in moved if new])
        for place in gone.tolist():
            self._refresh_worst(self.rows.images[place])

    # --- placements

    def placements(self, number: int) -> Placements:
        """One landmark in all images."""
        xy, codes, expected = self._placed(number)
        return Placements(xy, tuple(_STATE_OF_CODE[codes].tolist()), expected)

    def accepted_with(self, number: int) -> int:
        """How many accepted images hold a landmark as a part of what was accepted."""
        return int(np.count_nonzero(self._frozen.has(number, self._order)))

    def later(self, number: int) -> npt.NDArray[np.bool_]:
        """The accepted images [N] in which a landmark came after that: nobody saw it there."""
        accepted = np.zeros(len(self._order), bool)
        accepted[[self.places[name] for name in self.rows.frozen]] = True
        return accepted & ~self._frozen.has(number, self._order)

    def moved(self, number: int, uv: tuple[float, float]) -> MovePreview:
        """One landmark in all images as it would be at another place of its chart."""
        xy, codes, expected = self._placed(number, uv)
        kept = self._frozen.has(number, self._order)
        kept[[self.places[name] for name in self.rows.by_landmark.get(number, {})]] = True
        return MovePreview(Placements(xy, tuple(_STATE_OF_CODE[codes].tolist()), expected), kept)

    def _placed(
        self, number: int, uv: tuple[float, float] | None = None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
        mark = self.rows.landmarks[number]
        xy, expected = self.find(mark.structure, uv or mark.uv)
        codes = np.where(np.isnan(xy[:, 0]), _ABSENT, _PREDICTED).astype(np.uint8)
        codes[~self._is_predicted()] = 0
        absent = self.set_absent(mark.structure)
        codes[absent], xy[absent], expected[absent] = _ABSENT, np.nan, np.nan
        for name, row in self.rows.by_landmark.get(number, {}).items():
            place = self.places[name]
            codes[place] = CODES.index(row.state)
            xy[place] = row.xy
            expected[place] = np.nan if row.x is None else 0.0
        self._frozen.lay_over(number, self._order, codes, xy, expected)
        return xy, codes, expected

    def weigh(self, seconds: float) -> bool:
        """Find the least certain placements of all images for about so long; True once that is done.

        Until then `least_certain` is None everywhere.
        """
        if self._worst is not None:
            return True
        predicted = {self.rows.images[place] for place in np.flatnonzero(self._is_predicted()).tolist()}
        few = predicted.union(name for name, said in self.rows.by_image.items() if said)  # placed by hand beforehand
        if self._weighing is None and len(few) <= FEW:
            self._worst = LargestErrors(len(self._order))
            for name in few:
                self._refresh_worst(name)
            return True
        if self._weighing is None:
            self._weighing = Weighing(LargestErrors(len(self._order)), list(self.rows.landmarks)[::-1])
        now, end = self._weighing, time.perf_counter() + seconds
        while now.rest:
            self._take_errors(now.errors, (now.rest.pop(),))
            if time.perf_counter() > end:
                return False
        self._worst, self._weighing = now.errors, None
        for name in now.changed:
            self._refresh_worst(name)
        return True

    def _take_errors(self, worst: LargestErrors, numbers: Iterable[int]) -> None:
        """Take the expected errors of landmarks in all images in; accepted ones without what came later."""
        if not self._is_predicted().any():
            return
        for number in numbers:
            mark = self.rows.landmarks[number]
            if mark.structure == FIELD:  # see `_settled`
                continue
            expected = self._placed(number)[2]
            if mark.hidden:
                settled = self.rows.masks_of.get(mark.structure, ())
                expected[[self.places[name] for name in settled]] = np.nan
            expected[self.later(number)] = np.nan
            worst.take(number, expected)

    def _refresh_has(self, name: str) -> None:
        if self._has is not None:
            self._has[self.places[name]] = self.predicted(name)

    @property
    def places(self) -> dict[str, int]:
        """Place of each image in the project's order."""
        if self._places is None:
            self._places = {name: place for place, name in enumerate(self.rows.images)}
        return self._places

    def _is_predicted(self) -> npt.NDArray[np.bool_]:
        if self._has is None:
            names, known = self.rows.images, self._suspect or self.rows.frozen  # else there is no prediction at all
            self._has = np.array([self.predicted(name) for name in names] if known else [False] * len(names), bool)
        return self._has

    def find(self, structure: str, uv: tuple[float, float]) -> Places:
        """A template point in all images."""
        found = self.charts.find(structure, uv)
        xy, expected = found if self._in_order else (found.xy[self._order], found.expected_error[self._order])
        if not (has := self._is_predicted()).all():  # a file that has changed leaves its old charts behind
            xy[~has], expected[~has] = np.nan, np.nan
        return Places(xy, expected)

    def placements_in(self, name: str, hidden: bool = True, also: str = "") -> list[Placement]:
        """All landmarks in one image, in the project's order of landmarks; see `Session.placements_in`."""
        marks = self._marks_in(name)
        if not hidden:
            marks = {number: mark for number, mark in marks.items() if not mark.hidden or mark.name == also}
        slot, (xy, expected) = self.slot(name), self._places_in(name, list(marks.values()))
        predicted = self.predicted(name)
        frame, manual = self.frame(name), self.rows.by_image.get(name, {})
        diagonal = frame.diagonal if frame is not None else np.nan
        frozen, crosses = name in self.rows.frozen, self._frozen.crosses
        absent = self.rows.absent_structures(name)
        found = []
        for i, ((number, mark), error) in enumerate(zip(marks.items(), expected.tolist(), strict=True)):
            place = xy[i]
            state = (PlacementState.ABSENT if np.isnan(place[0]) else PlacementState.PREDICTED) if predicted else None
            if mark.structure in absent:
                state, place, error = PlacementState.ABSENT, np.full(2, np.nan), np.nan
            row = manual.get(number)
            code, frozen_xy, frozen_error = self._frozen.at(number, slot) if frozen else (0, place, error)
            if row is not None:
                state, place, error = PlacementState(row.state), row.xy, 0.0 if row.x is not None else np.nan
            elif code:
                state, place, error = _STATES[code], frozen_xy, frozen_error
            sure = float(confidence(error, diagonal)) if frame is not None else float(error == 0)
            who = (row.reader, row.at) if row is not None else ("", "")
            later, deleted = frozen and not code, number in self.rows.deleted
            shown = self._was_shown(name, number, mark) or row is not None if frozen and code else None
            held = crosses[number].get(slot) if number in crosses else None
            unknown = bool(code) and state is not PlacementState.ABSENT  # it may have been moved on the template since
            cross = np.array(held if held is not None else np.full(2, np.nan) if unknown else xy[i], float)
            found.append(Placement(mark, state, place, error, sure, *who, later, deleted, cross, shown, number))
        return found

    def crosses(self, number: int) -> npt.NDArray[np.float64]:
        """Where a landmark would be in all images [N, 2] if it were absent there; see `Session.crosses`."""
        mark = self.rows.landmarks[number]
        xy = self.find(mark.structure, mark.uv).xy.copy()
        held = self._frozen.crosses.get(number, {})
        for place in np.flatnonzero(np.isin(self._order, list(held))).tolist():
            xy[place] = held[int(self._order[place])]
        return xy

    def _was_shown(self, name: str, number: int, mark: Landmark) -> bool:
        """Whether a landmark was not hidden when an image was accepted; where that is not kept, whether it is now."""
        hidden = self._hidden.get(name)
        return not mark.hidden if hidden is None else number not in hidden

    def _marks_in(self, name: str) -> dict[int, Landmark]:
        """The landmarks of an image in the reader's order; an accepted one keeps those that were deleted later."""
        slot, rows = self.slot(name), self.rows
        if name not in rows.frozen or not rows.deleted:
            return rows.landmarks
        self._charts_with(name)  # what is frozen in it is read with its charts
        kept = {number: mark for number, mark in rows.deleted.items() if self._frozen.at(number, slot)[0]}
        both = rows.landmarks | kept
        return {number: both[number] for number in sorted(both, key=rows.position)}

    def new_since_accepted(self, name: str) -> tuple[str, ...]:
        """Landmarks that came after an image was accepted, hidden ones apart."""
        slot = self.slot(name)
        if name not in self.rows.frozen:
            return ()
        self._charts_with(name)
        marks = self.rows.landmarks.items()
        return tuple(m.name for n, m in marks if not m.hidden and not self._frozen.at(n, slot)[0])

    def _places_in(
        self, name: str, marks: Sequence[Landmark]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Predicted places [L, 2] and expected errors [L] of landmarks in one image."""
        slot, charts = self.slot(name), self._charts_with(name)
        xy, expected = np.full((len(marks), 2), np.nan), np.full(len(marks), np.nan)
        for structure in {mark.structure for mark in marks} if self.predicted(name) else ():
            chart = charts.chart(structure, slot)
            if chart is None:
                continue
            index = [i for i, mark in enumerate(marks) if mark.structure == structure]
            uv = np.array([marks[i].uv for i in index])
            xy[index] = sample_chart(chart, uv)
            expected[index] = sample_chart(charts.errors(structure, slot), uv)
        return xy, expected

    def least_certain(self, name: str) -> LeastCertain | None:
        """The least certain placement in an image, None where nothing is placed or while predictions are read."""
        self.slot(name)
        frame = self.frame(name)
        if self.reading_ahead or self._weighing is not None:
            return None
        if self._worst is None:
            self.weigh(math.inf)
            assert self._worst is not None
        place = self.places[name]
        error, number = float(self._worst.errors[place]), int(self._worst.landmarks[place])
        if frame is None or np.isnan(error):
            return None
        return LeastCertain(self.rows.landmarks[number], error, float(confidence(error, frame.diagonal)))

    def _refresh_worst(self, name: str) -> None:
        if self._weighing is not None:
            self._weighing.changed.add(name)
        if self._worst is None or name not in self._slots:
            return
        if name not in self.rows.frozen:  # without an object for each landmark: this is done at every correction
            marks = self.rows.landmarks
            errors = self._places_in(name, list(marks.values()))[1]
            absent = self.rows.absent_structures(name)
            gone = [self._settled(name, mark) or mark.structure in absent for mark in marks.values()]
            errors[np.array(gone, bool)] = np.nan
            by_hand = {number: row for number, row in self.rows.by_image.get(name, {}).items() if number in marks}
            index = {number: i for i, number in enumerate(marks)} if by_hand else {}
            for number, row in by_hand.items():
                errors[index[number]] = 0.0 if row.x is not None else np.nan
            self._worst.set(self.places[name], np.fromiter(marks, np.int64, len(marks)), errors)
        else:
            each = zip(self._marks_in(name), self.placements_in(name), strict=True)
            counting = [(n, p) for n, p in each if not (p.new_since_accepted or p.deleted)]
            shown = [(n, p.expected_error) for n, p in counting if not self._settled(name, p.landmark)]
            numbers, errors = np.array([n for n, _ in shown], np.int64), np.array([error for _, error in shown], float)
            self._worst.set(self.places[name], numbers, errors)

    def set_absent(self, structure: str) -> list[int]:
        """Places, in the project's order, of the images in which a reader set a structure absent."""
        said = self.rows.masks_of.get(structure, {}).values()
        return [self.places[row.image] for row in said if row.mask is None]

    def _settled(self, name: str, mark: Landmark) -> bool:
        """Whether a landmark's doubt is none of the image's: it lies in the field, or in an outline that a reader drew.

        What lies in the field is expected to miss by about as much in every image: it would hide all other doubts.
        """
        return mark.structure == FIELD or (mark.hidden and mark.structure in self.rows.masks.get(name, ()))

    def template_point(
        self, image: str, xy: tuple[float, float], structure: str | None
    ) -> tuple[str, tuple[float, float], float] | None:
        """The template point that a pixel shows; see `Session.template_point`."""
        slot = self.slot(image)
        if not self.predicted(image):
            return None
        name = structure or next(iter(self.masks(image).covering(xy)), FIELD)
        chart = self._charts_with(image).chart(name, slot)
        if chart is None:
            return None
        (u, v), miss = locate(chart, self._template.structure(name), xy)
        if name == FIELD and miss > 1.0:
            return None  # further out than the template's plane goes
        return name, (float(u), float(v)), miss

    def masks(self, image: str) -> ImageMasks:
        """The masks of an image as they are now."""
        prediction = self.prediction(image)  # first: it knows unknown names
        reviews = self.rows.structure_reviews.get(image, {}).items()
        confirmed = frozenset(structure for structure, said in reviews if said.state is ReviewState.ACCEPTED)
        return ImageMasks(self._template, self.frame(image), prediction, self.reader_masks(image), confirmed)

    def field_ahead(self, seconds: float) -> bool:
        """Read what the field is made of in all images, for about so long; True once that is done."""
        return self.charts.field_ahead(time.perf_counter() + seconds)

    def place_in(self, image: str, structure: str, uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Where template points [..., 2] are predicted in one image [..., 2], NaN where they are nowhere."""
        slot = self.slot(image)
        chart = self._charts_with(image).chart(structure, slot) if self.predicted(image) else None
        return np.full(np.shape(uv), np.nan) if chart is None else sample_chart(chart, uv)

    def places_in(self, images: Sequence[str], structure: str, uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """`place_in` for points [L, 2] in some images, at once: [N, L, 2]."""
        slots, points = np.array([self.slot(name) for name in images], np.intp), np.asarray(uv, float)
        places = np.full((len(slots), *points.shape), np.nan)
        there = np.flatnonzero([self.predicted(name) for name in images])
        if len(there):
            places[there] = self.charts.find_in(structure, points, slots[there])
        return places


def _weighed(row: Row | None) -> tuple[int, str, float, float, bool] | None:
    """Of a landmark's row what moves its placements or says where they count: number, structure, u, v, hidden."""
    return None if row is None else (row[0], row[2], row[3], row[4], bool(row[8]))
