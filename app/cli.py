"""The command line (design 6): predict, propagate, export, train, evaluate.

Exit code 0: all done; 1: some inputs failed or none was found; 2: wrong usage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from app.cli_landmarks import Spot, check_names, parse_landmark, parse_spot, read_landmark_file, read_off
from app.core.landmark import Landmark
from app.core.text import one_line
from app.engine.client import Engine, Predicted
from app.export.masks import write_masks
from app.export.output_folder import OutputFolder, folder_sentences
from app.export.table import Row, rows_of, write_table
from app.io.bundle import Bundle, read_bundle
from app.io.discover import Discovery, discover
from app.io.errors import BundleError, ReadError
from app.io.names import unique_stems
from app.jobs import Failed, Finished, Progress, Result
from app.store.errors import ProjectError

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Without a command the window opens: main.py [PATH...] [--project FILE] [--model NAME|FOLDER]. "
    "Research use only; not a medical device.",
)
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images, or folders to search for them.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write; made where it is missing.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME|FOLDER", help="The bundle to predict with.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of the network.")]
Backend = Annotated[str, typer.Option("--backend", metavar="auto|openvino|torch", help="What runs the network.")]


def run(arguments: list[str]) -> int:
    """Run the command line with these arguments and return the exit code."""
    try:
        code = cli(arguments, prog_name="main.py", standalone_mode=True)
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        say("Cancelled.")
        return 1
    return code if isinstance(code, int) else 0


def say(sentence: str) -> None:
    """One line on standard error, whatever names it quotes."""
    sys.stderr.write(one_line(sentence) + "\n")


def wrong_usage(sentence: str) -> NoReturn:
    """Say what is wrong and end with exit code 2."""
    say(f"Error: {sentence}")
    raise typer.Exit(2)


@cli.command()
def predict(paths: Paths, out: Out, model: Model = "chest", threads: Threads = 2, backend: Backend = "auto") -> None:
    """Write masks and the bundle's landmarks of every image; replaces what an earlier run wrote to the same folder."""
    _check_backend(backend)
    bundle = _bundle(model)
    batch = _Batch(bundle, out, discover(paths))
    batch.claim(masks=True)
    template, marks = bundle.template, bundle.landmarks

    def take(name: str, value: Predicted) -> None:
        write_masks(value.prediction, value.facts.frame, template, batch.mask_folder(name), batch.output)
        batch.rows[name] = rows_of(name, value.prediction, value.facts.frame, template, marks)

    batch.run(take, threads, backend)
    batch.end()


@cli.command()
def propagate(
    paths: Paths,
    out: Out,
    model: Model = "chest",
    landmark: Annotated[list[str] | None, typer.Option(metavar="NAME=STRUCTURE:U,V", help="A template point.")] = None,
    landmark_at: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=STRUCTURE:IMAGE:X,Y", help="What an image shows at a pixel (IMAGE: its name)."),
    ] = None,
    landmarks: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.json", help="A landmark set.", show_default=False)
    ] = None,
    threads: Threads = 2,
    backend: Backend = "auto",
) -> None:
    """Find landmarks that you define in every image; replaces what an earlier run wrote to the same folder."""
    _check_backend(backend)
    bundle = _bundle(model)
    template = bundle.template
    wanted: list[Landmark | Spot] = []
    try:
        for file in landmarks or []:
            wanted += read_landmark_file(file, template)
        wanted += [parse_landmark(text, template) for text in landmark or []]
        wanted += [parse_spot(text, template) for text in landmark_at or []]
        check_names(wanted)
    except ValueError as error:
        wrong_usage(str(error))
    batch = _Batch(bundle, out, discover(paths))
    batch.claim(masks=False)
    search = _Search(batch, wanted)
    batch.run(search.take, threads, backend, first=search.images)
    search.settle()
    batch.end()


@cli.command()
def export(
    project: Annotated[Path, typer.Option("--project", metavar="FILE", help="The project file.")],
    out: Out,
    format: Annotated[
        list[str], typer.Option("--format", metavar="csv|coco|...", help="What to write; may be given several times.")
    ] = ["csv"],  # noqa: B006 (typer copies it)
    state: Annotated[str, typer.Option("--state", metavar="accepted|all", help="Which images.")] = "all",
    later: Annotated[
        str, typer.Option("--later", metavar="mark|leave-out", help="Landmarks defined after an image was accepted.")
    ] = "mark",
) -> None:
    """Write a project's placements and masks for other programs.

    Replaces what an earlier export wrote into the same folder; files of others stay.
    """
    from app.export.formats import FORMATS
    from app.export.from_session import view_of
    from app.export.view import LATER
    from app.export.write import write

    for name in format:
        if name not in FORMATS:
            wrong_usage(f"There is no format “{name}”. There are: {', '.join(FORMATS)}.")
    if state not in {"accepted", "all"}:
        wrong_usage(f"--state is “accepted” or “all”, not “{state}”.")
    if later not in LATER:
        wrong_usage(f"--later is “mark” or “leave-out”, not “{later}”.")
    if not project.is_file():
        wrong_usage(f"There is no project file {project}.")
    _folder(out)
    from app.session import Session

    try:
        with Session.open(project, read_only=True) as session, _bar("Exporting", 0) as advance:
            view = view_of(session, state, later=later)
            total = len(view.images)
            report = write(view, out, format, lambda done, name, failure: advance(done, total))
    except (OSError, ValueError, ProjectError, ReadError) as error:
        say(f"The project {project} could not be exported: {error}")
        raise typer.Exit(1) from None
    for name, sentence in [*report.failed, *report.not_written]:
        say(f"{name}: {sentence}")
    for sentence in [*report.doubts, *folder_sentences(report.removed, report.kept_aside, report.others)]:
        say(sentence)
    count = "1 image" if len(report.images) == 1 else f"{len(report.images)} images"
    say(f"Wrote {', '.join(report.files) or 'nothing'} of {count} to {out}.")
    raise typer.Exit(0 if report.complete and (report.images or set(format) == {"landmarks"}) else 1)


@cli.command()
def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Holds train/, val/ and their landmark tables.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Checkpoints and the bundle.")],
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the whole schedule.")] = 240.0,
    leg_minutes: Annotated[float, typer.Option(min=0.1, help="Stop after this long; the next call goes on.")] = 1e6,
    threads: Threads = 2,
    seed: int = 1,
    size: Annotated[
        int, typer.Option(min=64, max=512, help="Side of the network's input in pixels, a multiple of 32.")
    ] = 256,
    start: Annotated[str, typer.Option(metavar="NAME|FOLDER", help="Begin with the weights of this bundle.")] = "",
    fold: Annotated[int | None, typer.Option(min=0, max=2, help="Leave this third of the images out.")] = None,
    lungs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Radiographs with human lung masks to learn from as well.")
    ] = None,
    thinned: Annotated[bool, typer.Option("--thinned", help="Leave a third of the contour points out.")] = False,
    folds: Annotated[
        list[Path] | None, typer.Option("--fold-run", metavar="FOLDER", help="A complete run with --fold; repeat it.")
    ] = None,
) -> None:
    """Train a network and write its bundle; goes on where an earlier call stopped."""
    _data(data)
    if size % 32:
        wrong_usage(f"--size must be a multiple of 32; {size} is not.")
    _folder(out)
    if start:
        _bundle(start)
    if lungs is not None:
        _data(lungs)
    from app.training import commands

    def report(epoch: Any) -> None:
        terms = ", ".join(f"{name} {value:.4g}" for name, value in epoch.terms.items())
        say(f"Epoch {epoch.epoch}, {epoch.minutes:.1f} min: {terms}")

    try:
        times = (minutes, leg_minutes, threads, seed, size)
        options: dict[str, Any] = {"start": start, "fold": fold, "thinned": thinned, "lungs": lungs}
        plan = commands.Plan(data, out, *times, folds=tuple(folds or ()), **options)
    except ValueError as error:
        wrong_usage(str(error))
    with _reported_errors():
        whole = commands.train(plan, report)
        say(f"The bundle lies in {out / 'bundle'}." if whole else "The schedule is not complete; call again to go on.")


@cli.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Images with reference landmarks or masks.")],
    out: Out,
    model: Model = "chest",
    part: Annotated[str, typer.Option(metavar="NAME", help="Part of the data: NAME/, NAME_landmarks.csv.")] = "val",
    threads: Threads = 2,
    backend: Backend = "auto",
    thinned: Annotated[
        str, typer.Option(metavar="FOLDER", help="Bundle of a --thinned run beside which --model is put.")
    ] = "",
) -> None:
    """Compare predictions with a reference and write evaluation.json."""
    _bundle(model)
    if thinned:
        _bundle(thinned)
    _data(data)
    _folder(out)
    from app.training import commands

    with _reported_errors(), _bar("Evaluating", 0) as advance:
        commands.evaluate(data, model, out, part, threads, backend, advance, thinned)
    say(f"Wrote {out / 'evaluation.json'}.")


@cli.callback(invoke_without_command=True)
def _options(show: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False) -> None:
    if show:
        try:
            typer.echo(version("denseseg-review"))
        except PackageNotFoundError:
            typer.echo("DenseSeg Review (run from its folder)")
        raise typer.Exit(0)


# --- a run over images


@dataclass
class _Batch:
    """One run over images: what was found, what became of each, and the files that say so."""

    bundle: Bundle
    out: Path
    found: Discovery
    rows: dict[str, list[Row]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed_landmarks: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _folder(self.out)
        self._structures = [structure.name for structure in self.bundle.template.structures]
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
            self.output.claim(["landmarks.csv", *(self.output.relative(path) for path in planned if masks)])
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
        if not items:
            return
        with Engine(self.bundle, threads, backend, nice=0) as engine, _bar("Predicting", len(items)) as advance:
            job = engine.predict(items)
            try:
                for event in job:
                    match event:
                        case Result(name, Predicted() as value):
                            self._take(name, value, take)
                        case Failed(name, message):
                            self.fail(name, message)
                        case Progress(done, total):
                            advance(done, total)
                        case Finished() | Result():
                            pass
            except KeyboardInterrupt:
                job.cancel()
        for name, _ in items:
            if name not in self.entries:
                self.fail(name, "Not predicted: the run was cancelled.")

    def _take(self, name: str, value: Predicted, take: Callable[[str, Predicted], None]) -> None:
        try:
            take(name, value)
        except OSError as error:
            self.fail(name, f"Its results cannot be written ({error.strerror or error}).", value.seconds)
            return
        suspect = value.prediction.suspect
        if suspect:
            say(f"{name}: {suspect}")
        self.entries[name] = {
            "name": name,
            "state": "suspect" if suspect else "done",
            "message": suspect or value.facts.remark,
            "seconds": round(value.seconds, 4),
        }

    def end(self) -> NoReturn:
        """Write table and report and end the program."""
        order = [name for name, _ in self.found.images]
        report: dict[str, Any] = {
            "model": self.bundle.name,
            "bundle_sha256": self.bundle.sha256,
            "images": [self.entries[name] for name in dict.fromkeys([*order, *self.entries])],
            "ignored": self.found.ignored,
        }
        if self.failed_landmarks:
            report["landmarks"] = [
                {"name": name, "state": "failed", "message": text} for name, text in self.failed_landmarks.items()
            ]
        table = self.out / "landmarks.csv"
        try:
            self.output.make_way(table)
            write_table((row for name in order for row in self.rows.get(name, [])), table)
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


# --- propagation


class _Search:
    """Turns spots into landmarks as soon as their images are predicted; results that come before wait."""

    def __init__(self, batch: _Batch, wanted: list[Landmark | Spot]) -> None:
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
            self._batch.rows[name] = rows_of(name, value.prediction, frame, self._batch.bundle.template, marks)
        self._early.clear()


# --- small helpers


def _check_backend(backend: str) -> None:
    if backend not in {"auto", "openvino", "torch"}:
        wrong_usage(f"--backend is “auto”, “openvino” or “torch”, not “{backend}”.")


def _bundle(model: str) -> Bundle:
    try:
        return read_bundle(model)
    except BundleError as error:
        wrong_usage(str(error))


def _folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        wrong_usage(f"The folder {out} cannot be made or written to ({error.strerror or error}).")


def _data(folder: Path) -> None:
    if not folder.is_dir():
        wrong_usage(f"There is no folder {folder}.")


@contextmanager
def _reported_errors() -> Iterator[None]:
    """Turn errors over data into a sentence and exit code 1."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        say(f"Error: {error}")
        raise typer.Exit(1) from None


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, where that is a terminal; call it with done and total."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=total or None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
