"""Images whose files are elsewhere now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.core.text import kept_path, path_kept
from app.project.actions import relative_to
from app.project.changes import ImagesChanged
from app.project.state import ProjectState
from app.store.changes import Action, Writer
from app.store.row_types import FactsRow
from app.store.rows import file_stamp


def missing(state: ProjectState) -> list[str]:
    """Images whose file is not where it was."""
    return [name for name in state.rows.images if state.file(name)[1] is None]


def places(state: ProjectState) -> set[Path]:
    """Absolute paths that belong to images."""
    return {state.file(name)[0].absolute() for name in state.rows.images}


def content(state: ProjectState, name: str) -> tuple[str, int, str] | None:
    """File name, size and SHA-256 of an image's file when it was decoded, None if it never was."""
    facts = state.rows.facts_of(name)
    return (path_kept(facts.path).name, facts.size, facts.sha256) if facts is not None and facts.sha256 else None


def _known_at(state: ProjectState, name: str, path: Path) -> FactsRow | None:
    """What was known of a file at its old place, as known at its new one; another file is not taken for it."""
    facts, stamp = state.rows.facts_of(name), file_stamp(path)
    if facts is None or stamp is None:
        return None
    same = facts.size in (-1, stamp[0])
    return facts._replace(path=kept_path(path), changed_ns=stamp[1] if same else facts.changed_ns)


def move_images(state: ProjectState, found: Mapping[str, Path], folder: Path, label: str) -> Action:
    """Say where the files of images are now; locked ones too, since their content is the same."""
    known = {name: _known_at(state, name, path) for name, path in found.items()}

    def edit(writer: Writer) -> None:
        for name, path in found.items():
            row = state.rows.image_row(name)
            writer.put("images", *row._replace(path=kept_path(path), relative=relative_to(path, folder)))
            if (facts := known[name]) is not None:  # not of the trail: they stay where the action is undone
                writer.put("facts", *facts)

    def kept() -> None:
        for facts in known.values():
            if facts is not None:
                state.rows.keep_facts(facts)

    return Action(ImagesChanged.code, label, edit, tuple(found), kept=kept)
