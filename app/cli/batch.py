"""One run of `predict`, `propagate` or `measure` over images: what was found, what became of each, what says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import typer

from app.cli.common import AUTO, make_folder, progress_bar, say
from app.cli.landmarks import Spot, read_off
from app.core.landmark import Landmark
from app.core.plausibility import Finding, Reason, words_of
from app.engine.client import Engine, Predicted
from app.formats.csv_table import COLUMNS, Cells, rows_of, write_table
from app.formats.output_folder import OutputFolder, folder_sentences
from app.io.bundle import Bundle
from app.io.discover import Discovery
from app.io.names import unique_stems
from app.jobs import Failed, Finished, Progress, Result


@dataclass
class Batch:
    """One run over images: what was found, what became of each, and the files that say so.

    Attributes
    ----------
    bundle : Bundle
        What images are predicted with.
    others : sequence of Bundle
        What may predict those that are odd for it (`run_others`).
    odd : dict of str to str
        By image, why it is odd for `bundle`: a code of `app.core.plausibility`.
    """

    bundle: Bundle
    out: Path
    found: Discovery
    table: str = "landmarks.csv"
    columns: Sequence[str] = COLUMNS
    rows: dict[str, list[Cells]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed_landmarks: dict[str, str] = field(default_factory=dict)
    others: Sequence[Bundle] = ()
    odd: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_folder(self.out)
        templates = (bundle.template for bundle in (self.bundle, *self.others))
        self._structures = [structure.name for template in templates for structure in template.structures]
        self.output = OutputFolder(self.out, self._structures)
        self._stems = unique_stems(name for name, _ in self.found.images)
        for name, sentence in self.found.failed:
            self.fail(name, sentence)

    def claim(self, masks: bool) -> None:
        """Let the folder's report say what this run may write; tells what else lies there."""
        planned = [
            self.mask_folder(name) / f"{structure}.png" for name in self._stems for structure in self._structures
        ]
        try:
            self.output.claim([self.table, *(self.output.relative(path) for path in planned if masks)])
        except OSError as error:
            self._not_writable(error)
        for sentence in folder_sentences(0, (), self.output.others().words):
            say(sentence)

    def mask_folder(self, name: str) -> Path:
        """Where an image's masks lie."""
        return self.out / "masks" / self._stems[name]

    def fail(self, name: str, sentence: str, seconds: float = 0.0) -> None:
        """Note that an image failed; masks of it are taken away, this run's and an earlier one's."""
        say(f"{name}: {sentence}")
        self.entries[name] = {"name": name, "state": "failed", "message": sentence, "seconds": seconds}
        self.rows.pop(name, None)
        if name in self._stems:
            self.output.take_back(self.mask_folder(name) / f"{structure}.png" for structure in self._structures)

    def run(
        self, take: Callable[[str, Predicted], None], threads: int, backend: str, first: tuple[str, ...] = ()
    ) -> None:
        """Predict all images, those of `first` before the others, and hand each result over."""
        items = sorted(self.found.images, key=lambda item: item[0] not in first)

        def taken(name: str, value: Predicted) -> None:
            self.odd[name] = value.prediction.suspect
            self._take(name, value, take, self.bundle)

        self._predict(self.bundle, items, taken, threads, backend)
        for name, _ in items:
            if name not in self.entries:
                self.fail(name, "Not predicted: the run was cancelled.")

    def run_others(self, take: Callable[[str, Predicted, Bundle], None], threads: int, backend: str) -> None:
        """Predict what is odd with the other bundles; one that it is not odd for takes the place of `bundle`."""
        for other in self.others:
            wanted = {Finding(Reason.OTHER).code, Finding(Reason.ANATOMY, shows=other.template.anatomy).code}
            items = [item for item in self.found.images if self.odd.get(item[0]) in wanted]

            def taken(name: str, value: Predicted, bundle: Bundle = other) -> None:
                if not value.prediction.suspect:
                    self.odd[name] = ""
                    own = (structure.name for structure in self.bundle.template.structures)
                    self.output.take_back(self.mask_folder(name) / f"{structure}.png" for structure in own)
                    self._take(name, value, lambda name, value: take(name, value, bundle), bundle)

            self._predict(other, items, taken, threads, backend, failed=lambda name, sentence: None)
        for name in (name for name, why in self.odd.items() if self.others and why == Finding(Reason.OTHER).code):
            known = ", ".join(bundle.name for bundle in (self.bundle, *self.others))
            said = f"None of the models ({known}) is made for what this shows; masks and landmarks may be nonsense."
            self.entries[name]["message"] = said

    def _predict(
        self,
        bundle: Bundle,
        items: Sequence[tuple[str, Path]],
        taken: Callable[[str, Predicted], None],
        threads: int,
        backend: str,
        failed: Callable[[str, str], None] | None = None,
    ) -> None:
        """Predict and hand each result over; what `failed` hears of is not a failure of the run."""
        if not items:
            return
        with Engine(bundle, threads, backend, nice=0) as engine, progress_bar("Predicting", len(items)) as advance:
            job = engine.predict(items)
            try:
                for event in job:
                    match event:
                        case Result(name, Predicted() as value):
                            taken(name, value)
                        case Failed(name, message):
                            (failed or self.fail)(name, message)
                        case Progress(done, total):
                            advance(done, total)
                        case Finished() | Result():
                            pass
            except KeyboardInterrupt:
                job.cancel()

    def _take(self, name: str, value: Predicted, take: Callable[[str, Predicted], None], bundle: Bundle) -> None:
        try:
            take(name, value)
        except OSError as error:
            self.fail(name, f"Its results cannot be written ({error.strerror or error}).", value.seconds)
            return
        suspect = words_of(value.prediction.suspect, bundle.template.anatomy)
        if suspect and not self.others:
            say(f"{name}: {suspect}")
        self.entries[name] = {
            "name": name,
            "state": "suspect" if suspect else "done",
            "message": suspect or value.facts.remark,
            "seconds": round(value.seconds, 4),
        }
        if self.others:
            self.entries[name]["model"] = bundle.name

    def end(self) -> NoReturn:
        """Write table and report and end the program."""
        order = [name for name, _ in self.found.images]
        report: dict[str, Any] = {
            "model": self.bundle.name,
            "bundle_sha256": self.bundle.sha256,
            "images": [self.entries[name] for name in dict.fromkeys([*order, *self.entries])],
            "ignored": self.found.ignored,
        }
        if self.others:
            report["model"] = AUTO
            report["models"] = {bundle.name: bundle.sha256 for bundle in (self.bundle, *self.others)}
            for entry in self.entries.values():
                if entry["state"] == "suspect":
                    say(f"{entry['name']}: {entry['message']}")
        if self.failed_landmarks:
            report["landmarks"] = [
                {"name": name, "state": "failed", "message": text} for name, text in self.failed_landmarks.items()
            ]
        table = self.out / self.table
        try:
            self.output.make_way(table)
            write_table((row for name in order for row in self.rows.get(name, [])), table, self.columns)
            self.output.add(table)
            removed = self.output.finish(report)
        except OSError as error:
            self._not_writable(error)
        for sentence in folder_sentences(removed, self.output.kept_aside, ""):
            say(sentence)
        failures = sum(entry["state"] == "failed" for entry in self.entries.values())
        if not self.found.images:
            say("No image was found below the given paths.")
        say(
            f"{len(self.entries) - failures} images done, {failures} failed, {self.found.ignored} other files ignored; "
            f"results are in {self.out}."
        )
        raise typer.Exit(1 if failures or self.failed_landmarks or not self.found.images else 0)

    def _not_writable(self, error: OSError) -> NoReturn:
        say(f"The results cannot be written to {self.out} ({error.strerror or error}).")
        raise typer.Exit(1) from None


class Search:
    """Turns spots into landmarks as soon as their images are predicted; results that come before wait."""

    def __init__(self, batch: Batch, wanted: list[Landmark | Spot]) -> None:
        self._batch = batch
        self._wanted = wanted
        known = {name for name, _ in batch.found.images}
        self._open = {mark.image for mark in wanted if isinstance(mark, Spot)} & known
        self.images = tuple(self._open)
        self._found: dict[str, Landmark] = {mark.name: mark for mark in wanted if isinstance(mark, Landmark)}
        self._early: list[tuple[str, Predicted]] = []
        for mark in wanted:
            if isinstance(mark, Spot) and mark.image not in known:
                self._fail(mark.name, f"There is no image named “{mark.image}” below the given paths.")

    def _fail(self, landmark: str, sentence: str) -> None:
        say(f"Landmark {landmark}: {sentence}")
        self._batch.failed_landmarks[landmark] = sentence

    def take(self, name: str, value: Predicted) -> None:
        """Take one image's prediction in."""
        if name in self._open:
            self._open.discard(name)
            for mark in self._wanted:
                if isinstance(mark, Spot) and mark.image == name:
                    result = read_off(mark, value.prediction, value.facts.frame, self._batch.bundle.template)
                    if isinstance(result, str):
                        self._fail(mark.name, result)
                    else:
                        self._found[mark.name] = result
        self._early.append((name, value))
        if not self._open - self._batch.entries.keys():  # those that have an entry by now have failed
            self.settle()

    def settle(self) -> None:
        """Write the rows of all results that waited."""
        for mark in self._wanted:
            if isinstance(mark, Spot) and mark.image in self._open and self._batch.entries.get(mark.image):
                self._fail(mark.name, f"Its image {mark.image} was not predicted.")
                self._open.discard(mark.image)
        marks = [self._found[mark.name] for mark in self._wanted if mark.name in self._found]
        for name, value in self._early:
            frame = value.facts.frame
            self._batch.rows[name] = [*rows_of(name, value.prediction, frame, self._batch.bundle.template, marks)]
        self._early.clear()
