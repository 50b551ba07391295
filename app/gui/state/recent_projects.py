"""Which projects were open last. The reader can clear the list and switch it off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.gui.widgets.settings import settings

if TYPE_CHECKING:
    from app.project.session import Session

MOST = 8
"""So many are remembered."""
LONGEST = 48
"""Characters of a folder in words."""


def folder_words(project: Path) -> str:
    """The folder of a project: the home folder as ~, and without whole folders of its beginning where it is long."""
    folder, home = project.parent, Path.home()
    if folder == home:
        return "~"
    text = f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
    if len(text) <= LONGEST:
        return text
    parts = folder.parts
    kept = [parts[-1]]
    for part in reversed(parts[1:-1]):
        if len("/".join(["…", part, *kept])) > LONGEST:
            break
        kept.insert(0, part)
    return "/".join(["…", *kept])


class RecentProjects:
    """Ids and paths of the projects that were open last, in the settings."""

    @property
    def on(self) -> bool:
        """Whether anything is remembered."""
        return settings().value("remember", "true") != "false"

    def switch(self, on: bool) -> None:
        """Remember from now on, or forget everything and remember nothing more."""
        settings().setValue("remember", "true" if on else "false")
        if not on:
            self.clear()

    def clear(self) -> None:
        """Forget all projects."""
        for key in ("recent", "windows"):
            settings().remove(key)

    def _recent(self) -> list[list[str]]:
        try:
            found = json.loads(str(settings().value("recent", "[]")))
            return [[str(number), str(path)] for number, path in found]
        except (ValueError, TypeError):
            return []

    def paths(self) -> list[Path]:
        """Project files, the last one first."""
        return [Path(path) for _, path in self._recent()]

    def opened(self, session: Session) -> None:
        """Put a project first; one that has moved has one place only."""
        if not self.on:
            return
        path = str(session.path.absolute())
        rest = [(i, p) for i, p in self._recent() if p != path and (i != session.id or not i)]
        self._keep_recent([(session.id, path), *rest][:MOST])

    def forget(self, path: Path) -> None:
        """A project is not there any more."""
        self._keep_recent([(number, kept) for number, kept in self._recent() if kept != str(path)])

    def _keep_recent(self, entries: list[tuple[str, str]]) -> None:
        settings().setValue("recent", json.dumps(entries, ensure_ascii=False))
