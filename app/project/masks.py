"""What readers say of masks: the actions, and the part of a `Session` that does and gives them.

A corrected mask is a compressed bitmap of native size among the project's blobs, named by a row (design 5.13). Editing
a mask moves no landmark, and a new prediction takes no correction away.
"""

from __future__ import annotations

from app.core.landmark import ReviewState
from app.core.masks import ImageMasks, Mask, MaskState
from app.io.names import stem
from app.project.actions import check_unlocked, remember_file, structure_title
from app.project.changes import Change, MasksChanged
from app.project.off_outline import off_outline
from app.project.session_files import SessionFiles
from app.project.state import ProjectState
from app.store.blobs import pack_mask
from app.store.changes import Action, Writer, now
from app.store.tables import OWN


def correct(state: ProjectState, image: str, structure: str, mask: Mask | None, reader: str, label: str) -> Action:
    """Keep what a reader says a structure's mask is, None where it is absent; where it is so already, nothing is done.

    What was said of the structure before (accepted, rejected) was said of another mask: it is in progress again.
    """
    check_unlocked(state, [image])
    masks = state.masks(image)
    before = masks.native(structure)
    if mask is None:
        same = masks.state(structure) is MaskState.ABSENT and masks.corrected(structure)
    else:
        _check(state, image, structure, mask)
        same = before is not None and bool((before == mask).all())

    def edit(writer: Writer) -> None:
        if same:
            return
        remember_file(state, writer, image)
        kept = None if mask is None else writer.blob(pack_mask(mask))
        who = MaskState.ABSENT if mask is None else MaskState.CORRECTED
        writer.put("masks", image, OWN, structure, who.value, kept, reader, now())
        take_back(state, writer, image, structure, reader)

    return Action(MasksChanged.code, label, edit, (image,))


def take_back(state: ProjectState, writer: Writer, image: str, structure: str, reader: str) -> None:
    """What was said of a structure was said of the mask that was there: it is in progress again."""
    said = state.rows.structure_reviews.get(image, {}).get(structure)
    if said is not None and said.state in (ReviewState.ACCEPTED, ReviewState.REJECTED):
        again = ReviewState.IN_PROGRESS.value
        writer.put("structure_reviews", image, OWN, structure, again, said.note, reader, now())


def _check(state: ProjectState, image: str, structure: str, mask: Mask) -> None:
    title, frame = structure_title(state.template, structure), state.frame(image)
    if frame is None:
        raise ValueError(f"“{image}” has not been read yet, so the {title} can’t be drawn in it. Predict it first.")
    if mask.dtype != bool or mask.shape != (frame.height, frame.width):
        raise ValueError(
            f"A mask of “{image}” has {frame.height} rows and {frame.width} columns of bool, "
            f"not {mask.shape} of {mask.dtype}."
        )
    if not mask.any():
        raise ValueError(f"Nothing is left of the {title}. If it can’t be seen in this image, set it to absent.")


def reset(state: ProjectState, image: str, structure: str, reader: str, label: str) -> Action:
    """Forget what a reader said a mask is: the prediction counts again."""
    check_unlocked(state, [image])
    structure_title(state.template, structure)

    def edit(writer: Writer) -> None:
        if structure in state.rows.masks.get(image, {}):
            writer.drop("masks", image=image, opinion=OWN, structure=structure)
            take_back(state, writer, image, structure, reader)

    return Action(MasksChanged.code, label, edit, (image,))


class SessionMasks(SessionFiles):
    """The part of a `Session` that gives masks and corrects them."""

    def masks(self, image: str) -> ImageMasks:
        """The masks of all structures in an image as they are now: a snapshot, for those who ask often or elsewhere."""
        return self._state.masks(image)

    def mask(self, image: str, structure: str) -> Mask | None:
        """A structure's mask [H, W] in native pixels, None where it is absent or nothing is known of it.

        Raises KeyError for a structure that the template does not have.
        """
        return self._state.masks(image).native(structure)

    def mask_state(self, image: str, structure: str) -> MaskState | None:
        """Who says what a structure's mask is, None where nobody does."""
        return self._state.masks(image).state(structure)

    def set_mask(self, image: str, structure: str, mask: Mask) -> Change | None:
        """Correct a structure's mask in an image; one undo step.

        Parameters
        ----------
        image, structure : str
        mask : array [H, W], bool
            Native pixels.

        Raises
        ------
        ValueError
            Where the image is locked or was never read, or the mask is empty or of another size.
        """
        label = f"Correct the {structure_title(self.template, structure)} in {stem(image)}"
        return self._act(correct, image, structure, mask.copy(), self._reader, label)

    def set_mask_absent(self, image: str, structure: str) -> Change | None:
        """Say that a structure can't be seen in an image; one undo step."""
        label = f"Set the {structure_title(self.template, structure)} absent in {stem(image)}"
        return self._act(correct, image, structure, None, self._reader, label)

    def reset_mask(self, image: str, structure: str) -> Change | None:
        """Forget what was said of a structure's mask in an image: the predicted one counts again. One undo step."""
        label = f"Go back to the predicted {structure_title(self.template, structure)} in {stem(image)}"
        return self._act(reset, image, structure, self._reader, label)

    def off_outline(self, image: str, structure: str) -> tuple[str, ...]:
        """The model's contour points that do not lie on a structure's outline as it counts now: see `off_outline`."""
        given = [mark for mark in self.bundle.landmarks if mark.structure == structure]
        contour = {(mark.name, mark.structure, mark.uv) for mark in given}
        placements = self._state.placements_in(image)
        found = off_outline(self._state.masks(image), placements, contour)
        return tuple(placement.landmark.name for placement in placements if placement.number in found)

    def structures_at(self, image: str, xy: tuple[float, float]) -> tuple[str, ...]:
        """The structures whose masks cover a pixel of an image, the smallest first."""
        return self._state.masks(image).covering(xy)
