"""Whether an image is what the bundle was made for: upright, not mirrored, of the right polarity, of the right part.

A small network of its own scores each of the 16 copies of an image that turning, mirroring and inverting make: how much
does it look as it should? What is said follows from the 16 scores together, so an image and its copies are judged
alike: what is said of a mirrored copy is what is said of the image, mirrored. What a header states is believed first.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from app.core.acquisition import UNKNOWN, Acquisition
from app.core.orientation import AS_STORED, ORIENTATIONS, Orientation

FRONTAL_VIEWS = ("AP", "PA")
LATERAL_VIEWS = ("LL", "RL", "LLO", "RLO", "LAT", "LATERAL")
"""View Position (PS3.3 C.8.1.2, C.8.11.5, and what is written in its place) of what is no frontal radiograph."""
_PLANE = {"L": (1, 0), "R": (-1, 0), "F": (0, 1), "H": (0, -1)}
"""Anatomical directions as a frontal radiograph should show them: x to the right of the picture, y down."""
_BODY_PARTS = {"chest": ("CHEST", "THORAX"), "wrist": ("WRIST",)}
"""What Body Part Examined (PS3.16 Annex L) calls what bundles are made for."""


class Reason(StrEnum):
    """Who says that an image is not as it should be."""

    LOOKS = "looks"
    """The picture: what it needs is `Finding.needed`."""
    STATED = "stated"
    """The header: what it needs is `Finding.needed`."""
    CONTRADICTS = "contradicts"
    """The picture, turned by `Finding.needed`, while the header calls it upright."""
    OTHER = "other"
    """The picture: it shows something else."""
    ANATOMY = "anatomy"
    """The picture: it shows `Finding.shows`, for which there is another bundle."""
    LATERAL = "lateral"
    """The header: it calls this a lateral view."""
    FLAT = "flat"
    """The picture: one grey value."""
    NOTHING = "nothing"
    """The prediction: none of the structures was found."""


@dataclass(frozen=True)
class Finding:
    """What is odd about an image.

    Attributes
    ----------
    reason : Reason
    needed : Orientation
        What would mend it, on top of how the image is read now.
    view : str
        ``AP`` or ``PA`` where the header says so, else ``frontal``.
    shows : str
        What another bundle that it looks right for was made for; empty where there is none.
    """

    reason: Reason
    needed: Orientation = AS_STORED
    view: str = "frontal"
    shows: str = ""

    @property
    def code(self) -> str:
        """What is kept of it; `words_of` makes the sentence and `remedy` knows what helps."""
        if self.reason is Reason.ANATOMY:
            return f"{self.reason}:{self.shows}"
        return f"{self.reason}:{self.needed.key}:{self.view}"


@dataclass(frozen=True)
class Plausibility:
    """What is concluded from 16 scores.

    Attributes
    ----------
    subject : str
        What the bundle was made for, in the reader's words: ``chest``.
    side : int
        Side of the checking network's input in pixels.
    kind : float
        Log-odds of being such a radiograph in any position, below which the image shows something else.
    pose : float
        By how much another turn or the other polarity must be more likely (log-odds) to be said.
    mirrored : float
        By how much the mirror image must be more likely (log-odds) to be said; the mirror image itself then lies as far
        on the other side. Between them nobody knows, and nothing is said.
    either_side : bool
        Whether the anatomy comes in two that are mirror images: then neither is wrong.
    """

    subject: str
    side: int
    kind: float
    pose: float
    mirrored: float
    either_side: bool = False

    def is_other_side(self, scores: npt.ArrayLike) -> bool:
        """Whether scores [16], of an image as read now, say clearly that it shows the other of two sides."""
        logits = np.asarray(scores, float).reshape(2, 2, 4)
        return self.either_side and bool(logits[0, 1, 0] - logits[0, 0, 0] >= self.mirrored)

    def judge(
        self,
        scores: npt.ArrayLike,
        acquisition: Acquisition = UNKNOWN,
        orientation: Orientation = AS_STORED,
        present: npt.ArrayLike = (True,),
    ) -> Finding | None:
        """What is odd about an image; None where it is as it should be, or nobody knows.

        Parameters
        ----------
        scores : array [16]
            Of the image as read now and then by each of `ORIENTATIONS`, as log-odds against showing something else.
        acquisition : Acquisition
            What the header says of the image as stored.
        orientation : Orientation
            How the image is read now.
        present : array [C], bool
            Which structures were found: one that looks upright but lacks more than half of them shows
            something else.
        """
        logits = np.asarray(scores, float).reshape(2, 2, 4)  # inverted, mirrored, quarter turns
        view = acquisition.view if acquisition.view in FRONTAL_VIEWS else "frontal"
        if acquisition.view in LATERAL_VIEWS:
            return Finding(Reason.LATERAL)
        stated = None if self.either_side else stated_orientation(acquisition)
        as_stored = (orientation.quarter_turns, orientation.mirrored) == (0, False)
        if np.logaddexp.reduce(logits, axis=None) < self.kind and not _is_stated(acquisition, self.subject):
            return Finding(Reason.OTHER)
        if stated not in (None, AS_STORED) and as_stored:
            return Finding(Reason.STATED, stated or AS_STORED, view)
        needed = self._needed(logits, mirrors=stated is None and not self.either_side)
        if needed == AS_STORED:
            return Finding(Reason.OTHER) if 2 * np.count_nonzero(present) < np.size(present) else None
        contradicts = stated is not None and needed.quarter_turns != 0
        return Finding(Reason.CONTRADICTS if contradicts else Reason.LOOKS, needed, view)

    def _needed(self, logits: npt.NDArray[np.float64], mirrors: bool) -> Orientation:
        """What would mend an image of scores [2, 2, 4]; as stored where that is not sure."""
        poses = np.logaddexp.reduce(logits, axis=1)  # inverted, quarter turns: the head is up in both mirror images
        inverted, turns = (int(i) for i in np.unravel_index(np.argmax(poses), poses.shape))
        if (inverted, turns) != (0, 0) and poses[inverted, turns] - poses[0, 0] < self.pose:
            inverted, turns = 0, 0
        plain, mirrored = logits[inverted, :, turns]
        return Orientation(turns, bool(mirrors and mirrored - plain >= self.mirrored), bool(inverted))

    def sentence(self, finding: Finding | None) -> str:
        """What to tell the reader; empty where all is well."""
        return "" if finding is None else words(finding, self.subject)


def _is_stated(acquisition: Acquisition, subject: str) -> bool:
    """Whether the header itself calls the image a frontal radiograph of the subject."""
    parts = _BODY_PARTS.get(subject, (subject.upper(),))
    return acquisition.view in FRONTAL_VIEWS and any(part in acquisition.body_part for part in parts)


def stated_orientation(acquisition: Acquisition) -> Orientation | None:
    """How Patient Orientation (PS3.3 C.7.6.1.1.1) says an image as stored is to be read; None where it does not say.

    Only directions of a frontal radiograph say it: towards left, right, head or feet.
    """
    across, down = (_PLANE.get(letters[:1]) for letters in (acquisition.towards_right, acquisition.towards_bottom))
    if across is None or down is None:
        return None
    wanted = np.array([across, down]).T
    return next((orientation for orientation in ORIENTATIONS[:8] if (orientation.linear == wanted).all()), None)


_TURNED = ("", "turned to the left by 90°", "upside down", "turned to the right by 90°")
"""How an image looks that needs so many quarter turns to the right."""
_NONSENSE = "masks and landmarks may be nonsense."
_FRONTAL = {"wrist": "AP"}
"""What a frontal view of something is usually called, where it is not that."""
_SWAPPED = "right and left may be swapped."


def words(finding: Finding, subject: str) -> str:
    """The sentence about a finding."""
    view = _FRONTAL.get(subject, finding.view) if finding.view == "frontal" else finding.view
    needed, what = finding.needed, f"{view} {subject} radiograph"
    a_what = f"{'an' if view == 'AP' else 'a'} {what}"
    flips = ("mirrored" if needed.mirrored else "", "inverted" if needed.inverted else "")
    how = " and ".join(part for part in (_TURNED[needed.quarter_turns], *flips) if part)
    follows = _SWAPPED if needed == Orientation(mirrored=True) else _NONSENSE
    match finding.reason:
        case Reason.OTHER:
            return f"This does not look like {a_what}; {_NONSENSE}"
        case Reason.ANATOMY:
            return f"This looks like a {finding.shows} radiograph, not like {a_what}; {_NONSENSE}"
        case Reason.LATERAL:
            return f"The header calls this a lateral view, not {a_what}; {_NONSENSE}"
        case Reason.STATED:
            return f"The header says that this {what} is stored {how} (Patient Orientation); {follows}"
        case Reason.CONTRADICTS:
            return f"This {what} looks {how}, but its header calls it upright (Patient Orientation); {_NONSENSE}"
        case Reason.FLAT:
            return "The picture has the same grey value everywhere: there is nothing to predict."
        case Reason.NOTHING:
            return f"No structure was found. Check whether this is a {subject} radiograph."
        case Reason.LOOKS if needed == Orientation(inverted=True):
            return f"The grey values of this {what} look inverted; {follows}"
        case Reason.LOOKS:
            return f"This {what} looks {how}; {follows}"


_FINDINGS = (
    *(Finding(reason) for reason in (Reason.OTHER, Reason.LATERAL, Reason.FLAT, Reason.NOTHING)),
    *(
        Finding(reason, needed, view)
        for reason in (Reason.LOOKS, Reason.STATED, Reason.CONTRADICTS)
        for needed in ORIENTATIONS
        for view in (*FRONTAL_VIEWS, "frontal")
        if needed != AS_STORED
    ),
)
_OF_CODE = {finding.code: finding for finding in _FINDINGS}


def finding_of(code: str) -> Finding | None:
    """The finding of a code; None of any other text."""
    reason, _, shows = code.partition(":")
    return Finding(Reason.ANATOMY, shows=shows) if reason == Reason.ANATOMY and shows else _OF_CODE.get(code)


@functools.cache
def _old_sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences that earlier versions kept instead of codes, of any subject, and what they meant."""
    any_subject = "SUBJECT"
    pairs = [(words(finding, any_subject), finding.code) for finding in _FINDINGS]
    pairs.append(
        (
            f"None of the structures of {any_subject} was found. Check whether this is such a radiograph.",
            Finding(Reason.NOTHING).code,
        )
    )
    return tuple((re.compile(re.escape(words).replace(any_subject, ".+")), code) for words, code in pairs)


@functools.lru_cache(maxsize=1024)
def code_of(kept: str) -> str:
    """What was kept of an image as a code: of a sentence of an earlier version its code, any other text as it is."""
    if not kept or finding_of(kept) is not None:
        return kept
    return next((code for pattern, code in _old_sentences() if pattern.fullmatch(kept)), kept)


def words_of(kept: str, subject: str) -> str:
    """The sentence for the reader about what was kept of an image; empty where nothing was.

    Parameters
    ----------
    kept : str
        A code, or what an earlier version kept: a text that is no code is shown as it is.
    subject : str
        What the bundle was made for, in the reader's words: ``chest``.
    """
    finding = finding_of(code_of(kept))
    return kept if finding is None else words(finding, subject)


def brief(kept: str, subject: str) -> str:
    """The same in two or three words, for a list; empty where nothing was kept."""
    finding = finding_of(code_of(kept))
    if not kept or finding is None:
        return "does not look right" if kept else ""
    needed = finding.needed
    flips = ("mirrored" if needed.mirrored else "", "inverted" if needed.inverted else "")
    turned = ("", "turned", "upside down", "turned")[needed.quarter_turns]
    how = ", ".join(part for part in (turned, *flips) if part)
    match finding.reason:
        case Reason.OTHER:
            return f"no {_FRONTAL.get(subject, 'frontal')} {subject}?"
        case Reason.ANATOMY:
            return f"a {finding.shows}?"
        case Reason.LATERAL:
            return "lateral view"
        case Reason.FLAT:
            return "one grey value"
        case Reason.NOTHING:
            return "nothing found"
        case Reason.STATED:
            return f"stored {how}"
        case _:
            return f"looks {how}"


def remedy(kept: str) -> Orientation | None:
    """How to read an image of which this was kept, on top of how it is read; None where nothing helps."""
    finding = finding_of(code_of(kept))
    return finding.needed if finding is not None and finding.reason in (Reason.LOOKS, Reason.STATED) else None


def copies(square: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A normalised square picture [S, S] read in all 16 ways, [16, 1, S, S], in the order of `ORIENTATIONS`."""
    made = [orientation.turned(square) * (-1 if orientation.inverted else 1) for orientation in ORIENTATIONS]
    return np.ascontiguousarray(np.stack(made)[:, None], np.float32)
