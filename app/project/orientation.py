"""The orientation of images: the action that changes it, and which images need the same correction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple

from app.core.orientation import AS_STORED, Reading
from app.project.actions import check_unlocked
from app.project.state import ProjectState
from app.store.changes import Action, Writer


def set_reading(state: ProjectState, readings: Mapping[str, Reading], reader: str, label: str) -> Action:
    """Read images in a way; what was predicted of them otherwise does not count while they are read so."""
    check_unlocked(state, tuple(readings))
    changed = {name: reading for name, reading in readings.items() if reading != state.rows.reading(name)}

    def edit(writer: Writer) -> None:
        for name, reading in changed.items():
            if reading == AS_STORED:
                writer.drop("readings", image=name)
            else:
                turns, mirrored, inverted = astuple(reading)
                writer.put("readings", name, turns, int(mirrored), int(inverted), reader)

    return Action("reading", label, edit, tuple(changed))


def equally_suspect(state: ProjectState, image: str, remedy: Callable[[str], Reading | None]) -> tuple[str, ...]:
    """The images, neither accepted nor left as they are, of which something with the same `remedy` is said."""
    wanted, rows = remedy(state.suspect(image)), state.rows

    def alike(name: str) -> bool:
        said = state.suspect(name)
        return not rows.accepted(name) and rows.left_as_is.get(name) != said and remedy(said) == wanted

    return tuple(name for name in rows.images if alike(name)) if wanted is not None else ()
