"""Which projects some images belong to already: those that were open last, and those in the usual places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from app.gui.widgets.settings import PROJECT_SUFFIX, data_folder
from app.jobs import Event, Result
from app.project.overview import FoundProject, start_looking
from app.store.paths import same_file

PATIENCE_SECONDS = 1.5
"""A disk that does not answer in that time is not waited for: then there is no such project."""
MOST_ASKED = 3
"""More projects than that are not offered."""


class Choice(Enum):
    """What is to be done with images that were given."""

    ADD = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class KnownProjects:
    """The projects that hold some of the images.

    Attributes
    ----------
    given : tuple of Path
        The images or folders.
    open_one_holds : bool
        Whether the project that is open holds some of them.
    others : tuple of FoundProject
        The other projects that do, the one with most of them first.
    """

    given: tuple[Path, ...]
    open_one_holds: bool
    others: tuple[FoundProject, ...]

    @classmethod
    def of(cls, given: Sequence[Path], recent: Sequence[Path], opened: Path | None) -> KnownProjects:
        """Look for them among recent projects, where projects are made by themselves, and beside the images."""
        folders = [data_folder()]
        for path in given[:1]:
            whole = path.absolute()
            folders += [whole, whole.parent] if whole.is_dir() else [whole.parent]
        files = [opened, *recent] if opened is not None else list(recent)
        job = start_looking(files, folders, PROJECT_SUFFIX, given)
        job.wait(PATIENCE_SECONDS)
        job.cancel()
        events: list[Event] = []
        job.listen(events.append)
        found = [event.value for event in tuple(events) if isinstance(event, Result)]
        holding = [one for one in found if isinstance(one, FoundProject) and one.holds is not None and one.holds.below]
        others = [one for one in holding if opened is None or not same_file(one.path, opened)]
        others.sort(key=lambda one: (one.holds.below, one.holds.changed) if one.holds else (0, ""), reverse=True)
        return cls(tuple(given), len(others) < len(holding), tuple(others))

    def whole(self, project: FoundProject) -> bool:
        """Whether a project holds nothing but these images."""
        return project.holds is not None and project.holds.below == project.holds.images

    @property
    def question(self) -> str:
        """Which project is meant."""
        what = f"“{self.given[0].name}” is" if len(self.given) == 1 else "These images are"
        lines = [f"• “{one.path.stem}”: {_words(one, self.whole(one))}" for one in self.others[:MOST_ASKED]]
        several = f"in {len(self.others)} projects" if len(self.others) > 1 else "in a project"
        return "\n".join([f"{what} {several} already:", *lines])


def _words(project: FoundProject, whole: bool) -> str:
    holds = project.holds
    assert holds is not None  # those that can't be read hold nothing that is known
    parts = [f"{holds.images} image{'' if holds.images == 1 else 's'}", f"{holds.reviewed} reviewed"]
    if not whole:
        parts.insert(1, f"{holds.below} of them from here")
    if holds.changed:
        parts.append(f"last changed {datetime.fromisoformat(holds.changed).astimezone():%d %b %Y, %H:%M}")
    return ", ".join(parts)
