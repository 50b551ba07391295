"""The tables that actions write (`schema.TRAIL`) in memory, kept equal to the file row by row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from app.core.frame import Provenance, Spacing
from app.core.landmark import Landmark, ReviewState
from app.core.orientation import AS_STORED, Orientation
from app.core.region import Region
from app.core.text import path_kept
from app.store.changes import Row, RowChange
from app.store.errors import NONSENSE, Trouble, project_error
from app.store.garbage import no_collection
from app.store.opinion_rows import OpinionRows
from app.store.project_store import ProjectStore
from app.store.row_types import (
    CaliperRow,
    FactsRow,
    FrozenFacts,
    FrozenRow,
    ImageRow,
    MaskRow,
    MeasurementRow,
    PlacementRow,
    Review,
    StructureReview,
    landmark_of,
    region_of,
)
from app.store.tables import NAMING_IMAGES, OWN, TRAIL


class Rows:
    """Images, landmarks, placements, reviews, spacings and frozen images of one project.

    Attributes
    ----------
    images : tuple of str
        Names in the project's order.
    landmarks : dict of int to Landmark
        By number, in the reader's order (of definition, unless moved). Numbers outlive renaming and are never used
        again.
    numbers : dict of str to int
        The landmarks' numbers by name.
    by_landmark, by_image : dict
        Placements made by readers, by landmark number and image name, and the other way round.
    deleted : dict of int to Landmark
        Landmarks that are no more, by number: images that were accepted before keep them.
    reviews : dict of str to Review
    structure_reviews : dict of str to dict of str to StructureReview
        By image and structure.
    masks, masks_of : dict of str to dict of str to MaskRow
        What readers said of masks, by image and structure, and the other way round.
    calipers, calipers_of : dict of str to dict of (str, int) to CaliperRow
        Where readers said that a shape ends along an axis, by image, and the other way round.
    opinions : OpinionRows
        What others than the project's own readers say of placements and masks.
    measurements : dict of int to MeasurementRow
        By number, in the order of definition.
    regions, deleted_regions : dict of int to Region
        Regions and curves by number, in the order of definition; those that are no more, as `deleted`.
    spacings : dict of str to (row_mm, column_mm)
    orientations : dict of str to Orientation
        Of the images that are not read as stored.
    frozen : dict of str to FrozenRow
    frozen_facts : dict of str to FrozenFacts
        They hold where an image is frozen.
    left_as_is : dict of str to str
        What was said against images that a reader left as they are.
    corrected_files : dict of str to str
        SHA-256 of the file of which readers spoke, by image.
    facts : dict of str to FactsRow
        By path.
    """

    def __init__(self, project: ProjectStore) -> None:
        self._images: dict[str, ImageRow] = {}
        self._names: dict[int, str] = {}
        self.images: tuple[str, ...] = ()
        self.landmarks: dict[int, Landmark] = {}
        self.numbers: dict[str, int] = {}
        self._positions: dict[int, int] = {}
        self.by_landmark: dict[int, dict[str, PlacementRow]] = {}
        self.by_image: dict[str, dict[int, PlacementRow]] = {}
        self.deleted: dict[int, Landmark] = {}
        self.reviews: dict[str, Review] = {}
        self.structure_reviews: dict[str, dict[str, StructureReview]] = {}
        self.masks: dict[str, dict[str, MaskRow]] = {}
        self.masks_of: dict[str, dict[str, MaskRow]] = {}
        self.calipers: dict[str, dict[tuple[str, int], CaliperRow]] = {}
        self.calipers_of: dict[tuple[str, int], dict[str, CaliperRow]] = {}
        self.opinions = OpinionRows()
        self.measurements: dict[int, MeasurementRow] = {}
        self.regions: dict[int, Region] = {}
        self.deleted_regions: dict[int, Region] = {}
        self.spacings: dict[str, tuple[float, float]] = {}
        self.orientations: dict[str, Orientation] = {}
        self.frozen: dict[str, FrozenRow] = {}
        self.frozen_facts: dict[str, FrozenFacts] = {}
        self._paths_of_patient: dict[str, set[str]] = {}
        self._names_at: dict[str, set[str]] = {}
        self._laid_over: dict[str, tuple[FrozenFacts, FactsRow | None, FactsRow]] = {}
        self.left_as_is: dict[str, str] = {}
        self.corrected_files: dict[str, str] = {}
        try:
            with no_collection(), project.one_moment():
                self.folder = project.images_folder
                self.facts: dict[str, FactsRow] = {}
                for row in project.rows("facts"):
                    self.keep_facts(FactsRow(*row))
                for table in TRAIL:
                    self._take([RowChange(table, None, row) for row in project.rows(table)])
        except NONSENSE as error:
            raise project_error(Trouble.DAMAGED, project.path, error) from error

    def apply(self, changes: list[RowChange]) -> list[RowChange]:
        """Do to memory what was done to the file; returns the same with the names of images for their numbers."""
        return self._take(changes)

    def _take(self, changes: list[RowChange]) -> list[RowChange]:
        self._names.update((row[0], row[1]) for table, *both in changes if table == "images" for row in both if row)
        known = (change for change in changes if change.table not in NAMING_IMAGES or change.key in self._names)
        changes = [RowChange(table, self._named(table, old), self._named(table, new)) for table, old, new in known]
        for table, old, new in changes:
            getattr(self, f"_{table}_changed")(old, new)
        tables = {change.table for change in changes}
        if "images" in tables:
            self.images = tuple(sorted(self._images, key=lambda name: self._images[name].position))
        if "measurements" in tables:
            self.measurements = dict(sorted(self.measurements.items()))
        if "regions" in tables:
            self.regions = dict(sorted(self.regions.items()))
        if tables & {"landmarks", "landmark_order"}:
            self.landmarks = {number: self.landmarks[number] for number in sorted(self.landmarks, key=self.position)}
            self.numbers = {mark.name: number for number, mark in self.landmarks.items()}
        return changes

    def _named(self, table: str, row: Row | None) -> Row | None:
        """A row with the name of its image in front."""
        if row is None or table not in NAMING_IMAGES:
            return row
        return (self._names[row[0]], *row[1:])

    def image_of(self, change: RowChange) -> str:
        """The name of the image of which a row tells, as it stands in the file."""
        row = change.new or change.old or ("", "")
        return str(row[1] if change.table == "images" else self._names[row[0]])

    def images_of(self, changes: Sequence[RowChange]) -> tuple[str, ...]:
        """The names of the images of which rows tell; one that is gone has its name from the row that took it away."""
        told = {row[0]: row[1] for c in changes if c.table == "images" for row in (c.old, c.new) if row is not None}
        names = self._names | told
        return tuple(dict.fromkeys(names[change.key] for change in changes))

    def names(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The names of images, without those that are not known any more."""
        return tuple(self._names[number] for number in numbers if number in self._names)

    def _images_changed(self, old: Row | None, new: Row | None) -> None:
        if old is not None:
            del self._images[old[1]]
            self._names_at[old[4]].discard(old[1])
        if new is not None:
            self._images[new[1]] = ImageRow(*new)
            self._names_at.setdefault(new[4], set()).add(new[1])
            if old is not None and old[1] != new[1]:
                self._rename(old[1], new[1])

    def _rename(self, old: str, new: str) -> None:
        """What is said of an image goes on under its new name."""
        plain = self.reviews, self.spacings, self.orientations, self.left_as_is, self.corrected_files
        for held in cast(tuple[dict[str, Any], ...], plain):
            if old in held:
                held[new] = held.pop(old)
        for rows in cast(tuple[dict[str, Any], ...], (self.frozen, self.frozen_facts)):
            if old in rows:
                rows[new] = rows.pop(old)._replace(image=new)
        by_image = self.by_image, self.structure_reviews, self.masks, self.calipers
        for parts in cast(tuple[dict[str, Any], ...], by_image):
            parts[new] = {key: row._replace(image=new) for key, row in parts.pop(old, {}).items()}
        self.opinions.rename(old, new)
        for number, row in self.by_image[new].items():
            del self.by_landmark[number][old]
            self.by_landmark[number][new] = row
        for structure, said in self.masks[new].items():
            del self.masks_of[structure][old]
            self.masks_of[structure][new] = said
        for what, ends in self.calipers[new].items():
            del self.calipers_of[what][old]
            self.calipers_of[what][new] = ends

    def _landmarks_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.landmarks[new[0]] = landmark_of(new)
        elif old is not None:
            del self.landmarks[old[0]]

    def _deleted_landmarks_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.deleted[new[0]] = landmark_of(new)
        elif old is not None:
            del self.deleted[old[0]]

    def _landmark_order_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self._positions[new[0]] = new[1]
        elif old is not None:
            del self._positions[old[0]]

    def position(self, number: int) -> int:
        """Where a landmark lies in the list; its number until it was moved."""
        return self._positions.get(number, number)

    def _placements_changed(self, old: Row | None, new: Row | None) -> None:
        if (new or old or ())[1] != OWN:
            self.opinions.placements_changed(old, new)
            return
        if new is not None:
            row = PlacementRow(new[0], *new[2:])
            self.by_landmark.setdefault(row.landmark, {})[row.image] = row
            self.by_image.setdefault(row.image, {})[row.landmark] = row
        elif old is not None:
            del self.by_landmark[old[2]][old[0]]
            del self.by_image[old[0]][old[2]]

    def _reviews_changed(self, old: Row | None, new: Row | None) -> None:
        if (new or old or ())[1] != OWN:
            return
        if new is not None:
            self.reviews[new[0]] = Review(ReviewState(new[2]), *new[3:])
        elif old is not None:
            del self.reviews[old[0]]

    def _structure_reviews_changed(self, old: Row | None, new: Row | None) -> None:
        if (new or old or ())[1] != OWN:
            return
        if new is not None:
            image, _, structure, state, note, reader, at = new
            review = StructureReview(image, structure, ReviewState(state), note, reader, at)
            self.structure_reviews.setdefault(review.image, {})[review.structure] = review
        elif old is not None:
            del self.structure_reviews[old[0]][old[2]]

    def _masks_changed(self, old: Row | None, new: Row | None) -> None:
        if (new or old or ())[1] != OWN:
            self.opinions.masks_changed(old, new)
            return
        if new is not None:
            row = MaskRow(new[0], *new[2:])
            self.masks.setdefault(row.image, {})[row.structure] = row
            self.masks_of.setdefault(row.structure, {})[row.image] = row
        elif old is not None:
            del self.masks[old[0]][old[2]]
            del self.masks_of[old[2]][old[0]]

    def _calipers_changed(self, old: Row | None, new: Row | None) -> None:
        if (new or old or ())[1] != OWN:
            return
        if new is not None:
            row = CaliperRow(new[0], *new[2:])
            self.calipers.setdefault(row.image, {})[row.shape, row.axis] = row
            self.calipers_of.setdefault((row.shape, row.axis), {})[row.image] = row
        elif old is not None:
            del self.calipers[old[0]][old[2], old[3]]
            del self.calipers_of[old[2], old[3]][old[0]]

    def _measurements_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.measurements[new[0]] = MeasurementRow(*new)
        elif old is not None:
            del self.measurements[old[0]]

    def _regions_changed(self, old: Row | None, new: Row | None) -> None:
        _follow(self.regions, old, new)

    def _deleted_regions_changed(self, old: Row | None, new: Row | None) -> None:
        _follow(self.deleted_regions, old, new)

    def _spacings_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.spacings[new[0]] = new[1], new[2]
        elif old is not None:
            del self.spacings[old[0]]

    def _readings_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.orientations[new[0]] = Orientation(*new[1:4])
        elif old is not None:
            del self.orientations[old[0]]

    def _frozen_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.frozen[new[0]] = FrozenRow(*new)
        elif old is not None:
            del self.frozen[old[0]]

    def _frozen_facts_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.frozen_facts[new[0]] = FrozenFacts(*new)
        elif old is not None:
            del self.frozen_facts[old[0]]

    def _left_as_is_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.left_as_is[new[0]] = new[1]
        elif old is not None:
            del self.left_as_is[old[0]]

    def _corrected_files_changed(self, old: Row | None, new: Row | None) -> None:
        if new is not None:
            self.corrected_files[new[0]] = new[1]
        elif old is not None:
            del self.corrected_files[old[0]]

    def number(self, landmark: str) -> int:
        """Number of a landmark; raises ValueError for an unknown name."""
        try:
            return self.numbers[landmark]
        except KeyError:
            raise ValueError(f"The project has no landmark “{landmark}”.") from None

    def landmark(self, name: str) -> Landmark:
        """The landmark of that name; raises ValueError like `number`."""
        return self.landmarks[self.number(name)]

    # --- images

    @property
    def images_set(self) -> Collection[str]:
        """The names of the images, for membership."""
        return self._images.keys()

    def path(self, name: str) -> Path:
        """Where the file of an image is: beside the project if it moved with it, else where it was."""
        return file_at(self.folder, *self.kept(name))

    def kept(self, name: str) -> tuple[str, str]:
        """Where the file of an image was, and where as seen from the project's folder, as they are kept."""
        image = self._images[name]
        return image.path, image.relative

    def kept_of(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[str, str]]]:
        """Where the files of images are kept now, for a thread that looks at them: each known name with `kept`."""
        images = self._images.copy()
        return ((name, (row.path, row.relative)) for name in names if (row := images.get(name)) is not None)

    def keep_facts(self, facts: FactsRow) -> None:
        """Follow what was found out about a file."""
        before = self.facts.get(facts.path)
        if before is not None and before.patient != facts.patient:
            self._paths_of_patient.get(before.patient, set()).discard(facts.path)
        self.facts[facts.path] = facts
        if facts.patient:
            self._paths_of_patient.setdefault(facts.patient, set()).add(facts.path)

    def images_of_patient(self, patient: str) -> tuple[str, ...]:
        """The images whose files say this patient's key, in the project's order; as quick for very many images."""
        names = [name for path in self._paths_of_patient.get(patient, ()) for name in self._names_at.get(path, ())]
        same = [name for name in names if (facts := self.facts_of(name)) is not None and facts.patient == patient]
        return tuple(sorted(same, key=lambda name: self._images[name].position))

    def facts_of(self, name: str) -> FactsRow | None:
        """What is known of an image's file; of an accepted one, of the file that was accepted."""
        path = self._images[name].path
        known, held = self.facts.get(path), self.frozen_facts.get(name)
        if held is None or name not in self.frozen:
            return known
        laid = self._laid_over.get(name)
        if laid is None or laid[0] is not held or laid[1] is not known:  # asked very often
            laid = self._laid_over[name] = held, known, held.over(known, path)
        return laid[2]

    def diagonals(self) -> npt.NDArray[np.float64]:
        """Length of each image's diagonal in native pixels [N] (`Frame.diagonal`), NaN before it was decoded."""
        found = map(self.facts_of, self.images)
        known = [(row.height, row.width, row.aspect) if row is not None else (None, None, 1.0) for row in found]
        height, width, aspect = np.array(known, float).reshape(-1, 3).T
        return np.asarray(np.hypot(height * aspect, width) / np.sqrt(aspect))

    def key(self, name: str) -> str:
        """The path under which an image's facts are kept."""
        return self._images[name].path

    def image_row(self, name: str) -> ImageRow:
        """An image as it stands in the table."""
        return self._images[name]

    def next_position(self) -> int:
        """A place behind all images."""
        return 1 + max((row.position for row in self._images.values()), default=0)

    def review(self, name: str) -> Review:
        """The review of an image; until it is reviewed, what a reader touched in it is in progress."""
        if (review := self.reviews.get(name)) is not None:
            return review
        said = [(row.at, row.reader) for part in self._said_in(name) for row in part.values()]
        if not said:
            return Review(ReviewState.UNREAD)
        at, reader = max(said)
        return Review(ReviewState.IN_PROGRESS, "", reader, at)

    def _said_in(self, name: str) -> tuple[dict[Any, Any], ...]:
        by_image = self.by_image, self.structure_reviews, self.masks, self.calipers
        return tuple(cast(dict[str, dict[Any, Any]], parts).get(name, {}) for parts in by_image)

    def absent_structures(self, name: str) -> frozenset[str]:
        """The structures that a reader set absent in an image."""
        return frozenset(structure for structure, row in self.masks.get(name, {}).items() if row.mask is None)

    def spacing(self, name: str) -> Spacing | None:
        """The spacing that the reader gave, else the file's."""
        if name in self.spacings:
            return Spacing(*self.spacings[name], Provenance.GIVEN)
        facts = self.facts_of(name)
        return file_spacing(facts) if facts is not None else None

    def orientation(self, name: str) -> Orientation:
        """How an image is read."""
        return self.orientations.get(name, AS_STORED)

    def reviews_in(self, name: str) -> tuple[StructureReview, ...]:
        """What was said of single structures of an image, in the order of their names."""
        found = self.structure_reviews.get(name, {})
        return tuple(found[structure] for structure in sorted(found))

    def accepted(self, name: str) -> bool:
        """Whether an image is accepted, and thereby locked."""
        review = self.reviews.get(name)
        return review is not None and review.state is ReviewState.ACCEPTED


def _follow(regions: dict[int, Region], old: Row | None, new: Row | None) -> None:
    if new is not None:
        regions[new[0]] = region_of(new)
    elif old is not None:
        del regions[old[0]]


def file_spacing(facts: FactsRow) -> Spacing | None:
    """The spacing that an image's file gives."""
    if facts.row_mm is None or facts.column_mm is None or facts.provenance is None:
        return None
    return Spacing(facts.row_mm, facts.column_mm, Provenance(facts.provenance))


def file_at(folder: Path, path: str, relative: str) -> Path:
    """Where a file is that is kept under a path, and under one as seen from the project's folder."""
    moved = folder / path_kept(relative)
    return moved if relative and moved.is_file() else path_kept(path)


def file_stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of change (ns) of a file, None if it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
