"""Everything a reader can do to one open project: one small method per action, each durable when it returns.

`Session.changed` is emitted after the commit, on the thread that acted. Neither torch nor Qt is known here; the engine
is started when it is first needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.core.landmark import Landmark, Placements, PlacementState, free_colour
from app.core.orientation import Orientation
from app.core.plausibility import Reason, brief, finding_of, remedy, words_of
from app.core.prediction import Prediction
from app.core.propagate import Places
from app.core.text import one_line
from app.engine.client import ImageFacts, Predicted
from app.io.bundle import Bundle
from app.io.names import stem
from app.jobs import Event, Failed, Finished, Job, Result
from app.project import actions, entries
from app.project.changes import Change, PredictionChanged
from app.project.due import Due
from app.project.engine_results import facts_of, facts_row, gather
from app.project.entries import (
    AddReport,
    HistoryEntry,
    MovePreview,
    Placement,
    PredictReport,
)
from app.project.least_certain import LeastCertain
from app.project.opinions import SessionOpinions
from app.project.orientation import equally_suspect, set_orientation
from app.project.patients import PatientImage, patient_images
from app.project.session_files import Names, count, several
from app.store.lock import ProjectLock
from app.store.project_store import ProjectStore
from app.store.rows import file_stamp

__all__ = ["AddReport", "Change", "HistoryEntry", "ImageEntry", "MovePreview", "Placement", "PredictReport", "Session"]

ImageEntry = entries.ImageEntry[ImageFacts]


class Session(SessionOpinions):
    """One open project. Made by `create` or `open`; a context manager that closes it.

    Only the thread that made it may use it. Actions raise ValueError with a sentence for the reader where they are not
    possible: an accepted image is locked, a project may be open for reading only, a name may be unknown.
    """

    def __init__(self, project: ProjectStore, bundle: Bundle, lock: ProjectLock | None, reader: str) -> None:
        super().__init__(project, bundle, lock, reader)
        self._asked: dict[str, Path] = {}
        self._stamps: dict[str, tuple[int, int] | None] = {}
        self._ahead = False

    # --- images

    @property
    def images(self) -> tuple[str, ...]:
        """Names of all images in the order in which they were added."""
        return self._state.rows.images

    @property
    def accepted(self) -> tuple[str, ...]:
        """Names of the accepted images, in the project's order."""
        return tuple(filter(self._state.rows.accepted, self.images))

    def image(self, name: str) -> ImageEntry:
        """What is known of one image."""
        self._state.slot(name)
        rows = self._state.rows
        facts = facts_of(rows.facts_of(name), self.bundle.network_size, rows.orientation(name))
        status, message = self._state.status(name)
        review = rows.review(name)
        return ImageEntry(
            *(name, self._state.file(name)[0], facts, status, message, self._state.remark(name)),
            *(self.suspect(name), review.state, review.note, self._state.frame(name), rows.reviews_in(name)),
            *(review.reader, review.at, self._state.replaced(name)),
            self._state.left_as_is(name),
            self._state.changed_since_accepted(name),
        )

    def status(self, image: str) -> entries.Status:
        """``waiting``, ``predicted``, ``failed`` or ``missing``: as in `image`, but quick for very many."""
        self._state.slot(image)
        return self._state.status(image)[0]

    def suspect(self, image: str) -> str:
        """Why an image does not look like one for this model, or empty: as in `image`, but quick for very many."""
        self._state.slot(image)
        return words_of(self._state.suspect(image), self.template.anatomy)

    def suspect_brief(self, image: str) -> str:
        """The same as `suspect` in two or three words, for lists."""
        self._state.slot(image)
        return brief(self._state.suspect(image), self.template.anatomy)

    def patient_images(self, image: str) -> tuple[PatientImage, ...]:
        """The other images of the same patient, the newest first: see `app.project.patients`."""
        return patient_images(self._state, image)

    def looks_like(self, image: str) -> str:
        """The other anatomy that an image shows, for which the program has a model; else empty."""
        kept = self._state.suspect(image)
        found = finding_of(kept) if kept.startswith(Reason.ANATOMY) else None  # asked of very many images
        return found.shows if found is not None else ""

    @property
    def diagonals(self) -> npt.NDArray[np.float64]:
        """Length of every image's diagonal in native pixels [N], in the order of `images`; NaN before decoding."""
        return self._state.rows.diagonals()

    def remove_images(self, names: Names) -> Change | None:
        """Take images out of the project with all that was said of them; their files stay. One undo step."""
        gone = several(names)
        return self._act(actions.remove_images, gone, f"Remove {count(gone)}")

    def rename_image(self, image: str, name: str) -> Change | None:
        """Give an image another name in the project; its file keeps its own. One undo step.

        Views are told of the image under its new name: the old one is no image any more.
        """
        name = one_line(name.strip())
        return self._act(actions.rename_image, image, name, f"Rename “{image}” to “{name}”")

    def set_spacing(self, images: Names, row_mm: float, column_mm: float) -> Change | None:
        """Give the size of a pixel of images, in mm; one undo step."""
        names, size = several(images), (row_mm, column_mm)
        label = f"Set the pixel size of {count(names)}"
        return self._act(actions.set_spacing, names, size, self._reader, label)

    def reset_spacing(self, images: Names) -> Change | None:
        """Forget the size of a pixel that a reader gave: the file's own counts again. One undo step."""
        names = several(images)
        return self._act(actions.reset_spacing, names, f"Reset the pixel size of {count(names)}")

    def set_orientation(
        self, images: Names, quarter_turns: int = 0, mirrored: bool = False, inverted: bool = False, more: bool = False
    ) -> Change | None:
        """Read images turned to the right by quarter turns, mirrored or inverted (`Orientation`); one undo step.

        With `more` that comes on top of how each is read now. They wait for their prediction again; pixels as stored,
        coordinates and placements by readers stay.
        """
        self._settle()  # how images are read now may hang on it
        wanted, rows = Orientation(quarter_turns, mirrored, inverted), self._state.rows
        orientations = {name: rows.orientation(name).then(wanted) if more else wanted for name in several(images)}
        words = next(iter(orientations.values())).words if len(set(orientations.values())) == 1 else wanted.words
        label = f"Orientation of {count(tuple(orientations))}: {words}"
        return self._act(set_orientation, orientations, self._reader, label)

    def remedy(self, image: str) -> Orientation | None:
        """How a suspect image should be read, beyond how it is now; None where that is not known."""
        return remedy(self._state.suspect(image))

    def equally_suspect(self, image: str) -> tuple[str, ...]:
        """The images that are not locked and that the same remedy would mend; itself among them."""
        return equally_suspect(self._state, image)

    # --- predictions

    def start_predict(self, images: Sequence[str] | None = None, first: str | None = None) -> Job:
        """Predict the images that have no valid prediction, or those named, as a job; hand its events to `take_in`.

        Accepted images are left out: nothing changes them. What failed or is missing is tried again.
        """
        if self.read_only:
            raise ValueError(f"The project {self.path.name} is open for reading only: nothing can be predicted.")
        rows, state = self._state.rows, self._state
        if images is None:
            wanted = [name for name in self.images if not (rows.accepted(name) or state.predicted(name))]
        else:
            wanted = [name for name in images if state.slot(name) >= 0 and not rows.accepted(name)]
        if not wanted:
            job = Job("Nothing to predict", 0)
            job.post(Finished(cancelled=False))
            return job
        files = {name: state.file(name) for name in wanted}
        items = [(name, path) for name, (path, _) in files.items()]
        self._asked.update(items)
        self._stamps.update((name, stamp) for name, (_, stamp) in files.items())
        return self.engine.predict(items, first=first, orientations=rows.orientations)

    def due(self, images: Sequence[str] | None = None) -> tuple[str, ...]:
        """The images, of all or of those named, that wait for a prediction: see `app.project.due`."""
        names = self.images if images is None else [name for name in images if name in self._state.rows.images_set]
        return tuple(name for name in names if self._state.due(name) is Due.PREDICT)

    def take_in(self, event: Event) -> Change | None:
        """Store what a prediction job reports and emit that; what comes too late is dropped."""
        if not isinstance(event, Result | Failed):
            return None
        self._settle()
        name, rows = event.key, self._state.rows
        if name not in rows.images_set or self._asked.get(name) != rows.path(name):
            return None
        if rows.accepted(name):
            return None  # it was accepted meanwhile: nothing changes it, not even what is known of its file
        if isinstance(event, Failed):
            stamp = self._stamps[name] if name in self._stamps else file_stamp(rows.path(name))
            self._state.take_failure(name, event.message, stamp)
        elif isinstance(event.value, Predicted):
            if event.value.facts.orientation != rows.orientation(name):
                return None  # the reader has changed how it is read; it waits again
            self._state.take_facts(name, facts_row(rows.key(name), event.value.facts, self.id))
            self._state.take_prediction(name, event.value.prediction, event.value.preview)
        return self._emit(PredictionChanged((name,)))

    def predict(self) -> PredictReport:
        """Predict the images that have no valid prediction; blocks, takes results in on this thread."""
        return gather(self.start_predict(), self.take_in, self.template.anatomy)

    @property
    def reading_ahead(self) -> bool:
        """Whether `read_ahead` has begun and has not read everything yet."""
        return self._state.reading_ahead

    def read_ahead(self, seconds: float) -> bool:
        """Read the predictions of a large project little by little, for about so long; True once all are read.

        Nothing needs this: what is asked for is read at once. Until it has come to its end `least_certain` is None;
        `changed` is then emitted for the predictions of all images.
        """
        done = self._state.read_ahead(seconds) and self._state.weigh(seconds) and self._state.field_ahead(seconds)
        if done and self._ahead:
            self._emit(PredictionChanged())
        self._ahead = not done
        return done

    def prediction(self, name: str) -> Prediction | None:
        """The prediction of an image (the frozen one where it is accepted), None where there is none."""
        return self._state.prediction(name)

    def prediction_id(self, image: str) -> str:
        """What tells the prediction that an image shows now from any other of it; empty where there is none."""
        self._state.slot(image)
        return self._state.prediction_id(image)

    def preview(self, name: str) -> npt.NDArray[np.uint8] | None:
        """Small 8-bit picture of an image, longest side at most 512; None before it was decoded."""
        return self._state.preview(name)

    # --- landmarks

    @property
    def landmarks(self) -> tuple[Landmark, ...]:
        """All landmarks in the reader's order: the bundle's and then those defined, unless they were moved."""
        return tuple(self._state.rows.landmarks.values())

    def landmark(self, name: str) -> Landmark:
        """The landmark of that name."""
        return self._state.rows.landmark(name)

    def define_landmark(
        self,
        name: str,
        structure: str,
        uv: tuple[float, float],
        rule: str = "",
        group: str = "",
        colour: str | None = None,
    ) -> Change | None:
        """Define a landmark at a template point; it is at once placed in every predicted image. One undo step.

        Without a `colour` it gets one that the shown landmarks have least.
        """
        u, v = (float(value) for value in uv)
        mark = Landmark(name.strip(), structure, u, v, rule, group, colour or free_colour(self.landmarks))
        return self._act(actions.add_landmarks, self.template, [mark])

    def add_landmark_set(self, landmarks: Sequence[Landmark]) -> Change | None:
        """Add the landmarks of a set; one undo step."""
        return self._act(actions.add_landmarks, self.template, list(landmarks))

    def update_landmark(self, name: str, /, **fields: Any) -> Change | None:
        """Change fields of a landmark (see `Landmark`); corrected, confirmed and absent placements stay as they are."""
        return self._act(actions.change_landmark, self.template, name, fields)

    def move_landmark(self, name: str, uv: tuple[float, float]) -> Change | None:
        """Move a landmark on the template; corrected, confirmed and absent placements stay as they are."""
        return self.update_landmark(name, u=float(uv[0]), v=float(uv[1]))

    def order_landmark(self, name: str, before: str | None, group: str | None = None) -> Change | None:
        """Put a landmark before another one in the list, or last (None), and into a group if named; one undo step."""
        if name == before:
            return None
        return self._act(actions.order_landmark, name, before, group)

    def delete_landmark(self, name: str) -> Change | None:
        """Delete a landmark and its placements in all images; one undo step."""
        return self._act(actions.delete_landmark, name)

    def accepted_with(self, landmark: str) -> int:
        """How many accepted images hold a landmark as a part of what was accepted, and keep it if it is deleted."""
        return self._state.accepted_with(self._state.rows.number(landmark))

    # --- placements

    def placements(self, landmark: str) -> Placements:
        """One landmark in all images, in the order of `images`."""
        return self._state.placements(self._state.rows.number(landmark))

    def placements_in(self, image: str, hidden: bool = True, also: str = "") -> list[Placement]:
        """All landmarks in one image, in their order; with ``hidden=False`` the shown ones and the one named `also`."""
        return self._state.placements_in(image, hidden, also)

    def new_since_accepted(self, image: str) -> tuple[str, ...]:
        """The landmarks, hidden ones apart, that came after an image was accepted: nobody saw them there."""
        return self._state.new_since_accepted(image)

    def crosses(self, landmark: str) -> npt.NDArray[np.float64]:
        """Where a landmark's template point is predicted in all images [N, 2], so where it is crossed out if absent.

        In an accepted image in which it is absent, that is where it was when the image was accepted. NaN where nowhere.
        """
        return self._state.crosses(self._state.rows.number(landmark))

    def preview_places(self, structure: str, uv: tuple[float, float]) -> Places:
        """A template point in all images, predicted; nothing is stored."""
        return self._state.find(structure, uv)

    def place_in(self, image: str, structure: str, uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Template points [..., 2] in one image, predicted: native pixels [..., 2], NaN where they are nowhere."""
        return self._state.place_in(image, structure, uv)

    def places_in(self, images: Sequence[str], structure: str, uv: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Template points [L, 2] in some images, predicted: native pixels [N, L, 2], NaN where they are nowhere."""
        return self._state.places_in(images, structure, uv)

    def template_point(
        self, image: str, xy: tuple[float, float], structure: str | None = None
    ) -> tuple[str, tuple[float, float], float] | None:
        """The template point that a pixel of an image shows: structure, (u, v), and by how many pixels that misses.

        Without a structure the smallest one whose mask covers the pixel is taken, else the field; None where nothing is
        known.
        """
        return self._state.template_point(image, xy, structure)

    def move_placement(self, image: str, landmark: str, xy: tuple[float, float]) -> Change | None:
        """Correct where a landmark is in an image, in native pixels."""
        label = f"Move “{landmark}” in {stem(image)}"
        corrected = PlacementState.CORRECTED
        return self._act(actions.place, image, landmark, corrected, xy, self._reader, label)

    def nudge_placement(self, image: str, landmark: str, step: tuple[float, float]) -> Change | None:
        """Correct a placement by a small step in native pixels; nudges in quick succession are undone together."""
        label = f"Nudge “{landmark}” in {stem(image)}"
        return self._act(actions.nudge, image, landmark, step, self._reader, label)

    def set_absent(self, image: Names, landmark: str) -> Change | None:
        """Say that a landmark can't be seen in an image, or in several: one undo step."""
        names = several(image)
        label = f"Set “{landmark}” absent in {count(names)}"
        return self._act(actions.set_absent, names, landmark, self._reader, label)

    def confirm_placement(self, image: Names, landmark: str) -> Change | None:
        """Say that a landmark is right where it is, in an image or in several; an absent one stays absent."""
        names = several(image)
        return self._act(actions.confirm, names, landmark, self._reader, f"Confirm “{landmark}” in {count(names)}")

    def reset_placement(self, image: Names, landmark: str) -> Change | None:
        """Forget what was said of a landmark in an image, or in several: the prediction counts again."""
        names = several(image)
        return self._act(actions.reset, names, landmark, f"Reset “{landmark}” in {count(names)}")

    def least_certain(self, image: str) -> LeastCertain | None:
        """The least certain placement in an image, hidden landmarks too; None where nothing is placed."""
        return self._state.least_certain(image)

    def corrections(self, image: str) -> int:
        """Number of placements, masks and calipers that a reader corrected or set absent in an image."""
        self._state.slot(image)
        rows = self._state.rows.by_image.get(image, {}).values()
        others = len(self._state.rows.masks.get(image, {})) + len(self._state.rows.calipers.get(image, {}))
        return sum(row.state != PlacementState.CONFIRMED for row in rows) + others

    def absences(self, image: str) -> int:
        """Number of placements and masks that a reader set absent in an image."""
        self._state.slot(image)
        rows = self._state.rows.by_image.get(image, {}).values()
        masks = self._state.rows.masks.get(image, {}).values()
        return sum(row.state == PlacementState.ABSENT for row in rows) + sum(row.mask is None for row in masks)
