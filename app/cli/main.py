"""The command line (design 6): predict, propagate, measure, export, import, train, evaluate, compare.

Exit code 0: all done; 1: some inputs failed or none was found; 2: wrong usage.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.batch import Batch, Search
from app.cli.common import (
    AUTO,
    bundle_named,
    bundles_to_choose_from,
    check_backend,
    check_folder,
    make_folder,
    reported_errors,
    say,
    step_bar,
    wrong_usage,
)
from app.cli.comparing import compare_systems
from app.cli.exporting import export_project
from app.cli.figures import show_figures
from app.cli.importing import import_into
from app.cli.landmarks import Spot, check_names, parse_landmark, parse_spot, read_landmark_file
from app.cli.measurements import grey_reader, known_regions, wanted_measurements
from app.cli.training import check_options, check_system, is_chest, say_end, say_epoch, train_anatomy
from app.core.landmark import Landmark
from app.core.masks import ImageMasks
from app.core.measure_prediction import measure_prediction
from app.engine.client import Predicted
from app.formats.csv_table import rows_of
from app.formats.masks import write_masks
from app.formats.measurement_table import COLUMNS, MeasurementRow
from app.formats.words import WORDS
from app.io.bundle import Bundle
from app.io.discover import discover

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


@cli.command()
def predict(
    paths: Paths,
    out: Out,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME|FOLDER|auto", help="The bundle; auto: what each image looks like.")
    ] = "chest",
    threads: Threads = 2,
    backend: Backend = "auto",
) -> None:
    """Write masks and the bundle's landmarks of every image; replaces what an earlier run wrote to the same folder."""
    check_backend(backend)
    bundle, *others = bundles_to_choose_from() if model == AUTO else [bundle_named(model)]
    batch = Batch(bundle, out, discover(paths), others=others)
    batch.claim(masks=True)

    def take(name: str, value: Predicted, by: Bundle = bundle) -> None:
        masks = ImageMasks(by.template, value.facts.frame, value.prediction)
        write_masks(masks, batch.mask_folder(name), batch.output)
        batch.rows[name] = [*rows_of(name, value.prediction, value.facts.frame, by.template, by.landmarks)]

    batch.run(take, threads, backend)
    batch.run_others(take, threads, backend)
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
    check_backend(backend)
    bundle = bundle_named(model)
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
    batch = Batch(bundle, out, discover(paths))
    batch.claim(masks=False)
    search = Search(batch, wanted)
    batch.run(search.take, threads, backend, first=search.images)
    search.settle()
    batch.end()


@cli.command(epilog=f"Formats: {', '.join(WORDS)}. docs/exports.md says what is in each.")
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
    capture: Annotated[
        bool, typer.Option("--capture", help="DICOM formats: make Secondary Captures of images that are no DICOM.")
    ] = False,
    deidentify: Annotated[
        str,
        typer.Option(metavar="emptied|shifted", help="Take persons out; what becomes of dates.", show_default=False),
    ] = "",
) -> None:
    """Write a project's placements and masks for other programs.

    Replaces what an earlier export wrote into the same folder; files of others stay.
    """
    from app.formats.project_view import LATER
    from app.formats.registry import FORMATS

    for name in format:
        if name not in FORMATS:
            wrong_usage(f"There is no format “{name}”. There are: {', '.join(FORMATS)}.")
    if state not in {"accepted", "all"}:
        wrong_usage(f"--state is “accepted” or “all”, not “{state}”.")
    if later not in LATER:
        wrong_usage(f"--later is “mark” or “leave-out”, not “{later}”.")
    if deidentify not in {"", "emptied", "shifted"}:
        wrong_usage(f"--deidentify is “emptied” or “shifted” (dates), not “{deidentify}”.")
    export_project(project, out, format, state, later, capture, deidentify)


@cli.command(name="import")
def import_annotations(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders to search for them.")],
    project: Annotated[Path, typer.Option("--project", metavar="FILE", help="The project file.")],
    format: Annotated[
        str, typer.Option("--format", metavar="csv|coco|...", help="What to look for; else known by content.")
    ] = "",
    as_: Annotated[
        str,
        typer.Option("--as", metavar="corrections|reader:NAME", help="Whose it is: the project's own or not."),
    ] = "corrections",
    over: Annotated[
        bool, typer.Option("--over", help="Also over what readers corrected; accepted images stay as they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported, and do nothing.")] = False,
) -> None:
    """Take in placements and masks that others drew: as corrections, or as an opinion that is shown beside yours."""
    import_into(project, paths, format, as_, over, dry_run)


@cli.command()
def measure(
    out: Out,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH...", help="Images, or folders to search for them.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", metavar="FILE", help="A project, in place of images: all it measures.")
    ] = None,
    measurement: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FORMULA", help="What to measure, in place of what the model does.")
    ] = None,
    measurements: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.json", help="A set of measurements.", show_default=False)
    ] = None,
    regions: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.json", help="A set of regions and curves to measure.", show_default=False),
    ] = None,
    model: Model = "chest",
    threads: Threads = 2,
    backend: Backend = "auto",
) -> None:
    """Write measurements of images, or of a project; replaces what an earlier run wrote to the same folder."""
    if project is not None:
        if paths or measurement or measurements or regions:
            wrong_usage("With --project everything comes from the project: give no PATH and no measurement.")
        export_project(project, out, ["measurements"], "all", "mark")
    check_backend(backend)
    bundle = bundle_named(model)
    try:
        drawn = known_regions(bundle, regions or [])
        wanted, things = wanted_measurements(bundle, measurement or [], measurements or [], drawn)
    except ValueError as error:
        wrong_usage(str(error))
    if not paths:
        wrong_usage("Name images or folders to measure, or a project with --project.")
    batch = Batch(bundle, out, discover(paths), "measurements.csv", COLUMNS)
    batch.claim(masks=False)

    grey_of = grey_reader(wanted, batch.found.images)

    def take(name: str, value: Predicted) -> None:
        frame = value.facts.frame
        spacing = frame.spacing.provenance.value if frame.spacing else ""
        batch.rows[name] = [
            MeasurementRow(name, one.name, one.value, one.unit.value, spacing, "predicted")
            for one in measure_prediction(
                value.prediction, frame, wanted, things, bundle.landmarks, drawn, grey_of(name, frame)
            )
        ]

    batch.run(take, threads, backend)
    batch.end()


@cli.command()
def train(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Annotated images; see docs/new_anatomy.md.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Checkpoints and the bundle.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Length of the whole schedule.")] = 240.0,
    leg_minutes: Annotated[float, typer.Option(min=0.01, help="Stop after this long; the next call goes on.")] = 1e6,
    threads: Threads = 2,
    seed: int = 1,
    size: Annotated[
        int, typer.Option(min=64, max=512, help="Side of the network's input in pixels, a multiple of 32.")
    ] = 256,
    system: Annotated[
        str, typer.Option(metavar="denseseg|heatmap|points", help="Which of the paper's systems to train.")
    ] = "denseseg",
    start: Annotated[str, typer.Option(metavar="NAME|FOLDER", help="Begin with the weights of this bundle.")] = "",
    fold: Annotated[int | None, typer.Option(min=0, max=2, help="Leave this third of the images out.")] = None,
    lungs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Radiographs with human lung masks to learn from as well.")
    ] = None,
    thinned: Annotated[bool, typer.Option("--thinned", help="Leave a third of the contour points out.")] = False,
    folds: Annotated[
        list[Path] | None, typer.Option("--fold-run", metavar="FOLDER", help="A complete run with --fold; repeat it.")
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of a new anatomy; else the name of the folder --out.")
    ] = "",
    mm_per_pixel: Annotated[
        float | None, typer.Option(min=1e-4, help="Size of a pixel, of images that do not say it.", show_default=False)
    ] = None,
    encoding: Annotated[str, typer.Option(metavar="cartesian|polar", help="How the network says uv.")] = "cartesian",
) -> None:
    """Train a network and write its bundle; goes on where an earlier call stopped."""
    check_folder(data)
    if size % 32:
        wrong_usage(f"--size must be a multiple of 32; {size} is not.")
    check_system(system)
    make_folder(out)
    if not is_chest(data):
        check_options(data, {"fold": fold, "lungs": lungs, "thinned": thinned, "fold-run": folds})
        if start:
            bundle_named(start)
        train_anatomy(data, out, minutes, leg_minutes, threads, seed, size, name, mm_per_pixel, encoding, start)
        return
    if name or mm_per_pixel is not None or encoding != "cartesian":
        wrong_usage("--name, --mm-per-pixel and --encoding are for a new anatomy; this is the chest data.")
    if start:
        bundle_named(start)
    if lungs is not None:
        check_folder(lungs)
    from app.training import commands

    try:
        times = (minutes, leg_minutes, threads, seed, size)
        options: dict[str, Any] = {"system": system, "start": start, "fold": fold, "thinned": thinned, "lungs": lungs}
        plan = commands.Plan(data, out, *times, folds=tuple(folds or ()), **options)
    except ValueError as error:
        wrong_usage(str(error))
    with reported_errors():
        say_end(commands.train(plan, say_epoch), out)


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
    """Compare predictions with a reference, show the figures in a table and write evaluation.json."""
    check_backend(backend)
    bundle_named(model)
    if thinned:
        bundle_named(thinned)
    check_folder(data)
    make_folder(out)
    from app.training.evaluate_folder import evaluate as evaluate_folder

    with reported_errors(), step_bar() as progress:
        figures = evaluate_folder(data, model, out, part, threads, backend, progress, thinned, say)
    show_figures(figures)
    say(f"Wrote {out / 'evaluation.json'}.")


@cli.command()
def compare(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="SYSTEM...",
            help="[LABEL=]BUNDLE[@integer|subpixel|plain], or a folder that predict wrote; the first is the base.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Images with reference landmarks.")],
    out: Out,
    part: Annotated[str, typer.Option(metavar="NAME", help="Part of the data: NAME/, NAME_landmarks.csv.")] = "val",
    threads: Threads = 2,
) -> None:
    """Compare systems on the same images: comparison.html, comparison.csv, images.csv. Trains nothing."""
    compare_systems(data, out, systems, part, threads)


@cli.callback(invoke_without_command=True)
def _options(show: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False) -> None:
    if show:
        try:
            typer.echo(version("denseseg-review"))
        except PackageNotFoundError:
            typer.echo("DenseSeg Review (run from its folder)")
        raise typer.Exit(0)
