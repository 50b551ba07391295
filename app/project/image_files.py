"""Which file each image has, what is known of it, and whether what was predicted of it counts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from app.core.frame import Frame
from app.core.landmark import ReviewState
from app.core.plausibility import code_of
from app.project.due import Condition, Due, due
from app.project.entries import Status
from app.store.errors import ProjectError
from app.store.predictions import PredictionStore
from app.store.project_store import ProjectStore
from app.store.row_types import FactsRow
from app.store.rows import Rows, file_stamp

_ACCEPTED_TOO_EARLY = "It was accepted before it was predicted. Reopen it to have it predicted."


class ImageFiles:
    """The part of a project's state that asks for no array.

    Parameters
    ----------
    project : ProjectStore
    predictions : PredictionStore
    network_size : tuple of int
        Height and width of the network's input.

    Attributes
    ----------
    broken : dict of str to str
        Accepted images of which the project file has lost something, and what to say.
    unread : dict of str to str
        Images whose stored prediction can't be read just now, and why: it is not lost, and not made again.
    """

    def __init__(self, project: ProjectStore, predictions: PredictionStore, network_size: tuple[int, int]) -> None:
        self.rows = Rows(project)
        self.broken: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self._other_content: dict[str, tuple[int, int]] = {}
        self._network_size = network_size
        self._predictions = predictions
        self._suspect = {key: code_of(kept) for key, kept in predictions.known().items()}
        self._slots = {name: slot for slot, name in enumerate(self.rows.images)}
        self._files: dict[str, tuple[Path, tuple[int, int] | None]] = {}
        self._looked_at: dict[str, float] = {}

    def slot(self, name: str) -> int:
        """Where an image lies in `charts` (not its place in the project); raises ValueError for an unknown name."""
        try:
            return self._slots[name]
        except KeyError:
            raise ValueError(f"The project has no image “{name}”.") from None

    def file(self, name: str) -> tuple[Path, tuple[int, int] | None]:
        """Where the file of an image is, or was, and its stamp; looked up once until the state looks again."""
        if name not in self._files:
            self._looked_at[name], path = time.monotonic(), self.rows.path(name)
            self._files[name] = path, file_stamp(path)
        return self._files[name]

    def file_key(self, name: str) -> str:
        """SHA-256 of an image's file, empty if it was never decoded or has changed since."""
        facts = self.rows.facts_of(name)
        if facts is None or not facts.sha256:
            return ""
        stamp = self.file(name)[1]
        return facts.sha256 if stamp is None or stamp == (facts.size, facts.changed_ns) else ""

    def prediction_key(self, name: str, sha256: str | None = None) -> str:
        """What the prediction of an image is kept under: its file's SHA-256 and, if it is not read as stored, how."""
        file, orientation = self.file_key(name) if sha256 is None else sha256, self.rows.orientation(name)
        return f"{file}:{orientation.key}" if file and orientation.key else file

    def predicted(self, name: str) -> bool:
        """Whether a prediction counts: the frozen one of an accepted image, else one of its file by this bundle."""
        frozen = self.rows.frozen.get(name)
        if frozen is not None:
            return frozen.charts is not None and name not in self.broken
        return name not in self.unread and self.prediction_key(name) in self._suspect

    def suspect(self, name: str) -> str:
        """Why the image does not look like one for this bundle, as a code of `app.core.plausibility`, or empty."""
        frozen = self.rows.frozen.get(name)
        return code_of(frozen.suspect) if frozen is not None else self._suspect.get(self.prediction_key(name), "")

    def left_as_is(self, name: str) -> bool:
        """Whether a reader said that what is odd about an image now is fine."""
        suspect = self.suspect(name)
        return bool(suspect) and code_of(self.rows.left_as_is.get(name, "")) == suspect

    def prediction_id(self, name: str) -> str:
        """What tells the prediction of an image from any other of it: bundle, file, orientation, charts; else empty."""
        frozen = self.rows.frozen.get(name)
        if frozen is not None:
            return f"{frozen.bundle_sha256} frozen {frozen.charts}" if self.predicted(name) else ""
        key = self.prediction_key(name)
        try:
            charts = self._predictions.checksum(key) if self.predicted(name) else ""
        except ProjectError as error:
            self._miss((name,), error)
            return ""
        return f"{self._predictions.bundle_sha256} {key} {charts}" if charts else ""

    def _miss(self, names: Iterable[str], error: ProjectError) -> None:
        """What is stored of predictions can't be read just now: their images say why, until somebody looks again."""
        self.unread.update(dict.fromkeys(names, str(error)))

    def said_of(self, name: str) -> bool:
        """Whether a reader corrected, reviewed or annotated an image."""
        review = self.rows.reviews.get(name)
        reviewed = review is not None and (review.state is not ReviewState.UNREAD or bool(review.note))
        rows = self.rows
        corrected = rows.by_image.get(name) or rows.masks.get(name) or rows.calipers.get(name)
        return reviewed or bool(corrected or rows.structure_reviews.get(name)) or rows.opinions.says_of(name)

    def replaced(self, name: str) -> bool:
        """Whether what readers said of an image belongs to another file than the one that is there now."""
        known, key = self.rows.corrected_files.get(name), self.file_key(name)
        return bool(known and key and known != key) and name not in self.rows.frozen

    def changed_since_accepted(self, name: str) -> bool:
        """Whether the file that is there now holds something else than the one that was accepted.

        One that was only written again is not said to, nor one that nobody has compared yet (`written_again`).
        """
        facts, stamp = self._accepted_file(name)
        if facts is None or stamp == (facts.size, facts.changed_ns):
            return False
        return facts.size not in (-1, stamp[0]) or self._other_content.get(name) == stamp

    def _accepted_file(self, name: str) -> tuple[FactsRow, tuple[int, int]] | tuple[None, tuple[int, int]]:
        """What is known of the file with which an image was accepted, and the stamp of the one that is there now."""
        facts = self.rows.facts_of(name) if name in self.rows.frozen else None
        stamp = self.file(name)[1] if facts is not None and facts.sha256 else None
        return (None, (-1, -1)) if facts is None or stamp is None else (facts, stamp)

    def written_again(self, names: Iterable[str]) -> dict[str, Path]:
        """The accepted images whose file was written again, and where it is: only its content tells if it changed."""
        found = {}
        for name in names:
            facts, stamp = self._accepted_file(name)
            touched = facts is not None and stamp != (facts.size, facts.changed_ns)
            if touched and not self.changed_since_accepted(name):
                found[name] = self.file(name)[0]
        return found

    def take_content(self, name: str, stamp: tuple[int, int], sha256: str) -> FactsRow | None:
        """Keep in memory what the file of an accepted image held; returns its facts to be kept if it is the same.

        What is said of a file that was changed since (by its `stamp`) is dropped.
        """
        facts = self.rows.facts_of(name)
        if name not in self.rows.frozen or facts is None or self.file(name)[1] != stamp:
            return None
        if sha256 != facts.sha256:
            self._other_content[name] = stamp
            return None
        facts = facts._replace(size=stamp[0], changed_ns=stamp[1])
        self.rows.keep_facts(facts)
        return facts

    def condition(self, name: str) -> Condition:
        """What the rule of `due` looks at."""
        stamp, facts = self.file(name)[1], self.rows.facts_of(name)
        failed = facts is not None and facts.status == "failed" and stamp == (facts.size, facts.changed_ns)
        failed = failed or name in self.unread
        return Condition(stamp is not None, self.rows.accepted(name), self.predicted(name), failed)

    def due(self, name: str) -> Due:
        """What is due for an image."""
        return due(self.condition(name))

    def status(self, name: str) -> tuple[Status, str]:
        """Status of an image and a sentence where it is failed or missing."""
        found, facts = self.condition(name), self.rows.facts_of(name)
        if name in self.broken:
            return "failed", self.broken[name]
        if name in self.unread and not found.accepted:
            return "failed", self.unread[name]
        if not found.there:
            path = self.file(name)[0]
            return "missing", f"The file {path} is not there. Put it back, or use File, Find moved images."
        if found.predicted:
            return "predicted", ""
        if found.failed and facts is not None:
            return "failed", facts.message
        return "waiting", _ACCEPTED_TOO_EARLY if found.accepted else ""

    def remark(self, name: str) -> str:
        """What is worth knowing about an image's file."""
        facts = self.rows.facts_of(name)
        if facts is None:
            return ""
        if self.changed_since_accepted(name):
            words = "The file has changed since this image was accepted. What was accepted is kept."
            return f"{words} {facts.remark}".strip()
        if self.replaced(name):
            words = "The file is another one than the one that was corrected: keep or drop the corrections."
            return f"{words} {facts.remark}".strip()
        return facts.remark

    def frame(self, name: str) -> Frame | None:
        """Coordinate frames of an image; None until its file was decoded."""
        facts = self.rows.facts_of(name)
        if facts is None or facts.height is None or facts.width is None:
            return None
        size = facts.height, facts.width, *self._network_size
        return Frame(*size, self.rows.spacing(name), self.rows.orientation(name), facts.aspect)
