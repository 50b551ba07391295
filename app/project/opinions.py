"""Opinions beside the project's own: brought in, shown, compared and taken over (design 5.16)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.agreement import Agreement, Pair, agreement_of, least_agreeing
from app.core.annotation import AnnotatedMask, ImageAnnotations, PackedMask
from app.core.landmark import PlacementState
from app.core.masks import ImageMasks, Mask, MaskState, ReaderMask
from app.core.metrics import dice
from app.jobs import SteppedJob
from app.project.accepting import locked_sentence
from app.project.changes import Change
from app.project.importing import (
    CORRECTIONS,
    ImportPlan,
    ImportReport,
    checked_opinion,
    delete_opinion,
    plan_import,
    take_in,
)
from app.project.matching import KnownImage, MatchedImage, MatchedPoint, Matching, match
from app.project.reviews import SessionReviews
from app.project.session_files import Names, count, several
from app.project.state import ProjectState
from app.project.stepwise import Stepwise, stepped_job
from app.store.tables import OWN


@dataclass(frozen=True, eq=False)
class OpinionPlacement:
    """What an opinion says of one landmark in one image.

    Attributes
    ----------
    landmark : str
    state : PlacementState
    xy : array [2], float64
        Native pixels; NaN where it is absent.
    reader, at : str
        Who brought it in and when (UTC, ISO 8601).
    """

    landmark: str
    state: PlacementState
    xy: npt.NDArray[np.float64]
    reader: str
    at: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """An opinion beside the project's own placements and masks, worst first.

    Attributes
    ----------
    opinion : str
    landmarks, structures : tuple of Agreement
    """

    opinion: str
    landmarks: tuple[Agreement, ...]
    structures: tuple[Agreement, ...]


class SessionOpinions(SessionReviews):
    """The part of a `Session` that imports, and that shows, compares and takes over opinions."""

    # --- importing

    def match_annotations(self, read: Iterable[ImageAnnotations]) -> Matching:
        """What of some files' annotations this project knows by name, and what not; nothing is done."""
        state = self._state
        images = [KnownImage(name, _uid(state, name), state.frame(name)) for name in state.rows.images]
        structures = {structure.name: structure.title for structure in self.template.structures}
        return match(read, images, state.rows.numbers, structures)

    def preview_import(self, matching: Matching, as_: str = CORRECTIONS, over: bool = False) -> ImportPlan:
        """What `import_annotations` would take in, and what stays; nothing is done."""
        return plan_import(self._state, matching.images, _opinion(as_), over)

    def import_annotations(
        self,
        read: Matching | Iterable[ImageAnnotations],
        as_: str = CORRECTIONS,
        over: bool = False,
        source: str = "",
    ) -> ImportReport:
        """Take annotations of files in; one undo step.

        Parameters
        ----------
        read : Matching or iterable of ImageAnnotations
            What `match_annotations` said, or what files say; what does not match is left out.
        as_ : str
            ``corrections``, or the name of a reader or a program whose opinion it is: that is shown beside the
            project's own. What the same one said of the same things before is replaced.
        over : bool
            As corrections: also where readers of this project said something else. Accepted images stay as they are.
        source : str
            Of which file the history tells.

        Raises
        ------
        ValueError
            With a sentence, where nothing can be imported: the project is open for reading only, or no name for an
            opinion.
        """
        self._project.check_writable()
        self._settle()
        matching = read if isinstance(read, Matching) else self.match_annotations(read)
        report = ImportReport(self.preview_import(matching, as_, over))
        report.change = self._act(take_in, report, self._reader, _label(report.plan, source))
        return report

    def start_import(
        self, matching: Matching, as_: str = CORRECTIONS, over: bool = False, source: str = ""
    ) -> SteppedJob:
        """The same as `import_annotations`, little by little, as a job that this thread goes on with.

        All is one undo step; cancelled, nothing is taken in. Yields a `Result`: the `ImportReport`.
        """
        self._project.check_writable()
        _opinion(as_)

        def begin() -> tuple[Stepwise, Callable[[Change | None], ImportReport]]:
            self._settle()
            report = ImportReport(self.preview_import(matching, as_, over))

            def end(change: Change | None) -> ImportReport:
                report.change = change
                return report

            return self._in_pieces(take_in(self._state, report, self._reader, _label(report.plan, source))), end

        return stepped_job("Importing", len(matching.images), begin)

    # --- what opinions say

    @property
    def opinions(self) -> tuple[str, ...]:
        """Names of the opinions beside the project's own, in alphabetical order."""
        return self._state.rows.opinions.names

    def opinion_images(self, opinion: str) -> tuple[str, ...]:
        """The images of which an opinion says something, in the project's order."""
        said = self._state.rows.opinions.images(opinion)
        return tuple(name for name in self._state.rows.images if name in said)

    def opinion_placements(self, opinion: str, image: str) -> list[OpinionPlacement]:
        """What an opinion says of landmarks in an image, in the order of the landmarks."""
        self._state.slot(image)
        said = self._state.rows.opinions.placements.get(opinion, {}).get(image, {})
        marks = ((mark.name, said[number]) for number, mark in self._state.rows.landmarks.items() if number in said)
        return [OpinionPlacement(name, PlacementState(row.state), row.xy, row.reader, row.at) for name, row in marks]

    def opinion_masks(self, opinion: str, image: str) -> ImageMasks:
        """What an opinion says of masks in an image; of structures of which it says nothing, nothing is known."""
        self._state.slot(image)
        named = self._state.rows.opinions.masks.get(opinion, {}).get(image, {})
        known = [structure.name for structure in self.template.structures if structure.name in named]
        found = {name: self._state.opinion_mask(opinion, image, name) for name in known}
        said: dict[str, ReaderMask] = {name: one for name, one in found.items() if one is not None}
        return ImageMasks(self.template, self._state.frame(image), None, said)

    def opinion_mask(self, opinion: str, image: str, structure: str) -> Mask | None:
        """A structure's mask [H, W] in native pixels as an opinion has it; None where it says absent, or nothing."""
        return self.opinion_masks(opinion, image).native(structure)

    def compare_opinion(self, opinion: str, images: Sequence[str] | None = None) -> Comparison:
        """How far an opinion agrees with the project's own placements and masks, worst first.

        Masks are read one by one: of very many images this takes a while.
        """
        groups: dict[tuple[bool, str], list[Pair]] = {}
        for image in self.opinion_images(opinion) if images is None else images:
            for pair in self.opinion_pairs(opinion, image):
                groups.setdefault((pair.of_mask, pair.name), []).append(pair)
        found = [agreement_of(name, pairs) for (_, name), pairs in groups.items()]
        landmarks = least_agreeing([one for one in found if not one.of_masks])
        return Comparison(opinion, landmarks, least_agreeing([one for one in found if one.of_masks]))

    def opinion_pairs(self, opinion: str, image: str) -> list[Pair]:
        """What an opinion and the project say of the same landmarks and structures of one image."""
        return [*self._point_pairs(opinion, image), *self._mask_pairs(opinion, image)]

    def _point_pairs(self, opinion: str, image: str) -> Iterable[Pair]:
        size = self._pixel_mm(image)
        ours = {placement.landmark.name: placement for placement in self._state.placements_in(image)}
        for theirs in self.opinion_placements(opinion, image):
            own = ours[theirs.landmark]
            if own.state is None:
                continue
            gone = own.state is PlacementState.ABSENT, theirs.state is PlacementState.ABSENT
            if all(gone):
                continue
            absent = "ours" if gone[0] else "theirs" if gone[1] else ""
            apart = tuple((theirs.xy - own.xy).tolist()) if not absent else ()
            yield Pair(image, theirs.landmark, apart, size, absent=absent)

    def _mask_pairs(self, opinion: str, image: str) -> Iterable[Pair]:
        size, ours, theirs = self._pixel_mm(image), self._state.masks(image), self.opinion_masks(opinion, image)
        for structure in theirs.by_reader:
            if ours.state(structure) is None or theirs.state(structure) is None:
                continue
            own, other = ours.native(structure), theirs.native(structure)
            if own is None and other is None:
                continue
            if own is None or other is None:
                yield Pair(image, structure, pixel_mm=size, absent="ours" if own is None else "theirs", of_mask=True)
            else:
                area = float(np.count_nonzero(other)) - float(np.count_nonzero(own))
                yield Pair(image, structure, (area,), size, dice(own, other), of_mask=True)

    def _pixel_mm(self, image: str) -> tuple[float, float]:
        spacing = self._state.rows.spacing(image)
        return (spacing.column_mm, spacing.row_mm) if spacing is not None else (np.nan, np.nan)

    # --- acting on opinions

    def take_over(
        self,
        opinion: str,
        images: Names | None = None,
        landmark: str | None = None,
        structure: str | None = None,
        over: bool = False,
    ) -> ImportReport:
        """Make what an opinion says the project's own: of all images or some, of all or one landmark or structure.

        One undo step. Corrections of this project's readers and accepted images stay, as in `import_annotations`. With
        a landmark and a structure, both are taken.

        Raises
        ------
        ValueError
            With a sentence: there is no such opinion, landmark or structure, or the image is accepted.
        """
        self._project.check_writable()
        self._settle()
        if opinion not in self.opinions:
            raise ValueError(f"The project has no opinion of “{opinion}”.")
        if landmark is not None:
            self._state.rows.number(landmark)
        if structure is not None and structure not in [one.name for one in self.template.structures]:
            raise ValueError(f"The template has no structure “{structure}”.")
        names = self.opinion_images(opinion) if images is None else several(images)
        found = (self._said(opinion, name, landmark, structure) for name in names)
        said = tuple(one for one in found if one.points or one.masks)
        plan = plan_import(self._state, said, OWN, over)
        if plan.locked and len(plan.locked) == len(said):
            raise ValueError(locked_sentence(plan.locked[0]))
        report = ImportReport(plan)
        what = " and ".join(f"“{name}”" for name in (landmark, structure) if name is not None) or _amount(plan)
        report.change = self._act(take_in, report, self._reader, f"Take over {what} in {_where(plan)} from {opinion}")
        return report

    def _said(self, opinion: str, image: str, landmark: str | None, structure: str | None) -> MatchedImage:
        """What an opinion says of an image, as if it were read from a file; of all where neither is named."""
        whole = landmark is None and structure is None
        points = {
            one.landmark: MatchedPoint(None if one.state is PlacementState.ABSENT else one.xy, one.state)
            for one in self.opinion_placements(opinion, image)
            if whole or one.landmark == landmark
        }
        masks, drawn = {}, self.opinion_masks(opinion, image)
        for name in drawn.by_reader:
            if (whole or name == structure) and (state := drawn.state(name)) is not None:
                native = drawn.native(name)
                bitmap = None if native is None else PackedMask.of(native)
                masks[name] = AnnotatedMask(name, bitmap, state=None if state is MaskState.ABSENT else state)
        return MatchedImage(image, points, masks)

    def delete_opinion(self, opinion: str) -> Change | None:
        """Forget all that an opinion says; one undo step."""
        return self._act(delete_opinion, opinion, f"Delete the opinion of {opinion}")


def _opinion(as_: str) -> str:
    """The key under which the rows stand."""
    return OWN if as_ == CORRECTIONS else checked_opinion(as_)


def _uid(state: ProjectState, image: str) -> str:
    facts = state.rows.facts_of(image)
    return facts.instance_uid if facts is not None else ""


def _label(plan: ImportPlan, source: str) -> str:
    origin = f" from {source}" if source else ""
    whose = f"the opinion of {plan.opinion}" if plan.opinion else "corrections"
    return f"Import {_amount(plan)} in {_where(plan)}{origin} as {whose}"


def _amount(plan: ImportPlan) -> str:
    """How much is taken in, in words."""
    parts = [(plan.placements, "placement"), (plan.masks, "mask")]
    told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number]
    return " and ".join(told) or "nothing"


def _where(plan: ImportPlan) -> str:
    return count([image.name for image in plan.images]) if plan.images else "no image"
