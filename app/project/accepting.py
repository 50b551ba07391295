"""Accepting: what may be accepted, and what is said of the rest.

Only a prediction that somebody has seen may be frozen (design 5.12). A window tells which predictions it showed, by
their id; a program that calls `Session.set_review` without saying so vouches for having looked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.jobs import Event, Progress, SteppedJob
from app.project.changes import Change
from app.project.state import ProjectState
from app.project.stepwise import Stepwise, stepped_job

TOGETHER = 6
"""Images that are made ready in one step: about 20 ms."""
NAMED = 3
"""So many images are named in a sentence; more are counted."""


class Refusal(StrEnum):
    """Why an image is not accepted."""

    MISSING = "missing"
    FAILED = "failed"
    UNPREDICTED = "unpredicted"
    UNSEEN = "unseen"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class ReviewReport:
    """What came of setting a review state.

    Attributes
    ----------
    changed : tuple of str
        Images whose review is another one now.
    refused : dict of str to Refusal
        Images that could not be accepted; nothing was changed in them.
    change : Change or None
        None where everything was so already.
    """

    changed: tuple[str, ...]
    refused: Mapping[str, Refusal]
    change: Change | None = None

    @property
    def sentence(self) -> str:
        """What was not accepted and why, empty where nothing was refused."""
        return sentence(self.refused)


def refusals(
    state: ProjectState, images: Sequence[str], shown: Mapping[str, str] | None, although_suspect: bool
) -> dict[str, Refusal]:
    """The images that can't be accepted now, and why.

    Parameters
    ----------
    state : ProjectState
    images : sequence of str
    shown : mapping of image to `ImageFiles.prediction_id`, or None
        The predictions that were on the screen; None does not ask for that.
    although_suspect : bool
        Whether the reader was asked about suspect images.
    """
    found = {}
    for name in images:
        if not state.rows.accepted(name) and (why := _refusal(state, name, shown, although_suspect)) is not None:
            found[name] = why
    return found


def start(
    state: ProjectState,
    names: Sequence[str],
    shown: Mapping[str, str] | None,
    settle: Callable[[], None],
    accept: Callable[[], tuple[Stepwise, Callable[[Change | None], ReviewReport]]],
) -> SteppedJob:
    """Make ready what accepting images needs, step by step, and then begin to `accept`; see `Session.start_accept`.

    Before each step `settle` ends what else is done in pieces: images are made ready as they are after it.

    Raises
    ------
    ValueError
        If none of the images can be accepted.
    """
    refused = refusals(state, names, shown, although_suspect=False)
    if refused and len(refused) == len(names):
        raise ValueError(sentence(refused))
    wanted = [name for name in names if name not in refused and not state.rows.accepted(name)]

    def make_ready() -> Generator[Event, None, None]:
        yield Progress(0, len(wanted))
        for first in range(0, len(wanted), TOGETHER):
            some = wanted[first : first + TOGETHER]
            settle()
            _make_ready(state, some)
            yield Progress(first + len(some), len(wanted), some[-1])

    return stepped_job(f"Accepting {len(wanted)} images", len(wanted), accept, make_ready, state.forget_freeze)


def _make_ready(state: ProjectState, names: Sequence[str]) -> None:
    """Make images ready that are still there, predicted and open; what is damaged is lost, so `accept` refuses it."""
    free = [n for n in names if n in state.rows.images_set and not state.rows.accepted(n) and state.predicted(n)]
    try:
        state.prepare_freeze(free)
    except ValueError:
        for name in free:
            with contextlib.suppress(ValueError):
                state.prepare_freeze([name])


def _refusal(state: ProjectState, name: str, shown: Mapping[str, str] | None, although_suspect: bool) -> Refusal | None:
    found = state.condition(name)
    if not found.there:
        return Refusal.MISSING
    if not found.predicted or name in state.broken:
        return Refusal.FAILED if found.failed or name in state.broken else Refusal.UNPREDICTED
    if shown is not None and shown.get(name) != state.prediction_id(name):
        return Refusal.UNSEEN
    if state.suspect(name) and not although_suspect and not state.left_as_is(name):
        return Refusal.SUSPECT
    return None


_ONE = {
    Refusal.MISSING: "its file is not there. Put it back, or use File, Find moved images.",
    Refusal.FAILED: "it could not be read, so there is nothing to accept.",
    Refusal.UNPREDICTED: "it has no prediction yet. Wait until it is predicted, and look at it.",
    Refusal.UNSEEN: "its present prediction was not on the screen yet. Look at it first, with its outlines (O).",
    Refusal.SUSPECT: "it does not look like an image for this model. Look at it and accept it by itself.",
}
_MANY = {
    Refusal.MISSING: ("has no file", "have no file"),
    Refusal.FAILED: ("could not be read", "could not be read"),
    Refusal.UNPREDICTED: ("has no prediction yet", "have no prediction yet"),
    Refusal.UNSEEN: ("was not on the screen yet", "were not on the screen yet"),
    Refusal.SUSPECT: ("is suspect", "are suspect"),
}


def locked_sentence(image: str) -> str:
    """Why nothing of an accepted image can be changed, and what to do about it: said alike everywhere."""
    return f"“{image}” is accepted and locked. Reopen it first (Review menu)."


def locked_words(count: int) -> str:
    """That so many of several images are accepted, so that nothing was changed in them."""
    images, them = ("1 image is", "it") if count == 1 else (f"{count} images are", "them")
    return f"{images} accepted and locked. Reopen {them} first (Review menu)."


def sentence(refused: Mapping[str, Refusal]) -> str:
    """Why images were not accepted, in one sentence; empty where none was refused."""
    if not refused:
        return ""
    if len(refused) == 1:
        ((name, why),) = refused.items()
        return f"“{name}” was not accepted: {_ONE[why]}"
    return f"{len(refused)} images were not accepted: {reasons(refused)}."


def reasons(refused: Mapping[str, Refusal], named: int = NAMED) -> str:
    """How many images can't be accepted for which reason; up to `named` of them by their names."""
    parts = []
    for why, (one, many) in _MANY.items():
        names = [f"“{name}”" for name, said in refused.items() if said is why]
        if names:
            listed = f" ({', '.join(names)})" if len(names) <= named else ""
            parts.append(f"{len(names)} {one if len(names) == 1 else many}{listed}")
    return ", ".join(parts)
