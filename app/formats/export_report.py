"""What an export wrote and what not: ``report.json``, and what the window and the command line tell of it.

The window imports this while a reader waits, so no format may be imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.formats.project_view import ProjectView

MASKS = (
    "Masks are predictions of the model. What readers corrected are points: a mask does not follow a corrected point."
)
"""What every export of masks says where no reader corrected one."""


@dataclass
class Report:
    """What an export wrote and what not.

    Attributes
    ----------
    images : list of str
        Names of those that are in every file.
    failed : list of (name, sentence)
        Images that are missing somewhere, and why.
    files : list of str
        What is complete, seen from the folder; masks are one entry.
    not_written : list of (file, sentence)
    cancelled : bool
    notes : list of str
        Sentences on what a reader of the files should know.
    removed : int
        How many files of an earlier export into the folder are gone, since this one did not write them again.
    kept_aside : list of (file, file)
        Files of others that were in the way, and what they are called now.
    others : str
        How many files lie in the folder that this program did not write, and which; or empty.
    replaced : str
        The earlier export of other images whose place this one took, in words; or empty.
    """

    images: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    not_written: list[tuple[str, str]] = field(default_factory=list)
    cancelled: bool = False
    notes: list[str] = field(default_factory=list)
    removed: int = 0
    kept_aside: list[tuple[str, str]] = field(default_factory=list)
    others: str = ""
    replaced: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return not (self.failed or self.not_written or self.cancelled)

    @property
    def doubts(self) -> list[str]:
        """The notes that speak of these images, not of every export."""
        return [note for note in self.notes if note != MASKS]

    def to_json(self, project: ProjectView, told: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """``report.json``; `told` says more of single images."""
        images = [(name, "done", "") for name in self.images]
        images += [(name, "failed", sentence) for name, sentence in self.failed]
        return {
            "project": project.name,
            "scope": project.scope,
            "model": project.model,
            "bundle_sha256": project.bundle_sha256,
            "cancelled": self.cancelled,
            "notes": self.notes,
            "not_written": [{"file": file, "message": sentence} for file, sentence in self.not_written],
            "images": [
                {"name": name, "state": state, "message": sentence, **told.get(name, {})}
                for name, state, sentence in images
            ],
        }
