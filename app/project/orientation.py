"""The orientation of images: the action that changes it, and which images need the same correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

from app.core.orientation import AS_STORED, Orientation
from app.core.plausibility import remedy
from app.project.actions import check_unlocked
from app.project.changes import OrientationChanged
from app.project.state import ProjectState
from app.store.changes import Action, Writer


def set_orientation(state: ProjectState, orientations: Mapping[str, Orientation], reader: str, label: str) -> Action:
    """Read images in a way; what was predicted of them otherwise does not count while they are read so."""
    check_unlocked(state, tuple(orientations))
    changed = {
        name: orientation for name, orientation in orientations.items() if orientation != state.rows.orientation(name)
    }

    def edit(writer: Writer) -> None:
        for name, orientation in changed.items():
            if orientation == AS_STORED:
                writer.drop("readings", image=name)
            else:
                turns, mirrored, inverted = astuple(orientation)
                writer.put("readings", name, turns, int(mirrored), int(inverted), reader)

    return Action(OrientationChanged.code, label, edit, tuple(changed))


def equally_suspect(state: ProjectState, image: str) -> tuple[str, ...]:
    """The images, neither accepted nor left as they are, of which something with the same remedy is said."""
    wanted, rows = remedy(state.suspect(image)), state.rows

    def alike(name: str) -> bool:
        return not rows.accepted(name) and remedy(state.suspect(name)) == wanted and not state.left_as_is(name)

    return tuple(name for name in rows.images if alike(name)) if wanted is not None else ()
