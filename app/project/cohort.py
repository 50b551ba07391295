"""The part of a `Session` that looks at all images together on the template: grey values, and pooled corrections.

Nothing of it is stored in the project: whoever asked holds the result, and asks again when it is out of date. Child
processes read the files (`cohort_worker`), as an export does, so that the window never waits and a file that hangs or
crashes a decoder costs that image alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.core.cohort import LEAST, Cohort, CohortStack, cells_of, comparable, grey_at
from app.core.landmark import PlacementState
from app.core.pooled import LEAST_MM, Moved, Pooled, pixels_per_mm, pooled_rim, rim_moves
from app.engine.protocol import Message
from app.io.grey_pixels import grey_pixels
from app.jobs import Failed, Job, Progress, Result, start_job
from app.project.cohort_children import Asked, Children, Unanswered
from app.project.grey_values import SessionGrey

MOST = 4000
"""Of more images, so many at even distances are laid over each other: 400 MB."""


Answers: TypeAlias = Iterator[tuple[str, Message | None]]
"""Images, each with what a child answered; None where none could."""


class LeftOut(StrEnum):
    """Why an image is not among those that are laid over each other."""

    NOTHING = "nothing"
    """Nothing is predicted in it, or its file is not there."""
    SUSPECT = "suspect"
    """It does not look like an image for this model."""
    CHANGED = "changed"
    """The file is another one than the one that was accepted."""
    UNREAD = "unread"
    """Its file could not be read."""
    LITTLE = "little"
    """It shows too little of the template, or one grey value."""


@dataclass(frozen=True, eq=False)
class GreyCohort:
    """Grey values of images over the template.

    Attributes
    ----------
    cohort : Cohort
        Of fewer than `LEAST` images, nothing is usual: all NaN.
    predictions : dict of str to str
        By image, the prediction that says where its places are (`Session.prediction_id`).
    left_out : dict of str to LeftOut
        The images that were asked for and are not among them.
    skipped : int
        How many were not asked for, since there are more than `MOST`.
    """

    cohort: Cohort
    predictions: dict[str, str]
    left_out: dict[str, LeftOut]
    skipped: int = 0

    @property
    def too_few(self) -> bool:
        """Whether nobody can say what is usual."""
        return len(self.cohort.names) < LEAST


@dataclass(frozen=True, eq=False)
class Moves:
    """What readers moved in one image, mm of the template.

    Attributes
    ----------
    landmarks : dict of str to float
    rims : dict of str to array [P]
        By structure with a mask that a reader drew: `app.core.pooled.rim_moves`.
    """

    landmarks: dict[str, float]
    rims: dict[str, npt.NDArray[np.float64]]


class SessionCohort(SessionGrey):
    """The part of a `Session` that looks at all images together."""

    def comparable_grey(self, image: str) -> npt.NDArray[np.float32] | LeftOut:
        """The grey values of one image at the cells of the template (`app.core.cohort`) [K], or why there are none.

        Reads its file.
        """
        self._state.slot(image)
        there = self._state.status(image)[0] == "predicted"
        prediction, frame = self._state.prediction(image) if there else None, self._state.frame(image)
        if prediction is None or frame is None:
            return LeftOut.NOTHING
        if self._state.suspect(image):
            return LeftOut.SUSPECT
        if self._state.changed_since_accepted(image):
            return LeftOut.CHANGED
        pixels = grey_pixels(self._state.rows.path(image), (frame.height, frame.width))
        if pixels is None:
            return LeftOut.UNREAD
        absent = self._state.rows.absent_structures(image)
        seen = np.array([structure.name not in absent for structure in self.template.structures])
        cells = cells_of(self.template)
        grey = grey_at(pixels.values, prediction.charts, prediction.present & seen, cells)
        found = comparable(grey, cells, frame.orientation.inverted)
        return LeftOut.LITTLE if found is None else found

    def moves_in(self, image: str) -> Moves:
        """What readers moved in one image: landmarks from where they were predicted, and rims of masks they drew."""
        landmarks: dict[str, float] = {}
        for placement in self._state.placements_in(image):
            mark, moved = placement.landmark, placement.moved
            if placement.deleted or not np.isfinite(moved):
                continue
            structure = self.template.structure(mark.structure)
            outline = self._state.place_in(image, mark.structure, structure.outline_uv)
            mm = moved / pixels_per_mm(structure, outline)
            if np.isfinite(mm) and (placement.state is PlacementState.CORRECTED or mm >= LEAST_MM):
                landmarks[mark.name] = mm
        masks, rims = self._state.masks(image), {}
        for channel, structure in enumerate(self.template.structures):
            drawn, before = masks.by_hand(structure.name), masks.predicted(structure.name)
            if drawn is not None and before is not None and before.any() and masks.prediction is not None:
                rims[structure.name] = rim_moves(before, drawn, masks.prediction.charts[channel], structure)
        return Moves(landmarks, rims)

    def start_cohort(self, images: Sequence[str] | None = None) -> Job:
        """Lay the grey values of all images, or of those named, over each other, as a job.

        Yields `Progress`, `Failed` for each file that stopped a child, one `Result` with a `GreyCohort`, `Finished`.
        """
        names = self._wanted(images)
        chosen = names if len(names) <= MOST else [names[i * len(names) // MOST] for i in range(MOST)]
        cells, skipped = cells_of(self.template), len(names) - len(chosen)

        def work(job: Job, answers: Answers) -> None:
            stack, left_out, predictions = CohortStack(cells, chosen), dict[str, LeftOut](), dict[str, str]()
            places = {name: place for place, name in enumerate(chosen)}
            for name, answer in answers:
                if answer is None:
                    left_out[name] = LeftOut.UNREAD
                    job.post(Failed(name, f"“{name}” could not be read for the comparison: it is left out."))
                elif "values" in answer.arrays:
                    stack.put(places[name], answer.arrays["values"])
                    predictions[name] = answer.fields["prediction"]
                else:
                    left_out[name] = LeftOut(answer.fields["why"])
            cohort = stack.combine(lambda: not job.cancelled) if not job.cancelled else None
            if cohort is not None:
                cohort.usual  # noqa: B018 (worked out here, not where it is shown)
                job.post(Result("cohort", GreyCohort(cohort, predictions, left_out, skipped)))

        return self._start_asking("grey", "Comparing", chosen, work)

    def start_pool(self, images: Sequence[str] | None = None) -> Job:
        """Pool what readers corrected in all images, or in those named, on the template, as a job.

        Yields `Progress`, `Failed`, one `Result` with a `Pooled`, `Finished`.
        """
        names, rows, template = self._wanted(images), self._state.rows, self.template
        touched = [name for name in names if rows.by_image.get(name) or rows.masks.get(name)]

        def work(job: Job, answers: Answers) -> None:
            landmarks: dict[str, list[Moved]] = {}
            rims: dict[str, list[tuple[str, npt.NDArray[np.float64]]]] = {}
            for name, answer in answers:
                if answer is None:
                    job.post(Failed(name, f"The corrections of “{name}” could not be read: they are left out."))
                    continue
                for landmark, mm in answer.fields["landmarks"].items():
                    landmarks.setdefault(landmark, []).append(Moved(name, mm))
                for structure, moves in answer.arrays.items():
                    rims.setdefault(structure, []).append((name, moves.astype(float)))
            if not job.cancelled:
                pooled = {name: pooled_rim(found, template.structure(name)) for name, found in rims.items()}
                moved = {name: tuple(found) for name, found in landmarks.items()}
                job.post(Result("pooled", Pooled(moved, pooled, len(names))))

        return self._start_asking("moves", "Pooling the corrections of", touched, work)

    def _start_asking(self, kind: str, verb: str, names: list[str], work: Callable[[Job, Answers], None]) -> Job:
        """A job that asks children for one image after the other and hands their answers to `work`."""
        asked = Asked(kind, str(self.path), str(self.bundle.folder))

        def run(job: Job) -> None:
            def answers() -> Answers:
                for done, answer in enumerate(children.answers(names, job), 1):
                    yield answer
                    job.post(Progress(done, len(names), answer[0]))

            try:
                with Children(asked, len(names)) as children:
                    work(job, answers())
            except Unanswered as error:
                job.post(Failed("", str(error)))

        title = f"{verb} 1 image" if len(names) == 1 else f"{verb} {len(names)} images"
        return start_job(title, run, "Nothing is shown of it; try again.")

    def _wanted(self, images: Sequence[str] | None) -> list[str]:
        for name in images or ():
            self._state.slot(name)
        wanted = None if images is None else set(images)
        return [name for name in self._state.rows.images if wanted is None or name in wanted]
