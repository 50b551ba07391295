"""To which file it belongs what readers said of an image, and what they said for good although it looks wrong.

A file may be replaced by another one under the same name. Corrections are never thrown away for that: the reader is
told, and keeps or drops them.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.project.actions import OF_IMAGES, check_unlocked
from app.project.changes import CorrectionsChanged, ReviewsChanged
from app.project.image_files import ImageFiles
from app.store.changes import Action, Writer, now

OF_FILES = tuple(table for table in OF_IMAGES if table != "readings")
"""Tables that hold what readers said of the content of files; how an image is turned is not among it."""


def leave_as_is(state: ImageFiles, image: str, reader: str, label: str) -> Action:
    """Say that an image is fine although something is said against it."""
    check_unlocked(state, [image])
    suspect = state.suspect(image)

    def edit(writer: Writer) -> None:
        if suspect and not state.left_as_is(image):
            writer.put("left_as_is", image, suspect, reader, now())

    return Action(ReviewsChanged.code, label, edit, (image,))


def keep_corrections(state: ImageFiles, images: Sequence[str], label: str) -> Action:
    """Say that what was said of earlier files holds for the present ones."""
    check_unlocked(state, images)

    def edit(writer: Writer) -> None:
        for name in images:
            if key := state.file_key(name):
                writer.put("corrected_files", name, key)

    return Action(CorrectionsChanged.code, label, edit, tuple(images))


def drop_corrections(state: ImageFiles, images: Sequence[str], label: str) -> Action:
    """Forget the corrections, reviews and pixel sizes of images, whose files are other ones now."""
    check_unlocked(state, images)

    def edit(writer: Writer) -> None:
        for name in images:
            for table in OF_FILES:
                writer.drop(table, image=name)

    return Action(CorrectionsChanged.code, label, edit, tuple(images))
