"""What readers decide of images: accepted, rejected, second opinion; of odd ones and replaced ones as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.core.landmark import ReviewState
from app.core.text import well_formed
from app.io.names import stem
from app.jobs import SteppedJob
from app.project import accepting, actions, replaced_files
from app.project.accepting import Refusal, ReviewReport
from app.project.changes import Change
from app.project.quality import SessionQuality
from app.project.session_files import Names, count, several
from app.project.stepwise import Stepwise
from app.store.changes import Action


class SessionReviews(SessionQuality):
    """The part of a session that decides."""

    @property
    def reviewed(self) -> set[str]:
        """Names of the images that are accepted or rejected; who asks for a second opinion has not decided."""
        final = (ReviewState.ACCEPTED, ReviewState.REJECTED)
        return {name for name, review in self._state.rows.reviews.items() if review.state in final}

    def review(self, image: str) -> ReviewState:
        """The review state of an image: as in `image`, but quick for very many."""
        self._state.slot(image)
        return self._state.rows.review(image).state

    def refusals(
        self, images: Names, shown: Mapping[str, str] | None = None, although_suspect: bool = False
    ) -> dict[str, Refusal]:
        """The images that `set_review` would not accept, and why; nothing is done."""
        names = several(images)
        for name in names:
            self._state.slot(name)
        return accepting.refusals(self._state, names, shown, although_suspect)

    def set_review(
        self,
        image: Names,
        state: ReviewState | str,
        note: str | None = None,
        structure: str | None = None,
        *,
        shown: Mapping[str, str] | None = None,
        although_suspect: bool = False,
    ) -> ReviewReport:
        """Set the review state of one image or several, or of one structure in them; one undo step.

        Accepting an image freezes it: placements, masks and the bundle's hash are copied into the project and nothing
        changes them until another state is set. A structure that is set to ``unread`` has nothing said of it any more.
        Without a note the one that is there stays.

        Parameters
        ----------
        image : str or sequence of str
        state : ReviewState or str
        note, structure : str, optional
        shown : mapping of image to `prediction_id`, optional
            What a window had on the screen: any other prediction is not accepted. Without it the caller vouches.
        although_suspect : bool
            Accept images too that do not look like one for this model.

        Returns
        -------
        ReviewReport
            With the images that could not be accepted while others were.

        Raises
        ------
        ValueError
            Where nothing can be done: no image of several can be accepted, or one is locked or unknown.
        """
        names, wanted = several(image), ReviewState(state)
        note = None if note is None else well_formed(note)
        if structure is None:
            action, refused = self._review(names, wanted, note, shown, although_suspect)
            return ReviewReport(action.images, refused, self._in_pieces(action).finish())
        title = actions.structure_title(self.template, structure)
        label = f"Set {title} in {count(names)} to {wanted.value.replace('_', ' ')}"
        told = self._act(actions.review_structure, names, structure, wanted, note, self._reader, label)
        return ReviewReport(tuple(names), {}, told)

    def _review(
        self,
        names: list[str],
        wanted: ReviewState,
        note: str | None,
        shown: Mapping[str, str] | None,
        although_suspect: bool = False,
    ) -> tuple[Action, dict[str, Refusal]]:
        """What sets the review state of those images where that is possible, and why it is not in the others."""
        self._project.check_writable()
        self._settle()
        refused = self.refusals(names, shown, although_suspect) if wanted is ReviewState.ACCEPTED else {}
        if refused and len(refused) == len(names):
            raise ValueError(accepting.sentence(refused))
        done = [] if note is not None else [name for name in names if self.review(name) is wanted]
        names = [name for name in names if name not in refused and name not in set(done)] or done
        label = f"Set {count(names)} to {wanted.value.replace('_', ' ')}"
        if note is not None and all(self.review(name) is wanted for name in names):
            label = f"{'Note to' if note else 'Remove the note of'} {count(names)}"
        return actions.set_review(self._state, names, wanted, note, self._reader, label), refused

    def start_accept(self, images: Names, shown: Mapping[str, str] | None = None) -> SteppedJob:
        """Accept very many images little by little, as a job that this thread goes on with; else as `set_review`.

        Nothing is accepted before all is made ready; then it is one undo step. Yields a `Result`: the `ReviewReport`.
        """
        self._project.check_writable()
        names = several(images)

        def accept() -> tuple[Stepwise, Callable[[Change | None], ReviewReport]]:
            self._settle()
            there = [name for name in names if name in self._state.rows.images_set]
            action, refused = self._review(there, ReviewState.ACCEPTED, None, shown)
            return self._in_pieces(action), lambda change: ReviewReport(action.images, refused, change)

        return accepting.start(self._state, names, shown, self._settle, accept)

    def leave_as_is(self, image: str) -> Change | None:
        """Say that a suspect image is fine as it is; one undo step."""
        return self._act(replaced_files.leave_as_is, image, self._reader, f"Leave {stem(image)} as it is")

    def keep_corrections(self, images: Names) -> Change | None:
        """Say that corrections and reviews hold for the files that lie there now; one undo step."""
        names = several(images)
        return self._act(replaced_files.keep_corrections, names, f"Keep the corrections of {count(names)}")

    def drop_corrections(self, images: Names) -> Change | None:
        """Forget corrections, reviews and pixel sizes given for earlier files of images; one undo step."""
        names = several(images)
        return self._act(replaced_files.drop_corrections, names, f"Drop the corrections of {count(names)}")
