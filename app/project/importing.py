"""Placements and masks of files of others, or of an opinion, taken into a project: one undo step.

As corrections they never go over what a reader said, unless that is asked for; accepted images are locked in any case.
As an opinion they stand beside the project's own (design 5.16).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from app.core.annotation import AnnotatedMask
from app.core.frame import Frame
from app.core.landmark import PlacementState, ReviewState
from app.core.masks import MaskState
from app.core.text import one_line
from app.project.actions import remember_file
from app.project.changes import AnnotationsChanged, Change, OpinionsChanged
from app.project.entries import Placement
from app.project.masks import take_back
from app.project.matching import MatchedImage, MatchedPoint, Trouble, Unmatched
from app.project.state import ProjectState
from app.store.blobs import pack_mask
from app.store.changes import Action, Writer, now
from app.store.tables import OWN

CORRECTIONS = "corrections"
"""As what something is imported that becomes the project's own."""
SAME_PX = 0.01
"""A place so close to ours is ours: files round."""


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """What would be taken in and what not.

    Attributes
    ----------
    opinion : str
        Empty for the project's own.
    images : tuple of MatchedImage
        What is taken in.
    kept : mapping of str to tuple of str
        By image the landmarks and structures of which a reader of this project said something else: that stays.
    locked : tuple of str
        Accepted images: nothing of them is taken in.
    same : int
        Placements that are here already.
    outside : tuple of Unmatched
        Landmarks whose places lie outside the picture, where nobody would see a correction: they are not taken in.
    """

    opinion: str
    images: tuple[MatchedImage, ...]
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    locked: tuple[str, ...] = ()
    same: int = 0
    outside: tuple[Unmatched, ...] = ()

    @property
    def placements(self) -> int:
        """Number of placements to take in."""
        return sum(len(image.points) for image in self.images)

    @property
    def masks(self) -> int:
        """Number of masks to take in."""
        return sum(len(image.masks) for image in self.images)

    @property
    def corrections_kept(self) -> int:
        """Number of corrections that stay."""
        return sum(map(len, self.kept.values()))


@dataclass(eq=False)
class ImportReport:
    """What came of it.

    Attributes
    ----------
    plan : ImportPlan
    placements, masks : int
        That were taken in.
    same : int
        Placements and masks that were here already.
    empty : list of (image, structure)
        Outlines in which no pixel of the picture lies: nothing was taken in of them.
    change : Change or None
        None where nothing changed.
    """

    plan: ImportPlan
    placements: int = 0
    masks: int = 0
    same: int = 0
    empty: list[tuple[str, str]] = field(default_factory=list)
    change: Change | None = None


def checked_opinion(name: str) -> str:
    """The name of an opinion; raises ValueError with a sentence for what can't be one."""
    found = one_line(name).strip()
    if not found or found != name.strip() or found.casefold() == CORRECTIONS:
        raise ValueError(f"“{found}” can’t name a reader whose opinion is shown. Choose another name.")
    return found


def plan_import(
    state: ProjectState, images: tuple[MatchedImage, ...], opinion: str = OWN, over: bool = False
) -> ImportPlan:
    """What would be taken in of matched images: see `ImportPlan`.

    Parameters
    ----------
    state : ProjectState
    images : tuple of MatchedImage
    opinion : str
        Empty for the project's own.
    over : bool
        Take the place of what readers of this project said, too; accepted images stay locked.
    """
    if opinion != OWN:
        return ImportPlan(opinion, images)
    taken, kept, locked, same = [], dict[str, tuple[str, ...]](), [], 0
    outside: dict[str, list[str]] = {}
    for image in images:
        if state.rows.accepted(image.name):
            locked.append(image.name)
            continue
        ours = {placement.landmark.name: placement for placement in state.placements_in(image.name)}
        for name in image.points:
            state.rows.number(name)  # it may have been deleted since it was matched
        others = {name: said for name, said in image.points.items() if not _same(said, ours[name])}
        same += len(image.points) - len(others)
        out = [name for name, said in others.items() if _leads_out(state.frame(image.name), said, ours[name])]
        for name in out:
            outside.setdefault(name, []).append(image.name)
            del others[name]
        stay = [] if over else [name for name in others if ours[name].reader or ours[name].at]
        held = state.rows.masks.get(image.name, {}).keys() | _confirmed(state, image.name)
        ours_already = {name for name in held & image.masks.keys() if _is_held(state, image, name)}
        same += len(ours_already)
        stay += [] if over else [name for name in image.masks if name in held - ours_already]
        if stay:
            kept[image.name] = tuple(stay)
        points = {name: said for name, said in others.items() if name not in stay}
        masks = {name: said for name, said in image.masks.items() if name not in stay and name not in ours_already}
        if points or masks:
            taken.append(MatchedImage(image.name, points, masks, image.files))
    told = tuple(Unmatched(Trouble.OUTSIDE, name, tuple(where)) for name, where in outside.items())
    return ImportPlan(opinion, tuple(taken), kept, tuple(locked), same, told)


def _leads_out(frame: Frame | None, said: MatchedPoint, ours: Placement) -> bool:
    """Whether a place lies outside the picture; not where ours does already (as `actions.place` has it)."""
    if frame is None or said.xy is None or frame.contains(said.xy):
        return False
    return bool(frame.contains(ours.xy)) or bool(np.isnan(ours.xy).any())


def _confirmed(state: ProjectState, image: str) -> set[str]:
    """The structures of an image that a reader accepted."""
    said = state.rows.structure_reviews.get(image, {})
    return {name for name, review in said.items() if review.state is ReviewState.ACCEPTED}


def _is_held(state: ProjectState, image: MatchedImage, structure: str) -> bool:
    """Whether a mask of which a reader of this project spoke is the file's."""
    frame, said = state.frame(image.name), image.masks[structure]
    return frame is not None and _is_ours(state, image.name, structure, said, said.native(frame))


def _same(said: MatchedPoint, ours: Placement) -> bool:
    """Whether a place is ours already; what a reader corrected or confirmed elsewhere is more than a prediction."""
    if said.xy is None:
        return ours.state is PlacementState.ABSENT
    by_reader = said.state in (PlacementState.CORRECTED, PlacementState.CONFIRMED)
    if by_reader and ours.state not in (said.state, PlacementState.CONFIRMED):
        return False
    return bool(np.hypot(*(said.xy - ours.xy)) <= SAME_PX)


def take_in(state: ProjectState, report: ImportReport, reader: str, label: str) -> Action:
    """The action that does what a report's plan says; it counts in the report."""
    plan = report.plan
    report.same = plan.same

    def edit(writer: Writer) -> Iterator[None]:
        for image in plan.images:
            yield
            _put_points(state, writer, plan.opinion, image, reader)
            report.placements += len(image.points)
            put = [_put_mask(state, writer, report, image.name, *item, reader) for item in image.masks.items()]
            if (image.points or any(put)) and not state.rows.accepted(image.name):
                remember_file(state, writer, image.name)

    kind = AnnotationsChanged.code if plan.opinion == OWN else OpinionsChanged.code
    return Action(kind, label, edit, tuple(image.name for image in plan.images))


def _put_points(state: ProjectState, writer: Writer, opinion: str, image: MatchedImage, reader: str) -> None:
    for name, said in image.points.items():
        x, y = (None, None) if said.xy is None else (float(said.xy[0]), float(said.xy[1]))
        found = said.state or PlacementState.CORRECTED
        if opinion == OWN and found is PlacementState.PREDICTED:
            found = PlacementState.CORRECTED  # whoever imports it says that it is right
        writer.put("placements", image.name, opinion, state.rows.number(name), found.value, x, y, reader, now())


def _put_mask(
    state: ProjectState,
    writer: Writer,
    report: ImportReport,
    image: str,
    structure: str,
    said: AnnotatedMask,
    reader: str,
) -> bool:
    """Take one mask in; False where nothing is to be kept of it."""
    opinion, frame = report.plan.opinion, state.frame(image)
    if frame is None:
        raise ValueError(f"“{image}” is not read any more. Look for its file, and import again.")
    mask = said.native(frame)
    if mask is not None and mask.shape != (frame.height, frame.width):
        raise ValueError(f"“{image}” has another size than it had a moment ago. Import again.")
    if mask is not None and not mask.any():
        report.empty.append((image, structure))
        return False
    if opinion == OWN and _is_ours(state, image, structure, said, mask):
        report.same += 1
        return False
    who = MaskState.ABSENT if mask is None else MaskState.CORRECTED
    if opinion != OWN and mask is not None and said.state is not None:
        who = said.state
    kept = None if mask is None else writer.blob(pack_mask(mask))
    writer.put("masks", image, opinion, structure, who.value, kept, reader, now())
    report.masks += 1
    if opinion == OWN:
        take_back(state, writer, image, structure, reader)
    return True


def _is_ours(state: ProjectState, image: str, structure: str, said: AnnotatedMask, mask: np.ndarray | None) -> bool:
    """Whether a mask is ours already, bit by bit; what a reader drew elsewhere is more than a prediction."""
    masks = state.masks(image)
    if mask is None:
        return masks.state(structure) is MaskState.ABSENT
    ours = masks.native(structure)
    if said.state in (MaskState.CORRECTED, MaskState.CONFIRMED) and not masks.corrected(structure):
        return False
    return ours is not None and bool((ours == mask).all())


def delete_opinion(state: ProjectState, opinion: str, label: str) -> Action:
    """Forget all that an opinion says."""
    opinions = state.rows.opinions
    if opinion not in opinions.names:
        raise ValueError(f"The project has no opinion of “{opinion}”.")
    images = tuple(name for name in state.rows.images if name in opinions.images(opinion))

    def edit(writer: Writer) -> Iterator[None]:
        for name in images:
            yield
            for table in ("placements", "masks"):
                writer.drop(table, image=name, opinion=opinion)

    return Action(OpinionsChanged.code, label, edit, images)
